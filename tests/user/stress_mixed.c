//! Many processes fork, exec, map, signal and talk at once; every sum must be right.
// test: timeout=180
#include "common/self.h"

enum { WORKERS = 12, ROUNDS = 25 };

static unsigned next(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 0x7fff;
}

/// A child that exits with this status; wrong if the status is another.
static int fork_round(unsigned *seed)
{
	int code = next(seed) % 200, status;
	pid_t child = fork();
	if (child == 0)
		_exit(code);
	return child < 0 || waitpid(child, &status, 0) != child || status != code << 8;
}

static int exec_round(unsigned *seed)
{
	char number[16];
	int code = next(seed) % 200, status;
	snprintf(number, sizeof number, "%d", code);
	char *argv[] = { self_path, "exit", number, NULL }, *envp[] = { NULL };
	pid_t child = fork();
	if (child == 0) {
		execve(self_path, argv, envp);
		_exit(255);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status != code << 8;
}

/// Maps memory, lets a child change its copy, and looks at its own.
static int memory_round(unsigned *seed)
{
	size_t pages = 1 + next(seed) % 60;
	char fill = (char)next(seed);
	int status, wrong = 0;
	char *at = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return 1;
	memset(at, fill, pages * 4096);
	pid_t child = fork();
	if (child == 0) {
		memset(at, fill + 1, pages * 4096);
		_exit(at[pages * 4096 - 1] != (char)(fill + 1));
	}
	for (size_t i = 0; i < pages; i++)
		wrong += at[i * 4096 + i] != fill;
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		wrong++;
	for (size_t i = 0; i < pages; i++)
		wrong += at[i * 4096 + i] != fill;
	return wrong + (munmap(at, pages * 4096) != 0);
}

static int pipe_round(unsigned *seed)
{
	int ends[2], status;
	unsigned length = 1 + next(seed) * 4, sum = 0, want = 0, begin = *seed;
	static char block[4096];
	if (pipe(ends))
		return 1;
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		for (unsigned sent = 0; sent < length;) {
			unsigned part = length - sent < sizeof block ? length - sent : sizeof block;
			for (unsigned i = 0; i < part; i++)
				block[i] = (char)next(&begin);
			if (write(ends[1], block, part) != (ssize_t)part)
				_exit(1);
			sent += part;
		}
		_exit(0);
	}
	close(ends[1]);
	for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;)
		for (ssize_t i = 0; i < got; i++)
			sum = sum * 31 + (unsigned char)block[i];
	for (unsigned i = 0; i < length; i++)
		want = want * 31 + (unsigned char)next(&begin);
	close(ends[0]);
	return child < 0 || waitpid(child, &status, 0) != child || status || sum != want;
}

static volatile sig_atomic_t caught;

static void note(int number)
{
	(void)number;
	caught++;
}

/// Queued signals are never lost, and a stopped child comes back.
static int signal_round(unsigned *seed)
{
	int count = 1 + next(seed) % 20, status;
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, 40);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < count; i++)
			if (sigwaitinfo(&set, NULL) != 40)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < count; i++)
		if (sigqueue(child, 40, (union sigval){ 0 }))
			i--;
	kill(child, SIGSTOP);
	kill(child, SIGCONT);
	sigprocmask(SIG_SETMASK, &old, NULL);
	caught = 0;
	raise(SIGUSR1);
	return child < 0 || waitpid(child, &status, 0) != child || status || caught != 1;
}

static int file_round(unsigned *seed)
{
	char name[32], text[64], back[64] = "";
	snprintf(name, sizeof name, "file-%d", getpid());
	snprintf(text, sizeof text, "content %u", next(seed));
	put_file(name, text, 0644);
	int fd = open(name, O_RDONLY);
	int wrong = fd < 0 || unlink(name) || read(fd, back, sizeof back - 1) < 0 || strcmp(text, back);
	close(fd);
	return wrong;
}

static int worker(int index)
{
	static int (*const kinds[])(unsigned *) = { fork_round, exec_round, memory_round,
						    pipe_round, signal_round, file_round };
	unsigned seed = index * 7919 + 1;
	int wrong = 0;
	signal(SIGUSR1, note);
	for (int round = 0; round < ROUNDS; round++)
		wrong += kinds[next(&seed) % LENGTH(kinds)](&seed) != 0;
	return wrong;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return atoi(argv[2]);
	find_self(argv);
	section("twelve workers");
	pid_t workers[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		workers[i] = CHILD(_exit(worker(i)));
	for (int i = 0; i < WORKERS; i++)
		ENDS(workers[i], "exit 0");
	ERR(wait(NULL), ECHILD);
	section("three hundred processes at once");
	int ends[2], alive = 0;
	char bytes[512];
	OK(pipe(ends));
	static pid_t crowd[300];
	for (unsigned i = 0; i < LENGTH(crowd); i++) {
		crowd[i] = CHILD(write(ends[1], "x", 1); pause());
		alive += crowd[i] > 0;
	}
	EQ(alive, LENGTH(crowd));
	for (int seen = 0; seen < alive;) {
		ssize_t got = read(ends[0], bytes, sizeof bytes);
		if (got <= 0)
			break;
		seen += got;
	}
	int ended = 0;
	for (int i = 0; i < alive; i++)
		kill(crowd[i], SIGTERM);
	for (int status; wait(&status) > 0;)
		ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
	EQ(ended, alive);
	return finish();
}
