# Runs in a guest: the tests that /etc/rustos/tests lists, one a line, NAME SECONDS COMMAND. For each, a line
# before and a line after it goes to standard output, then what it wrote.
cd /t || exit
ulimit -c 0
while read -r name seconds command; do
	echo "@begin $name@"
	mkdir work
	(
		cd work || exit
		# shellcheck disable=SC2086 # words of a command
		exec env -i $(cat /etc/rustos/environment) \
			timeout -s KILL "$seconds" setsid $command
	) </dev/null >out 2>err
	status=$?
	rm -rf work
	echo "@end $name $status $(wc -c <out) $(wc -c <err)@"
	cat out err
	rm -f out err
done </etc/rustos/tests
