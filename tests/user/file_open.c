//! open: flags, creation, permissions and errors.
#include "common/check.h"

static mode_t mode_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? 0xffff : st.st_mode & 07777;
}

static long size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? -1 : (long)st.st_size;
}

static void creation(void)
{
	section("creation");
	umask(022);
	ERR(open("a", O_RDONLY), ENOENT);
	int fd = OK(open("a", O_RDWR | O_CREAT, 0666));
	EQ(mode_of("a"), 0644);
	EQ(write(fd, "hello", 5), 5);
	ERR(open("a", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
	OK(close(fd));
	ERR(close(fd), EBADF);
	EQ(size_of("a"), 5);
	OK(close(OK(open("a", O_WRONLY))));
	EQ(size_of("a"), 5);
	OK(close(OK(open("a", O_WRONLY | O_TRUNC))));
	EQ(size_of("a"), 0);
	OK(close(OK(creat("b", 04777))));
	EQ(mode_of("b"), 04755);
	/* A file made without permissions is still open for its maker. */
	fd = OK(open("c", O_RDWR | O_CREAT, 0));
	EQ(mode_of("c"), 0);
	EQ(write(fd, "x", 1), 1);
	OK(close(fd));
	OK(symlink("made-by-link", "to-new"));
	OK(close(OK(open("to-new", O_CREAT | O_WRONLY, 0600))));
	EQ(mode_of("made-by-link"), 0600);
	ERR(open("to-new", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
	OK(symlink("nowhere", "dangling"));
	ERR(open("dangling", O_RDONLY), ENOENT);
	ERR(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
}

static void modes(void)
{
	char byte;
	section("access modes");
	put_file("m", "text", 0644);
	int fd = OK(open("m", O_RDONLY));
	ERR(write(fd, "x", 1), EBADF);
	EQ(read(fd, &byte, 1), 1);
	ERR(ftruncate(fd, 0), EINVAL);
	OK(close(fd));
	fd = OK(open("m", O_WRONLY));
	ERR(read(fd, &byte, 1), EBADF);
	EQ(write(fd, "x", 1), 1);
	OK(close(fd));
	EQ(fcntl(OK(open("m", O_RDWR)), F_GETFL) & O_ACCMODE, O_RDWR);
}

static void appending(void)
{
	section("O_APPEND");
	put_file("app", "start", 0644);
	int one = OK(open("app", O_WRONLY | O_APPEND)), two = OK(open("app", O_WRONLY | O_APPEND));
	EQ(write(one, "-1", 2), 2);
	EQ(write(two, "-2", 2), 2);
	EQ(lseek(one, 0, SEEK_SET), 0);
	EQ(write(one, "-3", 2), 2);
	EQ(lseek(one, 0, SEEK_CUR), 11);
	STR(get_file("app"), "start-1-2-3");
	close(one);
	close(two);
}

static void directories(void)
{
	section("directories");
	OK(mkdir("dir", 0755));
	ERR(open("dir", O_WRONLY), EISDIR);
	ERR(open("dir", O_RDWR), EISDIR);
	ERR(open("dir", O_CREAT | O_RDONLY, 0644), EISDIR);
	ERR(open(".", O_RDWR), EISDIR);
	int fd = OK(open("dir", O_RDONLY | O_DIRECTORY));
	char byte;
	ERR(read(fd, &byte, 1), EISDIR);
	ERR(write(fd, &byte, 1), EBADF);
	ERR(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
	ERR(open("a/x", O_RDONLY), ENOTDIR);
	ERR(open("a/", O_RDONLY), ENOTDIR);
	ERR(open("new/", O_CREAT | O_WRONLY, 0644), EISDIR);
	ERR(open("missing/x", O_CREAT | O_WRONLY, 0644), ENOENT);
	OK(close(OK(openat(fd, "inner", O_CREAT | O_WRONLY, 0644))));
	EQ(size_of("dir/inner"), 0);
	OK(close(OK(openat(fd, "../a", O_RDONLY))));
	ERR(openat(99, "inner", O_RDONLY), EBADF);
	OK(close(OK(openat(99, "/", O_RDONLY))));
	int file = OK(open("a", O_RDONLY));
	ERR(openat(file, "inner", O_RDONLY), ENOTDIR);
	close(file);
	close(fd);
}

static void odd_flags(void)
{
	section("other flags");
	OK(symlink("a", "link"));
	ERR(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	OK(close(OK(open("a", O_RDONLY | O_NOFOLLOW))));
	int fd = OK(open("link", O_PATH | O_NOFOLLOW));
	struct stat st;
	OK(fstat(fd, &st));
	EQ(S_ISLNK(st.st_mode), 1);
	char byte;
	ERR(read(fd, &byte, 1), EBADF);
	ERR(syscall(SYS_fchmod, fd, 0644), EBADF);
	OK(close(fd));
	fd = OK(open("a", O_RDONLY | O_CLOEXEC));
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(close(fd));
	fd = OK(open("a", O_RDWR | O_NONBLOCK | O_APPEND));
	EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND | O_ACCMODE), O_NONBLOCK | O_APPEND | O_RDWR);
	OK(close(fd));
	fd = OK(open("x", O_CREAT | O_EXCL | O_TRUNC | O_RDWR, 0644));
	EQ(fcntl(fd, F_GETFL) & (O_CREAT | O_EXCL | O_TRUNC), 0);
	OK(close(fd));
	ERR(open("", O_RDONLY), ENOENT);
	ERR(open(WILD(1), O_RDONLY), EFAULT);
	fd = OK(open("never", O_RDWR | O_CREAT | O_EXCL, 0600));
	OK(unlink("never"));
	EQ(write(fd, "still", 5), 5);
	char text[6] = "";
	EQ(pread(fd, text, 5, 0), 5);
	STR(text, "still");
	OK(fstat(fd, &st));
	EQ(st.st_nlink, 0);
	OK(close(fd));
}

static void lowest_free(void)
{
	section("the lowest free descriptor");
	int first = OK(open("a", O_RDONLY)), second = open("a", O_RDONLY), third = open("a", O_RDONLY);
	EQ(second - first, 1);
	EQ(third - first, 2);
	OK(close(second));
	EQ(open("a", O_RDONLY) - first, 1);
	OK(close(first));
	EQ(dup(third) - first, 0);
	close(first);
	close(second);
	close(third);
}

static void unprivileged(void)
{
	section("as a user");
	OK(chmod(".", 0755));
	put_file("secret", "x", 0600);
	put_file("public", "x", 0644);
	put_file("drop", "x", 0622);
	OK(mkdir("shut", 0700));
	put_file("shut/file", "x", 0666);
	OK(mkdir("open", 0777));
	OK(chmod("open", 0777));
	IN_CHILD(OK(setgid(1000)); OK(setuid(1000)); ERR(open("secret", O_RDONLY), EACCES);
		 OK(open("public", O_RDONLY)); ERR(open("public", O_WRONLY), EACCES);
		 ERR(open("public", O_RDONLY | O_TRUNC), EACCES); ERR(open("drop", O_RDWR), EACCES);
		 OK(open("drop", O_WRONLY)); ERR(open("shut/file", O_RDONLY), EACCES);
		 ERR(open("shut/missing", O_RDONLY), EACCES); ERR(open("new", O_CREAT | O_WRONLY, 0644), EACCES);
		 OK(open("open/new", O_CREAT | O_WRONLY, 0600)); OK(open("open/ro", O_CREAT | O_RDWR, 0400));
		 ERR(open("open/ro", O_RDWR), EACCES); OK(open("open/ro", O_RDONLY)));
	struct stat st;
	OK(stat("open/new", &st));
	EQ(st.st_uid, 1000);
	EQ(st.st_gid, 1000);
}

int main(void)
{
	creation();
	modes();
	appending();
	directories();
	odd_flags();
	lowest_free();
	unprivileged();
	return finish();
}
