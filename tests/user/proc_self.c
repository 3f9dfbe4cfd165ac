//! /proc/self: stat, status, cmdline, maps, exe, cwd, fd and their relations.
#include "common/self.h"
#include <dirent.h>

static int marker_in_data = 7;

/// The value of "NAME:\t..." in a file of such lines.
static const char *field(const char *path, const char *name)
{
	static char value[256];
	char wanted[64];
	snprintf(wanted, sizeof wanted, "\n%s:", name);
	static char text[16400];
	snprintf(text, sizeof text, "\n%s", get_file(path));
	char *at = strstr(text, wanted);
	value[0] = 0;
	if (at)
		sscanf(at + strlen(wanted), " %250[^\n]", value);
	return value;
}

/// Field `number` of a stat line, counted from 1 as proc(5) does.
static long stat_field(const char *path, int number)
{
	char *at = strrchr(get_file(path), ')');
	if (!at || number < 4)
		return -1;
	at += 3;
	for (int i = 3; i < number; i++)
		at = strchr(at, ' ') + 1;
	return atol(at);
}

static void stat_line(void)
{
	section("stat");
	const char *path = "/proc/self/stat";
	TRUE(atoi(get_file(path)) == getpid());
	TRUE(strstr(get_file(path), "(proc_self) R ") != NULL);
	TRUE(stat_field(path, 4) == getppid());
	TRUE(stat_field(path, 5) == getpgrp());
	TRUE(stat_field(path, 6) == getsid(0));
	EQ(stat_field(path, 7), 0);
	EQ(stat_field(path, 8), -1);
	EQ(stat_field(path, 18), 20);
	EQ(stat_field(path, 19), 0);
	EQ(stat_field(path, 20), 1);
	TRUE(stat_field(path, 22) > 0);
	TRUE(stat_field(path, 23) > 4096 && stat_field(path, 23) < 1L << 32);
	TRUE(stat_field(path, 24) >= 0);
	int local;
	TRUE(stat_field(path, 28) > (long)&local && stat_field(path, 28) - (long)&local < 1 << 20);
	EQ(stat_field(path, 41), 0);
	int fields = 0;
	for (char *at = get_file(path); *at; at++)
		fields += *at == ' ';
	EQ(fields, 51);
	nice(4);
	EQ(stat_field(path, 19), 4);
	EQ(stat_field(path, 18), 24);
	TRUE(!strcmp(strchr(get_file("/proc/self/stat"), ' ') + 1, strchr(get_file("/proc/thread-self/stat"), ' ') + 1) ||
	     stat_field("/proc/thread-self/stat", 4) == getppid());
}

static void status(void)
{
	section("status");
	const char *path = "/proc/self/status";
	STR(field(path, "Name"), "proc_self");
	STR(field(path, "State"), "R (running)");
	TRUE(atoi(field(path, "Pid")) == getpid());
	TRUE(atoi(field(path, "Tgid")) == getpid());
	TRUE(atoi(field(path, "PPid")) == getppid());
	STR(field(path, "TracerPid"), "0");
	STR(field(path, "Uid"), "0\t0\t0\t0");
	STR(field(path, "Gid"), "0\t0\t0\t0");
	STR(field(path, "Threads"), "1");
	umask(037);
	STR(field(path, "Umask"), "0037");
	TRUE(atol(field(path, "VmSize")) > 0);
	TRUE(atol(field(path, "VmRSS")) >= 0);
	TRUE(strstr(field(path, "VmSize"), " kB") != NULL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGHUP, SIG_IGN);
	signal(SIGALRM, (void (*)(int))exit);
	STR(field(path, "SigBlk"), "0000000000000200");
	STR(field(path, "SigIgn"), "0000000000000001");
	STR(field(path, "SigCgt"), "0000000000002000");
	STR(field(path, "SigPnd"), "0000000000000200");
	STR(field(path, "ShdPnd"), "0000000000000000");
	signal(SIGUSR1, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	IN_CHILD(setresuid(1, 2, 3); STR(field("/proc/self/status", "Uid"), "1\t2\t3\t2"));
	long before = atol(field(path, "voluntary_ctxt_switches"));
	for (int i = 0; i < 5; i++)
		sleep_ms(20); // shorter ones may be over before the process has gone to sleep
	TRUE(atol(field(path, "voluntary_ctxt_switches")) >= before + 5);
}

static void arguments(void)
{
	section("cmdline, environ, comm");
	ENDS(CHILD(char *argv[] = { self_path, "show", "two words", "", "end", NULL }; char *envp[] = { "A=b", "C=", NULL };
		   execve(self_path, argv, envp)),
	     "exit 0");
	TRUE(!strcmp(get_file("/proc/self/comm"), "proc_self\n"));
}

static int show(void)
{
	char *text = get_file("/proc/self/cmdline");
	text += strlen(text) + 1;
	STR(text, "show");
	text += strlen(text) + 1;
	STR(text, "two words");
	text += strlen(text) + 1;
	STR(text, "");
	text += 1;
	STR(text, "end");
	text = get_file("/proc/self/environ");
	STR(text, "A=b");
	STR(text + 4, "C=");
	return check_failures != 0;
}

static void links(void)
{
	char path[4096], cwd[4096];
	section("links");
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	TRUE(!strcmp(path, self_path));
	length = readlink("/proc/self/cwd", path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	TRUE(!strcmp(path, getcwd(cwd, sizeof cwd)));
	length = readlink("/proc/self/root", path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	STR(path, "/");
	length = readlink("/proc/self", path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	TRUE(atoi(path) == getpid());
	int fd = OK(open("/proc/self/cwd/made", O_CREAT | O_WRONLY, 0600));
	OK(access("made", F_OK));
	char name[64], target[4096];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	length = readlink(name, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = 0;
	STR(strrchr(target, '/'), "/made");
	unlink("made");
	length = readlink(name, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = 0;
	STR(strrchr(target, '/'), "/made (deleted)");
	/* Opening the link opens the file, although it has no name any more. */
	EQ(write(fd, "text", 4), 4);
	int again = OK(open(name, O_RDONLY));
	EQ(read(again, target, 4), 4);
	int ends[2];
	OK(pipe(ends));
	snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
	length = readlink(name, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = 0;
	TRUE(!strncmp(target, "pipe:[", 6));
	ERR(readlink("/proc/self/fd/999", target, 10), ENOENT);
	close(fd);
	close(again);
	close(ends[0]);
	close(ends[1]);
}

static int count_fds(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	for (struct dirent *item; dir && (item = readdir(dir));)
		count += item->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

static void descriptors(void)
{
	section("fd");
	int before = count_fds(), extra = dup(1);
	EQ(count_fds() - before, 1);
	close(extra);
	EQ(count_fds() - before, 0);
}

/// The rights of the mapping that holds the address, as in "rw-p".
static const char *rights_of(const void *address)
{
	static char rights[8];
	unsigned long start, end;
	rights[0] = 0;
	for (char *line = get_file("/proc/self/maps"); line && *line; line = strchr(line, '\n') + 1)
		if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) == 3 && (unsigned long)address >= start &&
		    (unsigned long)address < end)
			return rights;
	return "none";
}

static void maps(void)
{
	section("maps");
	int local;
	STR(rights_of(&marker_in_data), "rw-p");
	STR(rights_of(&local), "rw-p");
	STR(rights_of(maps), "r-xp");
	STR(rights_of((void *)8), "none");
	char *at = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	STR(rights_of(at), "r--s");
	mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE);
	STR(rights_of(at + 4096), "rw-s");
	STR(rights_of(at + 8192), "r--s");
	munmap(at, 3 * 4096);
	STR(rights_of(at), "none");
	TRUE(strstr(get_file("/proc/self/maps"), "[stack]") != NULL);
	TRUE(strstr(get_file("/proc/self/maps"), self_path) != NULL);
	long pages = 0;
	sscanf(get_file("/proc/self/statm"), "%ld", &pages);
	TRUE(pages == stat_field("/proc/self/stat", 23) / 4096);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return show();
	find_self(argv);
	stat_line();
	status();
	arguments();
	links();
	descriptors();
	maps();
	return finish();
}
