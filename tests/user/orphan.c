//! Orphans, sub-reapers and zombies.
#include "common/check.h"
#include <sys/prctl.h>

static char state_of(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	char *after = strrchr(get_file(path), ')');
	return after ? after[2] : '-';
}

/// A child whose own child outlives it and then runs the statements; waits
/// for both and evaluates to the pid of the child.
#define ORPHAN(...)                                                            \
	({                                                                     \
		int hold_[2];                                                  \
		char byte_;                                                    \
		OK(pipe(hold_));                                               \
		pid_t middle_ = CHILD(pid_t parent_ = getpid(); if (fork() == 0) {   \
			for (int try = 0; getppid() == parent_ && try < 2000; try++) \
				sleep_ms(1);                                   \
			__VA_ARGS__;                                           \
			child_end();                                           \
		});                                                            \
		close(hold_[1]);                                               \
		EQ(read(hold_[0], &byte_, 1), 0);                              \
		close(hold_[0]);                                               \
		middle_;                                                       \
	})

static void reparenting(void)
{
	int ends[2];
	char byte;
	section("an orphan gets a new parent");
	OK(pipe(ends));
	ENDS(ORPHAN(TRUE(getppid() != parent_); TRUE(getppid() >= 1); write(ends[1], "x", 1)), "exit 0");
	EQ(read(ends[0], &byte, 1), 1);
	ERR(wait(NULL), ECHILD);
}

static void subreaper(void)
{
	int flag = -1, status, ends[2];
	char byte;
	section("a sub-reaper adopts");
	OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
	EQ(flag, 0);
	OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	OK(prctl(PR_GET_CHILD_SUBREAPER, &flag));
	EQ(flag, 1);
	OK(pipe(ends));
	pid_t self = getpid();
	ENDS(ORPHAN(TRUE(getppid() == self); _exit(8)), "exit 0");
	pid_t adopted = wait(&status);
	TRUE(adopted > 0);
	STR(status_text(status), "exit 8");
	ERR(wait(NULL), ECHILD);
	/* A zombie is adopted too. */
	ENDS(CHILD(if (fork() == 0) _exit(9); siginfo_t info;
		   waitid(P_ALL, 0, &info, WEXITED | WNOWAIT)), "exit 0");
	TRUE(wait(&status) > 0);
	STR(status_text(status), "exit 9");
	/* The flag is not inherited. */
	IN_CHILD(OK(prctl(PR_GET_CHILD_SUBREAPER, &flag)); EQ(flag, 0));
	OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
	close(ends[1]);
	EQ(read(ends[0], &byte, 1), 0);
}

static void parent_death_signal(void)
{
	int number = -1, ends[2];
	char byte;
	section("parent-death signal");
	OK(prctl(PR_GET_PDEATHSIG, &number));
	EQ(number, 0);
	ERR(prctl(PR_SET_PDEATHSIG, 100), EINVAL);
	OK(pipe(ends));
	ENDS(CHILD(int ready[2]; pipe(ready); if (fork() == 0) {
		     prctl(PR_SET_PDEATHSIG, SIGTERM);
		     write(ready[1], "r", 1);
		     sleep(5);
		     write(ends[1], "alive", 5);
		     _exit(0);
	     } read(ready[0], &byte, 1)),
	     "exit 0");
	close(ends[1]);
	EQ(read(ends[0], &byte, 1), 0);
}

static void zombies(void)
{
	section("zombies");
	pid_t child = CHILD(_exit(6));
	siginfo_t info;
	OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	EQ(state_of(child), 'Z');
	OK(kill(child, 0));
	OK(kill(child, SIGKILL));
	EQ(getpgid(child) == getpgrp(), 1);
	EQ(getsid(child) == getsid(0), 1);
	EQ(getpriority(PRIO_PROCESS, child), 0);
	ENDS(child, "exit 6");
	ERR(kill(child, 0), ESRCH);
	ERR(getpgid(child), ESRCH);
	ERR(getsid(child), ESRCH);
	ERR(getpriority(PRIO_PROCESS, child), ESRCH);
	EQ(state_of(child), '-');
}

/// Whether the process disappears. With several CPUs, wait may return first.
static int is_gone(pid_t pid)
{
	for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++)
		sleep_ms(1);
	return kill(pid, 0) == -1 && errno == ESRCH;
}

static void ignored_children(void)
{
	section("children nobody waits for");
	int status;
	signal(SIGCHLD, SIG_IGN);
	pid_t child = CHILD(_exit(1));
	ERR(waitpid(child, &status, 0), ECHILD);
	TRUE(is_gone(child));
	struct sigaction act = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	OK(sigaction(SIGCHLD, &act, NULL));
	child = CHILD(_exit(1));
	ERR(wait(&status), ECHILD);
	TRUE(is_gone(child));
	/* With several children, wait returns only when the last is gone. */
	long start = now_ms();
	CHILD(sleep_ms(80));
	CHILD(sleep_ms(10));
	ERR(wait(&status), ECHILD);
	TRUE(now_ms() - start >= 79);
	signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
	reparenting();
	subreaper();
	parent_death_signal();
	zombies();
	ignored_children();
	return finish();
}
