//! alarm, setitimer, getitimer and POSIX timers as far as signals go.
#include "common/check.h"

static volatile int caught;

static void note(int number)
{
	(void)number;
	caught++;
}

static void alarms(void)
{
	section("alarm");
	EQ(alarm(100), 0);
	unsigned rest = alarm(50);
	TRUE(rest == 100 || rest == 99);
	rest = alarm(0);
	TRUE(rest == 50 || rest == 49);
	EQ(alarm(0), 0);
	ENDS(CHILD(alarm(1); pause()), "killed by SIGALRM");
	alarm(100);
	IN_CHILD(EQ(alarm(0), 0));
	alarm(0);
}

static void one_shot(void)
{
	section("setitimer once");
	struct itimerval soon = { .it_value = { 0, 30000 } }, now;
	long start = now_ms();
	OK(setitimer(ITIMER_REAL, &soon, NULL));
	OK(getitimer(ITIMER_REAL, &now));
	TRUE(now.it_value.tv_sec == 0 && now.it_value.tv_usec > 0 && now.it_value.tv_usec <= 30000);
	ERR(pause(), EINTR);
	TRUE(now_ms() - start >= 29);
	EQ(caught, 1);
	OK(getitimer(ITIMER_REAL, &now));
	TRUE(now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0);
}

static void periodic(void)
{
	section("setitimer periodic");
	struct itimerval period = { .it_value = { 0, 5000 }, .it_interval = { 0, 10000 } }, none = { 0 }, old;
	long start = now_ms();
	caught = 0;
	OK(setitimer(ITIMER_REAL, &period, NULL));
	while (caught < 5)
		pause();
	TRUE(now_ms() - start >= 44);
	OK(setitimer(ITIMER_REAL, &none, &old));
	TRUE(old.it_interval.tv_usec == 10000);
	int before = caught;
	sleep_ms(40);
	EQ(caught - before, 0);
}

static void processor_time(int which, int number, const char *name)
{
	struct itimerval soon = { .it_value = { 0, 30000 } };
	section(name);
	signal(number, note);
	caught = 0;
	OK(setitimer(which, &soon, NULL));
	/* Sleeping does not count. */
	sleep_ms(60);
	EQ(caught, 0);
	for (long until = now_ms() + 10000; !caught && now_ms() < until;)
		;
	EQ(caught, 1);
	signal(number, SIG_DFL);
	ENDS(CHILD(setitimer(which, &soon, NULL); for (;;)), number == SIGPROF ? "killed by SIGPROF" :
									 "killed by SIGVTALRM");
}

static void errors(void)
{
	section("errors");
	struct itimerval bad = { .it_value = { 0, 1000000 } }, good = { .it_value = { 5, 0 } };
	ERR(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
	bad.it_value.tv_usec = -1;
	ERR(setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
	ERR(setitimer(7, &good, NULL), EINVAL);
	ERR(getitimer(7, &good), EINVAL);
	ERR(syscall(SYS_setitimer, ITIMER_REAL, WILD(1), NULL), EFAULT);
	ERR(syscall(SYS_getitimer, ITIMER_REAL, WILD(1)), EFAULT);
}

static void over_fork(void)
{
	section("over fork");
	struct itimerval later = { .it_value = { 50, 0 } }, none = { 0 }, now;
	OK(setitimer(ITIMER_REAL, &later, NULL));
	IN_CHILD(OK(getitimer(ITIMER_REAL, &now)); EQ(now.it_value.tv_sec, 0));
	OK(getitimer(ITIMER_REAL, &now));
	TRUE(now.it_value.tv_sec >= 49);
	OK(setitimer(ITIMER_REAL, &none, NULL));
}

int main(void)
{
	signal(SIGALRM, note);
	ENDS(CHILD(signal(SIGALRM, SIG_DFL); alarm(1); pause()), "killed by SIGALRM");
	signal(SIGALRM, SIG_DFL);
	alarms();
	signal(SIGALRM, note);
	one_shot();
	periodic();
	processor_time(ITIMER_PROF, SIGPROF, "processor time");
	processor_time(ITIMER_VIRTUAL, SIGVTALRM, "user time");
	errors();
	over_fork();
	return finish();
}
