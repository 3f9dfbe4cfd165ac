# set -e and its exceptions, -u, -x, -n, -a, -v; exit statuses of all kinds.
echo "--- set -e"
sh -ec 'echo a; false; echo never'; echo $?
sh -ec 'false || echo caught; ! true; if false; then :; fi; false && true; while false; do :; done; echo survived'; echo $?
sh -ec 'f() { false; echo in-f; }; f || echo or; f; echo never'; echo $?
sh -ec '(exit 3); echo never'; echo $?; sh -ec 'x=$(exit 4); echo never'; echo $?
sh -ec 'false | true; echo pipe-ok; true | false; echo never'; echo $?
sh -ec 'trap "echo trap \$?" EXIT; false'; echo $?
echo "--- others"
sh -uc 'echo ${x-default}; echo $x; echo never' 2>/dev/null; echo $?
sh -nc 'echo never'; echo $?
sh -xc 'echo a; x=1' 2>&1; sh -vc 'echo b' 2>&1
sh -ac 'v=auto; sh -c "echo \$v"'; sh -fc 'echo *'
sh -c 'set -o | grep errexit'; echo "$-" | tr -d '\n' | wc -c | grep -q '[0-9]' && echo flags
echo "--- statuses"
sh -c 'exit 300'; echo $?; nosuchcommand 2>/dev/null; echo $?; ./nosuchfile 2>/dev/null; echo $?
echo 'echo hi' >noexec; ./noexec 2>/dev/null; echo $?; . ./noexec; mkdir d; ./d 2>/dev/null; echo $?
chmod +x noexec; ./noexec; echo $?
printf '#!/nonexistent\n' >bad; chmod +x bad; ./bad 2>/dev/null; echo $?
sh -c 'if' 2>/dev/null; echo $?; sh -c 'echo "unclosed' 2>/dev/null; echo $?; sh nofile 2>/dev/null; echo $?
printf '\177ELFbroken' >elf; chmod +x elf; ./elf 2>/dev/null; [ $? -ge 2 ] && echo elf-refused
cd nowhere 2>/dev/null; echo $?; shift 5 2>/dev/null; echo $?
echo "--- builtins"
type cd test | sed 's/is a.*builtin/is a builtin/'; command -v cd; alias ll='ls -l'; alias ll; unalias ll
umask 077; touch private; stat -c %a private; umask; umask 022
ulimit -n >/dev/null && echo ulimit; (ulimit -f 1 && head -c 2000 /dev/zero >big) 2>/dev/null; stat -c %s big
times >/dev/null; echo $?; hash -r; echo "a	b" | { read -r x y; echo "$x-$y"; }
printf '%s|%5d|%-5s|%x|%c|%%\n' str 42 ab 255 z; printf '%b' 'tab\there\n'; printf '%s\n' a b c
echo -n no-newline; echo; echo -e 'a\tb\\n'; pwd -P | grep -q '^/' && echo absolute
let 'n = 3 * 4' 2>/dev/null; echo $n; test 1 -lt 2; echo $?; : ignored; true; echo $?
