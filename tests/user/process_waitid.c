//! waitid and wait4: selectors, options, the siginfo and the resource usage.
#include "common/check.h"

static siginfo_t info;

static const char *code_name(int code)
{
	static const char *const names[] = { "none", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED",
					     "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED" };
	return code >= 0 && code < 7 ? names[code] : "?";
}

static void expect_info(pid_t child, const char *code, int status)
{
	EQ(info.si_signo, SIGCHLD);
	STR(code_name(info.si_code), code);
	TRUE(info.si_pid == child);
	TRUE(info.si_uid == getuid());
	EQ_AS("si_status", info.si_status, status);
	memset(&info, 0, sizeof info);
}

static void errors(void)
{
	section("errors");
	ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
	ERR(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	ERR(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	ERR(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	ERR(waitid(P_PID, -1, &info, WEXITED), EINVAL);
	ERR(waitid(P_PGID, -1, &info, WEXITED), EINVAL);
	ERR(waitid(17, 1, &info, WEXITED), EINVAL);
	ERR(waitid(P_PID, 1, &info, WEXITED), ECHILD);
	ERR(waitid(P_PGID, getpgrp(), &info, WEXITED), ECHILD);
	ERR(waitid(P_PGID, 0, &info, WEXITED), ECHILD);
	ERR(waitid(3 /* P_PIDFD */, 1000, &info, WEXITED), EBADF);
}

static void ends(void)
{
	section("ends");
	pid_t child = CHILD(_exit(42));
	EQ(waitid(P_PID, child, &info, WEXITED), 0);
	expect_info(child, "CLD_EXITED", 42);
	child = CHILD(kill(getpid(), SIGTERM));
	EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	expect_info(child, "CLD_KILLED", SIGTERM);
	child = CHILD(setpgid(0, 0); _exit(1));
	setpgid(child, child);
	EQ(waitid(P_PGID, child, &info, WEXITED), 0);
	expect_info(child, "CLD_EXITED", 1);
	child = CHILD(_exit(3));
	EQ(waitid(P_PGID, 0, &info, WEXITED), 0);
	expect_info(child, "CLD_EXITED", 3);
	child = CHILD(_exit(4));
	EQ(waitid(P_PID, child, NULL, WEXITED), 0);
	ERR(waitid(P_PID, child, NULL, WEXITED), ECHILD);
}

static void stop_and_continue(void)
{
	section("stop and continue");
	pid_t child = CHILD(pause());
	info.si_pid = 99;
	EQ(waitid(P_PID, child, &info, WEXITED | WSTOPPED | WNOHANG), 0);
	EQ(info.si_pid, 0);
	EQ(info.si_signo, 0);
	OK(kill(child, SIGSTOP));
	EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
	expect_info(child, "CLD_STOPPED", SIGSTOP);
	EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
	expect_info(child, "CLD_STOPPED", SIGSTOP);
	EQ(waitid(P_PID, child, &info, WSTOPPED | WNOHANG), 0);
	EQ(info.si_pid, 0);
	OK(kill(child, SIGCONT));
	EQ(waitid(P_PID, child, &info, WCONTINUED | WNOWAIT), 0);
	expect_info(child, "CLD_CONTINUED", SIGCONT);
	EQ(waitid(P_PID, child, &info, WCONTINUED), 0);
	expect_info(child, "CLD_CONTINUED", SIGCONT);
	OK(kill(child, SIGKILL));
	EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
	expect_info(child, "CLD_KILLED", SIGKILL);
	EQ(waitid(P_PID, child, &info, WEXITED), 0);
	expect_info(child, "CLD_KILLED", SIGKILL);
	ERR(waitid(P_PID, child, &info, WEXITED), ECHILD);
}

static void usage(void)
{
	section("wait4 and usage");
	struct rusage use;
	int status;
	memset(&use, 0x55, sizeof use);
	pid_t child = CHILD(long until = now_ms() + 60; while (now_ms() < until));
	EQ(wait4(child, &status, 0, &use) == child, 1);
	STR(status_text(status), "exit 0");
	long us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000L + use.ru_utime.tv_usec +
		  use.ru_stime.tv_usec;
	TRUE(us > 1000 && us < 20000000);
	TRUE(use.ru_maxrss >= 0 && use.ru_maxrss < 1000000);
	TRUE(use.ru_minflt > 0 && use.ru_minflt < 100000);
	EQ(use.ru_nsignals, 0);
	ERR(wait4(-1, &status, WEXITED, NULL), EINVAL);
	ERR(wait4(-1, &status, 0, &use), ECHILD);
}

int main(void)
{
	errors();
	ends();
	stop_and_continue();
	usage();
	return finish();
}
