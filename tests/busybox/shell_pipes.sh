# Pipelines: data, statuses, SIGPIPE, many processes.
echo "--- data"
seq 1 100000 | tail -1; seq 1 100000 | wc -l; yes | head -3; yes abc | head -c 10; echo
seq 1 1000 | sort -rn | head -2; seq 100 | grep 7 | wc -l
echo "--- statuses"
true | false; echo $?; false | true; echo $?; ! true | false; echo $?
set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
exit 3 | exit 4; echo $?
echo "--- subshells"
x=1; echo | { x=2; echo inside $x; }; echo outside $x
(cd /; pwd); [ "$(pwd)" != / ] && echo stayed
(x=5; (x=6; echo $x); echo $x); echo $x
echo "--- early close"
(seq 1 1000000; echo "status $?" >&2) 2>status | head -1; cat status
sh -c 'kill -PIPE $$; echo not reached'; echo "status $?"
cat /dev/zero | head -c 100000 | wc -c
echo "--- long chain"
echo start | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat
i=0; cmd="echo deep"; while [ $i -lt 40 ]; do cmd="$cmd | cat"; i=$((i + 1)); done; eval "$cmd"
echo "--- large"
dd if=/dev/zero bs=65536 count=160 2>/dev/null | tr '\0' x | wc -c
head -c 3000000 /dev/zero | tee copy | md5sum; md5sum <copy; wc -c <copy
echo "--- tee"
echo both | tee a b; cat a b; echo more | tee -a a >/dev/null; cat a
echo "--- fifo"
mkfifo p; echo through >p & cat p; wait
(sleep 0.1; echo late >p) & read -r line <p; echo "$line"; wait
mkfifo q; cat q >result & { echo 1; echo 2; } >q; wait; cat result
echo "--- xargs"
seq 10 | xargs echo; seq 10 | xargs -n 3 echo; echo a b c | xargs -n 1 -I{} echo '<{}>'
printf 'a\0b c\0' | xargs -0 -n 1 echo; seq 3 | xargs sh -c 'echo $#' x; echo | xargs -r echo never
false | xargs false; echo $?; echo x | xargs sh -c 'exit 255' 2>/dev/null; echo $?
