//! Runs `pristine COMMAND ARGUMENTS` in a session of its own with what a fresh machine gives a process:
//! no signal ignored or blocked, the usual limits, nice value and file mode mask. Whoever started the tests may have
//! changed any of these.
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void limit(int resource, rlim_t soft)
{
	struct rlimit limits;
	if (getrlimit(resource, &limits) == 0) {
		limits.rlim_cur = soft < limits.rlim_max ? soft : limits.rlim_max;
		setrlimit(resource, &limits);
	}
}

int main(int argc, char **argv)
{
	// The kernel's own structure and call: the C library keeps some signals to itself.
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { .handler = SIG_DFL };
	unsigned long none = 0;
	for (int number = 1; number <= 64; number++)
		syscall(SYS_rt_sigaction, number, &action, NULL, sizeof none);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 1024);
	limit(RLIMIT_STACK, 8 << 20);
	setpriority(PRIO_PROCESS, 0, 0);
	umask(022);
	setsid();
	if (argc > 1)
		execvp(argv[1], argv + 1);
	perror("pristine");
	return 127;
}
