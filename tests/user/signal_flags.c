//! sigaction: every flag, the errors, and what the kernel gives back.
#include "common/check.h"

static volatile int calls, depth, deepest, blocked_inside, seen_code;
static volatile pid_t seen_pid;

static int is_blocked(int number)
{
	sigset_t set;
	sigprocmask(SIG_SETMASK, NULL, &set);
	return sigismember(&set, number);
}

static void plain(int number)
{
	calls++;
	blocked_inside = is_blocked(number) * 2 + is_blocked(SIGUSR2);
}

static void detailed(int number, siginfo_t *info, void *context)
{
	calls++;
	seen_code = info->si_code;
	seen_pid = info->si_pid;
	if (info->si_signo != number || !context)
		calls = -100;
}

static void nested(int number)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls++ < 3)
		raise(number);
	depth--;
}

static void install(int number, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };
	sigaddset(&act.sa_mask, SIGUSR2);
	OK(sigaction(number, &act, NULL));
}

static void errors(void)
{
	section("errors");
	struct sigaction act = { .sa_handler = plain };
	ERR(sigaction(0, &act, NULL), EINVAL);
	ERR(sigaction(65, &act, NULL), EINVAL);
	ERR(sigaction(-1, &act, NULL), EINVAL);
	ERR(sigaction(SIGKILL, &act, NULL), EINVAL);
	ERR(sigaction(SIGSTOP, &act, NULL), EINVAL);
	act.sa_handler = SIG_IGN;
	ERR(sigaction(SIGKILL, &act, NULL), EINVAL);
	OK(sigaction(SIGKILL, NULL, &act));
	TRUE(act.sa_handler == SIG_DFL);
	/* rt_sigaction itself: wrong size of the set. */
	ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
	ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
	ERR(syscall(SYS_rt_sigaction, SIGUSR1, WILD(1), NULL, 8), EFAULT);
	ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, WILD(1), 8), EFAULT);
}

static void given_back(void)
{
	section("what is given back");
	struct sigaction act = { .sa_handler = plain, .sa_flags = SA_RESTART | SA_NODEFER }, old;
	OK(sigaction(SIGUSR1, NULL, &old));
	TRUE(old.sa_handler == SIG_DFL);
	sigaddset(&act.sa_mask, SIGTERM);
	sigaddset(&act.sa_mask, SIGKILL);
	OK(sigaction(SIGUSR1, &act, &old));
	OK(sigaction(SIGUSR1, NULL, &old));
	TRUE(old.sa_handler == plain);
	EQ(old.sa_flags & ~0x04000000, SA_RESTART | SA_NODEFER);
	EQ(sigismember(&old.sa_mask, SIGTERM), 1);
	EQ(sigismember(&old.sa_mask, SIGKILL), 0);
	EQ(sigismember(&old.sa_mask, SIGINT), 0);
	signal(SIGUSR1, SIG_DFL);
}

static void mask_inside(void)
{
	section("mask inside the handler");
	calls = 0;
	install(SIGUSR1, plain, 0);
	OK(raise(SIGUSR1));
	EQ(calls, 1);
	EQ(blocked_inside, 3);
	EQ(is_blocked(SIGUSR1), 0);
	EQ(is_blocked(SIGUSR2), 0);
	install(SIGUSR1, plain, SA_NODEFER);
	OK(raise(SIGUSR1));
	EQ(blocked_inside, 1);
}

static void nesting(void)
{
	section("nesting");
	calls = depth = deepest = 0;
	install(SIGUSR1, nested, SA_NODEFER);
	OK(raise(SIGUSR1));
	EQ(calls, 4);
	EQ(deepest, 4);
	calls = depth = deepest = 0;
	install(SIGUSR1, nested, 0);
	OK(raise(SIGUSR1));
	EQ(calls, 4);
	EQ(deepest, 1);
}

static void reset(void)
{
	section("SA_RESETHAND");
	struct sigaction old;
	calls = 0;
	install(SIGUSR1, plain, SA_RESETHAND);
	OK(raise(SIGUSR1));
	EQ(calls, 1);
	OK(sigaction(SIGUSR1, NULL, &old));
	TRUE(old.sa_handler == SIG_DFL);
	ENDS(CHILD(raise(SIGUSR1)), "killed by SIGUSR1");
}

static void information(void)
{
	section("SA_SIGINFO");
	struct sigaction act = { .sa_sigaction = detailed, .sa_flags = SA_SIGINFO };
	OK(sigaction(SIGUSR1, &act, NULL));
	calls = 0;
	OK(kill(getpid(), SIGUSR1));
	EQ(calls, 1);
	EQ(seen_code, SI_USER);
	TRUE(seen_pid == getpid());
	OK(raise(SIGUSR1));
	EQ(seen_code, SI_TKILL);
	TRUE(seen_pid == getpid());
	OK(sigaction(SIGCHLD, &act, NULL));
	pid_t child = CHILD(_exit(3));
	ENDS(child, "exit 3");
	EQ(calls, 3);
	EQ(seen_code, CLD_EXITED);
	TRUE(seen_pid == child);
	signal(SIGCHLD, SIG_DFL);
}

static void stops_unreported(void)
{
	section("SA_NOCLDSTOP");
	for (int quiet = 0; quiet < 2; quiet++) {
		calls = 0;
		install(SIGCHLD, plain, quiet ? SA_NOCLDSTOP | SA_RESTART : SA_RESTART);
		pid_t child = CHILD(raise(SIGSTOP); _exit(0));
		EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
		EQ(calls, quiet ? 0 : 1);
		OK(kill(child, SIGCONT));
		ENDS(child, "exit 0");
		TRUE(calls >= 1);
	}
	signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
	errors();
	given_back();
	mask_inside();
	nesting();
	reset();
	information();
	stops_unreported();
	return finish();
}
