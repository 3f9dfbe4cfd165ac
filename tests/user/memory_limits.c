//! Running out of memory: RLIMIT_AS, RLIMIT_DATA and what then fails.
#include "common/check.h"

enum { MEBIBYTE = 1 << 20 };

static void limit(int which, rlim_t bytes)
{
	OK(setrlimit(which, &(struct rlimit){ bytes, bytes }));
}

static void *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void address_space(void)
{
	section("RLIMIT_AS");
	IN_CHILD(limit(RLIMIT_AS, 64 * MEBIBYTE); ERR(map(100 * MEBIBYTE), ENOMEM);
		 char *at = (char *)OK(map(40 * MEBIBYTE)); memset(at, 1, 40 * MEBIBYTE);
		 ERR(map(40 * MEBIBYTE), ENOMEM); OK(munmap(at, 40 * MEBIBYTE)); OK(map(40 * MEBIBYTE)));
	IN_CHILD(limit(RLIMIT_AS, 64 * MEBIBYTE); int blocks = 0; while (malloc(MEBIBYTE)) blocks++;
		 TRUE(blocks > 30 && blocks < 64); TRUE(malloc(MEBIBYTE) == NULL));
	IN_CHILD(char *at = (char *)OK(map(MEBIBYTE)); limit(RLIMIT_AS, 16 * MEBIBYTE);
		 ERR(mremap(at, MEBIBYTE, 32 * MEBIBYTE, MREMAP_MAYMOVE), ENOMEM); at[0] = 1;
		 OK(mremap(at, MEBIBYTE, 2 * MEBIBYTE, MREMAP_MAYMOVE)));
	/* The stack cannot grow either. */
	ENDS(CHILD(limit(RLIMIT_AS, 4 * MEBIBYTE); volatile char here;
		   *(volatile char *)WILD((uintptr_t)&here - 6 * MEBIBYTE) = 1),
	     "killed by SIGSEGV");
}

static void data(void)
{
	section("RLIMIT_DATA");
	IN_CHILD(limit(RLIMIT_DATA, 16 * MEBIBYTE); ERR(map(32 * MEBIBYTE), ENOMEM); OK(map(8 * MEBIBYTE));
		 OK(mmap(NULL, 32 * MEBIBYTE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		 OK(mmap(NULL, 32 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)));
}

static void repeated_use(void)
{
	section("memory comes back");
	/* More in total than the machine has; each time it must be there again. */
	for (int round = 0; round < 20; round++) {
		pid_t child = CHILD(char *at = map(64 * MEBIBYTE); if (at == MAP_FAILED) _exit(1);
				    for (long i = 0; i < 64 * MEBIBYTE; i += 4096) at[i] = (char)round);
		int status;
		waitpid(child, &status, 0);
		if (status)
			EQ(status, 0);
	}
	say("ok 20 children used 64 MiB each");
	int failed = 0;
	for (int round = 0; round < 500; round++) {
		char *at = map(MEBIBYTE);
		if (at == MAP_FAILED) {
			failed++;
			continue;
		}
		memset(at, 1, MEBIBYTE);
		munmap(at, MEBIBYTE);
	}
	EQ(failed, 0);
}

static void locking(void)
{
	section("mlock");
	char *at = map(4 * 4096);
	OK(mlock(at, 4096));
	OK(munlock(at, 4096));
	OK(munmap(at + 4096, 4096));
	ERR(mlock(at, 4 * 4096), ENOMEM);
	IN_CHILD(limit(RLIMIT_MEMLOCK, 0); OK(setuid(1000)); ERR(mlock(at, 4096), EPERM));
}

int main(void)
{
	address_space();
	data();
	repeated_use();
	locking();
	return finish();
}
