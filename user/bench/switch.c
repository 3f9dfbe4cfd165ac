//! Rows of blocking and waking: the pipe round trip of two processes, and the
//! cost of a switch in a ring of processes.
#include "bench.h"
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_RING = 16 };

static int pipes[MAX_RING][2];
static unsigned ring;

static void make_pipes(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (pipe(pipes[i]))
			fail("pipe");
}

static void close_pipes(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void pass(int from, int to)
{
	char token;
	if (read(from, &token, 1) != 1)
		_exit(0);
	if (write(to, &token, 1) != 1)
		_exit(1);
}

/// Process `self` of the ring hands the token on until its pipe closes.
static void member(unsigned self)
{
	unsigned next = (self + 1) % ring;
	for (unsigned i = 0; i < ring; i++) {
		if (i != self)
			close(pipes[i][0]);
		if (i != next)
			close(pipes[i][1]);
	}
	for (;;)
		pass(pipes[self][0], pipes[next][1]);
}

static void start_members(void)
{
	for (unsigned i = 1; i < ring; i++) {
		pid_t child = fork();
		if (child < 0)
			fail("fork");
		if (child == 0)
			member(i);
	}
}

/// `ops` laps of the token round the ring.
static uint64_t laps(unsigned ops)
{
	char token = 't';
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		if (write(pipes[1][1], &token, 1) != 1 || read(pipes[0][0], &token, 1) != 1)
			fail("ring");
	return ticks() - start;
}

/// The same pipe operations by one process alone: what a lap costs without a
/// switch.
static uint64_t lone_laps(unsigned ops)
{
	char token = 't';
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		for (unsigned step = 0; step < ring; step++)
			if (write(pipes[step][1], &token, 1) != 1 || read(pipes[step][0], &token, 1) != 1)
				fail("lone ring");
	return ticks() - start;
}

static uint64_t run_ring(unsigned members, unsigned ops, uint64_t *alone)
{
	ring = members;
	make_pipes(ring);
	lone_laps(ops);
	*alone = lone_laps(ops);
	start_members();
	for (unsigned i = 1; i < ring; i++)
		close(pipes[i][0]);
	laps(ops);
	uint64_t taken = laps(ops);
	close_pipes(ring);
	while (wait(NULL) > 0)
		;
	return taken;
}

/// Like lmbench's lat_ctx: cost of a lap less that of its pipe operations,
/// per switch.
static void switch_row(const char *name, unsigned members, unsigned ops)
{
	uint64_t alone, taken = run_ring(members, ops, &alone);
	row_value(name, ticks_to_ns(taken - alone) / ops / members);
}

void bench_switch(void)
{
	const unsigned trips = 3000;
	uint64_t alone;
	row_value("pipe_round_trip", ticks_to_ns(run_ring(2, trips, &alone)) / trips);
	switch_row("switch_2", 2, 3000);
	switch_row("switch_16", 16, 500);
}
