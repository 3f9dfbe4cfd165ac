# Traps: EXIT, signals, subshells, ignored signals.
echo "--- EXIT"
sh -c 'trap "echo bye" EXIT; echo hello'; sh -c 'trap "echo bye; exit 4" EXIT; exit 1'; echo $?
sh -c 'trap "echo status \$?" EXIT; false'; (trap 'echo sub' EXIT); sh -c 'trap "echo no" EXIT; trap - EXIT'
sh -c 'trap "echo at-exit" EXIT; kill -TERM $$; echo not-reached'; echo $?
echo "--- signals"
trap 'echo USR1 caught' USR1; kill -USR1 $$; echo after
trap 'count=$((count + 1))' USR2; count=0; for i in 1 2 3; do kill -USR2 $$; done; echo "count $count"
trap '' HUP; kill -HUP $$; echo "HUP ignored"; sh -c 'kill -HUP $$; echo "in the child too"'; trap - HUP
sh -c 'kill -HUP $$; echo not-reached'; echo "status $?"
trap; trap - USR1 USR2; trap
echo "--- while waiting"
sh -c 'trap "echo woken; exit 5" TERM; sleep 100 & echo $! >sleeper; wait' & sleep 0.3; kill -TERM $!; wait $!; echo "status $?"; kill $(cat sleeper)
sh -c 'trap "echo later" USR1; sleep 0.5; echo done' & sleep 0.2; kill -USR1 $!; wait $!; echo "status $?"
trap 'echo got-it' USR1; (sleep 0.2; kill -USR1 $$) & wait; echo "wait was interrupted: $?"; wait; trap - USR1
echo "--- child"
trap 'echo parent' USR1; (kill -USR1 $$; sleep 0.1); trap - USR1
trap 'echo chld' CHLD; true & wait; trap - CHLD
(trap 'echo inner' EXIT; exit 6); echo $?
f() { trap 'echo from-function' USR1; }; f; kill -USR1 $$; trap - USR1
echo "--- INT and QUIT in the background are ignored"
sh -c 'sleep 0.5; echo finished' & sleep 0.2; kill -INT $!; wait $!; echo "status $?"
echo "--- status of a killed command"
for s in HUP INT KILL TERM USR1 ALRM SEGV; do sh -c "kill -$s \$\$"; echo "$s $?"; done 2>/dev/null
