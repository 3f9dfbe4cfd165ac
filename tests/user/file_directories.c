//! getdents64 and directory streams, chdir, getcwd, chroot.
#include "common/check.h"
#include <dirent.h>

struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/// The names with their types, sorted, as one string.
static const char *list(const char *path)
{
	static char text[4096];
	static char names[512][32];
	char *order[512];
	int count = 0;
	DIR *dir = opendir(path);
	for (struct dirent *item; dir && (item = readdir(dir)) && count < 512; count++) {
		const char kind = item->d_type == DT_DIR ? '/' : item->d_type == DT_LNK ? '@' :
				  item->d_type == DT_FIFO ? '|' : item->d_type == DT_REG ? ' ' : '?';
		snprintf(names[count], sizeof names[count], "%.20s%c", item->d_name, kind);
		order[count] = names[count];
	}
	if (dir)
		closedir(dir);
	qsort(order, count, sizeof order[0], compare);
	text[0] = 0;
	for (int i = 0; i < count; i++)
		strcat(text, order[i]);
	return text;
}

static void entries(void)
{
	section("entries");
	OK(mkdir("d", 0755));
	STR(list("d"), "../" "./");
	put_file("d/file", "x", 0644);
	OK(mkdir("d/sub", 0755));
	OK(symlink("file", "d/link"));
	OK(mkfifo("d/fifo", 0644));
	STR(list("d"), "../" "./" "fifo|file link@sub/");
	OK(unlink("d/file"));
	OK(rmdir("d/sub"));
	STR(list("d"), "../" "./" "fifo|link@");
}

static void many(void)
{
	section("many entries, read with a small buffer");
	enum { COUNT = 500 };
	static unsigned char seen[COUNT];
	char buffer[256], name[32];
	OK(mkdir("big", 0755));
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "big/entry-%03d", i);
		put_file(name, "", 0644);
	}
	int fd = OK(open("big", O_RDONLY)), total = 0, wrong = 0, calls = 0;
	for (long got; (got = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0; calls++)
		for (long at = 0; at < got;) {
			struct entry *item = (void *)(buffer + at);
			int number;
			wrong += item->length % 8 != 0 || item->inode == 0;
			if (sscanf(item->name, "entry-%d", &number) == 1)
				seen[number]++;
			total++;
			at += item->length;
		}
	EQ(total, COUNT + 2);
	EQ(wrong, 0);
	TRUE(calls > 50);
	int once = 0;
	for (int i = 0; i < COUNT; i++)
		once += seen[i] == 1;
	EQ(once, COUNT);
	EQ(syscall(SYS_getdents64, fd, buffer, sizeof buffer), 0);
	EQ(lseek(fd, 0, SEEK_SET), 0);
	TRUE(syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
	ERR(syscall(SYS_getdents64, fd, buffer, 10), EINVAL);
	OK(lseek(fd, 0, SEEK_SET));
	ERR(syscall(SYS_getdents64, fd, WILD(1), 1000), EFAULT);
	close(fd);
	/* Removing while reading loses none of the others. */
	DIR *dir = opendir("big");
	int removed = 0;
	for (struct dirent *item; (item = readdir(dir));) {
		snprintf(name, sizeof name, "big/%.20s", item->d_name);
		removed += item->d_name[0] == 'e' && unlink(name) == 0;
	}
	closedir(dir);
	EQ(removed, COUNT);
	OK(rmdir("big"));
}

static void errors(void)
{
	char buffer[256];
	section("errors");
	put_file("file", "x", 0644);
	int fd = OK(open("file", O_RDONLY));
	ERR(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOTDIR);
	ERR(syscall(SYS_getdents64, 99, buffer, sizeof buffer), EBADF);
	close(fd);
	OK(mkdir("gone", 0755));
	fd = OK(open("gone", O_RDONLY));
	OK(rmdir("gone"));
	ERR(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOENT);
	close(fd);
}

static void current(void)
{
	char path[4096], start[4096];
	section("chdir and getcwd");
	TRUE(getcwd(start, sizeof start) != NULL);
	TRUE(start[0] == '/');
	EQ(syscall(SYS_getcwd, path, sizeof path) - strlen(start), 1);
	OK(mkdir("one", 0755));
	OK(mkdir("one/two", 0755));
	OK(symlink("one/two", "shortcut"));
	OK(chdir("shortcut"));
	getcwd(path, sizeof path);
	STR(path + strlen(start), "/one/two");
	OK(rename("../../one", "../../uno"));
	getcwd(path, sizeof path);
	STR(path + strlen(start), "/uno/two");
	ERR(syscall(SYS_getcwd, path, 3), ERANGE);
	ERR(syscall(SYS_getcwd, WILD(1), 4096), EFAULT);
	OK(chdir("../.."));
	getcwd(path, sizeof path);
	TRUE(!strcmp(path, start));
	OK(chdir("/"));
	getcwd(path, sizeof path);
	STR(path, "/");
	OK(chdir("/../.."));
	STR(getcwd(path, sizeof path), "/");
	OK(chdir(start));
	ERR(chdir("file"), ENOTDIR);
	ERR(chdir("missing"), ENOENT);
	ERR(chdir(""), ENOENT);
	ERR(chdir(WILD(1)), EFAULT);
	int fd = OK(open("uno", O_RDONLY)), file = OK(open("file", O_RDONLY));
	OK(fchdir(fd));
	getcwd(path, sizeof path);
	STR(path + strlen(start), "/uno");
	ERR(fchdir(file), ENOTDIR);
	ERR(fchdir(99), EBADF);
	IN_CHILD(OK(chdir("/")));
	getcwd(path, sizeof path);
	STR(path + strlen(start), "/uno");
	OK(chdir(".."));
	close(fd);
	close(file);
}

static void roots(void)
{
	char path[4096];
	section("chroot");
	OK(mkdir("jail", 0755));
	OK(mkdir("jail/cell", 0755));
	put_file("jail/inside", "in", 0644);
	OK(symlink("/inside", "jail/link"));
	OK(symlink("/proc", "jail/out"));
	IN_CHILD(OK(chroot("jail")); OK(chdir("/")); STR(getcwd(path, sizeof path), "/");
		 STR(get_file("/inside"), "in"); STR(get_file("/link"), "in"); OK(chdir("/cell"));
		 STR(getcwd(path, sizeof path), "/cell"); OK(chdir("../../..")); STR(getcwd(path, sizeof path), "/");
		 ERR(chdir("/out"), ENOENT); ERR(chdir("/proc"), ENOENT);
		 IN_CHILD(STR(get_file("/inside"), "in")));
	/* The old current directory stays reachable; it has no path any more. */
	IN_CHILD(OK(chroot("jail")); OK(open("file", O_RDONLY)); syscall(SYS_getcwd, path, sizeof path);
		 STR(strncmp(path, "(unreachable)/", 14) ? "a path" : "unreachable", "unreachable"));
	ERR(chroot("file"), ENOTDIR);
	ERR(chroot("missing"), ENOENT);
	IN_CHILD(OK(chmod(".", 0755)); OK(setuid(1000)); ERR(chroot("jail"), EPERM));
}

int main(void)
{
	umask(022);
	entries();
	many();
	errors();
	current();
	roots();
	return finish();
}
