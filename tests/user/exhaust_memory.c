//! Uses up all memory: the greedy process ends, its neighbours live.
// test: only=rustos
// test: boot
// test: timeout=180
#include "common/check.h"

enum { MEBIBYTE = 1 << 20 };

/// Takes memory until there is none; never returns.
static void be_greedy(int flags)
{
	for (;;) {
		char *at = mmap(NULL, 16 * MEBIBYTE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			_exit(20);
		for (long i = 0; i < 16 * MEBIBYTE; i += 4096)
			at[i] = 1;
	}
}

/// Killed, or told that there is no more: both are right.
static int gave_up(pid_t child)
{
	int status;
	waitpid(child, &status, 0);
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || (WIFEXITED(status) && WEXITSTATUS(status) == 20);
}

static void neighbours_live(void)
{
	int ends[2];
	char byte;
	section("a neighbour lives");
	OK(pipe(ends));
	static char data[MEBIBYTE];
	memset(data, 7, sizeof data);
	pid_t neighbour = CHILD(read(ends[0], &byte, 1); for (int i = 0; i < MEBIBYTE; i++) check_failures += data[i] != 7);
	TRUE(gave_up(CHILD(be_greedy(MAP_PRIVATE))));
	TRUE(gave_up(CHILD(be_greedy(MAP_SHARED))));
	EQ(write(ends[1], "x", 1), 1);
	ENDS(neighbour, "exit 0");
}

static void files(void)
{
	static char block[MEBIBYTE];
	section("a file fills the memory");
	int fd = OK(open("big", O_WRONLY | O_CREAT, 0644));
	/* What does not fit is refused, or the writer is the one to go. */
	pid_t child = CHILD(for (int i = 0; i < 100000; i++) if (write(fd, block, sizeof block) <= 0) {
		_exit(errno == ENOSPC || errno == ENOMEM ? 20 : 21);
	});
	TRUE(gave_up(child));
	OK(close(fd));
	OK(unlink("big"));
}

static void descriptors(void)
{
	section("many full pipes");
	pid_t child = CHILD(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10000, 10000 }); int ends[2]; char text[4096] = "";
			    for (int made = 0; made < 2000; made++) {
				    if (pipe(ends))
					    _exit(20);
				    for (int i = 0; i < 16; i++)
					    if (write(ends[1], text, 4096) < 0)
						    _exit(20);
			    }
			    _exit(20));
	TRUE(gave_up(child));
}

int main(void)
{
	neighbours_live();
	files();
	descriptors();
	section("everything is back");
	pid_t child = CHILD(char *at = mmap(NULL, 64 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			    if (at == MAP_FAILED) _exit(1); memset(at, 1, 64 * MEBIBYTE));
	ENDS(child, "exit 0");
	return finish();
}
