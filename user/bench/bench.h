//! What the parts of the benchmark share: the clock, the report of a row, and
//! the list of measured subjects.
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/// One measured batch: performs `ops` operations and returns how many ticks of
/// `ticks()` they took. Preparation that is not the subject stays outside.
typedef uint64_t (*batch_fn)(unsigned ops);

/// The processor's time-stamp counter.
static inline uint64_t ticks(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/// Calibrates `ticks()` against CLOCK_MONOTONIC; call once, first.
void clock_start(void);

/// Nanoseconds in `count` ticks.
double ticks_to_ns(uint64_t count);

/// Measures `batch` and prints `bench NAME VALUE`, VALUE being nanoseconds per
/// operation: the median of several batches after a warm-up.
void row(const char *name, batch_fn batch, unsigned ops);

/// Prints a row whose value was found some other way.
void row_value(const char *name, double nanoseconds);

/// Ends the program with a message when something the benchmark needs fails.
void fail(const char *what) __attribute__((noreturn));

void bench_calls(void);
void bench_process(void);
void bench_switch(void);
void bench_memory(void);
void bench_signal(void);

/// Paths of the programs that the process rows start.
extern const char *tiny_path, *shell_path;

#endif
