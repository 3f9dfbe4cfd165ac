//! truncate, ftruncate, fallocate, fsync and big files.
//! A longer run than most: it writes and reads some megabytes.
// test: timeout=60
#include "common/check.h"

static char block[65536];

static long size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? -1 : (long)st.st_size;
}

static void sizes(void)
{
	section("truncate");
	put_file("file", "0123456789", 0644);
	OK(truncate("file", 4));
	STR(get_file("file"), "0123");
	OK(truncate("file", 8));
	EQ(size_of("file"), 8);
	char text[8];
	int fd = OK(open("file", O_RDWR));
	EQ(read(fd, text, 8), 8);
	EQ(memcmp(text, "0123\0\0\0\0", 8), 0);
	OK(ftruncate(fd, 2));
	EQ(lseek(fd, 0, SEEK_CUR), 8);
	EQ(read(fd, text, 8), 0);
	EQ(write(fd, "x", 1), 1);
	EQ(size_of("file"), 9);
	OK(ftruncate(fd, 0));
	/* What lay beyond a cut does not come back. */
	memset(block, 'z', sizeof block);
	EQ(pwrite(fd, block, 10000, 0), 10000);
	OK(ftruncate(fd, 100));
	OK(ftruncate(fd, 10000));
	int zeros = 0;
	EQ(pread(fd, block, 10000, 0), 10000);
	for (int i = 100; i < 10000; i++)
		zeros += block[i] == 0;
	EQ(zeros, 9900);
	section("errors");
	ERR(truncate("file", -1), EINVAL);
	ERR(ftruncate(fd, -1), EINVAL);
	ERR(truncate("missing", 0), ENOENT);
	ERR(truncate(".", 0), EISDIR);
	ERR(truncate("file/x", 0), ENOTDIR);
	ERR(truncate(WILD(1), 0), EFAULT);
	ERR(ftruncate(99, 0), EBADF);
	int ends[2];
	OK(pipe(ends));
	ERR(ftruncate(ends[1], 0), EINVAL);
	OK(mkfifo("fifo", 0644));
	ERR(truncate("fifo", 0), EINVAL);
	OK(chmod(".", 0755));
	IN_CHILD(OK(setuid(1000)); ERR(truncate("file", 0), EACCES));
	close(fd);
}

static void allocation(void)
{
	section("fallocate");
	put_file("alloc", "abc", 0644);
	int fd = OK(open("alloc", O_RDWR));
	OK(fallocate(fd, 0, 0, 8192));
	EQ(size_of("alloc"), 8192);
	OK(fallocate(fd, 1 /* FALLOC_FL_KEEP_SIZE */, 0, 65536));
	EQ(size_of("alloc"), 8192);
	OK(fallocate(fd, 3 /* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */, 1, 1));
	char text[4] = "";
	EQ(pread(fd, text, 3, 0), 3);
	EQ(memcmp(text, "a\0c", 3), 0);
	ERR(fallocate(fd, 0, 0, 0), EINVAL);
	ERR(fallocate(fd, 0, -1, 10), EINVAL);
	ERR(fallocate(99, 0, 0, 10), EBADF);
	int reading = OK(open("alloc", O_RDONLY));
	ERR(fallocate(reading, 0, 0, 10), EBADF);
	OK(fsync(fd));
	OK(fdatasync(fd));
	ERR(fsync(99), EBADF);
	int ends[2];
	OK(pipe(ends));
	ERR(fsync(ends[0]), EINVAL);
	ERR(fallocate(ends[1], 0, 0, 10), ESPIPE);
	close(fd);
	close(reading);
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

static void big_file(void)
{
	enum { BLOCKS = 256 };
	section("16 MiB written, read back and summed");
	int fd = OK(open("big", O_RDWR | O_CREAT | O_TRUNC, 0644));
	unsigned seed = 1, written = 0, found = 0;
	for (int i = 0; i < BLOCKS; i++) {
		for (unsigned k = 0; k < sizeof block; k += 64)
			block[k] = (char)next_random(&seed);
		for (unsigned k = 0; k < sizeof block; k += 64)
			written = written * 31 + (unsigned char)block[k];
		if (write(fd, block, sizeof block) != sizeof block)
			check_failures++;
	}
	EQ(size_of("big"), BLOCKS * 65536);
	OK(lseek(fd, 0, SEEK_SET));
	for (int i = 0; i < BLOCKS; i++) {
		if (read(fd, block, sizeof block) != sizeof block)
			check_failures++;
		for (unsigned k = 0; k < sizeof block; k += 64)
			found = found * 31 + (unsigned char)block[k];
	}
	TRUE(written == found);
	EQ(read(fd, block, 1), 0);
	OK(close(fd));
	OK(unlink("big"));
	EQ(size_of("big"), -1);
}

static void far_offset(void)
{
	section("a file with a far hole");
	int fd = OK(open("far", O_RDWR | O_CREAT, 0644));
	EQ(pwrite(fd, "end", 3, 1L << 40), 3);
	EQ(size_of("far"), (1L << 40) + 3);
	char text[4] = "";
	EQ(pread(fd, text, 3, 1L << 40), 3);
	STR(text, "end");
	EQ(pread(fd, text, 3, 1L << 39), 3);
	EQ(text[0], 0);
	OK(ftruncate(fd, 5));
	EQ(size_of("far"), 5);
	close(fd);
}

int main(void)
{
	sizes();
	allocation();
	big_file();
	far_offset();
	return finish();
}
