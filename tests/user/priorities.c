//! nice, getpriority, setpriority and the sched_* calls.
#include "common/check.h"
#include <sched.h>

static void niceness(void)
{
	section("nice and setpriority");
	IN_CHILD(EQ(getpriority(PRIO_PROCESS, 0), 0); EQ(nice(5), 5); EQ(getpriority(PRIO_PROCESS, 0), 5);
		 EQ(nice(-3), 2); EQ(nice(100), 19); EQ(nice(-100), -20); OK(setpriority(PRIO_PROCESS, 0, 7));
		 EQ(getpriority(PRIO_PROCESS, getpid()), 7); OK(setpriority(PRIO_PROCESS, 0, 100));
		 EQ(getpriority(PRIO_PROCESS, 0), 19); OK(setpriority(PRIO_PROCESS, 0, -100));
		 EQ(getpriority(PRIO_PROCESS, 0), -20); IN_CHILD(EQ(getpriority(PRIO_PROCESS, 0), -20));
		 /* The call itself returns 20 - nice. */
		 EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 40));
	ERR(getpriority(PRIO_PROCESS, 0x3fffffff), ESRCH);
	ERR(setpriority(PRIO_PROCESS, 0x3fffffff, 1), ESRCH);
	ERR(getpriority(3, 0), EINVAL);
	ERR(setpriority(-1, 0, 1), EINVAL);
}

static void unprivileged(void)
{
	section("as a user");
	pid_t root = getpid();
	IN_CHILD(OK(setrlimit(RLIMIT_NICE, &(struct rlimit){ 0, 0 })); OK(setuid(54326)); OK(setpriority(PRIO_PROCESS, 0, 5));
		 ERR(setpriority(PRIO_PROCESS, 0, 4), EACCES); OK(setpriority(PRIO_PROCESS, 0, 5));
		 ERR(nice(-1), EPERM); ERR(setpriority(PRIO_PROCESS, root, 10), EPERM);
		 EQ(getpriority(PRIO_PROCESS, root), 0); OK(setpriority(PRIO_USER, 54326, 6));
		 EQ(getpriority(PRIO_USER, 0), 6); ERR(getpriority(PRIO_USER, 54399), ESRCH));
}

static void groups(void)
{
	section("groups");
	IN_CHILD(setpgid(0, 0); pid_t other = CHILD(pause()); OK(setpriority(PRIO_PGRP, 0, 4));
		 EQ(getpriority(PRIO_PROCESS, 0), 4); EQ(getpriority(PRIO_PROCESS, other), 4);
		 OK(setpriority(PRIO_PROCESS, other, 2)); EQ(getpriority(PRIO_PGRP, getpid()), 2);
		 OK(kill(other, SIGKILL)); ENDS(other, "killed by SIGKILL");
		 ERR(getpriority(PRIO_PGRP, 0x3fffffff), ESRCH));
}

static void policies(void)
{
	struct sched_param param = { .sched_priority = 0 };
	section("policies");
	EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EQ(syscall(SYS_sched_getparam, 0, &param), 0);
	EQ(param.sched_priority, 0);
	EQ(sched_get_priority_min(SCHED_FIFO), 1);
	EQ(sched_get_priority_max(SCHED_FIFO), 99);
	EQ(sched_get_priority_min(SCHED_RR), 1);
	EQ(sched_get_priority_max(SCHED_RR), 99);
	EQ(sched_get_priority_min(SCHED_OTHER), 0);
	EQ(sched_get_priority_max(SCHED_OTHER), 0);
	EQ(sched_get_priority_max(SCHED_BATCH), 0);
	EQ(sched_get_priority_max(SCHED_IDLE), 0);
	ERR(sched_get_priority_max(77), EINVAL);
	ERR(sched_get_priority_min(-1), EINVAL);
	ERR(syscall(SYS_sched_getscheduler, -1), EINVAL);
	ERR(syscall(SYS_sched_getscheduler, 0x3fffffff), ESRCH);
	ERR(syscall(SYS_sched_getparam, 0, WILD(1)), EFAULT);
	ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	param.sched_priority = 5;
	ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), EINVAL);
	param.sched_priority = 0;
	ERR(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), EINVAL);
	ERR(syscall(SYS_sched_setscheduler, 0, 77, &param), EINVAL);
	IN_CHILD(OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param));
		 EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
		 OK(syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &param));
		 EQ(syscall(SYS_sched_getscheduler, 0), SCHED_IDLE);
		 IN_CHILD(EQ(syscall(SYS_sched_getscheduler, 0), SCHED_IDLE)));
	IN_CHILD(OK(setrlimit(RLIMIT_RTPRIO, &(struct rlimit){ 0, 0 })); OK(setuid(1000)); param.sched_priority = 1;
		 ERR(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &param), EPERM));
	OK(sched_yield());
}

static void affinity(void)
{
	section("affinity");
	cpu_set_t set, other;
	CPU_ZERO(&set);
	OK(sched_getaffinity(0, sizeof set, &set));
	TRUE(CPU_COUNT(&set) >= 1);
	TRUE(syscall(SYS_sched_getaffinity, 0, sizeof set, &set) > 0);
	ERR(syscall(SYS_sched_getaffinity, 0, 3, &set), EINVAL);
	ERR(sched_getaffinity(0x3fffffff, sizeof set, &set), ESRCH);
	ERR(syscall(SYS_sched_getaffinity, 0, sizeof set, WILD(8)), EFAULT);
	int first = 0;
	while (!CPU_ISSET(first, &set))
		first++;
	IN_CHILD(CPU_ZERO(&other); CPU_SET(first, &other); OK(sched_setaffinity(0, sizeof other, &other));
		 CPU_ZERO(&set); OK(sched_getaffinity(0, sizeof set, &set)); EQ(CPU_COUNT(&set), 1);
		 TRUE(CPU_ISSET(first, &set)); EQ(sched_getcpu() - first, 0);
		 IN_CHILD(CPU_ZERO(&set); OK(sched_getaffinity(0, sizeof set, &set)); EQ(CPU_COUNT(&set), 1)));
	CPU_ZERO(&other);
	ERR(sched_setaffinity(0, sizeof other, &other), EINVAL);
	unsigned cpu = 99, node = 99;
	OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	TRUE(cpu < 1024);
	EQ(node, 0);
}

int main(void)
{
	niceness();
	unprivileged();
	groups();
	policies();
	affinity();
	return finish();
}
