//! chmod, chown, umask, access: rights of owner, group, others and root.
#include "common/check.h"
#include <grp.h>

static mode_t mode_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) ? 0xffff : st.st_mode & 07777;
}

static int owner_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) ? -1 : (int)(st.st_uid * 10000 + st.st_gid);
}

static void become(int user, int group)
{
	setgroups(0, NULL);
	setgid(group);
	setuid(user);
}

static void changing_mode(void)
{
	section("chmod");
	put_file("file", "x", 0644);
	OK(chmod("file", 04751));
	EQ(mode_of("file"), 04751);
	OK(chmod("file", 0170000 | 0600));
	EQ(mode_of("file"), 0600);
	int fd = OK(open("file", O_RDONLY));
	OK(fchmod(fd, 0444));
	EQ(mode_of("file"), 0444);
	OK(fchmodat(AT_FDCWD, "file", 0640, 0));
	EQ(mode_of("file"), 0640);
	OK(symlink("file", "link"));
	OK(chmod("link", 0600));
	EQ(mode_of("file"), 0600);
	EQ(mode_of("link"), 0777);
	ERR(chmod("missing", 0644), ENOENT);
	ERR(chmod("file/x", 0644), ENOTDIR);
	ERR(fchmod(99, 0644), EBADF);
	OK(chmod("file", 0666));
	IN_CHILD(become(1000, 1000); ERR(chmod("file", 0600), EPERM); ERR(fchmod(fd, 0600), EPERM);
		 ERR(chown("file", 1000, 1000), EPERM); ERR(chown("file", -1, 1000), EPERM);
		 OK(chown("file", -1, -1)));
	close(fd);
}

static void changing_owner(void)
{
	section("chown");
	OK(chown("file", 1000, 2000));
	EQ(owner_of("file"), 10002000);
	OK(chown("file", -1, 3000));
	EQ(owner_of("file"), 10003000);
	OK(chown("file", 500, -1));
	EQ(owner_of("file"), 5003000);
	OK(lchown("link", 7, 8));
	EQ(owner_of("link"), 70008);
	EQ(owner_of("file"), 5003000);
	OK(chown("link", 9, 9));
	EQ(owner_of("file"), 90009);
	int fd = OK(open("file", O_RDONLY));
	OK(fchown(fd, 1000, 1000));
	EQ(owner_of("file"), 10001000);
	ERR(fchown(99, 0, 0), EBADF);
	ERR(chown("missing", 0, 0), ENOENT);
	OK(fchownat(AT_FDCWD, "link", 3, 3, AT_SYMLINK_NOFOLLOW));
	EQ(owner_of("link"), 30003);
	/* The owner may give it to a group of his own, nothing else; set-ID bits go. */
	OK(chmod("file", 06755));
	IN_CHILD(become(1000, 1000); OK(chown("file", 1000, 1000)); EQ(mode_of("file"), 0755);
		 OK(chmod("file", 0604)); EQ(mode_of("file"), 0604); ERR(chown("file", 1001, -1), EPERM);
		 ERR(chown("file", -1, 2000), EPERM));
	OK(chmod("file", 06755));
	OK(chown("file", 1000, 1000));
	EQ(mode_of("file"), 0755);
	OK(chmod("file", 02745));
	OK(chown("file", 1000, 1000));
	EQ(mode_of("file"), 02745);
	/* A write by another than root takes them away too. */
	OK(chmod("file", 06777));
	IN_CHILD(become(1001, 1001); int out = OK(open("file", O_WRONLY)); EQ(write(out, "y", 1), 1));
	EQ(mode_of("file"), 0777);
	close(fd);
}

static void masks(void)
{
	section("umask");
	EQ(umask(077), 022);
	EQ(umask(0170777), 077);
	EQ(umask(027), 0777);
	put_file("masked", "", 0);
	OK(close(OK(open("made", O_CREAT | O_WRONLY, 07777))));
	EQ(mode_of("made"), 07750);
	OK(mkdir("made-dir", 0777));
	EQ(mode_of("made-dir"), 0750);
	OK(mkfifo("made-fifo", 0666));
	EQ(mode_of("made-fifo"), 0640);
	IN_CHILD(EQ(umask(0), 027));
	EQ(umask(022), 027);
}

static void classes(void)
{
	section("owner, group, others");
	put_file("classes", "x", 0);
	OK(chown("classes", 1000, 2000));
	OK(chmod("classes", 0146));
	IN_CHILD(become(1000, 2000); ERR(access("classes", R_OK), EACCES); ERR(access("classes", W_OK), EACCES);
		 OK(access("classes", X_OK)); OK(access("classes", F_OK)));
	IN_CHILD(become(1001, 2000); OK(access("classes", R_OK)); ERR(access("classes", W_OK), EACCES);
		 ERR(access("classes", X_OK), EACCES));
	IN_CHILD(become(1001, 2001); OK(access("classes", R_OK | W_OK)); ERR(access("classes", X_OK), EACCES));
	IN_CHILD(gid_t more[] = { 5, 2000 }; setgroups(2, more); setgid(9); setuid(1001);
		 OK(access("classes", R_OK)); ERR(access("classes", W_OK), EACCES));
	OK(access("classes", R_OK | W_OK | X_OK));
	OK(chmod("classes", 0666));
	ERR(access("classes", X_OK), EACCES);
	OK(access("classes", R_OK | W_OK));
	OK(chmod("classes", 0));
	OK(access("classes", R_OK | W_OK));
	ERR(access("classes", 8), EINVAL);
	ERR(access("missing", F_OK), ENOENT);
	ERR(access("classes/x", F_OK), ENOTDIR);
	/* access looks at the real, open at the effective ids. */
	OK(chmod("classes", 0600));
	OK(chown("classes", 1000, 1000));
	IN_CHILD(OK(setresuid(1001, 1000, 0)); ERR(access("classes", R_OK), EACCES);
		 OK(open("classes", O_RDONLY)); OK(faccessat(AT_FDCWD, "classes", R_OK, AT_EACCESS)));
}

static void directories(void)
{
	section("directories");
	OK(mkdir("search", 0711));
	put_file("search/file", "x", 0644);
	OK(mkdir("list", 0744));
	put_file("list/file", "x", 0644);
	OK(mkdir("sticky", 0));
	OK(chmod("sticky", 01777));
	put_file("sticky/roots", "x", 0666);
	OK(mkdir("grouped", 0));
	OK(chown("grouped", 0, 2000));
	OK(chmod("grouped", 02777));
	IN_CHILD(become(1000, 1000); OK(open("search/file", O_RDONLY)); ERR(open("search", O_RDONLY), EACCES);
		 OK(open("list", O_RDONLY)); ERR(open("list/file", O_RDONLY), EACCES);
		 ERR(unlink("search/file"), EACCES); ERR(unlink("sticky/roots"), EPERM);
		 ERR(rename("sticky/roots", "sticky/mine"), EPERM); put_file("sticky/mine", "", 0666);
		 OK(unlink("sticky/mine")); put_file("grouped/file", "", 0644); OK(mkdir("grouped/dir", 0755)));
	EQ(owner_of("grouped/file"), 10002000);
	EQ(owner_of("grouped/dir"), 10002000);
	EQ(mode_of("grouped/dir"), 02755);
	ERR(chdir("missing"), ENOENT);
	IN_CHILD(become(1000, 1000); ERR(chdir("list"), EACCES); OK(chdir("search")); ERR(chdir("missing"), ENOENT));
}

int main(void)
{
	OK(chmod(".", 0755));
	umask(022);
	changing_mode();
	changing_owner();
	masks();
	classes();
	directories();
	return finish();
}
