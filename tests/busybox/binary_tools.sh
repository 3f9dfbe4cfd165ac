# dd, od, hexdump, xxd, cmp, split of bytes; /dev nodes.
echo "--- dd"
seq 100 >n; dd if=n of=o bs=10 count=3 2>/dev/null; wc -c <o; dd if=n bs=1 skip=5 count=4 2>/dev/null | od -c; dd if=n of=o bs=10 seek=5 count=1 conv=notrunc 2>/dev/null; wc -c <o
dd if=/dev/zero of=z bs=1k count=5 2>&1 | head -2; dd if=z of=z2 bs=1 count=0 seek=2000 2>/dev/null; wc -c <z2; echo abc | dd conv=ucase 2>/dev/null; dd if=missing 2>/dev/null; echo $?; dd if=/dev/zero of=/dev/full bs=1 count=1 2>/dev/null; echo $?
yes | dd bs=1 count=6 2>/dev/null | tr -d '\n'; echo; dd if=/dev/zero bs=1M count=4 2>/dev/null | wc -c; echo 12345678 | dd bs=3 skip=1 count=1 2>/dev/null; echo; dd if=n of=sync bs=512 conv=sync 2>/dev/null; wc -c <sync
echo "--- od, hexdump, xxd"
printf 'AB\0\377\n' | od -An -tx1; printf 'AB' | od -c; printf '\001\002\003\004' | od -An -td1; printf '\001\000\002\000' | od -An -tu2; od -A d -t x1 n | head -2; printf abc | hexdump -C; printf 'abcdefgh' | hexdump; printf abc | xxd; printf abc | xxd -p; printf 616263 | xxd -r -p; echo
seq 100 | od -b | tail -1; head -c 40 /dev/zero | od; printf '%0100d' 0 | hexdump -C | tail -2
echo "--- devices"
head -c 5 /dev/zero | od -An -c; head -c 100 /dev/null | wc -c; head -c 1000 /dev/urandom | wc -c; head -c 1000 /dev/random | wc -c; [ "$(head -c 16 /dev/urandom | md5sum)" != "$(head -c 16 /dev/urandom | md5sum)" ] && echo differs
echo x >/dev/null; echo $?; (echo x >/dev/full) 2>/dev/null; echo $?; cat /dev/full | head -c 3 | od -An -c; stat -c '%F %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom; mknod mynull c 1 3; echo y >mynull; stat -c %s mynull
echo "--- cmp"
printf abcd >a; printf abxd >b; cmp a b; cmp -l a b; cmp -s a b; echo $?; printf ab >c; cmp a c 2>&1; cmp -n 2 a b; echo $?
echo "--- big"
dd if=/dev/urandom of=r bs=64k count=80 2>/dev/null; cp r r2; cmp r r2; echo $?; md5sum <r >s1; cat r2 | md5sum >s2; cmp s1 s2; echo $?; cat r r r2 | wc -c; split -b 1000000 r part 2>/dev/null; tail -c 65536 r >t1; dd if=r bs=64k skip=79 2>/dev/null | cmp - t1; echo $?
