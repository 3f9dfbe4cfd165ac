# Background jobs: wait, $!, kill, statuses, parallel work.
echo "--- wait"
sleep 0.1 & wait $!; echo "status $?"
(exit 7) & wait $!; echo "status $?"
(exit 1) & a=$!; (exit 2) & b=$!; wait $a; echo $?; wait $b; echo $?; wait $b 2>/dev/null; echo "again $?"
wait; echo "nothing left $?"
wait 999999 2>/dev/null; echo "unknown $?"
echo "--- kill"
sleep 100 & p=$!; kill $p; wait $p; echo "status $?"
sleep 100 & p=$!; kill -9 $p; wait $p; echo "status $?"
sleep 100 & p=$!; kill -s HUP $p; wait $p; echo "status $?"
sleep 100 & p=$!; kill -STOP $p; kill -0 $p && echo alive; kill -CONT $p; kill -TERM $p; wait $p; echo "status $?"
kill -0 $p 2>/dev/null || echo gone
kill -l 9; kill -l 15; kill -l 1; kill -l USR1
(kill -ABRT $(sh -c 'echo $PPID')) 2>/dev/null; echo "aborted $?"
echo "--- parallel"
start=$(date +%s); for i in 1 2 3 4 5 6 7 8; do sleep 0.5 & done; wait; end=$(date +%s)
[ $((end - start)) -le 3 ] && echo "eight sleeps at once"
for i in 3 1 2; do (sleep 0.$i; echo $i >>order) & done; wait; cat order
i=0; while [ $i -lt 50 ]; do (echo $i >done.$i) & i=$((i + 1)); done; wait; ls done.* | wc -l
echo "--- background input"
cat & wait $!; echo "background reads /dev/null: $?"
echo "--- many short commands"
i=0; while [ $i -lt 200 ]; do /bin/true 2>/dev/null || true | true; i=$((i + 1)); done; echo $i
i=0; while [ $i -lt 100 ]; do (exit $i); [ $? = $i ] || echo wrong; i=$((i + 1)); done; echo $i
echo "--- timeout"
timeout 1 true; echo $?; timeout 1 false; echo $?; timeout 0.2 sleep 5; echo "status $?"
timeout -s KILL 0.2 sleep 5; echo "status $?"; timeout 5 sh -c 'exit 9'; echo $?
echo "--- nested"
sh -c 'sh -c "sh -c \"exit 5\"; exit \$((\$? + 1))"; exit $(($? + 1))'; echo $?
(sleep 100 & echo $! >pid; exit 0); kill $(cat pid) && echo "killed the orphan"
sh -c 'trap "exit 3" TERM; sleep 100 & wait' & sleep 0.2; kill $!; wait $!; echo "status $?"
exec sh -c 'echo "replaced by exec"'
