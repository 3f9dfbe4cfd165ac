//! Copy-on-write and sharing over fork: every kind of mapping, many processes.
#include "common/check.h"

enum { PAGE = 4096, PAGES = 64 };

static char *map(int flags)
{
	return mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}

static int all_are(const char *at, char value)
{
	for (int i = 0; i < PAGES; i++)
		if (at[i * PAGE] != value || at[i * PAGE + PAGE - 1] != value)
			return 0;
	return 1;
}

static void fill(char *at, char value)
{
	memset(at, value, PAGES * PAGE);
}

/// Child and parent both write all pages and then both look, in this order.
static void both_write(void)
{
	int to_child[2], to_parent[2];
	char byte = 0;
	section("private memory, both sides write");
	char *at = map(MAP_PRIVATE);
	fill(at, 1);
	OK(pipe(to_child));
	OK(pipe(to_parent));
	/* The child prints nothing: its lines could come anywhere between ours. */
	pid_t child = CHILD(check_failures += !all_are(at, 1); read(to_child[0], &byte, 1);
			    check_failures += !all_are(at, 1); fill(at, 3); write(to_parent[1], "x", 1);
			    read(to_child[0], &byte, 1); check_failures += !all_are(at, 3));
	fill(at, 2);
	EQ(write(to_child[1], "x", 1), 1);
	EQ(read(to_parent[0], &byte, 1), 1);
	TRUE(all_are(at, 2));
	fill(at, 4);
	EQ(write(to_child[1], "x", 1), 1);
	ENDS(child, "exit 0");
	TRUE(all_are(at, 4));
	munmap(at, PAGES * PAGE);
}

static void system_call_writes(void)
{
	section("the kernel writes into a page that is still shared");
	char *at = map(MAP_PRIVATE);
	fill(at, 1);
	int ends[2];
	OK(pipe(ends));
	EQ(write(ends[1], "kernel", 6), 6);
	IN_CHILD(EQ(read(ends[0], at, 6), 6); EQ(memcmp(at, "kernel", 6), 0); struct stat st;
		 OK(stat("/", (struct stat *)(at + PAGE))); OK(stat("/", &st));
		 EQ(memcmp(&st.st_ino, &((struct stat *)(at + PAGE))->st_ino, 8), 0));
	TRUE(all_are(at, 1));
	munmap(at, PAGES * PAGE);
}

static void shared_memory(void)
{
	section("shared memory");
	char *at = map(MAP_SHARED);
	EQ(at[0], 0);
	IN_CHILD(fill(at, 5));
	TRUE(all_are(at, 5));
	IN_CHILD(TRUE(all_are(at, 5)); IN_CHILD(fill(at, 6)); TRUE(all_are(at, 6)));
	TRUE(all_are(at, 6));
	/* Pages first touched after the fork are shared as well. */
	char *late = map(MAP_SHARED);
	IN_CHILD(late[5 * PAGE] = 9);
	EQ(late[5 * PAGE], 9);
	munmap(at, PAGES * PAGE);
	munmap(late, PAGES * PAGE);
}

static void counters(void)
{
	enum { PROCESSES = 8, ROUNDS = 20000 };
	section("eight processes count in shared memory");
	volatile long *count = (long *)map(MAP_SHARED);
	for (int i = 0; i < PROCESSES; i++)
		CHILD(for (int round = 0; round < ROUNDS; round++) __sync_fetch_and_add(count, 1));
	while (wait(NULL) > 0)
		;
	EQ(*count, PROCESSES * ROUNDS);
	munmap((void *)count, PAGES * PAGE);
}

/// A line of forks: every generation changes one page and hands on the rest.
static void generations(void)
{
	enum { DEPTH = 30 };
	section("thirty generations");
	char *at = map(MAP_PRIVATE);
	fill(at, 0);
	pid_t top = CHILD(for (int depth = 0; depth < DEPTH; depth++) {
		at[depth * PAGE] = (char)(depth + 1);
		pid_t next = fork();
		if (next > 0) {
			int status;
			waitpid(next, &status, 0);
			/* What the child did must not show here. */
			int wrong = depth + 1 < DEPTH && at[(depth + 1) * PAGE] != 0;
			_exit(wrong || status ? 1 : 0);
		}
	} int wrong = 0; for (int i = 0; i < DEPTH; i++) wrong += at[i * PAGE] != i + 1; _exit(wrong));
	ENDS(top, "exit 0");
	TRUE(all_are(at, 0));
	munmap(at, PAGES * PAGE);
}

static void protections(void)
{
	section("protections and holes after a fork");
	char *at = map(MAP_PRIVATE);
	fill(at, 1);
	OK(mprotect(at, PAGE, PROT_READ));
	OK(munmap(at + PAGE, PAGE));
	ENDS(CHILD(at[0] = 2), "killed by SIGSEGV");
	ENDS(CHILD(at[PAGE] = 2), "killed by SIGSEGV");
	IN_CHILD(OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE)); at[0] = 2; EQ(at[0], 2));
	EQ(at[0], 1);
	OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	at[0] = 3;
	EQ(at[0], 3);
	/* A page made writable again after the child has gone must not leak into it. */
	pid_t child = CHILD(sleep_ms(40); EQ(at[2 * PAGE], 1));
	at[2 * PAGE] = 7;
	ENDS(child, "exit 0");
	munmap(at, PAGES * PAGE);
}

static void zero_pages(void)
{
	section("pages only read so far");
	char *at = map(MAP_PRIVATE);
	TRUE(all_are(at, 0));
	IN_CHILD(TRUE(all_are(at, 0)); fill(at, 1); TRUE(all_are(at, 1)));
	TRUE(all_are(at, 0));
	char *other = map(MAP_PRIVATE);
	TRUE(all_are(other, 0));
	at[0] = 9;
	EQ(other[0], 0);
}

static void not_inherited(void)
{
	section("MADV_DONTFORK and MADV_WIPEONFORK");
	char *at = map(MAP_PRIVATE);
	fill(at, 1);
	OK(madvise(at, PAGE, MADV_DONTFORK));
	OK(madvise(at + PAGE, PAGE, 18 /* MADV_WIPEONFORK */));
	ENDS(CHILD((void)*(volatile char *)at), "killed by SIGSEGV");
	IN_CHILD(EQ(at[PAGE], 0); EQ(at[2 * PAGE], 1));
	EQ(at[0] + at[PAGE], 2);
}

int main(void)
{
	both_write();
	system_call_writes();
	shared_memory();
	counters();
	generations();
	protections();
	zero_pages();
	not_inherited();
	return finish();
}
