//! poll, ppoll and select.
#include "common/check.h"
#include <poll.h>
#include <sys/select.h>

static int ends[2];

static void polls(void)
{
	struct pollfd list[4] = { { .fd = ends[0], .events = POLLIN },
				  { .fd = ends[1], .events = POLLOUT },
				  { .fd = 99, .events = POLLIN },
				  { .fd = -5, .events = POLLIN } };
	section("poll");
	EQ(poll(list, 4, 0), 2);
	EQ(list[0].revents, 0);
	EQ(list[1].revents, POLLOUT);
	EQ(list[2].revents, POLLNVAL);
	EQ(list[3].revents, 0);
	long start = now_ms();
	EQ(poll(list, 1, 40), 0);
	TRUE(now_ms() - start >= 39);
	EQ(poll(NULL, 0, 0), 0);
	ERR(poll(WILD(1), 1, 0), EFAULT);
	pid_t child = CHILD(sleep_ms(30); write(ends[1], "x", 1));
	EQ(poll(list, 1, -1), 1);
	EQ(list[0].revents, POLLIN);
	ENDS(child, "exit 0");
	int file = OK(open("file", O_RDWR | O_CREAT, 0644));
	struct pollfd regular = { .fd = file, .events = POLLIN | POLLOUT };
	EQ(poll(&regular, 1, -1), 1);
	EQ(regular.revents, POLLIN | POLLOUT);
	close(file);
	IN_CHILD(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10, 10 }); ERR(poll(list, 11, 0), EINVAL));
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };
	ERR(ppoll(list, 1, &bad, NULL), EINVAL);
	ERR(ppoll(list, 1, &negative, NULL), EINVAL);
}

static void selects(void)
{
	fd_set in, out, exceptional;
	struct timeval zero = { 0, 0 }, brief = { 0, 40000 }, negative = { -1, 0 };
	char byte;
	section("select");
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&exceptional);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &out);
	FD_SET(ends[0], &exceptional);
	EQ(select(ends[1] + 1, &in, &out, &exceptional, &zero), 2);
	EQ(!!FD_ISSET(ends[0], &in), 1);
	EQ(!!FD_ISSET(ends[1], &out), 1);
	EQ(!!FD_ISSET(ends[0], &exceptional), 0);
	EQ(read(ends[0], &byte, 1), 1);
	long start = now_ms();
	EQ(select(ends[0] + 1, &in, NULL, NULL, &brief), 0);
	TRUE(now_ms() - start >= 39);
	EQ(!!FD_ISSET(ends[0], &in), 0);
	FD_SET(63, &in);
	ERR(select(64, &in, NULL, NULL, &zero), EBADF);
	ERR(select(-1, NULL, NULL, NULL, &zero), EINVAL);
	ERR(select(0, NULL, NULL, NULL, &negative), EINVAL);
	EQ(select(0, NULL, NULL, NULL, &zero), 0);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	pid_t child = CHILD(sleep_ms(30); write(ends[1], "x", 1));
	EQ(select(ends[0] + 1, &in, NULL, NULL, NULL), 1);
	ENDS(child, "exit 0");
	EQ(read(ends[0], &byte, 1), 1);
}

int main(void)
{
	OK(pipe(ends));
	polls();
	selects();
	return finish();
}
