//! What survives execve, and what does not.
#include "common/self.h"

static void handler(int number)
{
	(void)number;
}

static int is_pending(int number)
{
	sigset_t set;
	sigpending(&set);
	return sigismember(&set, number);
}

static int is_blocked(int number)
{
	sigset_t set;
	sigprocmask(SIG_SETMASK, NULL, &set);
	return sigismember(&set, number);
}

static void *disposition(int number)
{
	struct sigaction act;
	sigaction(number, NULL, &act);
	return act.sa_handler;
}

static int role_after(char **argv)
{
	char cwd[512];
	TRUE(getpid() == atoi(argv[2]));
	TRUE(getppid() == atoi(argv[3]));
	TRUE(getpgrp() == getpid());
	TRUE(getsid(0) == getpid());
	STR(strrchr(getcwd(cwd, sizeof cwd), '/'), "/place");
	EQ(umask(0), 027);
	EQ(getpriority(PRIO_PROCESS, 0), 3);
	TRUE(is_blocked(SIGUSR1));
	TRUE(!is_blocked(SIGUSR2));
	TRUE(is_pending(SIGUSR1));
	TRUE(disposition(SIGUSR2) == SIG_DFL);
	TRUE(disposition(SIGHUP) == SIG_IGN);
	TRUE(disposition(SIGTERM) == SIG_DFL);
	stack_t stack;
	OK(sigaltstack(NULL, &stack));
	EQ(stack.ss_flags, SS_DISABLE);
	struct rlimit limit;
	OK(getrlimit(RLIMIT_NOFILE, &limit));
	EQ(limit.rlim_cur, 50);
	TRUE(alarm(0) > 90);
	EQ(fcntl(30, F_GETFD), 0);
	ERR(fcntl(31, F_GETFD), EBADF);
	ERR(fcntl(32, F_GETFD), EBADF);
	ERR(fcntl(33, F_GETFD), EBADF);
	EQ(lseek(30, 0, SEEK_CUR), 3);
	unsigned char resident;
	ERR(mincore((void *)0x10000000, 4096, &resident), ENOMEM);
	int bits = 0;
	for (int number = 1; number < 65; number++)
		bits += is_blocked(number) == 1;
	EQ(bits, 1);
	return check_failures != 0;
}

static void set_up_and_exec(void)
{
	static char stack_memory[16384];
	pid_t parent = getppid();
	sigset_t set;
	setsid();
	mkdir("place", 0755);
	OK(chdir("place"));
	umask(027);
	OK(setpriority(PRIO_PROCESS, 0, 3));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, handler);
	signal(SIGHUP, SIG_IGN);
	stack_t stack = { .ss_sp = stack_memory, .ss_size = sizeof stack_memory };
	OK(sigaltstack(&stack, NULL));
	OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 50, 60 }));
	alarm(100);
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	EQ(write(fd, "abc", 3), 3);
	EQ(dup2(fd, 30), 30);
	EQ(dup3(fd, 31, O_CLOEXEC), 31);
	EQ(dup2(fd, 32), 32);
	EQ(fcntl(32, F_SETFD, FD_CLOEXEC), 0);
	EQ(fcntl(fd, F_DUPFD_CLOEXEC, 33), 33);
	OK(mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	char self[24], above[24];
	snprintf(self, sizeof self, "%d", getpid());
	snprintf(above, sizeof above, "%d", parent);
	char *argv[] = { self_path, "after", self, above, NULL }, *envp[] = { NULL };
	execve(self_path, argv, envp);
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "after"))
		return role_after(argv);
	find_self(argv);
	section("state over execve");
	ENDS(CHILD(set_up_and_exec()), "exit 0");
	section("the parent keeps its own");
	TRUE(disposition(SIGHUP) == SIG_DFL);
	TRUE(!is_blocked(SIGUSR1));
	EQ(getpriority(PRIO_PROCESS, 0), 0);
	ERR(fcntl(30, F_GETFD), EBADF);
	return finish();
}
