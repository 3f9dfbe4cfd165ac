//! fork, getpid, getppid, exit and the plain forms of wait.
#include "common/check.h"
#include <limits.h>

static void identity(void)
{
	section("identity");
	pid_t self = getpid(), from_child = 0;
	int ends[2];
	TRUE(self > 0);
	EQ(syscall(SYS_getpid) == self, 1);
	EQ(syscall(SYS_gettid) == self, 1);
	TRUE(getppid() != self);
	OK(pipe(ends));
	pid_t child = CHILD(TRUE(getppid() == self); TRUE(getpid() != self); pid_t me = getpid();
			    EQ(write(ends[1], &me, sizeof me), sizeof me));
	ENDS(child, "exit 0");
	TRUE(child > 0);
	EQ(read(ends[0], &from_child, sizeof from_child), sizeof from_child);
	TRUE(from_child == child);
}

static void statuses(void)
{
	section("statuses");
	ENDS(CHILD(_exit(0)), "exit 0");
	ENDS(CHILD(_exit(7)), "exit 7");
	ENDS(CHILD(_exit(255)), "exit 255");
	ENDS(CHILD(_exit(256 + 3)), "exit 3");
	ENDS(CHILD(_exit(-1)), "exit 255");
	ENDS(CHILD(syscall(SYS_exit, 9)), "exit 9");
	ENDS(CHILD(kill(getpid(), SIGKILL)), "killed by SIGKILL");
	ENDS(CHILD(raise(SIGTERM)), "killed by SIGTERM");
	ENDS(CHILD(abort()), "killed by SIGABRT");
}

static void memory_is_copied(void)
{
	section("memory is copied");
	static int global = 1;
	int local = 2, *heap = malloc(sizeof *heap);
	*heap = 3;
	IN_CHILD(EQ(global, 1); EQ(local, 2); EQ(*heap, 3); global = 10; local = 20; *heap = 30;
		 EQ(global + local + *heap, 60));
	EQ(global, 1);
	EQ(local, 2);
	EQ(*heap, 3);
}

static void wait_selectors(void)
{
	section("wait selectors");
	int status;
	ERR(wait(&status), ECHILD);
	ERR(waitpid(getpid(), &status, 0), ECHILD);
	ERR(waitpid(1, &status, 0), ECHILD);
	ERR(waitpid(INT_MIN, &status, 0), ESRCH);
	pid_t first = CHILD(_exit(1)), second = CHILD(_exit(2));
	EQ(waitpid(second, &status, 0) == second, 1);
	STR(status_text(status), "exit 2");
	EQ(waitpid(-1, &status, 0) == first, 1);
	STR(status_text(status), "exit 1");
	ERR(waitpid(first, &status, 0), ECHILD);

	pid_t grouped = CHILD(setpgid(0, 0); pause());
	setpgid(grouped, grouped);
	ERR(waitpid(0, &status, 0), ECHILD);
	EQ(waitpid(-grouped, &status, WNOHANG), 0);
	OK(kill(grouped, SIGTERM));
	EQ(waitpid(-grouped, &status, 0) == grouped, 1);
	STR(status_text(status), "killed by SIGTERM");
	ERR(waitpid(-grouped, &status, 0), ECHILD);

	pid_t same = CHILD(_exit(5));
	EQ(waitpid(0, &status, 0) == same, 1);
	STR(status_text(status), "exit 5");
}

static void wait_options(void)
{
	section("wait options");
	int status = 0;
	ERR(waitpid(-1, &status, WNOHANG), ECHILD);
	ERR(waitpid(-1, &status, 0x100), EINVAL);
	/* A group of its own that is not orphaned, so that SIGTSTP stops it. */
	pid_t child = CHILD(setpgid(0, 0); pause());
	setpgid(child, child);
	EQ(waitpid(child, &status, WNOHANG), 0);
	OK(kill(child, SIGSTOP));
	EQ(waitpid(child, &status, WUNTRACED) == child, 1);
	STR(status_text(status), "stopped by SIGSTOP");
	EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0);
	OK(kill(child, SIGCONT));
	EQ(waitpid(child, &status, WCONTINUED) == child, 1);
	STR(status_text(status), "continued");
	EQ(status, 0xffff);
	EQ(waitpid(child, &status, WCONTINUED | WNOHANG), 0);
	OK(kill(child, SIGTSTP));
	EQ(waitpid(child, &status, WUNTRACED) == child, 1);
	STR(status_text(status), "stopped by SIGTSTP");
	OK(kill(child, SIGKILL));
	EQ(waitpid(child, NULL, 0) == child, 1);
	ERR(waitpid(child, NULL, 0), ECHILD);
}

static void many_children(void)
{
	section("many children");
	enum { COUNT = 200 };
	int sum = 0, status;
	for (int i = 0; i < COUNT; i++)
		if (CHILD(_exit(i)) < 0)
			check_failures++;
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	EQ(sum, COUNT * (COUNT - 1) / 2);
	EQ(errno, 0);
}

static void deep_line(void)
{
	section("a line of descendants");
	pid_t child = CHILD(for (int depth = 0; depth < 20; depth++) {
		pid_t next = fork();
		if (next < 0)
			_exit(200);
		if (next > 0) {
			int status;
			waitpid(next, &status, 0);
			_exit(WEXITSTATUS(status) + 1);
		}
	});
	ENDS(child, "exit 20");
}

int main(void)
{
	identity();
	statuses();
	memory_is_copied();
	wait_selectors();
	wait_options();
	many_children();
	deep_line();
	return finish();
}
