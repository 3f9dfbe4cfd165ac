//! Pipes: order, capacity, atomic writes, end of file, EPIPE, O_NONBLOCK.
#include "common/check.h"
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>

static char block[100000];

static void basics(void)
{
	int ends[2];
	char text[16] = "";
	section("basics");
	OK(pipe(ends));
	EQ(write(ends[1], "hello", 5), 5);
	EQ(write(ends[1], "world", 5), 5);
	int waiting = 0;
	OK(ioctl(ends[0], FIONREAD, &waiting));
	EQ(waiting, 10);
	EQ(read(ends[0], text, 3), 3);
	STR(text, "hel");
	EQ(read(ends[0], text, 15), 7);
	EQ(memcmp(text, "loworld", 7), 0);
	ERR(write(ends[0], "x", 1), EBADF);
	ERR(read(ends[1], text, 1), EBADF);
	EQ(write(ends[1], "", 0), 0);
	EQ(read(ends[0], text, 0), 0);
	OK(close(ends[1]));
	EQ(read(ends[0], text, 1), 0);
	EQ(read(ends[0], text, 1), 0);
	OK(close(ends[0]));
	ERR(pipe2(ends, 0x1), EINVAL);
	ERR(syscall(SYS_pipe, WILD(1)), EFAULT);
	OK(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	EQ(fcntl(ends[1], F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_WRONLY);
	ERR(read(ends[0], text, 1), EAGAIN);
	close(ends[0]);
	close(ends[1]);
}

static void broken(void)
{
	int ends[2];
	section("no reader");
	OK(pipe(ends));
	OK(close(ends[0]));
	ENDS(CHILD(write(ends[1], "x", 1)), "killed by SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	ERR(write(ends[1], "x", 1), EPIPE);
	close(ends[1]);
	/* A writer blocked on a full pipe learns that its reader has gone. */
	OK(pipe(ends));
	pid_t child = CHILD(close(ends[0]); long put = write(ends[1], block, sizeof block); EQ(put, 65536);
			    ERR(write(ends[1], block, 1), EPIPE));
	close(ends[1]);
	sleep_ms(40);
	close(ends[0]);
	ENDS(child, "exit 0");
	signal(SIGPIPE, SIG_DFL);
}

static void capacity(void)
{
	int ends[2];
	long total = 0, put;
	section("capacity");
	OK(pipe2(ends, O_NONBLOCK));
	while ((put = write(ends[1], block, 4096)) > 0)
		total += put;
	EQ(total, 65536);
	ERR(write(ends[1], block, 1), EAGAIN);
	EQ(fcntl(ends[1], F_GETPIPE_SZ), 65536);
	EQ(read(ends[0], block, 4096), 4096);
	/* Up to PIPE_BUF goes in whole or not at all; more may go in part. */
	EQ(write(ends[1], block, 4096), 4096);
	ERR(write(ends[1], block, PIPE_BUF), EAGAIN);
	EQ(read(ends[0], block, 8192), 8192);
	EQ(write(ends[1], block, 20000), 8192);
	ERR(write(ends[1], block, 20000), EAGAIN);
	OK(fcntl(ends[1], F_SETPIPE_SZ, 131072));
	EQ(fcntl(ends[0], F_GETPIPE_SZ), 131072);
	EQ(write(ends[1], block, 65536), 65536);
	ERR(fcntl(ends[1], F_SETPIPE_SZ, 4096), EBUSY);
	close(ends[0]);
	close(ends[1]);
}

/// Many writers of records of PIPE_BUF: no record may be mixed with another.
static void atomic_writes(void)
{
	enum { WRITERS = 4, RECORDS = 50 };
	int ends[2], counts[WRITERS] = { 0 }, mixed = 0;
	static char record[PIPE_BUF];
	section("atomic writes");
	OK(pipe(ends));
	for (int writer = 0; writer < WRITERS; writer++)
		CHILD(close(ends[0]); memset(record, 'a' + writer, sizeof record);
		      for (int i = 0; i < RECORDS; i++) write(ends[1], record, sizeof record));
	close(ends[1]);
	for (;;) {
		size_t got = 0;
		for (ssize_t part; got < sizeof record; got += part)
			if ((part = read(ends[0], record + got, sizeof record - got)) <= 0)
				break;
		if (got < sizeof record)
			break;
		for (unsigned i = 1; i < sizeof record; i++)
			mixed += record[i] != record[0];
		counts[record[0] - 'a']++;
	}
	EQ(mixed, 0);
	for (int writer = 0; writer < WRITERS; writer++)
		EQ(counts[writer], RECORDS);
	while (wait(NULL) > 0)
		;
	close(ends[0]);
}

static void blocking(void)
{
	int ends[2];
	section("a large transfer through a small pipe");
	OK(pipe(ends));
	pid_t child = CHILD(close(ends[0]); for (int i = 0; i < 100; i++) {
		memset(block, i, sizeof block);
		if (write(ends[1], block, sizeof block) != sizeof block)
			_exit(1);
	});
	close(ends[1]);
	long total = 0, wrong = 0;
	for (ssize_t got; (got = read(ends[0], block, 7777)) > 0;)
		for (ssize_t i = 0; i < got; i++, total++)
			wrong += block[i] != (char)(total / (long)sizeof block);
	EQ(total, 100 * (long)sizeof block);
	EQ(wrong, 0);
	ENDS(child, "exit 0");
	close(ends[0]);
}

static void chain(void)
{
	enum { LENGTH_OF_CHAIN = 20 };
	section("a chain of twenty processes");
	int first[2], in;
	OK(pipe(first));
	in = first[0];
	for (int i = 0; i < LENGTH_OF_CHAIN; i++) {
		int next[2];
		pipe(next);
		CHILD(close(first[1]); close(next[0]); char c; while (read(in, &c, 1) == 1) {
			c++;
			write(next[1], &c, 1);
		});
		close(in);
		close(next[1]);
		in = next[0];
	}
	char text[6] = "";
	EQ(write(first[1], "ABCDE", 5), 5);
	close(first[1]);
	int got = 0;
	for (ssize_t part; got < 5 && (part = read(in, text + got, 5 - got)) > 0; got += part)
		;
	STR(text, "UVWXY");
	EQ(read(in, block, 1), 0);
	close(in);
	while (wait(NULL) > 0)
		;
}

static const char *events(int fd, short wanted)
{
	static char text[64];
	struct pollfd entry = { .fd = fd, .events = wanted };
	int count = poll(&entry, 1, 0);
	snprintf(text, sizeof text, "%d%s%s%s%s", count, entry.revents & POLLIN ? " in" : "",
		 entry.revents & POLLOUT ? " out" : "", entry.revents & POLLHUP ? " hup" : "",
		 entry.revents & POLLERR ? " err" : "");
	return text;
}

static void polling(void)
{
	int ends[2];
	section("poll");
	OK(pipe2(ends, O_NONBLOCK));
	STR(events(ends[0], POLLIN), "0");
	STR(events(ends[1], POLLOUT), "1 out");
	EQ(write(ends[1], "x", 1), 1);
	STR(events(ends[0], POLLIN), "1 in");
	while (write(ends[1], block, 4096) > 0)
		;
	STR(events(ends[1], POLLOUT), "0");
	OK(close(ends[1]));
	STR(events(ends[0], POLLIN), "1 in hup");
	while (read(ends[0], block, sizeof block) > 0)
		;
	STR(events(ends[0], POLLIN), "1 hup");
	close(ends[0]);
	OK(pipe(ends));
	OK(close(ends[0]));
	STR(events(ends[1], POLLOUT), "1 out err");
	close(ends[1]);
}

int main(void)
{
	basics();
	broken();
	capacity();
	atomic_writes();
	blocking();
	chain();
	polling();
	return finish();
}
