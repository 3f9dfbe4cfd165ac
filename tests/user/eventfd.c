//! eventfd: counter, semaphore, limits and blocking.
#include "common/check.h"
#include <poll.h>
#include <sys/eventfd.h>

static void events(void)
{
	uint64_t value = 0;
	section("eventfd");
	int fd = OK(eventfd(3, EFD_NONBLOCK));
	EQ(read(fd, &value, 8), 8);
	EQ(value, 3);
	ERR(read(fd, &value, 8), EAGAIN);
	value = 5;
	EQ(write(fd, &value, 8), 8);
	EQ(write(fd, &value, 8), 8);
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };
	EQ(poll(&entry, 1, 0), 1);
	EQ(entry.revents, POLLIN | POLLOUT);
	EQ(read(fd, &value, 8), 8);
	EQ(value, 10);
	ERR(read(fd, &value, 4), EINVAL);
	value = UINT64_MAX;
	ERR(write(fd, &value, 8), EINVAL);
	value = UINT64_MAX - 1;
	EQ(write(fd, &value, 8), 8);
	value = 1;
	ERR(write(fd, &value, 8), EAGAIN);
	close(fd);
	fd = OK(eventfd(2, EFD_SEMAPHORE));
	EQ(read(fd, &value, 8), 8);
	EQ(value, 1);
	EQ(read(fd, &value, 8), 8);
	pid_t child = CHILD(sleep_ms(20); value = 1; write(fd, &value, 8));
	EQ(read(fd, &value, 8), 8);
	ENDS(child, "exit 0");
	close(fd);
}

int main(void)
{
	events();
	return finish();
}
