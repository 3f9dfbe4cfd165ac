# Longer programs in the shell: sieve, towers, word count, bank of workers.
# test: timeout=120
echo "--- sieve"
n=2; primes=; while [ $n -lt 200 ]; do p=1; for d in $primes; do [ $((d * d)) -gt $n ] && break; [ $((n % d)) -eq 0 ] && p=0 && break; done; [ $p = 1 ] && primes="$primes $n"; n=$((n + 1)); done; echo $primes
echo "--- towers of Hanoi"
moves=0; hanoi() { [ $1 -eq 0 ] && return; hanoi $(($1 - 1)) $2 $4 $3; moves=$((moves + 1)); hanoi $(($1 - 1)) $4 $3 $2; }; hanoi 8 a b c; echo $moves
echo "--- words"
for i in 1 2 3 4 5; do for w in the quick brown fox jumps over the lazy dog; do echo $w; done; done | sort | uniq -c | sort -k1,1nr -k2 | awk '{print $1, $2}'
echo "--- workers with a lock made by mkdir"
echo 0 >counter; worker() { i=0; while [ $i -lt 20 ]; do until mkdir lock 2>/dev/null; do usleep 1000; done; echo $(($(cat counter) + 1)) >counter; rmdir lock; i=$((i + 1)); done; }
for w in 1 2 3 4 5; do worker & done; wait; cat counter
echo "--- pipeline of functions"
double() { while read -r x; do echo $((x * 2)); done; }; keep() { while read -r x; do [ $((x % 3)) = 0 ] && echo $x; done; }; seq 30 | double | keep | double | tr '\n' ' '; echo
echo "--- requests and answers through two FIFOs"
mkfifo ask answer; (while read -r a op b <ask; do [ $a = quit ] && break; echo $(($a $op $b)) >answer; done) & 
for q in '1 + 2' '7 * 6' '100 - 1'; do echo "$q" >ask; cat answer; done; echo quit >ask; wait; echo served
echo "--- tree of processes"
tree() { [ $1 -eq 0 ] && { echo leaf; return; }; tree $(($1 - 1)) & tree $(($1 - 1)) & wait; }; tree 5 | wc -l
echo "--- recursion over directories"
mk() { [ $1 -eq 0 ] && return; for i in 1 2 3; do mkdir $2/$i; echo $1 >$2/$i/f; mk $(($1 - 1)) $2/$i; done; }; mkdir root; mk 3 root; find root -type f | wc -l; find root -type f -exec cat {} + | sort | uniq -c | awk '{print $1, $2}'; tar cf - root | tar tf - | wc -l; rm -r root
echo "--- hundred commands"
i=0; while [ $i -lt 100 ]; do sh -c 'exit 0' || echo failed; i=$((i + 1)); done; echo $i
echo "--- deep recursion of shells"
cat >rec.sh <<'END'
[ $1 -gt 0 ] && exec sh rec.sh $(($1 - 1)); echo bottom
END
sh rec.sh 50; cat >nest.sh <<'END'
[ $1 -gt 0 ] && sh nest.sh $(($1 - 1)); exit $(($? + 1))
END
sh nest.sh 20; echo $?
