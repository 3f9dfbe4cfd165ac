//! The benchmark's clock and its report lines.
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 2, BATCHES = 9 };

static double ns_per_tick = 1.0;

static uint64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_start(void)
{
	const uint64_t span = 20000000;
	uint64_t start_ns = monotonic_ns(), start = ticks(), now_ns;
	do
		now_ns = monotonic_ns();
	while (now_ns - start_ns < span && ticks() - start < 1000 * span);
	uint64_t end = ticks();
	if (now_ns - start_ns < span)
		fail("CLOCK_MONOTONIC stands still");
	ns_per_tick = (double)(now_ns - start_ns) / (double)(end - start);
	/* Under icount the counter runs at exactly 1 GHz, one tick per
	 * instruction; what the kernel's clock makes of it is off by some ppm. */
	if (ns_per_tick > 0.99 && ns_per_tick < 1.01)
		ns_per_tick = 1.0;
	printf("# tsc %.0f MHz\n", 1000.0 / ns_per_tick);
}

double ticks_to_ns(uint64_t count)
{
	return (double)count * ns_per_tick;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void row(const char *name, batch_fn batch, unsigned ops)
{
	uint64_t taken[BATCHES];
	for (int i = 0; i < WARM_UP; i++)
		batch(ops);
	for (int i = 0; i < BATCHES; i++)
		taken[i] = batch(ops);
	qsort(taken, BATCHES, sizeof taken[0], ascending);
	row_value(name, ticks_to_ns(taken[BATCHES / 2]) / ops);
}

void row_value(const char *name, double nanoseconds)
{
	printf("bench %s %.0f\n", name, nanoseconds);
	fflush(stdout);
}

void fail(const char *what)
{
	printf("bench-error ");
	fflush(stdout);
	perror(what);
	exit(1);
}
