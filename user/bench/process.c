//! Rows of a process's life: fork and exit, vfork and exec of a tiny static
//! program, and a shell that starts a hundred of them.
#define _GNU_SOURCE
#include "bench.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char *empty_env[] = { NULL };

static void expect_success(pid_t child, const char *what)
{
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		fail(what);
}

static uint64_t fork_exit(unsigned ops)
{
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		expect_success(child, "fork, exit and wait");
	}
	return ticks() - start;
}

/// Runs `path` in a child that borrows this address space until it execs.
static void run_program(const char *path, char *const argv[])
{
	pid_t child = vfork();
	if (child == 0) {
		execve(path, argv, empty_env);
		_exit(127);
	}
	expect_success(child, path);
}

static uint64_t vfork_exec(unsigned ops)
{
	char *argv[] = { (char *)tiny_path, NULL };
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		run_program(tiny_path, argv);
	return ticks() - start;
}

/// One shell that starts `ops` commands; its own start is part of the cost.
static uint64_t shell_loop(unsigned ops)
{
	char script[256];
	snprintf(script, sizeof script, "i=0; while [ $i -lt %u ]; do %s || exit 1; i=$((i+1)); done", ops,
		 tiny_path);
	char *argv[] = { "sh", "-c", script, NULL };
	uint64_t start = ticks();
	run_program(shell_path, argv);
	return ticks() - start;
}

void bench_process(void)
{
	row("fork_exit_wait", fork_exit, 50);
	row("vfork_exec_wait", vfork_exec, 50);
	row("shell_loop", shell_loop, 100);
}
