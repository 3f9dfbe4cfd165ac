//! /proc of other processes: states, names, permissions, disappearance.
#include "common/check.h"
#include <dirent.h>

static char path[64];

static const char *of(pid_t pid, const char *name)
{
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return path;
}

static char state(pid_t pid)
{
	char *at = strrchr(get_file(of(pid, "stat")), ')');
	return at ? at[2] : '-';
}

/// Waits until the process is in this state; the state it is in then.
static char comes_to(pid_t pid, char wanted)
{
	for (int i = 0; i < 2000 && state(pid) != wanted; i++)
		sleep_ms(1);
	return state(pid);
}

static void states(void)
{
	section("states");
	pid_t child = CHILD(pause());
	EQ(comes_to(child, 'S'), 'S');
	OK(kill(child, SIGSTOP));
	EQ(comes_to(child, 'T'), 'T');
	OK(kill(child, SIGCONT));
	EQ(comes_to(child, 'S'), 'S');
	OK(kill(child, SIGKILL));
	EQ(comes_to(child, 'Z'), 'Z');
	EQ(strlen(get_file(of(child, "cmdline"))), 0);
	char target[16];
	ERR(readlink(of(child, "exe"), target, sizeof target), ENOENT);
	ENDS(child, "killed by SIGKILL");
	EQ(state(child), '-');
	ERR(access(of(child, ""), F_OK), ENOENT);
	child = CHILD(for (;;));
	EQ(comes_to(child, 'R'), 'R');
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

static void listing(void)
{
	section("listing");
	pid_t child = CHILD(pause());
	int seen_child = 0, seen_self = 0, seen_one = 0;
	DIR *dir = opendir("/proc");
	for (struct dirent *item; dir && (item = readdir(dir));) {
		seen_child += atoi(item->d_name) == child;
		seen_self += atoi(item->d_name) == getpid();
		seen_one += atoi(item->d_name) == 1;
	}
	closedir(dir);
	EQ(seen_child, 1);
	EQ(seen_self, 1);
	EQ(seen_one, 1);
	struct stat st;
	OK(stat(of(child, ""), &st));
	EQ(S_ISDIR(st.st_mode), 1);
	EQ(st.st_uid, 0);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
	ERR(access("/proc/999999999", F_OK), ENOENT);
	ERR(access("/proc/self/nothing", F_OK), ENOENT);
	ERR(open("/proc/new", O_CREAT | O_WRONLY, 0600), ENOENT);
	ERR(mkdir("/proc/new", 0755), ENOENT);
	ERR(unlink("/proc/self/stat"), EPERM);
}

static void open_files_of_the_dead(void)
{
	section("an open file of a process that has gone");
	char text[100];
	pid_t child = CHILD(pause());
	int fd = OK(open(of(child, "stat"), O_RDONLY)), dir = OK(open(of(child, ""), O_RDONLY | O_DIRECTORY));
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
	ERR(read(fd, text, sizeof text), ESRCH);
	ERR(openat(dir, "stat", O_RDONLY), ESRCH);
	close(fd);
	close(dir);
}

/// A process that has changed its user is root's in /proc until it says otherwise.
static void prctl_dumpable(void)
{
	syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}

static void permissions(void)
{
	section("as a user");
	pid_t root = getpid();
	char target[100];
	IN_CHILD(OK(setuid(1000)); OK(open(of(root, "stat"), O_RDONLY)); OK(open(of(root, "status"), O_RDONLY));
		 OK(open(of(root, "cmdline"), O_RDONLY)); ERR(open(of(root, "environ"), O_RDONLY), EACCES);
		 ERR(readlink(of(root, "exe"), target, sizeof target), EACCES);
		 ERR(readlink(of(root, "cwd"), target, sizeof target), EACCES);
		 ERR(open(of(root, "fd"), O_RDONLY), EACCES));
	struct stat st;
	int ready[2];
	char byte;
	OK(pipe(ready));
	pid_t child = CHILD(setuid(1000); prctl_dumpable(); write(ready[1], "r", 1); pause());
	EQ(read(ready[0], &byte, 1), 1);
	OK(stat(of(child, ""), &st));
	EQ(st.st_uid, 1000);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

static void parents(void)
{
	section("parents");
	int ends[2];
	pid_t grandchild = 0;
	OK(pipe(ends));
	pid_t child = CHILD(grandchild = CHILD(pause()); write(ends[1], &grandchild, sizeof grandchild); pause());
	EQ(read(ends[0], &grandchild, sizeof grandchild), sizeof grandchild);
	char *at = strrchr(get_file(of(grandchild, "stat")), ')');
	TRUE(atoi(at + 4) == child);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
	at = strrchr(get_file(of(grandchild, "stat")), ')');
	TRUE(atoi(at + 4) != child);
	OK(kill(grandchild, SIGKILL));
}

int main(void)
{
	states();
	listing();
	open_files_of_the_dead();
	permissions();
	parents();
	return finish();
}
