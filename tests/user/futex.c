//! The futex call itself: wait, wake, requeue, timeouts, errors, robust lists.
#include "common/check.h"

/* From linux/futex.h, which musl-gcc does not see. */
enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_PRIVATE = 128,
	FUTEX_WAIT_PRIVATE = FUTEX_WAIT | FUTEX_PRIVATE,
	FUTEX_WAKE_PRIVATE = FUTEX_WAKE | FUTEX_PRIVATE,
	FUTEX_WAIT_BITSET_PRIVATE = FUTEX_WAIT_BITSET | FUTEX_PRIVATE,
};

static int *word;

static long futex(int operation, long value, void *timeout, int *second, long third)
{
	return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static void errors(void)
{
	struct timespec zero = { 0, 0 }, bad = { 0, 1000000000 };
	section("errors");
	*word = 5;
	ERR(futex(FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	ERR(futex(FUTEX_WAIT, 5, &zero, NULL, 0), ETIMEDOUT);
	ERR(futex(FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
	ERR(futex(FUTEX_WAIT, 5, WILD(8), NULL, 0), EFAULT);
	ERR(futex(99, 5, NULL, NULL, 0), ENOSYS);
	ERR(syscall(SYS_futex, (char *)word + 1, FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL);
	ERR(syscall(SYS_futex, WILD(8), FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	ERR(syscall(SYS_futex, WILD(0xffffffff81000000), FUTEX_WAKE, 5, NULL, NULL, 0), EFAULT);
	EQ(futex(FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	ERR(futex(FUTEX_WAIT_BITSET, 5, &zero, NULL, 0), EINVAL);
	ERR(futex(FUTEX_WAKE_BITSET, 5, NULL, NULL, 0), EINVAL);
}

static void timeouts(void)
{
	struct timespec brief = { 0, 40000000 }, until;
	section("timeouts");
	long start = now_ms();
	ERR(futex(FUTEX_WAIT_PRIVATE, 5, &brief, NULL, 0), ETIMEDOUT);
	TRUE(now_ms() - start >= 39);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 40000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	start = now_ms();
	ERR(futex(FUTEX_WAIT_BITSET_PRIVATE, 5, &until, NULL, -1), ETIMEDOUT);
	TRUE(now_ms() - start >= 38);
	ERR(futex(FUTEX_WAIT_BITSET_PRIVATE, 5, &until, NULL, -1), ETIMEDOUT);
}

static pid_t waiter(int value, unsigned bits)
{
	return CHILD(_exit(futex(FUTEX_WAIT_BITSET, value, NULL, NULL, bits) == 0 ? 0 : errno));
}

static void waking(void)
{
	section("processes wait in shared memory");
	pid_t children[3];
	for (int i = 0; i < 3; i++)
		children[i] = waiter(5, ~0u);
	sleep_ms(60);
	EQ(futex(FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	sleep_ms(30);
	int gone = 0;
	for (int i = 0; i < 3; i++)
		gone += kill(children[i], 0) == 0 && waitpid(children[i], NULL, WNOHANG) == children[i];
	EQ(gone, 1);
	EQ(futex(FUTEX_WAKE, 10, NULL, NULL, 0), 2);
	while (wait(NULL) > 0)
		;
	/* A bit set chooses among the waiters. */
	pid_t one = waiter(5, 1), two = waiter(5, 2);
	sleep_ms(60);
	EQ(futex(FUTEX_WAKE_BITSET, 10, NULL, NULL, 4), 0);
	EQ(futex(FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
	ENDS(two, "exit 0");
	EQ(futex(FUTEX_WAKE_BITSET, 10, NULL, NULL, 1), 1);
	ENDS(one, "exit 0");
	section("a private futex is another one");
	one = waiter(5, ~0u);
	sleep_ms(60);
	EQ(futex(FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
	EQ(futex(FUTEX_WAKE, 10, NULL, NULL, 0), 1);
	ENDS(one, "exit 0");
}

static void requeue(void)
{
	section("requeue");
	int *second = word + 1;
	pid_t one = waiter(5, ~0u), two = waiter(5, ~0u);
	sleep_ms(60);
	ERR(futex(FUTEX_CMP_REQUEUE, 0, (void *)10L, second, 6), EAGAIN);
	EQ(futex(FUTEX_CMP_REQUEUE, 1, (void *)10L, second, 5), 2);
	EQ(futex(FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	EQ(syscall(SYS_futex, second, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
	ENDS(one, "exit 0");
	ENDS(two, "exit 0");
}

static void note(int number)
{
	(void)number;
}

static void interruption(void)
{
	section("interruption");
	pid_t parent = getpid();
	struct timespec later = { 5, 0 };
	struct sigaction act = { .sa_handler = note };
	sigaction(SIGUSR1, &act, NULL);
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1));
	ERR(futex(FUTEX_WAIT, 5, NULL, NULL, 0), EINTR);
	ENDS(child, "exit 0");
	child = CHILD(sleep_ms(30); kill(parent, SIGUSR1));
	ERR(futex(FUTEX_WAIT, 5, &later, NULL, 0), EINTR);
	ENDS(child, "exit 0");
	/* With SA_RESTART the wait goes on, and finds the value changed. */
	act.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &act, NULL);
	child = CHILD(sleep_ms(30); *word = 6; kill(parent, SIGUSR1));
	ERR(futex(FUTEX_WAIT, 5, NULL, NULL, 0), EAGAIN);
	ENDS(child, "exit 0");
}

int main(void)
{
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	errors();
	timeouts();
	waking();
	requeue();
	interruption();
	return finish();
}
