//! Signals in quick succession: none that is queued is lost, and none corrupts.
// test: timeout=60
#include "common/check.h"

static volatile long caught, sum, depth, deepest;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	if (++depth > deepest)
		deepest = depth;
	caught++;
	sum += info->si_value.sival_int;
	depth--;
}

/// Works with integers and floating point until it has been told all.
static int victim(int expected, int ready)
{
	double value = 1.0;
	unsigned long hash = 1;
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigaction(40, &act, NULL);
	sigaction(41, &act, NULL);
	write(ready, "r", 1);
	long rounds = 0;
	while (caught < expected && rounds < 2000000000) {
		double one = value / 3.0 * 3.0;
		unsigned long two = hash * 6364136223846793005u + 1442695040888963407u;
		if (one < 0.999999 || one > 1.000001 || two == hash)
			return 1;
		hash = two;
		rounds++;
	}
	return caught != expected || sum != (long)expected * (expected - 1) / 2;
}

static void queued(void)
{
	enum { COUNT = 5000 };
	int ready[2];
	char byte;
	section("five thousand queued signals at a computing process");
	OK(pipe(ready));
	pid_t child = CHILD(_exit(victim(COUNT, ready[1])));
	EQ(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < COUNT; i++)
		while (sigqueue(child, 40 + i % 2, (union sigval){ .sival_int = i }) && errno == EAGAIN)
			sleep_ms(1);
	ENDS(child, "exit 0");
}

static void mutual(void)
{
	enum { ROUNDS = 2000 };
	section("two processes signal each other in turn");
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t parent = getpid();
	pid_t child = CHILD(for (int i = 0; i < ROUNDS; i++) {
		int number;
		sigwait(&set, &number);
		kill(parent, SIGUSR1);
	});
	for (int i = 0; i < ROUNDS; i++) {
		int number;
		kill(child, SIGUSR1);
		sigwait(&set, &number);
	}
	ENDS(child, "exit 0");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static volatile long ended;

static void reap(int number)
{
	(void)number;
	int saved = errno;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		ended++;
	errno = saved;
}

static void children(void)
{
	enum { COUNT = 300 };
	section("children reaped in the handler of SIGCHLD");
	struct sigaction act = { .sa_handler = reap, .sa_flags = SA_RESTART };
	sigaction(SIGCHLD, &act, NULL);
	for (int i = 0; i < COUNT; i++)
		if (CHILD(_exit(0)) < 0)
			check_failures++;
	for (int i = 0; i < 5000 && ended < COUNT; i++)
		sleep_ms(1);
	EQ(ended, COUNT);
	signal(SIGCHLD, SIG_DFL);
	ERR(wait(NULL), ECHILD);
}

static void stop_and_go(void)
{
	section("stopped and continued two hundred times");
	pid_t child = CHILD(volatile unsigned long sum = 0; for (;;) sum++);
	int stops = 0, goes = 0, status;
	for (int i = 0; i < 200; i++) {
		kill(child, SIGSTOP);
		stops += waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status);
		kill(child, SIGCONT);
		goes += waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status);
	}
	EQ(stops, 200);
	EQ(goes, 200);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

int main(void)
{
	queued();
	mutual();
	children();
	stop_and_go();
	return finish();
}
