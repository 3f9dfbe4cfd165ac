//! EFAULT: a bad pointer in each pointer argument of each call, as a table.
//!
//! Every row is tried with pointers to nothing, to the kernel, to a
//! non-canonical address, and to the end of a page that has no neighbour.
#include "common/check.h"
#include <poll.h>
#include <sched.h>

/// Marks the argument that is replaced by the bad pointer.
#define BAD 0x0bad0badL

struct row {
	const char *name;
	long number;
	long args[6];
	/* Up to the edge it may do part of its work. */
	int partial;
};

static char page[4096], name[] = "file";
static struct timespec soon = { 0, 1 };
static int fd, ends[2];

static long try_row(const struct row *row, long pointer)
{
	long args[6];
	for (int i = 0; i < 6; i++)
		args[i] = row->args[i] == BAD ? pointer : row->args[i];
	return syscall(row->number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

#define P(x) ((long)(x))

static void run(const struct row *rows, size_t count)
{
	/* The last byte of a page before a hole: a name without an end, a structure cut short. */
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	edge[4095] = 'x';
	const struct {
		const char *what;
		long pointer;
	} bad[] = { { "low", 8 },
		    { "kernel", (long)0xffffffff81000000 },
		    { "direct map", (long)0xffff888000000000 },
		    { "non-canonical", (long)0x8000000000000000 },
		    { "top", -1 },
		    { "edge", P(edge + 4095) } };
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < LENGTH(bad); k++) {
			char text[64];
			if (rows[i].partial && !strcmp(bad[k].what, "edge"))
				continue;
			snprintf(text, sizeof text, "%s, %s", rows[i].name, bad[k].what);
			ERR_AS(text, try_row(&rows[i], bad[k].pointer), EFAULT);
		}
}

static void paths(void)
{
	const struct row rows[] = {
		{ "open", SYS_open, { BAD, O_RDONLY }, 0 },
		{ "openat", SYS_openat, { AT_FDCWD, BAD, O_RDONLY }, 0 },
		{ "stat path", SYS_stat, { BAD, P(page) }, 0 },
		{ "lstat path", SYS_lstat, { BAD, P(page) }, 0 },
		{ "access", SYS_access, { BAD, 0 }, 0 },
		{ "chdir", SYS_chdir, { BAD }, 0 },
		{ "chmod", SYS_chmod, { BAD, 0644 }, 0 },
		{ "chown", SYS_chown, { BAD, 0, 0 }, 0 },
		{ "lchown", SYS_lchown, { BAD, 0, 0 }, 0 },
		{ "mkdir", SYS_mkdir, { BAD, 0755 }, 0 },
		{ "rmdir", SYS_rmdir, { BAD }, 0 },
		{ "unlink", SYS_unlink, { BAD }, 0 },
		{ "rename from", SYS_rename, { BAD, P("other") }, 0 },
		{ "rename to", SYS_rename, { P(name), BAD }, 0 },
		{ "link from", SYS_link, { BAD, P("other") }, 0 },
		{ "link to", SYS_link, { P(name), BAD }, 0 },
		{ "symlink target", SYS_symlink, { BAD, P("other") }, 0 },
		{ "symlink name", SYS_symlink, { P(name), BAD }, 0 },
		{ "readlink path", SYS_readlink, { BAD, P(page), 10 }, 0 },
		{ "truncate", SYS_truncate, { BAD, 0 }, 0 },
		{ "mknod", SYS_mknod, { BAD, S_IFIFO | 0600, 0 }, 0 },
		{ "execve path", SYS_execve, { BAD, 0, 0 }, 0 },
		{ "statfs path", SYS_statfs, { BAD, P(page) }, 0 },
		{ "chroot", SYS_chroot, { BAD }, 0 },
		{ "utimensat", SYS_utimensat, { AT_FDCWD, BAD, 0, 0 }, 0 },
	};
	section("paths");
	run(rows, LENGTH(rows));
}

static void results(void)
{
	const struct row rows[] = {
		{ "read", SYS_read, { fd, BAD, 100 }, 1 },
		{ "pread", SYS_pread64, { fd, BAD, 100, 0 }, 1 },
		{ "readv", SYS_readv, { fd, BAD, 2 }, 0 },
		{ "stat", SYS_stat, { P(name), BAD }, 0 },
		{ "lstat", SYS_lstat, { P(name), BAD }, 0 },
		{ "fstat", SYS_fstat, { fd, BAD }, 0 },
		{ "newfstatat", SYS_newfstatat, { AT_FDCWD, P(name), BAD, 0 }, 0 },
		{ "statx", SYS_statx, { AT_FDCWD, P(name), 0, 0x7ff, BAD }, 0 },
		{ "statfs", SYS_statfs, { P("."), BAD }, 0 },
		{ "fstatfs", SYS_fstatfs, { fd, BAD }, 0 },
		{ "pipe", SYS_pipe, { BAD }, 0 },
		{ "pipe2", SYS_pipe2, { BAD, 0 }, 0 },
		{ "uname", SYS_uname, { BAD }, 0 },
		{ "sysinfo", SYS_sysinfo, { BAD }, 0 },
		{ "getrusage", SYS_getrusage, { RUSAGE_SELF, BAD }, 0 },
		{ "times", SYS_times, { BAD }, 0 },
		{ "clock_gettime", SYS_clock_gettime, { CLOCK_MONOTONIC, BAD }, 0 },
		{ "clock_getres", SYS_clock_getres, { CLOCK_MONOTONIC, BAD }, 0 },
		{ "gettimeofday", SYS_gettimeofday, { BAD, 0 }, 0 },
		{ "getrlimit", SYS_getrlimit, { RLIMIT_NOFILE, BAD }, 0 },
		{ "prlimit old", SYS_prlimit64, { 0, RLIMIT_NOFILE, 0, BAD }, 0 },
		{ "getitimer", SYS_getitimer, { ITIMER_REAL, BAD }, 0 },
		{ "rt_sigaction old", SYS_rt_sigaction, { SIGUSR1, 0, BAD, 8 }, 0 },
		{ "rt_sigprocmask old", SYS_rt_sigprocmask, { 0, 0, BAD, 8 }, 0 },
		{ "rt_sigpending", SYS_rt_sigpending, { BAD, 8 }, 0 },
		{ "sigaltstack old", SYS_sigaltstack, { 0, BAD }, 0 },
		{ "getresuid", SYS_getresuid, { BAD, P(page), P(page) }, 0 },
		{ "getresgid", SYS_getresgid, { P(page), P(page), BAD }, 0 },
		{ "sched_getparam", SYS_sched_getparam, { 0, BAD }, 0 },
		{ "getrandom", SYS_getrandom, { BAD, 4096, 0 }, 1 },
	};
	section("results");
	run(rows, LENGTH(rows));
}

static void inputs(void)
{
	const struct row rows[] = {
		{ "write to a pipe", SYS_write, { ends[1], BAD, 100 }, 0 },
		{ "writev", SYS_writev, { ends[1], BAD, 2 }, 0 },
		{ "execve argv", SYS_execve, { P("/bin/sh"), BAD, 0 }, 0 },
		{ "execve envp", SYS_execve, { P("/proc/self/exe"), 0, BAD }, 0 },
		{ "nanosleep", SYS_nanosleep, { BAD, 0 }, 0 },
		{ "clock_nanosleep", SYS_clock_nanosleep, { CLOCK_MONOTONIC, 0, BAD, 0 }, 0 },
		{ "setrlimit", SYS_setrlimit, { RLIMIT_RSS, BAD }, 0 },
		{ "prlimit new", SYS_prlimit64, { 0, RLIMIT_RSS, BAD, 0 }, 0 },
		{ "setitimer", SYS_setitimer, { ITIMER_REAL, BAD, 0 }, 0 },
		{ "rt_sigaction new", SYS_rt_sigaction, { SIGUSR1, BAD, 0, 8 }, 0 },
		{ "rt_sigprocmask new", SYS_rt_sigprocmask, { SIG_BLOCK, BAD, 0, 8 }, 0 },
		{ "rt_sigsuspend", SYS_rt_sigsuspend, { BAD, 8 }, 0 },
		{ "rt_sigtimedwait set", SYS_rt_sigtimedwait, { BAD, 0, P(&soon), 8 }, 0 },
		{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { getpid(), SIGCHLD, BAD }, 0 },
		{ "sigaltstack new", SYS_sigaltstack, { BAD, 0 }, 0 },
		{ "poll", SYS_poll, { BAD, 2, 0 }, 0 },
		{ "select", SYS_select, { ends[0] + 60, BAD, 0, 0, P(&soon) }, 0 },
		{ "select timeout", SYS_select, { 0, 0, 0, 0, BAD }, 0 },
		{ "setgroups", SYS_setgroups, { 3, BAD }, 0 },
		{ "utimensat times", SYS_utimensat, { AT_FDCWD, P(name), BAD, 0 }, 0 },
		{ "sched_setscheduler", SYS_sched_setscheduler, { 0, SCHED_OTHER, BAD }, 0 },
		{ "settimeofday", SYS_settimeofday, { BAD, 0 }, 0 },
		{ "clock_settime", SYS_clock_settime, { CLOCK_REALTIME, BAD }, 0 },
	};
	section("inputs");
	run(rows, LENGTH(rows));
}

static void with_children(void)
{
	section("wait");
	pid_t child = CHILD(_exit(3));
	ERR(syscall(SYS_wait4, child, WILD(8), 0, NULL), EFAULT);
	/* The child was reaped all the same. */
	ERR(wait(NULL), ECHILD);
	child = CHILD(_exit(3));
	ERR(syscall(SYS_wait4, child, NULL, 0, WILD(0xffffffff81000000)), EFAULT);
	child = CHILD(_exit(3));
	ERR(syscall(SYS_waitid, P_PID, child, WILD(8), WEXITED, NULL), EFAULT);
	ERR(wait(NULL), ECHILD);
}

static void read_only_results(void)
{
	section("results into a page that is only readable");
	char *read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ERR(read(fd, read_only, 10), EFAULT);
	ERR(syscall(SYS_uname, read_only), EFAULT);
	ERR(syscall(SYS_stat, name, read_only), EFAULT);
	ERR(syscall(SYS_pipe, read_only), EFAULT);
	EQ(write(ends[1], read_only, 10), 10);
	EQ(read(ends[0], page, 10), 10);
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ERR(write(ends[1], none, 10), EFAULT);
	ERR(read(fd, none, 10), EFAULT);
	/* The program's own code. */
	ERR(read(fd, WILD(with_children), 4), EFAULT);
}

int main(void)
{
	put_file(name, "0123456789", 0644);
	memset(page, 0, sizeof page);
	fd = OK(open(name, O_RDONLY));
	OK(pipe(ends));
	paths();
	results();
	inputs();
	with_children();
	read_only_results();
	return finish();
}
