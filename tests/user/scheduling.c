//! Who runs: progress of all under load, niceness, wake-up of sleepers, preemption.
//! Nothing is demanded that depends on how busy the machine is: who gets how much, or how soon.
// test: timeout=120
#include "common/check.h"
#include <sched.h>

/// Counters of the workers, in memory that all share.
static volatile long *counters;

static void one_cpu(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof set, &set);
	int first = 0;
	while (!CPU_ISSET(first, &set))
		first++;
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static pid_t worker(int index, int niceness)
{
	return CHILD(nice(niceness); for (;;) counters[index * 8]++);
}

static void stop(pid_t *workers, int count)
{
	for (int i = 0; i < count; i++)
		kill(workers[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(workers[i], NULL, 0);
}

static void sharing(void)
{
	enum { COUNT = 4 };
	pid_t workers[COUNT];
	section("four busy processes on one CPU all get on");
	for (int i = 0; i < COUNT; i++)
		workers[i] = worker(i, 0);
	sleep_ms(1500);
	stop(workers, COUNT);
	for (int i = 0; i < COUNT; i++)
		TRUE(counters[i * 8] > 0);
}

static void niceness(void)
{
	pid_t workers[2];
	section("a nice process gets something");
	counters[0] = counters[8] = 0;
	workers[0] = worker(0, 0);
	workers[1] = worker(1, 19);
	sleep_ms(2500);
	stop(workers, 2);
	TRUE(counters[0] > 0);
	TRUE(counters[8] > 0);
}

static void sleepers(void)
{
	enum { COUNT = 3, ROUNDS = 20 };
	pid_t workers[COUNT];
	section("a sleeper wakes under load");
	for (int i = 0; i < COUNT; i++)
		workers[i] = worker(i, 0);
	for (int i = 0; i < ROUNDS; i++)
		sleep_ms(10);
	int ends[2];
	char byte;
	OK(pipe(ends));
	pid_t echo = CHILD(while (read(ends[0], &byte, 1) == 1 && byte != 'q'); _exit(3));
	for (int i = 0; i < 100; i++)
		write(ends[1], "x", 1);
	write(ends[1], "q", 1);
	ENDS(echo, "exit 3");
	stop(workers, COUNT);
}

static volatile int ticks;

static void tick(int number)
{
	(void)number;
	ticks++;
}

static void preemption(void)
{
	section("a busy loop is preempted by signals and by others");
	struct itimerval period = { { 0, 10000 }, { 0, 10000 } }, none = { 0 };
	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &period, NULL);
	for (long until = now_ms() + 5000; ticks < 20 && now_ms() < until;)
		;
	setitimer(ITIMER_REAL, &none, NULL);
	TRUE(ticks >= 20);
	pid_t busy = worker(0, 0);
	for (volatile long i = 0; i < 20000000; i++)
		;
	long before = counters[0];
	for (volatile long i = 0; i < 50000000 && counters[0] == before; i++)
		;
	TRUE(counters[0] > before);
	stop(&busy, 1);
}

static void yielding(void)
{
	section("sched_yield lets the other run");
	counters[0] = counters[8] = 0;
	pid_t child = CHILD(for (int i = 0; i < 1000; i++) { counters[0]++; sched_yield(); });
	for (int i = 0; i < 100000 && counters[0] < 1000; i++)
		sched_yield();
	EQ(counters[0], 1000);
	ENDS(child, "exit 0");
}

static void waiting_is_free(void)
{
	section("waiting costs no processor time");
	int ends[2];
	char byte;
	OK(pipe(ends));
	pid_t child = CHILD(close(ends[1]); read(ends[0], &byte, 1));
	close(ends[0]);
	sleep_ms(300);
	close(ends[1]);
	struct rusage use;
	EQ(wait4(child, NULL, 0, &use) == child, 1);
	TRUE(use.ru_utime.tv_sec == 0 && use.ru_stime.tv_sec == 0 && use.ru_utime.tv_usec + use.ru_stime.tv_usec < 100000);
}

int main(void)
{
	counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	one_cpu();
	sharing();
	niceness();
	sleepers();
	preemption();
	yielding();
	waiting_is_free();
	return finish();
}
