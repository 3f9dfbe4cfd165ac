//! Queued signals: sigqueue, real-time order, sigtimedwait and siginfo.
#include "common/check.h"

static volatile int seen[32], seen_value[32], seen_count;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (seen_count < 32) {
		seen[seen_count] = number;
		seen_value[seen_count++] = info->si_value.sival_int;
	}
}

static sigset_t block(int first, int second)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static int queue(int number, int value)
{
	return sigqueue(getpid(), number, (union sigval){ .sival_int = value });
}

static void handlers(void)
{
	section("queued signals reach the handler in order");
	int low = 40, high = 50;
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	/* While one runs, all of them wait: no nesting. */
	sigfillset(&act.sa_mask);
	OK(sigaction(low, &act, NULL));
	OK(sigaction(high, &act, NULL));
	sigset_t set = block(low, high);
	OK(queue(high, 1));
	OK(queue(low, 2));
	OK(queue(high, 3));
	OK(queue(low, 4));
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	EQ(seen_count, 4);
	for (int i = 0; i < 4; i++)
		say("%s value %d", signal_name(seen[i]), seen_value[i]);
}

static void timed_wait(void)
{
	section("sigtimedwait");
	sigset_t set = block(SIGUSR1, 41);
	siginfo_t info;
	struct timespec zero = { 0, 0 }, brief = { 0, 30000000 }, bad = { 0, 1000000000 };
	ERR(sigtimedwait(&set, &info, &zero), EAGAIN);
	long start = now_ms();
	ERR(sigtimedwait(&set, &info, &brief), EAGAIN);
	TRUE(now_ms() - start >= 29);
	ERR(sigtimedwait(&set, &info, &bad), EINVAL);
	OK(queue(41, 7));
	OK(queue(41, 8));
	EQ(sigtimedwait(&set, &info, &brief), 41);
	EQ(info.si_code, SI_QUEUE);
	EQ(info.si_value.sival_int, 7);
	TRUE(info.si_pid == getpid());
	TRUE(info.si_uid == getuid());
	EQ(sigwaitinfo(&set, &info), 41);
	EQ(info.si_value.sival_int, 8);
	OK(kill(getpid(), SIGUSR1));
	OK(queue(SIGUSR1, 9));
	EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EQ(info.si_code, SI_USER);
	ERR(sigtimedwait(&set, &info, &zero), EAGAIN);
	int number = 0;
	OK(raise(SIGUSR1));
	EQ(sigwait(&set, &number), 0);
	EQ(number, SIGUSR1);
	/* The lower number comes first. */
	OK(queue(41, 1));
	OK(raise(SIGUSR1));
	EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EQ(sigwaitinfo(&set, &info), 41);
}

static void wake_up(void)
{
	section("a waiting process is woken");
	sigset_t set = block(SIGUSR1, SIGCHLD);
	siginfo_t info;
	pid_t parent = getpid();
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1); _exit(3));
	EQ(sigwaitinfo(&set, &info), SIGUSR1);
	TRUE(info.si_pid == child);
	EQ(sigwaitinfo(&set, &info), SIGCHLD);
	TRUE(info.si_pid == child);
	EQ(info.si_code, CLD_EXITED);
	EQ(info.si_status, 3);
	ENDS(child, "exit 3");
	/* A signal outside the set with a handler interrupts. */
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };
	OK(sigaction(SIGUSR2, &act, NULL));
	child = CHILD(sleep_ms(30); kill(parent, SIGUSR2); sleep_ms(1));
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, SIGUSR1);
	/* The call itself: musl's wrapper would try again. */
	ERR(syscall(SYS_rt_sigtimedwait, &only, &info, NULL, 8), EINTR);
	ENDS(child, "exit 0");
	EQ(sigwaitinfo(&set, &info), SIGCHLD);
}

static void errors(void)
{
	section("errors");
	siginfo_t info = { .si_code = SI_USER };
	ERR(sigqueue(getpid(), 65, (union sigval){ 0 }), EINVAL);
	ERR(sigqueue(getpid(), -1, (union sigval){ 0 }), EINVAL);
	OK(sigqueue(getpid(), 0, (union sigval){ 0 }));
	ERR(sigqueue(0x3fffffff, SIGUSR1, (union sigval){ 0 }), ESRCH);
	/* Nobody may claim that the kernel or kill sent it to another. */
	ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGCONT, &info), EPERM);
	ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGCONT, WILD(1)), EFAULT);
	sigset_t set;
	sigemptyset(&set);
	struct timespec zero = { 0, 0 };
	ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 4), EINVAL);
	ERR(syscall(SYS_rt_sigtimedwait, WILD(1), NULL, &zero, 8), EFAULT);
	ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, WILD(1), 8), EFAULT);
	ERR(sigtimedwait(&set, NULL, &zero), EAGAIN);
}

static void limit(void)
{
	section("RLIMIT_SIGPENDING");
	IN_CHILD(OK(setuid(54321)); OK(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){ 3, 3 }));
		 block(42, SIGUSR2); OK(queue(42, 1)); OK(queue(42, 2)); OK(queue(42, 3));
		 ERR(queue(42, 4), EAGAIN); OK(kill(getpid(), SIGUSR2)));
}

int main(void)
{
	handlers();
	timed_wait();
	wake_up();
	errors();
	limit();
	return finish();
}
