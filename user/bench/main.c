//! The benchmark: how many nanoseconds the kernel takes for each basic
//! operation of process management. Under `qemu -icount shift=0` a nanosecond
//! is an executed instruction, which makes the rows repeatable.
//!
//! Usage: `bench [tiny=PATH] [shell=PATH]`, or as `/init` of an initramfs with
//! `/bin/tiny` and `/bin/busybox`; as process 1 it switches the machine off at
//! the end. Build: `musl-gcc -static -O2 -o bench *.c`.
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char *tiny_path = "/bin/tiny", *shell_path = "/bin/busybox";

/// Gives process 1 a terminal where the initramfs holds no /dev/console.
static void open_console(void)
{
	if (fcntl(1, F_GETFD) >= 0)
		return;
	mkdir("/dev", 0755);
	mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	int fd = open("/dev/console", O_RDWR);
	for (int std = 0; std < 3; std++)
		if (fd >= 0 && fd != std)
			dup2(fd, std);
	if (fd > 2)
		close(fd);
}

static void use_one_cpu(void)
{
	cpu_set_t first;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof first, &first);
}

static void switch_off(void)
{
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	fail("reboot");
}

int main(int argc, char **argv)
{
	uint64_t started = ticks();
	int is_init = getpid() == 1;
	if (is_init)
		open_console();
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "tiny=", 5))
			tiny_path = argv[i] + 5;
		if (!strncmp(argv[i], "shell=", 6))
			shell_path = argv[i] + 6;
	}
	use_one_cpu();
	clock_start();
	if (is_init)
		row_value("boot", ticks_to_ns(started));
	bench_calls();
	bench_signal();
	bench_memory();
	bench_switch();
	bench_process();
	printf("bench-done\n");
	if (is_init)
		switch_off();
	return 0;
}
