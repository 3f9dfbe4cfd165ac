//! read, write, lseek and their positioned and vectored forms.
#include "common/check.h"
#include <limits.h>
#include <sys/uio.h>
#include <sys/sendfile.h>

static int fd;

static void positions(void)
{
	char text[32] = "";
	section("positions");
	EQ(write(fd, "0123456789", 10), 10);
	EQ(lseek(fd, 0, SEEK_CUR), 10);
	EQ(read(fd, text, 5), 0);
	EQ(lseek(fd, 3, SEEK_SET), 3);
	EQ(read(fd, text, 4), 4);
	STR(text, "3456");
	EQ(lseek(fd, -2, SEEK_CUR), 5);
	EQ(lseek(fd, -1, SEEK_END), 9);
	EQ(read(fd, text, 20), 1);
	EQ(text[0], '9');
	ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	ERR(lseek(fd, -11, SEEK_END), EINVAL);
	ERR(lseek(fd, 0, 9), EINVAL);
	ERR(lseek(99, 0, SEEK_SET), EBADF);
	EQ(lseek(fd, 0, SEEK_CUR), 10);
	EQ(read(fd, text, 0), 0);
	EQ(write(fd, text, 0), 0);
	ERR(read(99, text, 1), EBADF);
	ERR(write(99, text, 1), EBADF);
	ERR(read(-1, text, 0), EBADF);
	OK(lseek(fd, 0, SEEK_SET));
	ERR(read(fd, WILD(1), 1), EFAULT);
	ERR(write(fd, WILD(1), 1), EFAULT);
	ERR(read(fd, WILD(0xffffffff81000000), 8), EFAULT);
	ERR(write(fd, WILD(0xffffffff81000000), 8), EFAULT);
}

static void holes(void)
{
	static char text[10000];
	section("holes");
	OK(ftruncate(fd, 0));
	EQ(lseek(fd, 9000, SEEK_SET), 9000);
	struct stat st;
	OK(fstat(fd, &st));
	EQ(st.st_size, 0);
	EQ(write(fd, "end", 3), 3);
	OK(fstat(fd, &st));
	EQ(st.st_size, 9003);
	EQ(pread(fd, text, sizeof text, 0), 9003);
	int zeros = 0;
	for (int i = 0; i < 9000; i++)
		zeros += text[i] == 0;
	EQ(zeros, 9000);
	EQ(memcmp(text + 9000, "end", 3), 0);
}

static void positioned(void)
{
	char text[16] = "";
	section("pread and pwrite");
	OK(ftruncate(fd, 0));
	OK(lseek(fd, 0, SEEK_SET));
	EQ(pwrite(fd, "abcdef", 6, 0), 6);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	EQ(pread(fd, text, 3, 2), 3);
	STR(text, "cde");
	EQ(pread(fd, text, 3, 100), 0);
	ERR(pread(fd, text, 3, -1), EINVAL);
	ERR(pwrite(fd, text, 3, -1), EINVAL);
	EQ(pwrite(fd, "z", 1, 8), 1);
	EQ(lseek(fd, 0, SEEK_END), 9);
	int ends[2];
	OK(pipe(ends));
	ERR(pread(ends[0], text, 1, 0), ESPIPE);
	ERR(pwrite(ends[1], text, 1, 0), ESPIPE);
	ERR(lseek(ends[0], 0, SEEK_SET), ESPIPE);
	close(ends[0]);
	close(ends[1]);
}

static void vectored(void)
{
	char one[3] = "", two[4] = "", three[10] = "";
	struct iovec in[] = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } };
	struct iovec out[] = { { one, 2 }, { two, 3 }, { three, 9 } };
	section("readv and writev");
	OK(ftruncate(fd, 0));
	OK(lseek(fd, 0, SEEK_SET));
	EQ(writev(fd, in, 3), 7);
	OK(lseek(fd, 0, SEEK_SET));
	EQ(readv(fd, out, 3), 7);
	STR(one, "ab");
	STR(two, "cde");
	STR(three, "fg");
	EQ(preadv(fd, out, 2, 1), 5);
	STR(one, "bc");
	EQ(pwritev(fd, in, 1, 5), 2);
	EQ(lseek(fd, 0, SEEK_END), 7);
	EQ(writev(fd, in, 0), 0);
	ERR(writev(fd, in, -1), EINVAL);
	ERR(writev(fd, in, 1025), EINVAL);
	struct iovec negative = { one, (size_t)-1 };
	ERR(writev(fd, &negative, 1), EINVAL);
	ERR(readv(fd, WILD(1), 1), EFAULT);
	struct iovec partly[] = { { "ok", 2 }, { WILD(1), 5 } };
	OK(lseek(fd, 0, SEEK_SET));
	EQ(writev(fd, partly, 2), 2);
	ERR(writev(fd, partly + 1, 1), EFAULT);
}

static void partly_bad(void)
{
	section("a buffer that ends in nothing");
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 4096, 4096);
	int ends[2];
	OK(pipe(ends));
	EQ(write(ends[1], "0123456789", 10), 10);
	ERR(read(ends[0], pages + 4096, 10), EFAULT);
	ERR(write(ends[1], pages + 4096, 10), EFAULT);
	int zero = OK(open("/dev/zero", O_RDONLY));
	EQ(read(zero, pages, 4096), 4096);
	close(zero);
	close(ends[0]);
	close(ends[1]);
	munmap(pages, 4096);
}

static void shared_offset(void)
{
	section("the offset is shared over dup and fork");
	OK(ftruncate(fd, 0));
	OK(lseek(fd, 0, SEEK_SET));
	int other = OK(dup(fd));
	EQ(write(fd, "one", 3), 3);
	EQ(write(other, "two", 3), 3);
	IN_CHILD(EQ(write(fd, "three", 5), 5));
	EQ(lseek(other, 0, SEEK_CUR), 11);
	STR(get_file("file"), "onetwothree");
	int apart = OK(open("file", O_RDONLY));
	EQ(lseek(apart, 0, SEEK_CUR), 0);
	close(apart);
	close(other);
}

/// A write under RLIMIT_FSIZE, which binds the test's own output as well: so
/// nothing is printed before the limit is gone again.
static void limited(const char *name, long (*act)(void), long result, int error)
{
	struct rlimit old, small;
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 100, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	errno = 0;
	long got = act();
	int got_error = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	EQ_AS(name, got, result);
	STR(errno_name(got_error), errno_name(error));
}

static long last_byte(void)
{
	return pwrite(fd, "x", 1, 99);
}

static long beyond(void)
{
	return pwrite(fd, "x", 1, 100);
}

static long partly(void)
{
	return pwrite(fd, "xyz", 3, 98);
}

static long grow(void)
{
	return ftruncate(fd, 101);
}

static void limits(void)
{
	section("RLIMIT_FSIZE");
	OK(ftruncate(fd, 0));
	signal(SIGXFSZ, SIG_IGN);
	limited("up to the limit", last_byte, 1, 0);
	limited("beyond the limit", beyond, -1, EFBIG);
	limited("partly beyond", partly, 2, 0);
	limited("growing beyond", grow, -1, EFBIG);
	signal(SIGXFSZ, SIG_DFL);
	ENDS(CHILD(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100, 100 }); pwrite(fd, "x", 1, 100)),
	     "killed by SIGXFSZ");
}

static void copying(void)
{
	section("sendfile");
	int to = OK(open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644));
	put_file("file", "some content", 0644);
	OK(lseek(fd, 0, SEEK_SET));
	off_t from = 5;
	EQ(sendfile(to, fd, &from, 100), 7);
	EQ(from, 12);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	EQ(sendfile(to, fd, NULL, 4), 4);
	EQ(lseek(fd, 0, SEEK_CUR), 4);
	STR(get_file("copy"), "contentsome");
	ERR(sendfile(99, fd, NULL, 1), EBADF);
	close(to);
}

int main(void)
{
	fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	positions();
	holes();
	positioned();
	vectored();
	partly_bad();
	shared_offset();
	limits();
	copying();
	return finish();
}
