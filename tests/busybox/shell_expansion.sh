# Parameter expansion, command substitution, globbing, field splitting.
echo "--- parameters"
v=path/to/file.tar.gz; unset u; e=
echo ${v#*/} ${v##*/} ${v%.*} ${v%%.*} ${#v} ${u-def} ${e-def} ${e:-def} ${u+alt} ${v:+alt}
echo ${u:=assigned} $u ${v:5:2} ${v/to/TO} ${v//t/T}
(echo ${missing?is not set}; echo never) 2>&1 | sed 's/.*missing/missing/'
(set -u; echo $missing; echo never) 2>&1 | sed 's/.*missing/missing/'
echo "--- substitution"
echo $(echo a; echo b) "$(echo a; echo b)" `echo back`
echo "$(printf 'x\n\n\n')." $(echo $(echo $(echo nested)))
x=$(exit 5); echo "status $?"
count=$(for i in 1 2 3; do echo $i; done | wc -l); echo $((count))
big=$(seq 1 20000); echo ${#big}
echo "--- splitting"
IFS=:; p=a:b::c; set -- $p; echo $#; for f in $p; do echo "<$f>"; done; unset IFS
s='  lead and   trail  '; set -- $s; echo $# "$*"
IFS=,; set -- a b c; echo "$*"; unset IFS
echo one:two:three | { IFS=: read -r a b; echo "$a|$b"; }
echo "--- globs"
mkdir g; cd g; touch a1 a2 b1 .hidden 'sp ace' c.txt d.txt; mkdir dir; touch dir/in
echo *; echo a?; echo [ab]1; echo [!a]*; echo *.txt; echo .h*; echo no*match; echo */in; echo "a*"; echo \*
set -f; echo *; set +f
for f in *; do [ -f "$f" ] && echo "<$f>"; done
cd ..
echo "--- tilde and assignment"
HOME=/root-dir; echo ~ ~/x "~"
a=1 b=2; a=3 env | grep '^a='; echo $a
export c=exported; sh -c 'echo $c'; unset c; sh -c 'echo "<$c>"'
readonly r=1; (r=2) 2>&1 | sed 's/.*: //'
echo "--- special"
sh -c 'echo "$0 $# $*"' name 1 2 3; echo $? $#
false; echo $?; (exit 42); echo $?; [ $$ -gt 1 ] && echo has-pid; [ "$$" = "$(echo $$)" ] && echo same-in-subshell
[ "$(sh -c 'echo $PPID')" = "$$" ] && echo parent-is-me
echo "--- test"
[ -n x ] && [ ! -z x ] && [ a != b ] && [ 3 -gt 2 ] && [ -d g ] && [ -f g/a1 ] && [ ! -e nope ] && echo all
[ -x g/a1 ] || echo not-executable; [ -s g/a1 ] || echo empty; ln -s g l; [ -L l ] && echo link
[ g/a1 -nt nope ] && echo newer; [ -p /dev/null ] || echo no-fifo; [ -c /dev/null ] && echo char
[ 1 -eq 1 -a 2 -eq 2 ] && echo dash-a; [ abc = "a*" ] || echo no-pattern; [[ abc = a* ]] && echo pattern
