//! link, symlink, readlink, unlink and paths: every errno and odd form.
#include "common/check.h"

static char text[5000];

static const char *target_of(const char *path)
{
	ssize_t length = readlink(path, text, sizeof text - 1);
	text[length < 0 ? 0 : length] = 0;
	return text;
}

static long links_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) ? -1 : (long)st.st_nlink;
}

static void hard_links(void)
{
	section("link");
	put_file("file", "content", 0644);
	OK(mkdir("dir", 0755));
	OK(link("file", "hard"));
	OK(link("file", "dir/hard"));
	EQ(links_of("file"), 3);
	OK(unlink("file"));
	EQ(links_of("hard"), 2);
	STR(get_file("dir/hard"), "content");
	OK(link("hard", "file"));
	ERR(link("file", "hard"), EEXIST);
	ERR(link("file", "dir"), EEXIST);
	ERR(link("missing", "new"), ENOENT);
	ERR(link("file", "missing/new"), ENOENT);
	ERR(link("file/x", "new"), ENOTDIR);
	ERR(link("file", "file/new"), ENOTDIR);
	ERR(link("dir", "new"), EPERM);
	ERR(link("", "new"), ENOENT);
	ERR(link("file", ""), ENOENT);
	ERR(link("file", "new/"), ENOENT);
	OK(symlink("file", "soft"));
	OK(link("soft", "hard-to-soft"));
	STR(target_of("hard-to-soft"), "file");
	OK(linkat(AT_FDCWD, "soft", AT_FDCWD, "through", AT_SYMLINK_FOLLOW));
	EQ(links_of("file"), 4);
	ERR(linkat(AT_FDCWD, "file", AT_FDCWD, "new", 0x4000), EINVAL);
	ERR(link("/proc/uptime", "new"), EXDEV);
}

static void symbolic_links(void)
{
	section("symlink and readlink");
	OK(symlink("anything at all/", "odd"));
	STR(target_of("odd"), "anything at all/");
	ERR(symlink("", "empty"), ENOENT);
	ERR(symlink("x", ""), ENOENT);
	ERR(symlink("x", "file"), EEXIST);
	ERR(symlink("x", "odd"), EEXIST);
	ERR(symlink("x", "missing/x"), ENOENT);
	ERR(symlink("x", "file/x"), ENOTDIR);
	ERR(readlink("file", text, 10), EINVAL);
	ERR(readlink("missing", text, 10), ENOENT);
	ERR(syscall(SYS_readlink, "odd", text, 0), EINVAL);
	ERR(syscall(SYS_readlink, "odd", text, -1), EINVAL);
	ERR(syscall(SYS_readlink, "odd", WILD(1), 10), EFAULT);
	memset(text, '#', 10);
	EQ(readlink("odd", text, 3), 3);
	EQ(memcmp(text, "any#", 4), 0);
	EQ(symlinkat("t", AT_FDCWD, "at"), 0);
	EQ(readlinkat(AT_FDCWD, "at", text, 10), 1);
	char longest[4096];
	memset(longest, 'y', sizeof longest);
	longest[4095] = 0;
	OK(symlink(longest, "longest"));
	EQ(strlen(target_of("longest")), 4095);
	ERR(open("longest", O_RDONLY), ENAMETOOLONG);
}

static void following(void)
{
	struct stat st;
	section("following");
	OK(symlink("self", "self"));
	ERR(stat("self", &st), ELOOP);
	OK(symlink("ping", "pong"));
	OK(symlink("pong", "ping"));
	ERR(open("ping", O_RDONLY), ELOOP);
	OK(lstat("ping", &st));
	/* Forty links are followed, forty-one are not. */
	char name[16], next[16];
	for (int i = 0; i < 42; i++) {
		snprintf(name, sizeof name, "chain%d", i);
		snprintf(next, sizeof next, "chain%d", i + 1);
		symlink(next, name);
	}
	put_file("end", "found", 0644);
	OK(symlink("end", "chain42"));
	ERR(stat("chain0", &st), ELOOP);
	ERR(stat("chain2", &st), ELOOP);
	OK(stat("chain3", &st));
	STR(get_file("chain3"), "found");
	OK(symlink("dir/../dir", "around"));
	STR(get_file("around/hard"), "content");
	OK(symlink("/", "root"));
	OK(stat("root/proc", &st));
	OK(symlink("dir/", "slash"));
	OK(stat("slash/hard", &st));
	ERR(unlink("slash/"), ENOTDIR);
	ERR(rmdir("slash/"), ENOTDIR);
	OK(lstat("slash", &st));
	EQ(S_ISLNK(st.st_mode), 1);
	OK(lstat("slash/", &st));
	EQ(S_ISDIR(st.st_mode), 1);
	OK(lstat("slash/.", &st));
	ERR(lstat("soft/", &st), ENOTDIR);
	ERR(lstat("soft/.", &st), ENOTDIR);
}

static void unlinking(void)
{
	section("unlink");
	ERR(unlink("missing"), ENOENT);
	ERR(unlink(""), ENOENT);
	ERR(unlink("dir"), EISDIR);
	ERR(unlink("dir/"), EISDIR);
	ERR(unlink("."), EISDIR);
	ERR(unlink("dir/.."), EISDIR);
	ERR(unlink("/"), EISDIR);
	ERR(unlink("file/x"), ENOTDIR);
	ERR(unlink("file/"), ENOTDIR);
	ERR(unlink(WILD(1)), EFAULT);
	ERR(unlinkat(AT_FDCWD, "file", AT_REMOVEDIR), ENOTDIR);
	ERR(unlinkat(AT_FDCWD, "file", 1), EINVAL);
	OK(unlink("soft"));
	EQ(links_of("soft"), -1);
	EQ(links_of("file"), 4);
	int fd = OK(open("dir", O_RDONLY));
	OK(unlinkat(fd, "hard", 0));
	ERR(unlinkat(fd, "hard", 0), ENOENT);
	OK(unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR));
	ERR(openat(fd, "new", O_CREAT | O_WRONLY, 0644), ENOENT);
	close(fd);
}

static void long_paths(void)
{
	struct stat st;
	section("long names and paths");
	char name[300];
	memset(name, 'n', sizeof name);
	name[255] = 0;
	put_file(name, "x", 0644);
	OK(unlink(name));
	name[255] = 'n';
	name[256] = 0;
	ERR(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
	ERR(mkdir(name, 0755), ENAMETOOLONG);
	ERR(stat(name, &st), ENAMETOOLONG);
	ERR(symlink("x", name), ENAMETOOLONG);
	ERR(rename("file", name), ENAMETOOLONG);
	char path[5000];
	memset(path, '.', sizeof path);
	for (int i = 1; i < 4092; i += 2)
		path[i] = '/';
	strcpy(path + 4090, "file");
	OK(stat(path, &st));
	strcpy(path + 4090, "./file");
	ERR(stat(path, &st), ENAMETOOLONG);
	OK(stat("././/./file", &st));
}

int main(void)
{
	umask(022);
	hard_links();
	symbolic_links();
	following();
	unlinking();
	long_paths();
	return finish();
}
