//! dup, dup2, dup3, fcntl and the descriptor limit.
#include "common/check.h"

static void duplicates(void)
{
	section("dup");
	put_file("file", "abcdef", 0644);
	int fd = OK(open("file", O_RDONLY | O_CLOEXEC));
	int copy = OK(dup(fd));
	EQ(fcntl(copy, F_GETFD), 0);
	EQ(dup2(fd, 30), 30);
	EQ(fcntl(30, F_GETFD), 0);
	EQ(dup2(fd, fd) - fd, 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(dup3(fd, 31, O_CLOEXEC), 31);
	EQ(fcntl(31, F_GETFD), FD_CLOEXEC);
	ERR(syscall(SYS_dup3, fd, fd, 0), EINVAL);
	ERR(syscall(SYS_dup3, fd, 31, O_APPEND), EINVAL);
	ERR(dup(99), EBADF);
	ERR(dup2(99, 30), EBADF);
	ERR(dup2(99, 99), EBADF);
	ERR(dup2(fd, -1), EBADF);
	ERR(dup2(fd, 1 << 30), EBADF);
	/* dup2 closes what was there. */
	int ends[2];
	char byte;
	OK(pipe(ends));
	EQ(dup2(fd, ends[1]) - ends[1], 0);
	EQ(read(ends[0], &byte, 1), 0);
	OK(close(ends[0]));
	OK(close(ends[1]));
	/* The status flags belong to the open file, the close-on-exec flag to the descriptor. */
	OK(fcntl(copy, F_SETFL, O_NONBLOCK));
	EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	OK(fcntl(copy, F_SETFD, FD_CLOEXEC));
	EQ(fcntl(30, F_GETFD), 0);
	OK(close(fd));
	EQ(read(copy, &byte, 1), 1);
	EQ(read(30, &byte, 1), 1);
	EQ(byte, 'b');
	close(copy);
	close(30);
	close(31);
}

static void fcntl_forms(void)
{
	section("fcntl");
	int fd = OK(open("file", O_RDWR));
	EQ(fcntl(fd, F_DUPFD, 40), 40);
	EQ(fcntl(fd, F_DUPFD, 40), 41);
	EQ(fcntl(fd, F_DUPFD_CLOEXEC, 40), 42);
	EQ(fcntl(42, F_GETFD), FD_CLOEXEC);
	ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	ERR(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
	ERR(fcntl(99, F_GETFD), EBADF);
	ERR(fcntl(fd, 9999), EINVAL);
	/* The access mode cannot change. */
	OK(fcntl(fd, F_SETFL, O_WRONLY | O_APPEND | O_CREAT));
	EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_CREAT), O_RDWR | O_APPEND);
	OK(fcntl(fd, F_SETFL, 0));
	EQ(fcntl(fd, F_GETFL) & O_APPEND, 0);
	for (int i = 40; i < 43; i++)
		OK(close(i));
	OK(close(fd));
}

static void limit(void)
{
	section("RLIMIT_NOFILE");
	struct rlimit small = { 20, 20 };
	IN_CHILD(OK(setrlimit(RLIMIT_NOFILE, &small)); int last = -1; int fd; int ends[2];
		 while ((fd = open("file", O_RDONLY)) >= 0) last = fd;
		 ERR(open("file", O_RDONLY), EMFILE); EQ(last, 19); ERR(dup(1), EMFILE); ERR(pipe(ends), EMFILE);
		 ERR(fcntl(1, F_DUPFD, 5), EMFILE); ERR(fcntl(1, F_DUPFD, 20), EINVAL);
		 ERR(dup2(1, 20), EBADF); OK(dup2(1, 19)); OK(close(10)); ERR(pipe(ends), EMFILE);
		 EQ(open("file", O_RDONLY), 10); OK(close(11)); OK(close(12)); OK(pipe(ends));
		 EQ(ends[0], 11); EQ(ends[1], 12));
	/* Descriptors above a lowered limit stay open. */
	IN_CHILD(EQ(dup2(1, 100), 100); OK(setrlimit(RLIMIT_NOFILE, &small)); EQ(fcntl(100, F_GETFD), 0);
		 OK(close(100)); ERR(dup2(1, 100), EBADF));
}

static void many(void)
{
	enum { COUNT = 1000 };
	section("many descriptors");
	struct rlimit plenty = { 2000, 2000 };
	IN_CHILD(OK(setrlimit(RLIMIT_NOFILE, &plenty)); int opened = 0; char byte = 0; int good = 0;
		 for (int i = 0; i < COUNT; i++) opened += open("file", O_RDONLY) >= 0;
		 EQ(opened, COUNT);
		 for (int i = 100; i < COUNT; i++) good += read(i, &byte, 1) == 1 && byte == 'a';
		 EQ(good, COUNT - 100); int inherited = 0;
		 IN_CHILD(for (int i = 100; i < COUNT; i++) inherited += read(i, &byte, 1) == 1 && byte == 'b';
			  EQ(inherited, COUNT - 100));
		 EQ(pread(500, &byte, 1, 0), 1); EQ(lseek(500, 0, SEEK_CUR), 2));
}

static void ranges(void)
{
	section("close_range");
	IN_CHILD(for (int i = 50; i < 60; i++) dup2(1, i); OK(syscall(436, 52, 55, 0));
		 EQ(fcntl(51, F_GETFD), 0); ERR(fcntl(52, F_GETFD), EBADF); ERR(fcntl(55, F_GETFD), EBADF);
		 EQ(fcntl(56, F_GETFD), 0); OK(syscall(436, 56, ~0u, 4)); EQ(fcntl(56, F_GETFD), FD_CLOEXEC);
		 EQ(fcntl(59, F_GETFD), FD_CLOEXEC); ERR(syscall(436, 60, 50, 0), EINVAL));
}

int main(void)
{
	for (int inherited = 3; inherited < 1100; inherited++)
		close(inherited);
	duplicates();
	fcntl_forms();
	limit();
	many();
	ranges();
	return finish();
}
