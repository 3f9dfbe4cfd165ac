//! stat, lstat, fstat, fstatat, statx: types, sizes, links, identities, times.
#include "common/check.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

static struct stat st;

static void types(void)
{
	section("types");
	put_file("file", "12345", 0640);
	OK(mkdir("dir", 0750));
	OK(symlink("file", "link"));
	OK(mkfifo("fifo", 0600));
	OK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	OK(mknod("plain", S_IFREG | 0600, 0));
	OK(stat("file", &st));
	EQ(st.st_mode, S_IFREG | 0640);
	EQ(st.st_size, 5);
	EQ(st.st_nlink, 1);
	EQ(st.st_uid, 0);
	EQ(st.st_gid, 0);
	TRUE(st.st_ino > 0);
	TRUE(st.st_blksize > 0);
	TRUE(st.st_blocks >= 0);
	OK(stat("dir", &st));
	EQ(st.st_mode, S_IFDIR | 0750);
	EQ(st.st_nlink, 2);
	OK(mkdir("dir/inner", 0755));
	OK(stat("dir", &st));
	EQ(st.st_nlink, 3);
	OK(lstat("link", &st));
	EQ(st.st_mode, S_IFLNK | 0777);
	EQ(st.st_size, 4);
	OK(stat("link", &st));
	EQ(st.st_mode, S_IFREG | 0640);
	OK(stat("fifo", &st));
	EQ(st.st_mode, S_IFIFO | 0600);
	OK(stat("null", &st));
	EQ(st.st_mode, S_IFCHR | 0644);
	EQ(major(st.st_rdev), 1);
	EQ(minor(st.st_rdev), 3);
	OK(stat("plain", &st));
	EQ(st.st_mode, S_IFREG | 0600);
	int ends[2];
	OK(pipe(ends));
	OK(fstat(ends[0], &st));
	EQ(st.st_mode, S_IFIFO | 0600);
	close(ends[0]);
	close(ends[1]);
}

static void identities(void)
{
	section("identities");
	struct stat other;
	OK(link("file", "hard"));
	OK(stat("file", &st));
	OK(stat("hard", &other));
	EQ(st.st_nlink, 2);
	TRUE(st.st_ino == other.st_ino && st.st_dev == other.st_dev);
	OK(stat("dir", &other));
	TRUE(st.st_ino != other.st_ino && st.st_dev == other.st_dev);
	OK(stat("/proc", &other));
	TRUE(st.st_dev != other.st_dev);
	OK(stat(".", &st));
	OK(stat("dir/..", &other));
	TRUE(st.st_ino == other.st_ino);
	OK(stat("/", &st));
	OK(stat("/..", &other));
	TRUE(st.st_ino == other.st_ino);
}

static void forms(void)
{
	section("fstatat");
	int dir = OK(open("dir", O_RDONLY)), fd = OK(open("file", O_RDONLY));
	OK(fstatat(dir, "inner", &st, 0));
	EQ(S_ISDIR(st.st_mode), 1);
	OK(fstatat(AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW));
	EQ(S_ISLNK(st.st_mode), 1);
	OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
	EQ(st.st_size, 5);
	ERR(fstatat(fd, "", &st, 0), ENOENT);
	ERR(fstatat(fd, "x", &st, 0), ENOTDIR);
	ERR(fstatat(99, "x", &st, 0), EBADF);
	ERR(syscall(SYS_newfstatat, AT_FDCWD, "file", &st, 0x8000), EINVAL);
	section("errors");
	ERR(fstat(99, &st), EBADF);
	ERR(stat("missing", &st), ENOENT);
	ERR(stat("", &st), ENOENT);
	ERR(stat("file/x", &st), ENOTDIR);
	ERR(syscall(SYS_stat, WILD(1), &st), EFAULT);
	ERR(syscall(SYS_stat, "file", WILD(1)), EFAULT);
	ERR(syscall(SYS_fstat, fd, WILD(1)), EFAULT);
	OK(chmod("dir", 0700));
	IN_CHILD(OK(chmod(".", 0755)); OK(setuid(1000)); ERR(stat("dir/inner", &st), EACCES);
		 OK(stat("dir", &st)));
	close(dir);
	close(fd);
}

/* musl 1.2.3 has neither the call nor its structure. */
struct statx_head {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, rest[27];
};

static void extended(void)
{
	section("statx");
	struct statx_head x;
	memset(&x, 0, sizeof x);
	OK(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x7ff, &x));
	EQ(x.mask & 0x7ff, 0x7ff & (x.mask | ~0x800u));
	EQ(x.mode, S_IFREG | 0640);
	EQ(x.size, 5);
	EQ(x.nlink, 2);
	EQ(x.uid, 0);
	OK(stat("file", &st));
	TRUE(x.ino == st.st_ino);
	OK(syscall(SYS_statx, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, 0x7ff, &x));
	EQ(x.mode, S_IFLNK | 0777);
	ERR(syscall(SYS_statx, AT_FDCWD, "missing", 0, 0x7ff, &x), ENOENT);
	ERR(syscall(SYS_statx, AT_FDCWD, "file", 0x6000, 0x7ff, &x), EINVAL);
	ERR(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000, &x), EINVAL);
	ERR(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x7ff, WILD(1)), EFAULT);
}

static int newer(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void times(void)
{
	section("times");
	struct stat before, after;
	struct timespec set[2] = { { 1000, 5 }, { 2000, 7 } };
	put_file("timed", "x", 0644);
	OK(stat("timed", &before));
	TRUE(before.st_mtim.tv_sec > 0);
	sleep_ms(30);
	int fd = OK(open("timed", O_RDWR));
	EQ(write(fd, "yz", 2), 2);
	OK(stat("timed", &after));
	TRUE(newer(after.st_mtim, before.st_mtim));
	TRUE(newer(after.st_ctim, before.st_ctim));
	OK(utimensat(AT_FDCWD, "timed", set, 0));
	OK(stat("timed", &st));
	EQ(st.st_atim.tv_sec, 1000);
	EQ(st.st_mtim.tv_sec, 2000);
	EQ(st.st_mtim.tv_nsec, 7);
	TRUE(st.st_ctim.tv_sec > 2000 || st.st_ctim.tv_sec == after.st_ctim.tv_sec);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = UTIME_NOW;
	OK(futimens(fd, set));
	OK(fstat(fd, &st));
	EQ(st.st_atim.tv_sec, 1000);
	TRUE(st.st_mtim.tv_sec != 2000);
	set[1].tv_nsec = 1000000000;
	ERR(utimensat(AT_FDCWD, "timed", set, 0), EINVAL);
	ERR(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	set[0] = set[1] = (struct timespec){ 5, 5 };
	OK(symlink("timed", "timed-link"));
	OK(utimensat(AT_FDCWD, "timed-link", set, AT_SYMLINK_NOFOLLOW));
	OK(lstat("timed-link", &st));
	EQ(st.st_mtim.tv_sec, 5);
	OK(stat("timed", &st));
	TRUE(st.st_mtim.tv_sec != 5);
	/* A change in a directory moves its time, a change in a file does not. */
	OK(stat(".", &before));
	sleep_ms(30);
	EQ(write(fd, "x", 1), 1);
	OK(stat(".", &after));
	TRUE(!newer(after.st_mtim, before.st_mtim));
	put_file("another", "", 0644);
	OK(stat(".", &after));
	TRUE(newer(after.st_mtim, before.st_mtim));
	close(fd);
}

static void file_systems(void)
{
	section("statfs");
	struct statvfs vfs;
	struct statfs fs;
	OK(statvfs(".", &vfs));
	TRUE(vfs.f_bsize > 0);
	TRUE(vfs.f_blocks >= vfs.f_bfree);
	EQ(vfs.f_namemax, 255);
	OK(statfs("/proc", &fs));
	EQ(fs.f_type, 0x9fa0);
	int fd = OK(open("file", O_RDONLY));
	OK(fstatfs(fd, &fs));
	ERR(fstatfs(99, &fs), EBADF);
	ERR(statfs("missing", &fs), ENOENT);
	close(fd);
}

int main(void)
{
	umask(022);
	types();
	identities();
	forms();
	extended();
	times();
	file_systems();
	return finish();
}
