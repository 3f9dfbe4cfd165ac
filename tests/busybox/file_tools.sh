# cp, mv, rm, ln, mkdir, touch, stat, chmod, ls and path tools.
echo "--- cp and mv"
echo content >a; cp a b; cat b; cp -p a c; mkdir d; cp a b d; ls d; cp -r d e; ls e; cp a nodir/x 2>/dev/null; echo $?; cp d x 2>/dev/null; echo $?
mv b moved; ls; mv moved d/; ls d; mv d renamed; ls renamed; mv missing x 2>/dev/null; echo $?; mv a c renamed; ls; ls renamed
chmod 640 renamed/a; cp -a renamed copy; stat -c '%a %n' copy/a; cp -s renamed/a sym 2>/dev/null; readlink sym; cp -l renamed/a hard; stat -c %h hard
echo over >target; cp -f renamed/a target; cat target; yes n 2>/dev/null | cp -i renamed/b target 2>/dev/null; cat target; cp -u target renamed/a; echo $?
echo "--- rm"
mkdir -p t/u/v; touch t/f t/u/g; rm t/f; rm t 2>/dev/null; echo $?; rm -r t; [ -e t ] || echo removed; rm missing 2>/dev/null; echo $?; rm -f missing; echo $?
touch -- -dash; rm -- -dash; ls -- -dash 2>/dev/null || echo no-dash; touch 'a b' 'c*'; rm 'c*'; ls 'a b'; rm a*; unlink hard; [ -e hard ] || echo unlinked
echo "--- ln and links"
echo data >orig; ln orig hard; ln -s orig soft; ln -s missing broken; cat soft; readlink soft; [ -e broken ] || echo broken; stat -c %h orig; ln orig hard 2>/dev/null; echo $?
ln -sf other soft; readlink soft; rm soft; mkdir -p p/q; ln -s p/q pq; cd pq; pwd | sed 's/.*work//'; pwd -P | sed 's/.*\/p/p/'; cd ..; pwd | grep -c pq; cd - >/dev/null; cd ..
readlink -f pq/../q/./x | sed 's/.*\/p\//p\//'; realpath pq | sed 's/.*\/p/p/'; ln -sn x pq2; readlink pq2; link orig third; stat -c %h third
echo "--- mkdir and rmdir"
mkdir m; mkdir m 2>/dev/null; echo $?; mkdir -p m/n/o; rmdir m 2>/dev/null; echo $?; rmdir m/n/o m/n m; [ -d m ] || echo gone; mkdir -m 700 priv; stat -c %a priv; mkdir -p x/y && rmdir -p x/y; ls -d x 2>/dev/null; echo $?
echo "--- touch and dates"
touch -d '2020-01-02 03:04:05' old; stat -c '%y' old | cut -c1-19; date -r old '+%F %T'; touch new; [ new -nt old ] && echo newer; touch -r old ref; stat -c %Y ref; touch -c absent; [ -e absent ] || echo not-made
echo "--- chmod, chown"
touch p; chmod 755 p; stat -c %a p; chmod u-x,g+w,o= p; stat -c %a p; chmod a+r p; stat -c %A p; chmod +t,u+s p; stat -c %a p; chmod -R 700 p; chmod 9 p 2>/dev/null; echo $?
chown 1:2 p; stat -c '%u %g' p; chown :5 p; stat -c '%u %g' p; chgrp 7 p; stat -c '%u %g' p; mkdir -p r/s; touch r/s/f; chown -R 3:4 r; stat -c '%u:%g' r r/s r/s/f
echo "--- stat, ls"
printf 12345 >five; stat -c '%s %F %n' five soft broken 2>/dev/null; ls -l five | cut -c1-10; ls -ld . | cut -c1; ls -a | head -2; ls -1 p five; ls -F | grep -c @; ls nothing 2>/dev/null; echo $?
mkfifo ff; ls -l ff | cut -c1-10; stat -c %F ff; mknod cc c 1 3; stat -c '%F %t %T' cc; ls -S five orig | head -1; ls -R r; ls -i five | grep -c '^ *[0-9]'; [ "$(ls -i orig | cut -d' ' -f1)" = "$(ls -i hard 2>/dev/null | cut -d' ' -f1)" ] && echo same-inode
echo "--- names"
basename /a/b/c.txt .txt; basename /; dirname /a/b/c; dirname file; f=$(mktemp); [ -f "$f" ] && rm "$f" && echo mktemp; d=$(mktemp -d ./tmp.XXXXXX); [ -d "$d" ] && echo mktemp-d; which sh >/dev/null && echo which
truncate -s 1000 tr; stat -c %s tr; truncate -s 10 tr; wc -c <tr; du -s r >/dev/null && echo du; fallocate -l 500 fa; stat -c %s fa; sync && echo sync; shred -u -n 1 fa 2>/dev/null; [ -e fa ] || echo shredded
echo "--- depth"
d=.; i=0; while [ $i -lt 50 ]; do d=$d/level$i; i=$((i + 1)); done; mkdir -p $d && echo deep >$d/file && cat $d/file; find . -name 'level*' | wc -l; rm -rf level0; ls | grep -c level
i=0; while [ $i -lt 300 ]; do : >many.$i; i=$((i + 1)); done; ls many.* | wc -l; rm many.*; ls many.* 2>/dev/null | wc -l
