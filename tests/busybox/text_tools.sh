# Text filters: head, tail, cut, tr, sort, uniq, wc, paste, fold and others.
seq 20 >n; printf 'b 2\na 10\nc 1\na 9\n' >t; printf 'one\ttwo\tthree\nfour\tfive\tsix\n' >tab
echo "--- head and tail"
head -n 3 n; head -c 5 n; echo; head -n -17 n; tail -n 2 n; tail -n +19 n; tail -c 4 n; head -1 n t
echo "--- cut and paste"
cut -f 2 tab; cut -c 1-2 t; cut -d ' ' -f 2,1 t; echo a:b:c:d | cut -d: -f2-; echo a:b | cut -d, -f1; echo a:b | cut -s -d, -f1
paste t n | head -5; paste -d, -s t; seq 6 | paste - - -
echo "--- tr"
echo hello | tr a-y b-z; echo 'a1b2' | tr -d 0-9; echo 'aabbcc' | tr -s ab; echo Mixed | tr '[:lower:]' '[:upper:]'
echo 'x y' | tr ' ' '\n'; echo abc123 | tr -cd '[:digit:]'; echo
echo "--- sort"
sort t; sort -n -k 2 t; sort -r t; sort -k1,1 -k2,2nr t; sort -u -k1,1 t; seq 12 | sort | tail -2; printf '3\n1\n2\n' | sort -c 2>/dev/null; echo $?
printf 'b\nB\na\nA\n' | sort -f | tr '\n' ' '; echo; printf '10K\n2M\n5\n' | sort -h 2>/dev/null | tr '\n' ' '; echo; sort -t: -k2 -n <<END
x:30
y:4
z:100
END
echo "--- uniq"
printf 'a\na\nb\na\n' | uniq; printf 'a\na\nb\n' | uniq -c; printf 'a\na\nb\n' | uniq -d; printf 'a\na\nb\n' | uniq -u
echo "--- wc, nl, tac, rev"
wc n | tr -s ' '; wc -l n; wc -w t; wc -c t; printf 'no newline' | wc -l; nl t; tac t; rev t; cat -n t; cat -A tab 2>/dev/null
echo "--- fold, expand"
echo 'a long line that is to be folded' | fold -w 10; echo 'words to be kept whole' | fold -s -w 10
printf 'a\tb\n' | expand; printf 'a\tb\n' | expand -t 4; printf '        x\n' | unexpand | od -c | head -1
echo "--- seq, factor, shuf"
seq 3 -1 1; seq 1 2 7; seq -w 8 11; seq -s , 5; factor 360 97 1; seq 50 | shuf | sort -n | tail -1; shuf -i 1-5 | wc -l
echo "--- grep"
grep a t; grep -v a t; grep -c a t; grep -n 1 t; grep -i ONE tab; grep -o '[0-9]*' t; grep -q zzz t; echo $?; grep -x 'b 2' t
grep -E '^(a|c) ' t; grep -F '.' t; echo $?; grep -l two n tab; grep -r five . | sort; grep -w 1 t; egrep 'a{1}' t; fgrep 'c 1' t
grep -A 1 b t; grep -B 1 c t; grep -e b -e c t; grep nofile missing 2>/dev/null; echo $?; printf 'x\ny\n' | grep -m 1 .
echo "--- comparing"
seq 5 >a; seq 3 7 >b; diff a b; echo $?; diff -u a b | tail -n +3; cmp a b; echo $?; cmp a a; echo $?; diff -q a b; diff a a; echo $?
mkdir d1 d2; cp a d1/f; cp b d2/f; echo x >d1/only; diff -r d1 d2 | head -3; ts </dev/null
echo "--- printf and echo"
printf '%d %o %X %e\n' 10 10 255 1.5; printf '%08.3f|%+d|% d\n' 3.14159 5 5; printf '%s %s\n' a b c; printf '\101\x42\n'
echo "--- strings, ascii, dos2unix"
printf 'ab\0\001longer text\0x' | strings; printf 'a\r\nb\r\n' | dos2unix | od -c; printf 'a\n' | unix2dos | od -c
