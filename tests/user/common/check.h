//! Checks for the differential tests: each prints what it checked and what came
//! out, so that the output of two kernels can be compared line by line.
//!
//! Output goes out with one write(2) a line: nothing is buffered that a fork
//! could double or a crash could lose. What is printed must not depend on the
//! machine: no pids, addresses or times, only relations between them.
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "names.h"

#define UNUSED __attribute__((unused))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/// Checks that failed in this process.
static volatile int check_failures;

/// A pointer of this value that the compiler knows nothing about.
#define WILD(value)                                                            \
	({                                                                     \
		uintptr_t wild_ = (uintptr_t)(value);                          \
		__asm__("" : "+r"(wild_));                                     \
		(void *)wild_;                                                 \
	})

/// Prints one line.
UNUSED __attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	if (length > (int)sizeof line - 2)
		length = sizeof line - 2;
	line[length++] = '\n';
	for (int done = 0; done < length;) {
		ssize_t put = write(1, line + done, length - done);
		if (put <= 0)
			break;
		done += put;
	}
}

/// Starts a named part of the output.
UNUSED static void section(const char *name)
{
	say("== %s", name);
}

UNUSED static long check_ok(int line, const char *text, long result)
{
	if (result != -1) {
		say("ok %s", text);
	} else {
		check_failures++;
		say("FAIL line %d: %s: %s, expected success", line, text, errno_name(errno));
	}
	return result;
}

UNUSED static void check_err(int line, const char *text, long result, int want)
{
	if (result == -1 && errno == want) {
		say("ok %s: %s", text, errno_name(want));
	} else {
		check_failures++;
		say("FAIL line %d: %s: %s, expected %s", line, text,
		    result == -1 ? errno_name(errno) : "success", errno_name(want));
	}
}

UNUSED static void check_eq(int line, const char *text, long result, long want)
{
	if (result == want) {
		say("ok %s == %ld", text, want);
	} else {
		check_failures++;
		say("FAIL line %d: %s: %ld, expected %ld (errno %s)", line, text, result, want,
		    errno_name(errno));
	}
}

UNUSED static void check_true(int line, const char *text, int result)
{
	if (result) {
		say("ok %s", text);
	} else {
		check_failures++;
		say("FAIL line %d: not true: %s", line, text);
	}
}

UNUSED static void check_str(int line, const char *text, const char *result, const char *want)
{
	if (result && !strcmp(result, want)) {
		say("ok %s is \"%s\"", text, want);
	} else {
		check_failures++;
		say("FAIL line %d: %s: \"%s\", expected \"%s\"", line, text, result ? result : "(null)", want);
	}
}

/// Evaluates to the result; demands that it is not -1.
#define OK(call) (errno = 0, check_ok(__LINE__, #call, (long)(call)))
/// Demands -1 with this errno.
#define ERR(call, want) (errno = 0, check_err(__LINE__, #call, (long)(call), want))
/// Demands this integer.
#define EQ(expression, want) (errno = 0, check_eq(__LINE__, #expression, (long)(expression), (long)(want)))
/// Demands truth.
#define TRUE(expression) (errno = 0, check_true(__LINE__, #expression, !!(expression)))
/// Demands this string.
#define STR(expression, want) (errno = 0, check_str(__LINE__, #expression, expression, want))
/// The same as the above with a name instead of the expression's text.
#define EQ_AS(name, expression, want) (errno = 0, check_eq(__LINE__, name, (long)(expression), (long)(want)))
#define ERR_AS(name, call, want) (errno = 0, check_err(__LINE__, name, (long)(call), want))
#define TRUE_AS(name, expression) (errno = 0, check_true(__LINE__, name, !!(expression)))

/// Ends a child: status 0, or 101 when a check of its own failed.
UNUSED static void child_end(void)
{
	_exit(check_failures ? 101 : 0);
}

/* Compiled with one of these set to some milliseconds, a test shows whether its
 * output depends on who runs first after a fork. It must not. */
#ifndef DELAY_CHILD
#define DELAY_CHILD 0
#endif
#ifndef DELAY_PARENT
#define DELAY_PARENT 0
#endif

/// Forks a child that runs the statements and ends with `child_end`; evaluates
/// to its pid. Where the child prints, the parent must not before its end.
#define CHILD(...)                                                             \
	({                                                                     \
		pid_t pid_ = fork();                                           \
		if (pid_ == 0) {                                               \
			check_failures = 0;                                    \
			usleep(1000 * DELAY_CHILD);                            \
			__VA_ARGS__;                                           \
			child_end();                                           \
		}                                                              \
		usleep(1000 * DELAY_PARENT);                                   \
		pid_;                                                          \
	})

/// A wait status in words: "exit 3", "killed by SIGTERM", "stopped by SIGTSTP".
UNUSED static const char *status_text(int status)
{
	static char text[64];
	if (WIFEXITED(status))
		snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "killed by %s", signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		snprintf(text, sizeof text, "stopped by %s", signal_name(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		snprintf(text, sizeof text, "continued");
	else
		snprintf(text, sizeof text, "status %#x", status);
	return text;
}

/// Waits for the child's end and says how it ended.
UNUSED static const char *end_of(pid_t pid)
{
	int status = 0;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got == -1 && errno == EINTR);
	return got == pid ? status_text(status) : errno_name(errno);
}

/// Demands that the child ends this way.
#define ENDS(pid, want) (errno = 0, check_str(__LINE__, #pid, end_of(pid), want))
/// Runs the statements in a child and demands that it ends with status 0.
#define IN_CHILD(...) check_str(__LINE__, "child", end_of(CHILD(__VA_ARGS__)), "exit 0")

/// Milliseconds of CLOCK_MONOTONIC.
UNUSED static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

UNUSED static void sleep_ms(long ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * 1000000 };
	while (nanosleep(&span, &span) == -1 && errno == EINTR)
		;
}

/// Makes a file of this content.
UNUSED static void put_file(const char *path, const char *content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	size_t length = strlen(content);
	if (fd < 0 || write(fd, content, length) != (ssize_t)length || fchmod(fd, mode)) {
		check_failures++;
		say("FAIL cannot make %s: %s", path, errno_name(errno));
	}
	close(fd);
}

/// Reads at most 16383 bytes of a file; "" when it cannot be opened.
UNUSED static char *get_file(const char *path)
{
	static char content[16384];
	size_t length = 0;
	int fd = open(path, O_RDONLY);
	for (ssize_t got; fd >= 0 && length < sizeof content - 1; length += got) {
		got = read(fd, content + length, sizeof content - 1 - length);
		if (got <= 0)
			break;
	}
	content[length] = 0;
	close(fd);
	return content;
}

/// Ends the test: the exit status is 1 when a check failed.
UNUSED static int finish(void)
{
	say(check_failures ? "%d FAILED" : "all checks passed", check_failures);
	return check_failures != 0;
}

#endif
