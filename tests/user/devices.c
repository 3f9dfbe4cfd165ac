//! /dev/null, zero, full, random, urandom, tty.
#include "common/check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

static char block[10000];

static void numbers(void)
{
	static const struct {
		const char *path;
		int major, minor;
	} nodes[] = { { "/dev/null", 1, 3 }, { "/dev/zero", 1, 5 }, { "/dev/full", 1, 7 },
		      { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 } };
	struct stat st;
	section("numbers");
	for (unsigned i = 0; i < LENGTH(nodes); i++) {
		OK(stat(nodes[i].path, &st));
		EQ(S_ISCHR(st.st_mode), 1);
		EQ(st.st_mode & 0666, 0666);
		EQ(major(st.st_rdev) * 1000 + minor(st.st_rdev), nodes[i].major * 1000 + nodes[i].minor);
	}
}

static void use(void)
{
	section("null");
	int fd = OK(open("/dev/null", O_RDWR));
	EQ(read(fd, block, 10), 0);
	EQ(write(fd, block, sizeof block), sizeof block);
	EQ(lseek(fd, 100, SEEK_SET), 0);
	EQ(lseek(fd, 0, SEEK_END), 0);
	ERR(ioctl(fd, TCGETS, block), ENOTTY);
	ERR(ftruncate(fd, 0), EINVAL);
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };
	EQ(poll(&entry, 1, 0), 1);
	EQ(entry.revents, POLLIN | POLLOUT);
	OK(close(OK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644))));
	close(fd);
	section("zero");
	fd = OK(open("/dev/zero", O_RDWR));
	memset(block, 1, sizeof block);
	EQ(read(fd, block, sizeof block), sizeof block);
	int others = 0;
	for (unsigned i = 0; i < sizeof block; i++)
		others += block[i] != 0;
	EQ(others, 0);
	EQ(write(fd, block, 10), 10);
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(shared != MAP_FAILED);
	IN_CHILD(shared[0] = 9);
	EQ(shared[0], 9);
	close(fd);
	section("full");
	fd = OK(open("/dev/full", O_RDWR));
	block[0] = 1;
	EQ(read(fd, block, 10), 10);
	EQ(block[0], 0);
	ERR(write(fd, block, 10), ENOSPC);
	EQ(lseek(fd, 7, SEEK_SET), 0);
	close(fd);
	section("urandom");
	fd = OK(open("/dev/urandom", O_RDWR));
	char one[32] = { 0 }, two[32] = { 0 };
	EQ(read(fd, one, 32), 32);
	EQ(read(fd, two, 32), 32);
	TRUE(memcmp(one, two, 32) != 0);
	EQ(write(fd, one, 32), 32);
	close(fd);
	fd = OK(open("/dev/random", O_RDONLY));
	EQ(read(fd, one, 32), 32);
	close(fd);
}

static void no_terminal(void)
{
	section("no controlling terminal");
	IN_CHILD(setsid(); ERR(open("/dev/tty", O_RDWR), ENXIO));
	ERR(tcgetpgrp(0), ENOTTY);
	EQ(isatty(0), 0);
	int ends[2];
	OK(pipe(ends));
	ERR(ioctl(ends[0], TIOCGWINSZ, block), ENOTTY);
	ERR(ioctl(ends[0], 0x1234, block), ENOTTY);
	ERR(ioctl(99, TCGETS, block), EBADF);
}

static void made_nodes(void)
{
	section("nodes made elsewhere");
	OK(mknod("mine", S_IFCHR | 0600, makedev(1, 5)));
	int fd = OK(open("mine", O_RDONLY));
	block[0] = 1;
	EQ(read(fd, block, 1), 1);
	EQ(block[0], 0);
	close(fd);
	OK(chmod(".", 0755));
	IN_CHILD(OK(setuid(1000)); ERR(open("mine", O_RDONLY), EACCES); OK(open("/dev/null", O_RDWR)));
}

int main(void)
{
	numbers();
	use();
	no_terminal();
	made_nodes();
	return finish();
}
