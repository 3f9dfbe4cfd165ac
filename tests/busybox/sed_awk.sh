# sed, awk and ed: editing and computing.
printf 'alpha 1\nbeta 2\ngamma 3\ndelta 4\n' >f
echo "--- sed"
sed 's/a/A/' f; sed 's/a/A/g;s/[0-9]$/<&>/' f; sed -n '2p;$p' f; sed '2d' f; sed '/beta/,/gamma/d' f; sed -n '/a$/!p' f
sed -e '1i\' -e 'inserted' -e '$a\' -e 'appended' f; sed '2c\changed' f; sed 'y/abg/xyz/' f; sed -E 's/(\w+) (\w+)/\2 \1/' f
sed -n '$=' f; sed 2q f; sed -n 'N;P' f; sed 'N;s/\n/+/' f; sed -n 'H;${x;s/\n/,/g;p}' f; sed '1!G;h;$!d' f
sed -i 's/alpha/omega/' f; cat f; sed -i.bak 's/omega/alpha/' f; head -1 f f.bak; echo aaa | sed 's/a/b/2'; echo a.b | sed 's/\./-/'
sed ':a;s/^\(x*\)o/\1x/;ta' <<END
ooo
END
sed -n '/beta/{n;p}' f; sed 's|/|:|g' <<END
/usr/bin
END
sed '/gamma/w out' f >/dev/null; cat out; echo 'a b' | sed 's/\(a\) \(b\)/\U\1\E \2/' 2>/dev/null | wc -l
echo "--- awk"
awk '{print $2, $1}' f; awk 'END{print NR}' f; awk '{s+=$2} END{print s, s/NR}' f; awk -F: '{print $1}' <<END
root:x:0
END
awk '/a$/{next} {print NR": "$0}' f; awk 'NR==2,NR==3' f; awk '{a[$1]=$2} END{n=0; for(k in a) n+=a[k]; print n, length(a)}' f
awk 'BEGIN{for(i=1;i<=5;i++) f=f i; print f, length(f), substr(f,2,3), index(f,"34")}'
awk 'BEGIN{x="a,b,c"; n=split(x,p,","); print n, p[3]; gsub(/,/,"-",x); print x; print toupper("up") tolower("LOW")}'
awk 'BEGIN{printf "%5.2f|%-6s|%03d|%c\n", 3.14159, "ab", 7, 65; print 2*10, 7%3, int(3.9), 1e3, 0.1+0.2}'
awk 'function fib(n){return n<2?n:fib(n-1)+fib(n-2)} BEGIN{print fib(15)}'
awk 'BEGIN{while(("echo a; echo b"|getline l)>0) print "got " l; "date -u -d @0 +%Y"|getline y; print y}'
awk 'BEGIN{print "to pipe" | "cat"; close("cat"); system("echo from system"); exit 3}'; echo $?
awk -v v=5 'BEGIN{print v*2, ENVIRON["HOME"]}'; awk 'BEGIN{print length()}' </dev/null; echo 'a b c' | awk '{$2="X"; print; print NF}'
awk 'BEGIN{print match("foobar",/o+/), RSTART, RLENGTH; print sprintf("%x",255); print substr("hello",0,2)}'
awk '{print > ($2 % 2 ? "odd" : "even")}' f; cat odd even; awk 'BEGIN{OFS="-"; $1="a"; $2="b"; print}' ; printf 'a b\n\nc d\n' | awk 'BEGIN{RS=""}{print NR, $1}'
seq 10000 | awk '{s+=$1} END{print s}'; awk 'BEGIN{do{i++}while(i<7); print i; print (1<2)?"y":"n", !0, 1&&0, "a"<"b"}'
awk 'BEGIN{a["x",1]=5; for(k in a){split(k,p,SUBSEP); print p[1], p[2]}; if(("x",1) in a) print "in"; delete a["x",1]; print length(a)}'
echo "--- ed"
printf 'a\nfirst\nsecond\nthird\n.\n2d\n1,$p\ns/third/3rd/\nw ed.out\nq\n' | ed 2>/dev/null; cat ed.out
echo "--- bc, dc, expr"
echo '2^64; scale=5; 22/7; (1+2)*3' | bc; echo '5 3 + p 2 * p 7 r - p' | dc; expr 3 + 4; expr 7 \* 6; expr length hello; expr substr hello 2 3
expr hello : 'h\(.*\)o'; expr 5 \> 3; expr 0; echo $?; expr abc = abc; echo 'obase=16; 255' | bc
