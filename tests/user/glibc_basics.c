//! A static program linked with glibc: start-up, stdio, threads, malloc, time.
// test: libc=glibc
#include "common/check.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/select.h>

static __thread int own = 3;
static int order[4], ended;

static void at_end_one(void)
{
	say("at exit %d", ++ended);
}

static void standard_io(void)
{
	char line[64] = "";
	section("stdio");
	FILE *file = fopen("file", "w+");
	TRUE(file != NULL);
	EQ(fprintf(file, "%d %s %.3f\n", 42, "text", 2.5), 14);
	rewind(file);
	TRUE(fgets(line, sizeof line, file) != NULL);
	STR(line, "42 text 2.500\n");
	EQ(fclose(file), 0);
	FILE *pipe_end = popen("echo from the shell; exit 3", "r");
	TRUE(pipe_end && fgets(line, sizeof line, pipe_end));
	STR(line, "from the shell\n");
	EQ(pclose(pipe_end), 3 << 8);
	EQ(system("exit 4"), 4 << 8);
	file = tmpfile();
	TRUE(file != NULL);
	EQ(fputs("x", file) >= 0, 1);
	fclose(file);
	char name[] = "temp-XXXXXX";
	int fd = OK(mkstemp(name));
	close(fd);
	OK(unlink(name));
}

static void *thread(void *index)
{
	own += (int)(long)index;
	order[(long)index] = own;
	return malloc(1000);
}

static void threads(void)
{
	pthread_t ids[4];
	void *block;
	section("threads");
	for (long i = 0; i < 4; i++)
		EQ(pthread_create(&ids[i], NULL, thread, (void *)i), 0);
	for (int i = 0; i < 4; i++) {
		EQ(pthread_join(ids[i], &block), 0);
		free(block);
	}
	EQ(order[0] * 1000 + order[1] * 100 + order[2] * 10 + order[3], 3456);
	EQ(own, 3);
}

static void memory(void)
{
	section("malloc");
	char *blocks[100];
	int wrong = 0;
	for (int i = 0; i < 100; i++) {
		blocks[i] = malloc(1 << (i % 21));
		memset(blocks[i], i, 1 << (i % 21));
	}
	for (int i = 0; i < 100; i++) {
		blocks[i] = realloc(blocks[i], 2 << (i % 21));
		wrong += blocks[i][(1 << (i % 21)) - 1] != (char)i;
		free(blocks[i]);
	}
	EQ(wrong, 0);
}

static void others(void)
{
	char text[64];
	section("others");
	struct tm fields;
	time_t when = 1000000000;
	gmtime_r(&when, &fields);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &fields);
	STR(text, "2001-09-09 01:46:40");
	TRUE(fabs(sin(1.0) - 0.8414709848078965) < 1e-12);
	STR(setlocale(LC_ALL, NULL), "C");
	EQ(sysconf(_SC_PAGESIZE), 4096);
	TRUE(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	TRUE(sysconf(_SC_PHYS_PAGES) > 1000);
	TRUE(sysconf(_SC_OPEN_MAX) >= 256);
	pid_t child;
	char *argv[] = { "sh", "-c", "exit 6", NULL }, *envp[] = { NULL };
	char *shell = NULL;
	char path[512];
	for (char *at = strdup(getenv("PATH")), *one; (one = strsep(&at, ":"));) {
		snprintf(path, sizeof path, "%s/sh", one);
		if (!shell && access(path, X_OK) == 0)
			shell = strdup(path);
	}
	TRUE(shell != NULL);
	EQ(posix_spawn(&child, shell, NULL, NULL, argv, envp), 0);
	ENDS(child, "exit 6");
	EQ(posix_spawn(&child, "/missing", NULL, NULL, argv, envp), ENOENT);
	struct timeval span = { 3, 0 };
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigaction(SIGALRM, &act, NULL);
	int ends[2];
	OK(pipe(ends));
	fd_set set;
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	EQ(write(ends[1], "x", 1), 1);
	EQ(select(ends[0] + 1, &set, NULL, NULL, &span), 1);
	/* Linux writes the rest of the time back. */
	TRUE(span.tv_sec <= 3);
	ENDS(CHILD(abort()), "killed by SIGABRT");
	ENDS(CHILD(atexit(at_end_one); exit(5)), "exit 5");
}

int main(void)
{
	standard_io();
	threads();
	memory();
	others();
	return finish();
}
