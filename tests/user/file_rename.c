//! rename, renameat2, mkdir and rmdir: every errno and replacement.
#include "common/check.h"
#include <sys/sysmacros.h>

static int exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static long inode_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) ? -1 : (long)st.st_ino;
}

static long links_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) ? -1 : (long)st.st_nlink;
}

static void making(void)
{
	section("mkdir");
	OK(mkdir("dir", 0755));
	EQ(links_of("dir"), 2);
	OK(mkdir("dir/inner", 0755));
	EQ(links_of("dir"), 3);
	ERR(mkdir("dir", 0755), EEXIST);
	ERR(mkdir("dir/", 0755), EEXIST);
	ERR(mkdir(".", 0755), EEXIST);
	ERR(mkdir("dir/..", 0755), EEXIST);
	ERR(mkdir("/", 0755), EEXIST);
	ERR(mkdir("missing/x", 0755), ENOENT);
	ERR(mkdir("", 0755), ENOENT);
	put_file("file", "x", 0644);
	ERR(mkdir("file", 0755), EEXIST);
	ERR(mkdir("file/x", 0755), ENOTDIR);
	OK(symlink("nowhere", "dangling"));
	ERR(mkdir("dangling", 0755), EEXIST);
	OK(mkdir("slash/", 0755));
	OK(rmdir("slash/"));
	OK(mkdirat(AT_FDCWD, "at", 0700));
	ERR(mkdirat(99, "x", 0700), EBADF);
	ERR(mkdir(WILD(1), 0755), EFAULT);
}

static void removing(void)
{
	section("rmdir");
	ERR(rmdir("dir"), ENOTEMPTY);
	ERR(rmdir("file"), ENOTDIR);
	ERR(rmdir("missing"), ENOENT);
	ERR(rmdir("dir/inner/."), EINVAL);
	ERR(rmdir("dir/inner/.."), ENOTEMPTY);
	ERR(rmdir("."), EINVAL);
	ERR(rmdir("/"), EBUSY);
	ERR(rmdir(""), ENOENT);
	ERR(rmdir("dangling"), ENOTDIR);
	OK(rmdir("dir/inner"));
	EQ(links_of("dir"), 2);
	OK(rmdir("at"));
	/* A directory that is somebody's current one. */
	OK(mkdir("current", 0755));
	IN_CHILD(OK(chdir("current")); OK(rmdir("../current")); char path[100];
		 ERR(getcwd(path, sizeof path) ? 0 : -1, ENOENT); ERR(open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
		 ERR(mkdir("x", 0755), ENOENT); OK(chdir("..")));
}

static void files(void)
{
	section("rename of files");
	put_file("a", "A", 0644);
	put_file("b", "B", 0644);
	long inode = inode_of("a");
	OK(rename("a", "c"));
	EQ(exists("a"), 0);
	EQ(inode_of("c") - inode, 0);
	OK(rename("c", "b"));
	STR(get_file("b"), "A");
	EQ(exists("c"), 0);
	OK(rename("b", "b"));
	EQ(exists("b"), 1);
	/* Two names of one file: nothing happens. */
	OK(link("b", "twin"));
	OK(rename("b", "twin"));
	EQ(exists("b"), 1);
	EQ(links_of("twin"), 2);
	/* A replaced file that is open lives on. */
	put_file("old", "OLD", 0644);
	int fd = OK(open("old", O_RDONLY));
	OK(rename("b", "old"));
	char text[4] = "";
	EQ(read(fd, text, 3), 3);
	STR(text, "OLD");
	close(fd);
	OK(symlink("old", "soft"));
	OK(rename("soft", "soft2"));
	OK(rename("twin", "soft2"));
	STR(get_file("soft2"), "A");
	ERR(rename("missing", "x"), ENOENT);
	ERR(rename("old", "missing/x"), ENOENT);
	ERR(rename("old/x", "y"), ENOTDIR);
	ERR(rename("old", "old2/"), ENOTDIR);
	ERR(rename("", "x"), ENOENT);
	ERR(rename("old", ""), ENOENT);
	ERR(rename("old", "dir"), EISDIR);
	ERR(rename("old", "/proc/x"), EXDEV);
	ERR(rename("old", "."), EBUSY);
	ERR(rename(".", "x"), EBUSY);
	ERR(rename("dir/..", "x"), EBUSY);
	ERR(rename(WILD(1), "x"), EFAULT);
}

static void directories(void)
{
	section("rename of directories");
	OK(mkdir("from", 0755));
	put_file("from/file", "inside", 0644);
	OK(mkdir("from/sub", 0755));
	OK(rename("from", "to"));
	STR(get_file("to/file"), "inside");
	ERR(rename("to", "to/sub/x"), EINVAL);
	ERR(rename("to", "to/x"), EINVAL);
	ERR(rename("to/sub", "to"), ENOTEMPTY);
	ERR(rename("to", "file"), ENOTDIR);
	OK(mkdir("empty", 0755));
	OK(rename("to", "empty"));
	STR(get_file("empty/file"), "inside");
	OK(mkdir("full", 0755));
	put_file("full/x", "", 0644);
	ERR(rename("empty", "full"), ENOTEMPTY);
	ERR(rename("empty", "dangling"), ENOTDIR);
	/* Moving a directory moves a link of "..". */
	OK(mkdir("p1", 0755));
	OK(mkdir("p2", 0755));
	OK(mkdir("p1/child", 0755));
	OK(rename("p1/child", "p2/child"));
	EQ(links_of("p1"), 2);
	EQ(links_of("p2"), 3);
	EQ(inode_of("p2/child/..") - inode_of("p2"), 0);
	OK(rename("p2/child", "p2/renamed/"));
	EQ(exists("p2/renamed"), 1);
}

static void flags(void)
{
	section("renameat2");
	put_file("one", "1", 0644);
	put_file("two", "2", 0644);
	ERR(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 1), EEXIST);
	OK(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 2));
	STR(get_file("one"), "2");
	STR(get_file("two"), "1");
	ERR(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "absent", 2), ENOENT);
	ERR(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 3), EINVAL);
	ERR(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 0x100), EINVAL);
	OK(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "three", 1));
	int fd = OK(open("p2", O_RDONLY));
	OK(renameat(AT_FDCWD, "three", fd, "three"));
	STR(get_file("p2/three"), "2");
	close(fd);
}

static void nodes(void)
{
	section("mknod");
	OK(mknod("pipe", S_IFIFO | 0644, 0));
	ERR(mknod("pipe", S_IFIFO | 0644, 0), EEXIST);
	ERR(mknod("x", S_IFDIR | 0755, 0), EPERM);
	ERR(mknod("x", 0170000, 0), EINVAL);
	ERR(mknod("x/y", S_IFREG, 0), ENOENT);
	OK(mknod("regular", 0600, 0));
	OK(chmod(".", 0777));
	IN_CHILD(setuid(1000); ERR(mknod("dev", S_IFCHR | 0666, makedev(1, 3)), EPERM);
		 OK(mknod("fifo-of-user", S_IFIFO | 0600, 0)));
	OK(mknod("zero", S_IFCHR | 0666, makedev(1, 5)));
	char byte = 1;
	int fd = OK(open("zero", O_RDONLY));
	EQ(read(fd, &byte, 1), 1);
	EQ(byte, 0);
	close(fd);
	OK(mknod("none", S_IFCHR | 0666, makedev(240, 99)));
	ERR(open("none", O_RDONLY), ENXIO);
}

int main(void)
{
	umask(022);
	making();
	removing();
	files();
	directories();
	flags();
	nodes();
	return finish();
}
