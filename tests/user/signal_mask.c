//! sigprocmask, sigpending, sigsuspend and the order of delivery.
#include "common/check.h"

static volatile int order, count;

static void note(int number)
{
	order = order * 10 + (number == SIGUSR1 ? 1 : number == SIGUSR2 ? 2 : 3);
	count++;
}

static sigset_t set_of(int first, int second)
{
	sigset_t set;
	sigemptyset(&set);
	if (first)
		sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	return set;
}

static int members(const sigset_t *set)
{
	int total = 0;
	for (int number = 1; number < 65; number++)
		total += sigismember(set, number) == 1;
	return total;
}

static void masks(void)
{
	section("masks");
	sigset_t set = set_of(SIGUSR1, SIGUSR2), old;
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	EQ(members(&old), 0);
	set = set_of(SIGUSR1, 0);
	OK(sigprocmask(SIG_UNBLOCK, &set, &old));
	EQ(members(&old), 2);
	OK(sigprocmask(SIG_BLOCK, NULL, &old));
	EQ(members(&old), 1);
	EQ(sigismember(&old, SIGUSR2), 1);
	set = set_of(SIGKILL, SIGSTOP);
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
	OK(sigprocmask(SIG_SETMASK, NULL, &old));
	EQ(members(&old), 0);
	set = set_of(0, 0);
	ERR(sigprocmask(3, &set, NULL), EINVAL);
	ERR(sigprocmask(-1, &set, NULL), EINVAL);
	OK(sigprocmask(-1, NULL, &old));
	unsigned long bits = 0;
	ERR(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &bits, NULL, 4), EINVAL);
	ERR(syscall(SYS_rt_sigprocmask, SIG_SETMASK, WILD(1), NULL, 8), EFAULT);
	ERR(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, WILD(1), 8), EFAULT);
	ERR(syscall(SYS_rt_sigpending, WILD(1), 8), EFAULT);
	ERR(syscall(SYS_rt_sigpending, &bits, 16), EINVAL);
}

static void pending(void)
{
	section("pending");
	sigset_t set = set_of(SIGUSR1, SIGUSR2), now;
	signal(SIGUSR1, note);
	signal(SIGUSR2, note);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	order = count = 0;
	for (int i = 0; i < 5; i++)
		OK(kill(getpid(), SIGUSR2));
	OK(kill(getpid(), SIGUSR1));
	EQ(count, 0);
	OK(sigpending(&now));
	EQ(members(&now), 2);
	IN_CHILD(sigset_t mine; OK(sigpending(&mine)); EQ(members(&mine), 0));
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	/* A plain signal is pending once; when several go out together, the last
	 * frame that is built runs first: the higher number. */
	EQ(count, 2);
	EQ(order, 21);
	OK(sigpending(&now));
	EQ(members(&now), 0);
	/* An ignored signal is not kept, even while blocked; becoming ignored drops it. */
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(kill(getpid(), SIGUSR1));
	signal(SIGUSR1, SIG_IGN);
	OK(sigpending(&now));
	EQ(members(&now), 0);
	OK(kill(getpid(), SIGUSR1));
	OK(sigpending(&now));
	EQ(sigismember(&now, SIGUSR1), 1);
	signal(SIGUSR1, note);
	order = 0;
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	EQ(order, 1);
}

static void suspend(void)
{
	section("sigsuspend");
	sigset_t set = set_of(SIGUSR1, SIGUSR2), wait_for = set_of(SIGUSR2, 0), now;
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	order = 0;
	OK(kill(getpid(), SIGUSR1));
	OK(kill(getpid(), SIGUSR2));
	ERR(sigsuspend(&wait_for), EINTR);
	EQ(order, 1);
	OK(sigprocmask(SIG_SETMASK, NULL, &now));
	EQ(members(&now), 2);
	OK(sigpending(&now));
	EQ(members(&now), 1);
	pid_t parent = getpid();
	wait_for = set_of(SIGUSR2, SIGCHLD);
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1));
	ERR(sigsuspend(&wait_for), EINTR);
	EQ(order, 11);
	ENDS(child, "exit 0");
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	EQ(order, 112);
	unsigned long bits = 0;
	ERR(syscall(SYS_rt_sigsuspend, &bits, 4), EINVAL);
	ERR(syscall(SYS_rt_sigsuspend, WILD(1), 8), EFAULT);
}

static void inheritance(void)
{
	section("inheritance");
	sigset_t set = set_of(SIGUSR1, 0), now;
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
	signal(SIGUSR2, note);
	IN_CHILD(OK(sigprocmask(0, NULL, &now)); EQ(members(&now), 1); order = 0; OK(raise(SIGUSR2));
		 EQ(order, 2));
	set = set_of(0, 0);
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
}

static void pausing(void)
{
	section("pause");
	pid_t parent = getpid();
	signal(SIGUSR1, note);
	order = 0;
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1));
	ERR(pause(), EINTR);
	EQ(order, 1);
	ENDS(child, "exit 0");
}

int main(void)
{
	masks();
	pending();
	suspend();
	inheritance();
	pausing();
	return finish();
}
