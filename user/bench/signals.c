//! The row of catching a signal: `kill` of oneself, the handler, `sigreturn`.
#include "bench.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void count(int number)
{
	(void)number;
	caught++;
}

static uint64_t catch_signal(unsigned ops)
{
	pid_t self = getpid();
	caught = 0;
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		kill(self, SIGUSR1);
	uint64_t taken = ticks() - start;
	if ((unsigned)caught != ops)
		fail("signals were lost");
	return taken;
}

void bench_signal(void)
{
	struct sigaction act = { .sa_handler = count };
	if (sigaction(SIGUSR1, &act, NULL))
		fail("sigaction");
	row("signal_catch", catch_signal, 3000);
}
