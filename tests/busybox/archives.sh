# tar, cpio, gzip, bzip2, xz, lzma, unzip's relatives, ar, base64, uuencode.
mkdir -p src/sub; echo hello >src/one; seq 1000 >src/sub/numbers; ln -s one src/link; ln src/one src/hard; chmod 750 src/sub; touch -d '2020-05-06 07:08:09' src/one; mkfifo src/fifo
echo "--- tar"
tar cf t.tar src; tar tf t.tar | sort; mkdir out; tar xf t.tar -C out; diff -r src/sub out/src/sub && echo same; readlink out/src/link; stat -c '%a' out/src/sub; stat -c %Y out/src/one; stat -c %h out/src/one; stat -c %F out/src/fifo
tar czf t.tgz src; tar tzf t.tgz | wc -l; rm -r out/src; tar xzf t.tgz -C out src/sub/numbers; ls out/src; tar cf - src | tar xf - -C out; ls out/src; tar xOf t.tar src/sub/numbers | tail -1; tar xf missing.tar 2>/dev/null; echo $?
tar cf t2.tar -C src one; tar tvf t2.tar | cut -c1-10; echo notatar >bad; tar xf bad 2>/dev/null; echo $?; tar cjf t.tbz src && tar tjf t.tbz | wc -l
echo "--- cpio"
(cd src && find . | sort | cpio -o -H newc 2>/dev/null) >c.cpio; cpio -t <c.cpio 2>/dev/null; mkdir cp; (cd cp && cpio -id <../c.cpio 2>/dev/null); diff src/one cp/one && echo same; readlink cp/link; (cd cp && cpio -idu one <../c.cpio 2>/dev/null); find src -type f | cpio -p -d pass 2>/dev/null; find pass -type f | sort; (cd cp && head -c 100 ../c.cpio | cpio -i 2>/dev/null); echo "truncated $?"
echo "--- compression"
cp src/sub/numbers n; for z in gzip bzip2; do $z -k n 2>/dev/null || { $z -c n >n.${z%ip*}; }; done; ls n.*; gzip -c n | gunzip | cmp - n && echo gzip; bzip2 -c n | bunzip2 | cmp - n && echo bzip2; gzip -9 -c n | zcat | md5sum; gzip -t n.gz && echo good
[ $(gzip -c n | wc -c) -lt $(wc -c <n) ] && echo smaller; gzip n 2>/dev/null; rm -f n; gunzip n.gz; wc -l n; echo plain | gunzip 2>/dev/null; echo $?; gzip -c n | head -c 100 | gunzip >/dev/null 2>&1; echo $?; head -c 1000000 /dev/zero | gzip | gunzip | wc -c
printf '\375\067zXZ\0' | unxz >/dev/null 2>&1; echo $?; bzip2 -c n | bzcat | tail -1; gzip -c n >m.gz; zcat m.gz | head -2
echo "--- encodings"
base64 src/one; base64 src/one | base64 -d; head -c 100 /dev/zero | base64 | head -1; uuencode src/one name; uuencode src/one out.uu | uudecode -o -; uuencode -m src/one x | tail -n +2
echo "--- sums"
printf abc | md5sum; printf abc | sha1sum; printf abc | sha256sum; printf abc | sha512sum; printf abc | sha3sum; printf '' | md5sum; cksum n 2>/dev/null || crc32 n; printf abc | crc32
md5sum src/one n >sums; md5sum -c sums; echo x >>n; md5sum -c sums 2>/dev/null; echo $?; sha256sum src/one | cut -c1-16; seq 100000 | sha1sum
echo "--- ar"
ar cr lib.a src/one 2>/dev/null; ar t lib.a 2>/dev/null; ar p lib.a 2>/dev/null
echo "--- patch"
seq 10 >old; sed 's/5/five/;8d' old >new; diff -u old new >p.diff; cp old work; patch work p.diff; cmp work new && echo patched; patch -R work <p.diff; cmp work old && echo reversed; echo other >work; patch work <p.diff >/dev/null 2>&1; echo $?
