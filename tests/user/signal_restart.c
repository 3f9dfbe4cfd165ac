//! What a signal does to a blocked call: EINTR, or restart with SA_RESTART.
#include "common/check.h"
#include <poll.h>
#include <sys/select.h>

static volatile int caught;
static int ends[2];

static void note(int number)
{
	(void)number;
	caught++;
}

static void install(int flags)
{
	struct sigaction act = { .sa_handler = note, .sa_flags = flags };
	sigaction(SIGUSR1, &act, NULL);
	caught = 0;
}

/// A child that signals this process after 30 ms and, 40 ms later, runs the
/// statements, which let a restarted call complete.
#define SIGNALLER(...)                                                         \
	({                                                                     \
		pid_t parent_ = getpid();                                      \
		CHILD(sleep_ms(30); kill(parent_, SIGUSR1); sleep_ms(40); __VA_ARGS__; _exit(0)); \
	})

static void reads(void)
{
	char byte;
	section("read");
	install(0);
	pid_t child = SIGNALLER();
	ERR(read(ends[0], &byte, 1), EINTR);
	EQ(caught, 1);
	ENDS(child, "exit 0");
	install(SA_RESTART);
	child = SIGNALLER(write(ends[1], "x", 1));
	EQ(read(ends[0], &byte, 1), 1);
	EQ(caught, 1);
	ENDS(child, "exit 0");
}

static void writes(void)
{
	static char block[200000];
	section("write");
	install(0);
	pid_t child = SIGNALLER();
	/* Part of the data went out before the signal: the count is returned. */
	EQ(write(ends[1], block, sizeof block), 65536);
	EQ(caught, 1);
	ENDS(child, "exit 0");
	child = SIGNALLER();
	ERR(write(ends[1], block, 1), EINTR);
	ENDS(child, "exit 0");
	install(SA_RESTART);
	child = SIGNALLER(char bytes[4096]; read(ends[0], bytes, sizeof bytes));
	EQ(write(ends[1], block, 10), 10);
	EQ(caught, 1);
	ENDS(child, "exit 0");
	close(ends[0]);
	close(ends[1]);
	OK(pipe(ends));
}

static void waits(void)
{
	section("wait");
	pid_t parent = getpid();
	install(0);
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1); sleep_ms(40); _exit(1));
	ERR(waitpid(child, NULL, 0), EINTR);
	ENDS(child, "exit 1");
	install(SA_RESTART);
	child = CHILD(sleep_ms(30); kill(parent, SIGUSR1); sleep_ms(40); _exit(2));
	int status;
	EQ(waitpid(child, &status, 0) == child, 1);
	STR(status_text(status), "exit 2");
	EQ(caught, 1);
}

static void sleeps(int flags)
{
	struct timespec span = { 5, 0 }, rest = { 9, 9 };
	install(flags);
	pid_t child = SIGNALLER();
	ERR(nanosleep(&span, &rest), EINTR);
	TRUE(rest.tv_sec == 4 && rest.tv_nsec > 0);
	ENDS(child, "exit 0");
	child = SIGNALLER();
	clock_gettime(CLOCK_MONOTONIC, &span);
	span.tv_sec += 5;
	rest = (struct timespec){ 9, 9 };
	EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &span, &rest), EINTR);
	EQ(rest.tv_sec, 9);
	ENDS(child, "exit 0");
}

static void polls(int flags)
{
	struct pollfd entry = { .fd = ends[0], .events = POLLIN };
	install(flags);
	pid_t child = SIGNALLER();
	ERR(poll(&entry, 1, 5000), EINTR);
	ENDS(child, "exit 0");
	child = SIGNALLER();
	ERR(poll(NULL, 0, -1), EINTR);
	ENDS(child, "exit 0");
	child = SIGNALLER();
	struct timeval span = { 5, 0 };
	ERR(select(0, NULL, NULL, NULL, &span), EINTR);
	ENDS(child, "exit 0");
	child = SIGNALLER();
	ERR(pause(), EINTR);
	ENDS(child, "exit 0");
	EQ(caught, 4);
}

static void ppolls(void)
{
	section("ppoll with a mask");
	sigset_t set, open_mask;
	struct timespec span = { 5, 0 };
	sigemptyset(&open_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	install(SA_RESTART);
	OK(raise(SIGUSR1));
	EQ(caught, 0);
	ERR(ppoll(NULL, 0, &span, &open_mask), EINTR);
	EQ(caught, 1);
	OK(raise(SIGUSR1));
	struct timespec brief = { 0, 20000000 };
	EQ(ppoll(NULL, 0, &brief, &set), 0);
	EQ(caught, 1);
	ERR(pselect(0, NULL, NULL, NULL, &span, &open_mask), EINTR);
	EQ(caught, 2);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static void ignored(void)
{
	section("an ignored signal interrupts nothing");
	char byte;
	signal(SIGUSR1, SIG_IGN);
	pid_t child = SIGNALLER(write(ends[1], "x", 1));
	EQ(read(ends[0], &byte, 1), 1);
	ENDS(child, "exit 0");
	long start = now_ms();
	struct timespec span = { 0, 150000000 };
	child = SIGNALLER();
	EQ(nanosleep(&span, NULL), 0);
	TRUE(now_ms() - start >= 149);
	ENDS(child, "exit 0");
	/* So does a stop and a continue: the sleep goes on. */
	child = CHILD(long begin = now_ms(); struct timespec rest = { 0, 200000000 };
		      EQ(nanosleep(&rest, NULL), 0); TRUE(now_ms() - begin >= 199));
	sleep_ms(30);
	OK(kill(child, SIGSTOP));
	EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
	sleep_ms(30);
	OK(kill(child, SIGCONT));
	ENDS(child, "exit 0");
}

int main(void)
{
	OK(pipe(ends));
	reads();
	writes();
	waits();
	section("sleeps");
	sleeps(0);
	sleeps(SA_RESTART);
	section("poll and select");
	polls(0);
	polls(SA_RESTART);
	ppolls();
	ignored();
	return finish();
}
