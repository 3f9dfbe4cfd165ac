//! Runs out of process numbers: fork fails with EAGAIN, and works again later.
// test: only=rustos
// test: boot
#include "common/check.h"

static void set_pid_max(int value)
{
	char text[32];
	int fd = OK(open("/proc/sys/kernel/pid_max", O_WRONLY)), length = snprintf(text, sizeof text, "%d", value);
	EQ(write(fd, text, length), length);
	OK(close(fd));
}

/// A fork that is meant to fail; a child ends at once.
static pid_t try_fork(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(77);
	return child;
}

int main(void)
{
	enum { SMALL = 400 };
	char *before = strdup(get_file("/proc/sys/kernel/pid_max"));
	set_pid_max(SMALL);
	EQ(atoi(get_file("/proc/sys/kernel/pid_max")), SMALL);
	int made = 0;
	pid_t child, highest = 0;
	while (made < 2 * SMALL && (child = fork()) > 0) {
		if (child > highest)
			highest = child;
		made++;
	}
	if (child == 0) {
		pause();
		_exit(0);
	}
	ERR(try_fork(), EAGAIN);
	TRUE(made > SMALL / 4 && made < SMALL);
	TRUE(highest < SMALL);
	/* One ends, one can start: numbers are used again. */
	OK(kill(highest, SIGKILL));
	ENDS(highest, "killed by SIGKILL");
	ENDS(CHILD(_exit(3)), "exit 3");
	set_pid_max(atoi(before));
	signal(SIGTERM, SIG_IGN);
	OK(kill(0, SIGTERM));
	int reaped = 0;
	while (wait(NULL) > 0)
		reaped++;
	EQ(made - reaped, 1);
	ENDS(CHILD(_exit(4)), "exit 4");
	int fd = OK(open("/proc/sys/kernel/pid_max", O_WRONLY));
	ERR(write(fd, "5", 1), EINVAL);
	ERR(write(fd, "99999999", 8), EINVAL);
	ERR(write(fd, "text", 4), EINVAL);
	return finish();
}
