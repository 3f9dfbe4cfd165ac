#!/bin/sh
# Process 1 of the default initramfs. Boots to a shell on the console and
# switches the machine off when the shell ends; or, where /etc/rustos/command
# exists, runs that one command: its standard output and error go to ttyS0, byte
# for byte unless it is to have a terminal; its status goes to ttyS1, where the
# kernel's log goes too.
export PATH=/bin:/usr/bin:/sbin:/usr/sbin HOME=/root USER=root LOGNAME=root SHELL=/bin/sh
umask 022

# What a kernel has mounted itself, or does not know, is left as it is.
mount_on() { # TYPE DIRECTORY
	mkdir -p "$2" && mount -t "$1" "$1" "$2" 2>/dev/null
}
mount_on proc /proc
mount_on sysfs /sys
[ -c /dev/tty ] || mount_on devtmpfs /dev
mount_on devpts /dev/pts
mount_on tmpfs /dev/shm
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
hostname rustos
cd /root

# Standard input arrives through ttyS1 in pieces, each asked for, so that none
# is lost and the end is seen.
feed_input() {
	while echo @rustos-input@ >/dev/ttyS1 && read -r length && [ "$length" -gt 0 ]; do
		head -c "$length"
	done </dev/ttyS1
}

# A subshell, because what this shell says of a command (`Killed`) is not the command's output.
run_command() {
	command=$(cat /etc/rustos/command)
	case $(cat /etc/rustos/input) in
	file) (exec sh -c "$command") </etc/rustos/stdin >/dev/ttyS0 2>&1 ;;
	stream) feed_input | (exec sh -c "$command") >/dev/ttyS0 2>&1 ;;
	terminal) (exec setsid -c sh -c "$command") </dev/ttyS0 >/dev/ttyS0 2>&1 ;;
	*) (exec sh -c "$command") </dev/null >/dev/ttyS0 2>&1 ;;
	esac
}

set_size() { # TERMINAL
	[ -n "$ROWS" ] && stty -F "$1" rows "$ROWS" cols "$COLS"
	unset ROWS COLS
}

if [ -f /etc/rustos/command ]; then
	mode="raw -echo"
	[ "$(cat /etc/rustos/input)" = terminal ] && mode=sane
	stty -F /dev/ttyS0 $mode
	stty -F /dev/ttyS1 raw -echo
	set_size /dev/ttyS0
	run_command
	status=$?
	# Setting a terminal's mode waits until all its output is out.
	stty -F /dev/ttyS0 $mode
	echo "@rustos-status $status@" >/dev/ttyS1
	stty -F /dev/ttyS1 raw -echo
	poweroff -f
fi

# The last console= names the terminal; a shell's job control needs that one,
# not /dev/console, which cannot be a controlling terminal.
terminal=
for word in $(cat /proc/cmdline); do
	case $word in console=*)
		terminal=${word#console=}
		terminal=${terminal%%,*}
		;;
	esac
done
case $terminal in '' | tty0) terminal=tty1 ;; esac
[ -c "/dev/$terminal" ] || terminal=console
unset word
set_size "/dev/$terminal"
setsid -c sh -l <"/dev/$terminal" >"/dev/$terminal" 2>&1
poweroff -f
