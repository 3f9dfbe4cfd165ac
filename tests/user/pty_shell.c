//! Busybox's shell on a terminal: prompt, editing, job control with Ctrl-C,
//! Ctrl-Z, fg, bg and jobs. What matters is compared, not every escape.
// test: timeout=60
#include "common/check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master;
static char seen[65536];
static int length;

/// Reads until the text appears after `from`, for at most ten seconds.
static int wait_for(int from, const char *text)
{
	struct pollfd entry = { .fd = master, .events = POLLIN };
	for (long until = now_ms() + 10000; now_ms() < until;) {
		seen[length] = 0;
		if (strstr(seen + from, text))
			return 1;
		if (poll(&entry, 1, 200) == 1) {
			ssize_t got = read(master, seen + length, sizeof seen - 1 - length);
			if (got <= 0)
				return 0;
			length += got;
		}
	}
	say("# terminal shows: %s", seen + from);
	return 0;
}

/// Appends text with its control characters as ^X.
static void append_visible(char *to, size_t size, const char *text)
{
	for (; *text; text++) {
		size_t used = strlen(to);
		int control = (unsigned char)*text < 32 || *text == 127;
		snprintf(to + used, size - used, control ? "^%c" : "%c", control ? *text ^ 64 : *text);
	}
}

/// Types keys and demands that this text follows.
static void step(const char *keys, const char *answer)
{
	int from = length;
	char name[256] = "";
	if (write(master, keys, strlen(keys)) < 0)
		check_failures++;
	append_visible(name, sizeof name, keys);
	strcat(name, " gives ");
	append_visible(name, sizeof name, answer);
	TRUE_AS(name, wait_for(from, answer));
}

static pid_t start_shell(void)
{
	int number = 0, lock = 0;
	char name[64];
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	ioctl(master, TIOCGPTN, &number);
	ioctl(master, TIOCSPTLCK, &lock);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	ioctl(master, TIOCSWINSZ, &(struct winsize){ .ws_row = 24, .ws_col = 200 });
	return CHILD(setsid(); int slave = open(name, O_RDWR); for (int i = 0; i < 3; i++) dup2(slave, i);
		     setenv("PS1", "ready> ", 1); setenv("ENV", "", 1);
		     execlp("busybox", "sh", "-i", (char *)NULL); _exit(127));
}

int main(void)
{
	pid_t shell = start_shell();
	section("prompt and commands");
	TRUE(wait_for(0, "ready> "));
	step("echo sum $((40 + 2))\n", "\nsum 42\r\n");
	step("echo wronx\177g word\n", "\nwrong word\r\n");
	step("tty | cut -c 1-9\n", "\n/dev/pts/\r\n");
	step("stty size\n", "\n24 200\r\n");
	step("echo again\necho and again\n", "\nand again\r\n");
	section("Ctrl-C");
	step("sleep 100\n", "\n");
	sleep_ms(300);
	step("\003", "ready> ");
	step("echo status $?\n", "\nstatus 130\r\n");
	step("echo half a line\003", "ready> ");
	step("cat\n", "\n");
	sleep_ms(300);
	step("into cat\n", "into cat\r\ninto cat\r\n");
	step("\003", "ready> ");
	step("while :; do :; done\n", "\n");
	sleep_ms(200);
	step("\003", "ready> ");
	section("Ctrl-Z, jobs, fg, bg");
	step("sleep 100\n", "\n");
	sleep_ms(300);
	step("\032", "Stopped");
	step("\n", "ready> ");
	step("jobs\n", "Stopped");
	step("bg\n", "sleep 100");
	step("jobs\n", "Running");
	step("fg\n", "sleep 100");
	sleep_ms(200);
	step("\032", "Stopped");
	step("\n", "ready> ");
	step("kill %1; kill -CONT %1; wait; echo dead\n", "\ndead\r\n");
	step("jobs; echo no more jobs\n", "\nno more jobs\r\n");
	section("a pipeline is one job");
	step("sleep 100 | cat\n", "\n");
	sleep_ms(300);
	step("\032", "Stopped");
	step("\n", "ready> ");
	step("fg\n", "sleep 100");
	sleep_ms(200);
	step("\003", "ready> ");
	step("jobs; echo gone\n", "\ngone\r\n");
	section("a background job that reads is stopped");
	step("cat &\n", "ready> ");
	sleep_ms(300);
	step("\n", "Stopped");
	step("kill -9 %1; wait; echo dead\n", "\ndead\r\n");
	step("sleep 0.2 & wait; echo waited\n", "\nwaited\r\n");
	section("end of input");
	step("cat\n", "\n");
	sleep_ms(300);
	step("last\n", "last\r\nlast\r\n");
	step("\004", "ready> ");
	step("echo after end\n", "\nafter end\r\n");
	if (write(master, "exit 7\n", 7) != 7)
		check_failures++;
	ENDS(shell, "exit 7");
	return finish();
}
