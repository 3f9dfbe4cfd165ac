//! execve's errors: paths, permissions, sizes and files that are no programs.
#include "common/self.h"

static char *envp[] = { NULL };

/// execve in this process; only errors return.
static int try_exec(const char *path)
{
	char *argv[] = { (char *)path, "child", NULL };
	return execve(path, argv, envp);
}

static void paths(void)
{
	section("paths");
	ERR(try_exec("missing"), ENOENT);
	ERR(try_exec(""), ENOENT);
	ERR(try_exec("/"), EACCES);
	ERR(try_exec("."), EACCES);
	ERR(try_exec("/dev/null"), EACCES);
	put_file("plain", "x", 0755);
	ERR(try_exec("plain/x"), ENOTDIR);
	ERR(try_exec("plain/"), ENOTDIR);
	OK(symlink("loop", "loop"));
	ERR(try_exec("loop"), ELOOP);
	OK(symlink("missing", "dangling"));
	ERR(try_exec("dangling"), ENOENT);
	char longer[5000];
	memset(longer, 'a', sizeof longer);
	longer[4999] = 0;
	ERR(try_exec(longer), ENAMETOOLONG);
	longer[300] = 0;
	ERR(try_exec(longer), ENAMETOOLONG);
	ERR(try_exec(NULL), EFAULT);
	ERR(execve(self_path, WILD(1), envp), EFAULT);
	char *bad[] = { self_path, WILD(8), NULL };
	ERR(execve(self_path, bad, envp), EFAULT);
	ERR(execve(self_path, envp, WILD(1)), EFAULT);
	OK(symlink(self_path, "link"));
	ENDS(CHILD(try_exec("link")), "exit 33");
}

static void permissions(void)
{
	section("permissions");
	copy_self("noexec", 0644);
	ERR(try_exec("noexec"), EACCES);
	OK(chmod("noexec", 0001));
	ENDS(CHILD(try_exec("noexec")), "exit 33");
	OK(chmod(".", 0755));
	OK(chmod("noexec", 0700));
	IN_CHILD(OK(setuid(1000)); ERR(try_exec("noexec"), EACCES));
	OK(chmod("noexec", 0711));
	ENDS(CHILD(if (setuid(1000) == 0) try_exec("noexec")), "exit 33");
	OK(mkdir("closed", 0700));
	copy_self("closed/program", 0755);
	IN_CHILD(OK(setuid(1000)); ERR(try_exec("closed/program"), EACCES));
}

static void busy(void)
{
	section("ETXTBSY");
	copy_self("busy", 0755);
	int fd = OK(open("busy", O_RDWR));
	ERR(try_exec("busy"), ETXTBSY);
	OK(close(fd));
	int ends[2];
	OK(pipe(ends));
	pid_t child = CHILD(dup2(ends[1], 20); char *argv[] = { "busy", "hold", NULL };
			    execve("busy", argv, envp));
	char byte;
	EQ(read(ends[0], &byte, 1), 1);
	ERR(open("busy", O_WRONLY), ETXTBSY);
	ERR(open("busy", O_RDWR | O_TRUNC), ETXTBSY);
	ERR(truncate("busy", 0), ETXTBSY);
	OK(close(OK(open("busy", O_RDONLY))));
	OK(unlink("busy"));
	OK(kill(child, SIGTERM));
	ENDS(child, "killed by SIGTERM");
	copy_self("busy", 0755);
	ENDS(CHILD(try_exec("busy")), "exit 33");
	OK(close(OK(open("busy", O_WRONLY))));
	close(ends[0]);
	close(ends[1]);
}

static void sizes(void)
{
	section("sizes");
	static char big[131073];
	memset(big, 'a', sizeof big - 1);
	char *argv[] = { self_path, "child", big, NULL };
	ERR(execve(self_path, argv, envp), E2BIG);
	ERR(execve(self_path, envp, argv), E2BIG);
	big[131071] = 0;
	ENDS(CHILD(execve(self_path, argv, envp)), "exit 33");
	enum { COUNT = 80 };
	char *lots[COUNT + 1];
	for (int i = 0; i < COUNT; i++)
		lots[i] = big;
	lots[COUNT] = NULL;
	ERR(execve(self_path, lots, envp), E2BIG);
}

static void no_programs(void)
{
	section("no programs");
	put_file("empty", "", 0755);
	ERR(try_exec("empty"), ENOEXEC);
	put_file("text", "echo this has no first line for a shell\n", 0755);
	ERR(try_exec("text"), ENOEXEC);
	put_file("short", "\177ELF", 0755);
	ERR(try_exec("short"), ENOEXEC);
	put_file("hash", "#", 0755);
	ERR(try_exec("hash"), ENOEXEC);
	put_file("blank", "#!   \n", 0755);
	ERR(try_exec("blank"), ENOEXEC);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return 33;
	if (argc > 1 && !strcmp(argv[1], "hold")) {
		if (write(20, "x", 1) == 1)
			pause();
		return 1;
	}
	find_self(argv);
	paths();
	permissions();
	busy();
	sizes();
	no_programs();
	return finish();
}
