# The shell's grammar: lists, loops, case, functions, arithmetic, quoting.
echo "--- lists"
true && echo and; false || echo or; true && false || echo both; ! false && echo not
{ echo one; echo two; } | cat; (echo sub; exit 3); echo "status $?"
if false; then echo no; elif true; then echo elif; else echo no; fi
echo "--- loops"
for i in a b c; do [ $i = b ] && continue; echo $i; done
i=0; while [ $i -lt 10 ]; do i=$((i + 1)); [ $i = 4 ] && break; echo $i; done
until [ $i -le 0 ]; do i=$((i - 2)); done; echo "left at $i"
for i in 1 2; do for k in x y; do [ $k = y ] && continue 2; echo $i$k; done; done
for word; do echo never; done
set -- p q; for word; do echo "$word"; done
echo "--- case"
for word in apple banana cherry 42 "" "a b"; do
	case $word in
	a*e) echo "$word: a..e" ;;
	b* | c*) echo "$word: b or c" ;;
	[0-9]*) echo "$word: digits" ;;
	"") echo "empty" ;;
	*) echo "$word: other" ;;
	esac
done
echo "--- functions"
add() { echo $(($1 + $2)); }
add 3 4
scope() { local x=inner; y=changed; echo "$x"; return 7; }
x=outer y=first; scope; echo "status $? x=$x y=$y"
factorial() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(factorial $(($1 - 1))))); fi; }
factorial 10
args() { echo "$# <$1> <$2> <$*>"; shift; echo "$# <$@>"; }
args "a b" c d
echo "--- arithmetic"
echo $((7 / 2)) $((-7 / 2)) $((7 % 3)) $((1 << 10)) $((0x1f)) $((010)) $((5 > 3 && 2 > 1)) $((~5)) $((3 ^ 5 | 8 & 12))
n=5; echo $((n++ + ++n)) $n $((n += 10)) $((n ? 1 : 2)) $((9223372036854775807 + 1))
echo $((2 + 3 * 4 - (5 - 6)))
echo $((1 / 0)) 2>&1 | sed 's/.*: //'
echo "--- quoting"
v='a  b'; echo $v; echo "$v"; echo '$v'; echo "\$v \"q\" \\"; echo a\ \ b
echo "line one
line two" 'single
two'
echo "--- here-documents"
cat <<END
value $v and $((1 + 1)) and $(echo command)
END
cat <<'END'
value $v and $((1 + 1))
END
cat <<-END
	tabs are removed
		all of them
	END
cat <<A; cat <<B
first
A
second
B
while read -r a b; do echo "<$a><$b>"; done <<END
one two three
  four   five
END
echo "--- eval and dot"
eval 'z=5; echo "z is $z"'
echo 'echo "from file $1"; w=set; return 4; echo never' >part.sh
. ./part.sh; echo "status $? w=$w"
echo "--- positional"
set -- a b c d e f g h i j k; echo $# $1 ${10} ${11}; shift 9; echo "$@"
getopts ab:c opt -b val -a; echo "$opt $OPTARG"
OPTIND=1; while getopts xy:z o -x -y arg -z rest; do echo "$o ${OPTARG-none}"; done; echo $OPTIND
