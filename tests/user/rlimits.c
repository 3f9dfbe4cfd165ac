//! getrlimit, setrlimit, prlimit; RLIMIT_CPU and RLIMIT_NPROC.
// test: timeout=60
#include "common/check.h"

static struct rlimit limit;

/// A fork that is meant to fail; a child ends at once.
static pid_t try_fork(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(77);
	return child;
}

static void forms(void)
{
	section("get and set");
	/* RLIMIT_RSS has no effect, and is not limited to begin with. */
	IN_CHILD(OK(setrlimit(RLIMIT_RSS, &(struct rlimit){ 0, 5000 })); OK(getrlimit(RLIMIT_RSS, &limit));
		 EQ(limit.rlim_cur, 0); EQ(limit.rlim_max, 5000); OK(setrlimit(RLIMIT_RSS, &(struct rlimit){ 7, 7 }));
		 IN_CHILD(OK(getrlimit(RLIMIT_RSS, &limit)); EQ(limit.rlim_max, 7)));
	ERR(setrlimit(RLIMIT_CORE, &(struct rlimit){ 5, 4 }), EINVAL);
	ERR(setrlimit(16, &(struct rlimit){ 5, 5 }), EINVAL);
	ERR(getrlimit(16, &limit), EINVAL);
	ERR(getrlimit(-1, &limit), EINVAL);
	ERR(syscall(SYS_getrlimit, RLIMIT_CORE, WILD(1)), EFAULT);
	ERR(syscall(SYS_setrlimit, RLIMIT_CORE, WILD(1)), EFAULT);
	IN_CHILD(OK(setrlimit(RLIMIT_RSS, &(struct rlimit){ 100, 1000 })); OK(setuid(1000));
		 OK(setrlimit(RLIMIT_RSS, &(struct rlimit){ 1000, 1000 }));
		 ERR(setrlimit(RLIMIT_RSS, &(struct rlimit){ 1000, 1001 }), EPERM);
		 OK(setrlimit(RLIMIT_RSS, &(struct rlimit){ 10, 10 }));
		 ERR(setrlimit(RLIMIT_RSS, &(struct rlimit){ 11, 11 }), EPERM));
	section("prlimit");
	pid_t child = CHILD(pause());
	struct rlimit other = { 11, 22 }, old;
	OK(prlimit(child, RLIMIT_NOFILE, &other, &old));
	TRUE(old.rlim_cur >= 256);
	OK(prlimit(child, RLIMIT_NOFILE, NULL, &old));
	EQ(old.rlim_cur * 100 + old.rlim_max, 1122);
	OK(getrlimit(RLIMIT_NOFILE, &limit));
	TRUE(limit.rlim_cur >= 256);
	ERR(prlimit(0x3fffffff, RLIMIT_NOFILE, NULL, &old), ESRCH);
	IN_CHILD(OK(setuid(1000)); ERR(prlimit(child, RLIMIT_NOFILE, NULL, &old), EPERM);
		 OK(prlimit(0, RLIMIT_NOFILE, NULL, &old)));
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

static void processor_time(void)
{
	section("RLIMIT_CPU");
	ENDS(CHILD(setrlimit(RLIMIT_CPU, &(struct rlimit){ 1, 2 }); for (;;)), "killed by SIGXCPU");
	ENDS(CHILD(signal(SIGXCPU, SIG_IGN); setrlimit(RLIMIT_CPU, &(struct rlimit){ 1, 2 }); for (;;)),
	     "killed by SIGKILL");
}

/// A user may have this many processes; root is not bound by it.
static void processes(void)
{
	enum { MANY = 10 };
	section("RLIMIT_NPROC");
	IN_CHILD(OK(setrlimit(RLIMIT_NPROC, &(struct rlimit){ MANY, MANY })); OK(setuid(54323)); int made = 0;
		 pid_t last; while ((last = fork()) > 0 && made < 100) made++;
		 if (last == 0) {
			 pause();
			 _exit(0);
		 }
		 EQ(made, MANY - 1); ERR(try_fork(), EAGAIN); OK(kill(-1, SIGKILL)); int reaped = 0;
		 while (wait(NULL) > 0) reaped++;
		 EQ(reaped, MANY - 1); ENDS(CHILD(_exit(3)), "exit 3"));
	IN_CHILD(OK(setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 })); ENDS(CHILD(_exit(3)), "exit 3"));
	/* Zombies count as well. */
	IN_CHILD(OK(setrlimit(RLIMIT_NPROC, &(struct rlimit){ 2, 2 })); OK(setuid(54324));
		 pid_t child = CHILD(_exit(5)); TRUE(child > 0); siginfo_t info;
		 OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT)); ERR(try_fork(), EAGAIN); ENDS(child, "exit 5");
		 ENDS(CHILD(_exit(6)), "exit 6"));
}

/// Every process forks as often as it can; the limit holds the bomb.
static void bomb(void)
{
	enum { MANY = 60 };
	section("a fork bomb within RLIMIT_NPROC");
	int ends[2];
	OK(pipe(ends));
	pid_t top = CHILD(setsid(); setrlimit(RLIMIT_NPROC, &(struct rlimit){ MANY, MANY }); setuid(54325);
			  close(ends[0]); long until = now_ms() + 400;
			  while (now_ms() < until) if (fork() < 0) sleep_ms(1);
			  write(ends[1], "x", 1); pause());
	close(ends[1]);
	char bytes[200];
	int count = 0;
	/* All of them report, and there are exactly as many as may be. */
	while (count < MANY) {
		ssize_t got = read(ends[0], bytes, sizeof bytes);
		if (got <= 0)
			break;
		count += got;
	}
	EQ(count, MANY);
	OK(kill(-top, SIGKILL));
	ENDS(top, "killed by SIGKILL");
	/* The pipe ends when the last of them has gone. */
	EQ(read(ends[0], bytes, 1), 0);
	/* And the system works on. */
	ENDS(CHILD(_exit(9)), "exit 9");
}

int main(void)
{
	forms();
	processor_time();
	processes();
	bomb();
	return finish();
}
