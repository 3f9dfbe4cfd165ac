//! epoll: registration, level and edge triggering, one shot.
#include "common/check.h"
#include <sys/epoll.h>

static int ends[2];

static void epolls(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 7 }, got[4];
	char byte;
	section("epoll");
	int set = OK(epoll_create1(EPOLL_CLOEXEC));
	EQ(fcntl(set, F_GETFD), FD_CLOEXEC);
	OK(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
	ERR(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), EEXIST);
	ERR(epoll_ctl(set, EPOLL_CTL_MOD, ends[1], &event), ENOENT);
	ERR(epoll_ctl(set, EPOLL_CTL_DEL, ends[1], NULL), ENOENT);
	ERR(epoll_ctl(set, EPOLL_CTL_ADD, 99, &event), EBADF);
	ERR(epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL);
	ERR(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event), EINVAL);
	int file = OK(open("file", O_RDONLY));
	ERR(epoll_ctl(set, EPOLL_CTL_ADD, file, &event), EPERM);
	close(file);
	EQ(epoll_wait(set, got, 4, 0), 0);
	ERR(epoll_wait(set, got, 0, 0), EINVAL);
	EQ(write(ends[1], "x", 1), 1);
	EQ(epoll_wait(set, got, 4, -1), 1);
	EQ(got[0].events, EPOLLIN);
	EQ(got[0].data.u32, 7);
	EQ(epoll_wait(set, got, 4, 0), 1);
	event.events = EPOLLIN | EPOLLET;
	OK(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	EQ(epoll_wait(set, got, 4, 0), 1);
	EQ(epoll_wait(set, got, 4, 0), 0);
	EQ(write(ends[1], "y", 1), 1);
	EQ(epoll_wait(set, got, 4, 0), 1);
	event.events = EPOLLIN | EPOLLONESHOT;
	OK(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	EQ(epoll_wait(set, got, 4, 0), 1);
	EQ(write(ends[1], "z", 1), 1);
	EQ(epoll_wait(set, got, 4, 0), 0);
	OK(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL));
	EQ(epoll_wait(set, got, 4, 0), 0);
	for (int i = 0; i < 3; i++)
		read(ends[0], &byte, 1);
	close(set);
	ERR(epoll_create1(77), EINVAL);
}

int main(void)
{
	OK(pipe(ends));
	put_file("file", "x", 0644);
	epolls();
	return finish();
}
