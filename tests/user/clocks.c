//! Clocks, sleeping, times and resource usage.
#include "common/check.h"
#include <sys/times.h>
#include <sys/timex.h>

static struct timespec span;

static long ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long read_clock(clockid_t clock)
{
	struct timespec now = { 0, 0 };
	clock_gettime(clock, &now);
	return ns_of(now);
}

static void reading(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
					    CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
					    CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };
	section("reading");
	for (unsigned i = 0; i < LENGTH(clocks); i++) {
		long last = read_clock(clocks[i]), backwards = 0;
		for (int k = 0; k < 1000; k++) {
			long now = read_clock(clocks[i]);
			backwards += now < last;
			last = now;
		}
		char name[32];
		snprintf(name, sizeof name, "clock %d goes back", clocks[i]);
		EQ_AS(name, backwards, 0);
		TRUE(last > 0);
		OK(clock_getres(clocks[i], &span));
		TRUE(span.tv_sec == 0 && span.tv_nsec > 0 && span.tv_nsec <= 10000000);
	}
	ERR(clock_gettime(99, &span), EINVAL);
	ERR(clock_getres(99, &span), EINVAL);
	OK(clock_getres(CLOCK_MONOTONIC, NULL));
	ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, WILD(1)), EFAULT);
	ERR(syscall(SYS_clock_getres, CLOCK_MONOTONIC, WILD(1)), EFAULT);
	struct timeval now;
	OK(gettimeofday(&now, NULL));
	time_t seconds = time(NULL);
	TRUE(seconds - now.tv_sec <= 1 && seconds >= now.tv_sec);
	EQ(syscall(SYS_time, NULL) - seconds <= 1, 1);
	ERR(syscall(SYS_time, WILD(1)), EFAULT);
	ERR(syscall(SYS_gettimeofday, WILD(1), NULL), EFAULT);
	TRUE(read_clock(CLOCK_BOOTTIME) / 1000000000 <= seconds);
}

static void sleeping(void)
{
	section("sleeping");
	long start = read_clock(CLOCK_MONOTONIC);
	span = (struct timespec){ 0, 50000000 };
	OK(nanosleep(&span, NULL));
	long slept = read_clock(CLOCK_MONOTONIC) - start;
	TRUE(slept >= 50000000 && slept < 5000000000);
	span = (struct timespec){ 0, 0 };
	OK(nanosleep(&span, NULL));
	span = (struct timespec){ 0, 1000000000 };
	ERR(nanosleep(&span, NULL), EINVAL);
	span = (struct timespec){ -1, 0 };
	ERR(nanosleep(&span, NULL), EINVAL);
	span = (struct timespec){ 0, -1 };
	ERR(nanosleep(&span, NULL), EINVAL);
	ERR(syscall(SYS_nanosleep, WILD(1), NULL), EFAULT);
	start = read_clock(CLOCK_MONOTONIC);
	long until = start + 40000000;
	span = (struct timespec){ until / 1000000000, until % 1000000000 };
	EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &span, NULL), 0);
	TRUE(read_clock(CLOCK_MONOTONIC) >= until);
	EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &span, NULL), 0);
	until = read_clock(CLOCK_REALTIME) + 40000000;
	span = (struct timespec){ until / 1000000000, until % 1000000000 };
	EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &span, NULL), 0);
	TRUE(read_clock(CLOCK_REALTIME) >= until);
	EQ(clock_nanosleep(99, 0, &span, NULL), EINVAL);
	span.tv_nsec = -1;
	EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL), EINVAL);
	EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, NULL), EINVAL);
}

static void order_of_sleepers(void)
{
	section("sleepers wake in order");
	int ends[2];
	OK(pipe(ends));
	for (int i = 5; i > 0; i--)
		CHILD(sleep_ms(60 * i); char digit = '0' + i; write(ends[1], &digit, 1));
	close(ends[1]);
	char text[8] = "";
	int got = 0;
	while (got < 5 && read(ends[0], text + got, 1) == 1)
		got++;
	STR(text, "12345");
	while (wait(NULL) > 0)
		;
}

static void burn(long ms)
{
	for (long until = now_ms() + ms; now_ms() < until;)
		;
}

static void usage(void)
{
	section("processor time");
	struct rusage before, after;
	struct tms first, second;
	OK(getrusage(RUSAGE_SELF, &before));
	long cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	TRUE(times(&first) > 0);
	burn(120);
	OK(getrusage(RUSAGE_SELF, &after));
	TRUE(times(&second) > 0);
	cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	TRUE(cpu > 20000000 && cpu < 10000000000);
	long us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) *
			  1000000 + after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
		  before.ru_stime.tv_usec;
	TRUE(us > 20000 && us < 10000000);
	TRUE(second.tms_utime + second.tms_stime - first.tms_utime - first.tms_stime >= 2);
	TRUE(second.tms_cutime + second.tms_cstime == first.tms_cutime + first.tms_cstime);
	/* Sleeping costs nothing. */
	cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	sleep_ms(100);
	TRUE(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu < 50000000);
	/* A child's time counts once it has been waited for. */
	pid_t child = CHILD(burn(150));
	sleep_ms(300);
	OK(getrusage(RUSAGE_CHILDREN, &before));
	ENDS(child, "exit 0");
	OK(getrusage(RUSAGE_CHILDREN, &after));
	us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) *
		     1000000 + after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
	     before.ru_stime.tv_usec;
	TRUE(us > 20000);
	times(&second);
	TRUE(second.tms_cutime + second.tms_cstime >= 2);
	TRUE(after.ru_minflt > 0);
	OK(getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < 10; i++)
		sleep_ms(10);
	OK(getrusage(RUSAGE_SELF, &after));
	TRUE(after.ru_nvcsw - before.ru_nvcsw >= 10);
	ERR(getrusage(7, &after), EINVAL);
	ERR(syscall(SYS_getrusage, RUSAGE_SELF, WILD(1)), EFAULT);
	ERR(syscall(SYS_times, WILD(1)), EFAULT);
}

static void setting(void)
{
	section("setting as a user");
	struct timespec now;
	struct timeval tv = { 0, 0 };
	IN_CHILD(OK(clock_gettime(CLOCK_REALTIME, &now)); OK(setuid(1000));
		 ERR(clock_settime(CLOCK_REALTIME, &now), EPERM); ERR(settimeofday(&tv, NULL), EPERM));
	ERR(clock_settime(CLOCK_MONOTONIC, &span), EINVAL);
	span = (struct timespec){ 5, 1000000000 };
	ERR(clock_settime(CLOCK_REALTIME, &span), EINVAL);
	span = (struct timespec){ -1, 0 };
	ERR(clock_settime(CLOCK_REALTIME, &span), EINVAL);
}

int main(void)
{
	reading();
	sleeping();
	order_of_sleepers();
	usage();
	setting();
	return finish();
}
