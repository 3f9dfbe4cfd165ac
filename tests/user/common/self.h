//! Lets a test start itself again in a named role: `argv[1]` says which.
#ifndef SELF_H
#define SELF_H

#include "check.h"

/// The path of the running program, as the kernel was given it.
static char self_path[512];

/// Remembers the program's path in full, or ends the test.
UNUSED static void find_self(char **argv)
{
	char full[4096];
	if (argv[0] && strchr(argv[0], '/') && realpath(argv[0], full) && strlen(full) < sizeof self_path) {
		strcpy(self_path, full);
		return;
	}
	say("FAIL this test must be started by its path");
	_exit(1);
}

/// Replaces this process by the test in `role`; only returns when exec fails.
UNUSED static void exec_role(const char *role)
{
	char *argv[] = { self_path, (char *)role, NULL }, *envp[] = { NULL };
	execve(self_path, argv, envp);
	say("FAIL exec of %s: %s", role, errno_name(errno));
	_exit(102);
}

/// A child that is the test in `role`.
#define RUN_ROLE(role) CHILD(exec_role(role))

/// Copies the program to `path`, so that its file can be changed.
UNUSED static void copy_self(const char *path, mode_t mode)
{
	static char block[65536];
	int from = open(self_path, O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	for (ssize_t got; (got = read(from, block, sizeof block)) > 0;)
		if (write(to, block, got) != got)
			break;
	fchmod(to, mode);
	close(from);
	close(to);
}

#endif
