//! flock and fcntl record locks: conflict, waiting, end at close and exit.
#include "common/check.h"
#include <sys/file.h>

static int fd;

static struct flock span(short type, off_t start, off_t length)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void whole_files(void)
{
	section("flock");
	int other = OK(open("file", O_RDWR));
	OK(flock(fd, LOCK_SH));
	OK(flock(other, LOCK_SH | LOCK_NB));
	ERR(flock(other, LOCK_EX | LOCK_NB), EAGAIN);
	OK(flock(fd, LOCK_UN));
	OK(flock(other, LOCK_EX | LOCK_NB));
	ERR(flock(fd, LOCK_SH | LOCK_NB), EAGAIN);
	/* The lock belongs to the open file: a child and a duplicate share it. */
	IN_CHILD(OK(flock(other, LOCK_EX | LOCK_NB)); ERR(flock(fd, LOCK_EX | LOCK_NB), EAGAIN));
	pid_t child = CHILD(close(other); int mine = open("file", O_RDWR); flock(mine, LOCK_EX); _exit(5));
	sleep_ms(30);
	EQ(waitpid(child, NULL, WNOHANG), 0);
	OK(close(other));
	ENDS(child, "exit 5");
	OK(flock(fd, LOCK_EX | LOCK_NB));
	OK(flock(fd, LOCK_UN));
	ERR(flock(fd, 77), EINVAL);
	ERR(flock(999, LOCK_SH), EBADF);
}

static void records(void)
{
	section("record locks");
	struct flock mine = span(F_WRLCK, 10, 10), probe = span(F_WRLCK, 0, 100);
	OK(fcntl(fd, F_SETLK, &mine));
	OK(fcntl(fd, F_GETLK, &probe));
	EQ(probe.l_type, F_UNLCK);
	pid_t parent = getpid();
	IN_CHILD(struct flock look = span(F_RDLCK, 0, 100); OK(fcntl(fd, F_GETLK, &look)); EQ(look.l_type, F_WRLCK);
		 EQ(look.l_start, 10); EQ(look.l_len, 10); TRUE(look.l_pid == parent);
		 struct flock want = span(F_RDLCK, 15, 1); ERR(fcntl(fd, F_SETLK, &want), EAGAIN);
		 want = span(F_WRLCK, 0, 10); OK(fcntl(fd, F_SETLK, &want)); want = span(F_WRLCK, 20, 0);
		 OK(fcntl(fd, F_SETLK, &want)));
	/* Part of it is given back. */
	mine = span(F_UNLCK, 12, 2);
	OK(fcntl(fd, F_SETLK, &mine));
	IN_CHILD(struct flock want = span(F_WRLCK, 12, 2); OK(fcntl(fd, F_SETLK, &want)); want = span(F_WRLCK, 12, 3);
		 ERR(fcntl(fd, F_SETLK, &want), EAGAIN));
	pid_t child = CHILD(struct flock want = span(F_WRLCK, 10, 1); fcntl(fd, F_SETLKW, &want); _exit(6));
	sleep_ms(30);
	EQ(waitpid(child, NULL, WNOHANG), 0);
	/* Closing any descriptor of the file gives all locks back. */
	OK(close(OK(dup(fd))));
	ENDS(child, "exit 6");
	mine = span(5, 0, 1);
	ERR(fcntl(fd, F_SETLK, &mine), EINVAL);
	ERR(fcntl(fd, F_SETLK, WILD(8)), EFAULT);
	int reading = OK(open("file", O_RDONLY));
	mine = span(F_WRLCK, 0, 1);
	ERR(fcntl(reading, F_SETLK, &mine), EBADF);
	close(reading);
}

static void deadlock(void)
{
	section("deadlock");
	int ready[2];
	char byte;
	OK(pipe(ready));
	struct flock first = span(F_WRLCK, 1, 1), second = span(F_WRLCK, 2, 1);
	OK(fcntl(fd, F_SETLK, &first));
	pid_t child = CHILD(fcntl(fd, F_SETLK, &second); write(ready[1], "r", 1); fcntl(fd, F_SETLKW, &first); _exit(7));
	EQ(read(ready[0], &byte, 1), 1);
	sleep_ms(60);
	ERR(fcntl(fd, F_SETLKW, &second), EDEADLK);
	first.l_type = F_UNLCK;
	OK(fcntl(fd, F_SETLK, &first));
	ENDS(child, "exit 7");
}

int main(void)
{
	fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	whole_files();
	records();
	deadlock();
	return finish();
}
