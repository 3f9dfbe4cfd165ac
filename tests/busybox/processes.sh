# ps, top, kill and friends: what they say about processes this script starts.
echo "--- ps"
long=12$$
sleep $long & p=$!
trap 'kill $p 2>/dev/null' EXIT; sleep 0.2
ps | grep -c "[s]leep $long"
ps -o pid,args | awk -v p=$p -v long=$long '$1 == p {print "args:", $2, ($3 == long) ? "right" : "wrong"}'
ps -o pid,ppid | awk -v p=$p -v me=$$ '$1 == p && $2 == me {print "parent is right"}'
ps -o pid,comm,stat | awk -v p=$p '$1 == p {print "comm", $2, "state", substr($3, 1, 1)}'
ps -o pid,user | awk -v p=$p '$1 == p {print "user", $2}'
ps -o pid,pgid,sid 2>/dev/null | awk -v p=$p -v me=$$ '$1 == p {print ($2 == me) ? "my group" : "another group"}'
ps -o pid,vsz,rss | awk -v p=$p '$1 == p && $2 + 0 > 0 {print "has memory"}'
ps -o pid,nice | awk -v p=$p '$1 == p {print "nice", $2}'
ps | head -1 | grep -c PID; ps | awk '$1 == 1' | wc -l
echo "--- top"
top -b -n 1 >t; grep -c '^Mem:' t; grep -c '^CPU:' t; grep -c 'Load average' t; grep -c "[s]leep $long" t; grep -c 'PID.*PPID.*COMMAND' t
echo "--- states"
state() { sed 's/.*) //' /proc/$1/stat | cut -c1; }
sleep 0.1; state $p; kill -STOP $p; sleep 0.1; state $p; kill -CONT $p; sleep 0.1; state $p
sh -c 'while :; do :; done' & busy=$!; sleep 0.2; state $busy; kill -9 $busy; wait $busy; echo "status $?"
(sleep 0.01 & exec sleep 0.6) & holder=$!; sleep 0.3; ps -o ppid,stat | awk -v p=$holder '$1 == p {print substr($2, 1, 1)}'; wait $holder
echo "--- finding"
pidof sleep | tr ' ' '\n' | grep -c "^$p\$"; pidof nosuchprogram; echo $?
printf '#!%s\nwhile :; do usleep 50000; done\n' "$(which sh)" >unique-loop; chmod +x unique-loop; ./unique-loop & u=$!; sleep 0.2
[ "$(pidof unique-loop)" = $u ] && echo pidof; killall unique-loop; wait $u; echo "status $?"; killall nosuchprogram 2>/dev/null; echo $?
kill $p; wait $p; echo "status $?"; kill $p 2>/dev/null; echo "kill a dead one $?"; kill -0 $$; echo $?; kill -l | head -3
echo "--- renice and policies"
sleep 100 & p=$!; renice -n 7 -p $p; cut -d' ' -f19 /proc/$p/stat; renice -n 3 -p $p >/dev/null; cut -d' ' -f19 /proc/$p/stat; taskset -p $p >/dev/null && echo taskset; taskset 1 sh -c 'echo on-cpu-0'; kill $p; wait $p
echo "--- setsid, groups"
setsid sh -c '[ $(cut -d" " -f6 /proc/$$/stat) = $$ ] && echo own-session'; setsid sh -c 'exit 4'; echo $?
set -- $(cat /proc/self/stat); [ "$5" = "$(cut -d' ' -f5 /proc/$$/stat)" ] && echo same-group
env -i A=b env; env -u HOME sh -c 'echo ${HOME-unset}'; env X=1 sh -c 'echo $X'
start-stop-daemon -S -b -m -p "$PWD/pidfile" -x "$(which sleep)" -- 50 && sleep 0.3 && kill -0 $(cat pidfile) && echo daemon; start-stop-daemon -K -p "$PWD/pidfile" >/dev/null; echo $?
cp "$(which busybox)" .; chroot . ./busybox echo in-chroot; chroot . ./missing 2>/dev/null; echo $?; time -p true 2>&1 | cut -d' ' -f1; usleep 1000; echo $?; nproc >/dev/null && echo nproc
watch -t -n 1 'echo watched' >w 2>/dev/null & sleep 0.3; kill $!; wait $! 2>/dev/null; grep -c watched w
