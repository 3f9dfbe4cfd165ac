//! Anonymous mappings: mmap, munmap with holes, MAP_FIXED, mprotect, mincore.
#include "common/check.h"
#include <setjmp.h>

enum { PAGE = 4096 };
static sigjmp_buf back;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

/// Whether a page can be read, written: "rw", "r-", "--".
static const char *rights(volatile char *address)
{
	volatile int readable = 0, writable = 0;
	if (sigsetjmp(back, 1) == 0) {
		(void)*address;
		readable = 1;
	}
	if (sigsetjmp(back, 1) == 0) {
		*address = *address + 0;
		writable = 1;
	}
	return readable ? (writable ? "rw" : "r-") : "--";
}

static char *map(size_t length, int prot)
{
	return mmap(NULL, length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void basics(void)
{
	section("basics");
	char *at = map(3 * PAGE, PROT_READ | PROT_WRITE);
	TRUE((uintptr_t)at % PAGE == 0);
	int dirty = 0;
	for (int i = 0; i < 3 * PAGE; i++)
		dirty += at[i] != 0;
	EQ(dirty, 0);
	at[5000] = 7;
	STR(rights(at + PAGE), "rw");
	OK(munmap(at + PAGE, PAGE));
	STR(rights(at), "rw");
	STR(rights(at + PAGE), "--");
	STR(rights(at + 2 * PAGE), "rw");
	OK(munmap(at, 3 * PAGE));
	STR(rights(at), "--");
	OK(munmap(at, 3 * PAGE));
	at = map(100, PROT_READ | PROT_WRITE);
	at[4095] = 1;
	OK(munmap(at, 1));
	STR(rights(at + 4095), "--");
	section("errors");
	ERR(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	ERR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 5), EINVAL);
	ERR(syscall(SYS_mmap, NULL, 1UL << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	ERR(syscall(SYS_mmap, NULL, -1L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	ERR(mmap(WILD(1), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	ERR(mmap(WILD(0xffff800000000000), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
	    ENOMEM);
	ERR(munmap(at + 1, PAGE), EINVAL);
	ERR(munmap(at, 0), EINVAL);
	ERR(syscall(SYS_munmap, 0xffff800000000000, PAGE), EINVAL);
	ERR(syscall(SYS_munmap, at, -4096L), EINVAL);
}

static void fixed(void)
{
	section("MAP_FIXED");
	char *at = map(5 * PAGE, PROT_READ | PROT_WRITE);
	memset(at, 1, 5 * PAGE);
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	TRUE(mmap(at + PAGE, PAGE, PROT_READ, flags, -1, 0) == at + PAGE);
	EQ(at[0], 1);
	EQ(at[PAGE], 0);
	EQ(at[2 * PAGE], 1);
	STR(rights(at + PAGE), "r-");
	const int wary = MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* MAP_FIXED_NOREPLACE */;
	ERR(mmap(at, PAGE, PROT_READ, wary, -1, 0), EEXIST);
	ERR(mmap(at + 4 * PAGE, 2 * PAGE, PROT_READ, wary, -1, 0), EEXIST);
	OK(munmap(at + 2 * PAGE, PAGE));
	TRUE(mmap(at + 2 * PAGE, PAGE, PROT_READ, wary, -1, 0) == at + 2 * PAGE);
	/* A hint that is free is taken, one that is not is passed over. */
	OK(munmap(at + 3 * PAGE, PAGE));
	TRUE(mmap(at + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == at + 3 * PAGE);
	char *other = mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRUE(other != MAP_FAILED && other != at);
	EQ(at[0], 1);
	munmap(at, 5 * PAGE);
	munmap(other, PAGE);
}

static void protections(void)
{
	section("mprotect");
	char *at = map(4 * PAGE, PROT_READ | PROT_WRITE);
	memset(at, 3, 4 * PAGE);
	OK(mprotect(at + PAGE, 2 * PAGE, PROT_READ));
	STR(rights(at), "rw");
	STR(rights(at + PAGE), "r-");
	STR(rights(at + 2 * PAGE), "r-");
	STR(rights(at + 3 * PAGE), "rw");
	OK(mprotect(at + 2 * PAGE, PAGE, PROT_NONE));
	STR(rights(at + PAGE), "r-");
	STR(rights(at + 2 * PAGE), "--");
	OK(mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE));
	STR(rights(at + 2 * PAGE), "rw");
	EQ(at[2 * PAGE], 3);
	OK(mprotect(at, 0, PROT_NONE));
	OK(mprotect(at, 1, PROT_NONE));
	STR(rights(at + 100), "--");
	ERR(syscall(SYS_mprotect, at + 1, PAGE, PROT_READ), EINVAL);
	ERR(mprotect(at, PAGE, 0x1000), EINVAL);
	/* Over a hole: an error, but what came before it has changed. */
	OK(munmap(at + 2 * PAGE, PAGE));
	ERR(mprotect(at + PAGE, 3 * PAGE, PROT_READ), ENOMEM);
	STR(rights(at + PAGE), "r-");
	STR(rights(at + 3 * PAGE), "rw");
	munmap(at, 4 * PAGE);
	ERR(mprotect(at, PAGE, PROT_READ), ENOMEM);
}

static void residence(void)
{
	section("mincore and madvise");
	unsigned char in_core[4];
	char *at = map(4 * PAGE, PROT_READ | PROT_WRITE);
	at[0] = at[2 * PAGE] = 9;
	OK(mincore(at, 4 * PAGE, in_core));
	EQ(in_core[0] & 1, 1);
	EQ(in_core[2] & 1, 1);
	ERR(mincore(at + 1, PAGE, in_core), EINVAL);
	ERR(mincore(at, PAGE, WILD(1)), EFAULT);
	OK(madvise(at, 4 * PAGE, MADV_DONTNEED));
	EQ(at[0] + at[2 * PAGE], 0);
	OK(madvise(at, PAGE, MADV_NORMAL));
	OK(madvise(at, PAGE, MADV_WILLNEED));
	OK(madvise(at, 0, MADV_DONTNEED));
	ERR(madvise(at, PAGE, 999), EINVAL);
	ERR(madvise(at + 1, PAGE, MADV_DONTNEED), EINVAL);
	OK(munmap(at + PAGE, PAGE));
	ERR(mincore(at, 4 * PAGE, in_core), ENOMEM);
	at[0] = at[2 * PAGE] = 9;
	ERR(madvise(at, 4 * PAGE, MADV_DONTNEED), ENOMEM);
	EQ(at[0], 0);
	EQ(at[2 * PAGE], 0);
	munmap(at, 4 * PAGE);
}

static void many(void)
{
	section("many mappings");
	enum { COUNT = 2000 };
	char *at = map(2 * COUNT * PAGE, PROT_READ | PROT_WRITE);
	int wrong = 0;
	for (int i = 0; i < COUNT; i++)
		wrong += munmap(at + (2 * i + 1) * PAGE, PAGE) != 0;
	for (int i = 0; i < COUNT; i++)
		at[2 * i * PAGE] = (char)i;
	for (int i = 0; i < COUNT; i++)
		wrong += at[2 * i * PAGE] != (char)i;
	EQ(wrong, 0);
	STR(rights(at + PAGE), "--");
	IN_CHILD(int bad = 0; for (int i = 0; i < COUNT; i++) bad += at[2 * i * PAGE] != (char)i; EQ(bad, 0));
	OK(munmap(at, 2 * COUNT * PAGE));
	STR(rights(at), "--");
	/* Plenty of address space, little memory. */
	at = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	TRUE(at != MAP_FAILED);
	for (long i = 0; i < 64; i++)
		at[i << 34] = 1;
	EQ(at[5L << 34], 1);
	OK(munmap(at, 1UL << 40));
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_fault };
	sigaction(SIGSEGV, &act, NULL);
	basics();
	fixed();
	protections();
	residence();
	many();
	return finish();
}
