# Redirections: files, descriptors, order, noclobber, errors.
echo "--- files"
echo one >f; echo two >>f; cat f; cat <f; : >f; wc -c <f; echo x >f 2>g; cat f g
{ echo out; echo err >&2; } >o 2>e; cat o; echo -; cat e
{ echo out; echo err >&2; } >both 2>&1; cat both
{ echo out; echo err >&2; } 2>&1 >only | sed 's/^/piped: /'; cat only
echo "--- descriptors"
exec 3>three; echo to three >&3; exec 3>&-; cat three
(echo closed >&3) 2>/dev/null || echo "descriptor 3 is closed"
exec 4<three; read -r line <&4; echo "read: $line"; exec 4<&-
exec 5<>rw; echo hello >&5; cat rw; exec 5>&-
{ echo a; echo b >&6; } 6>six; cat six
exec 7>&1; { echo swapped 1>&7; } >/dev/null; exec 7>&-
printf '1\n2\n3\n' >lines; { read -r a; read -r b; echo "$a $b"; cat; } <lines
echo "--- read and write at once"
printf 'abcdef' >rw2; exec 8<>rw2; head -c 2 <&8; printf 'XY' >&8; exec 8>&-; echo; cat rw2; echo
echo "--- noclobber"
set -C; echo new >fresh; (echo over >fresh) 2>/dev/null || echo refused; echo forced >|fresh; cat fresh; set +C
echo "--- errors"
cat <missing 2>/dev/null; echo "status $?"
(echo x >missing/dir) 2>/dev/null; echo "status $?"
(echo x >.) 2>/dev/null; echo "status $?"
echo x >/dev/null; echo "status $?"; cat </dev/null; echo "status $?"
echo x >/dev/full 2>/dev/null; echo "status $?"
echo "--- append from several processes"
for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i" >>shared & done; wait; sort -k 2n shared
echo "--- loops and groups"
for i in 1 2 3; do echo $i; done >loop; while read -r n; do echo "got $n"; done <loop
f() { cat; echo done; }; f <<END
in function
END
if true; then echo in-if; fi >if.out; cat if.out
echo "--- /dev/fd and /proc/self/fd"
echo via-fd | cat /dev/fd/0; echo via-proc | cat /proc/self/fd/0
