# The remaining applets that need neither network nor hardware.
echo "--- run-parts, getopt, tsort of the odd ones"
mkdir parts; printf '#!/bin/sh\necho part-one $1\n' >parts/one; printf '#!/bin/sh\necho part-two; exit 3\n' >parts/two; chmod +x parts/*; printf '#!%s\necho part-one $1\n' "$(which sh)" >parts/one; printf '#!%s\necho part-two; exit 3\n' "$(which sh)" >parts/two; run-parts -a arg parts 2>/dev/null; echo $?; run-parts --test parts | sort
getopt -o ab: -l long,opt: -- -a -b val --long --opt=x rest; getopt -o a -- -z 2>/dev/null; echo $?
yes 2>/dev/null | head -2; sleep 0; echo $?; sleep 0.05; echo $?; true; echo $?; false; echo $?; echo "$(basename "$0")"; usleep 10
echo "--- test applet"
[ 1 = 1 ]; echo $?; test -d .; echo $?; [ -f nope ]; echo $?; [ a ]; echo $?; [ ]; echo $?; [ x -gt 1 ] 2>/dev/null; echo $?
echo "--- cal, factor, crypt"
cal 12 1999 | head -3; mkpasswd -m md5 -S 12345678 secret 2>/dev/null || echo; cryptpw -m sha256 -S saltsalt secret 2>/dev/null | cut -c1-12; hostid | grep -c '^[0-9a-f]*$'; ipcalc -n 192.168.1.77/24; ascii | head -1 | wc -w
echo "--- ttysize, more, less into a pipe"
printf 'a\nb\n' | more; printf 'a\nb\n' | less; printf 'x\n' | tee /dev/null; resize </dev/null >/dev/null 2>&1; clear | od -An -tx1 | head -1
echo "--- logger, mt, and errors of hardware tools"
hwclock 2>/dev/null >/dev/null; [ $? -le 1 ] && echo hwclock; losetup nosuch 2>/dev/null; echo $?; modinfo nosuchmodule 2>/dev/null >/dev/null; echo checked
nosuchapplet 2>/dev/null; echo $?; busybox nosuchapplet 2>/dev/null; echo $?; busybox | head -1 | cut -d' ' -f1; busybox --list | wc -l; busybox echo through busybox; busybox sh -c 'echo nested $((6 * 7))'; "$(which busybox)" true; echo $?
echo "--- mdev-free device nodes"
mknod blk b 7 100; stat -c '%F %t %T' blk; mknod fifo p; stat -c %F fifo; mknod bad x 1 2 2>/dev/null; echo $?; mkfifo -m 600 f2; stat -c %a f2; rm blk fifo f2; ls
echo "--- nc through a local pipe, tac, ts, nl -b"
seq 3 | tac; printf 'a\n\nb\n' | nl -b a; seq 5 | sed -n '2,4p' | paste -s -d+ | bc; seq 3 | while read -r n; do printf '%s ' $((n * n)); done; echo; rev <<END
stressed
END
seq 5 | xargs -n 2 echo | awk '{print NF}'; comm 2>/dev/null; expr 1 + 1; sh -c 'printf "%s\n" "$@"' x 'a  b' c; dirname "$(dirname /a/b/c)"
