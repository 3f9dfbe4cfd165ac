//! mremap (grow, move, shrink) and brk.
#include "common/check.h"
#include <setjmp.h>

enum { PAGE = 4096 };
static sigjmp_buf back;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static int readable(volatile char *address)
{
	if (sigsetjmp(back, 1))
		return 0;
	(void)*address;
	return 1;
}

static char *map(size_t pages)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = (char)(i + 1);
	return at;
}

static void shrinking(void)
{
	section("shrink");
	char *at = map(4);
	TRUE(mremap(at, 4 * PAGE, 2 * PAGE, 0) == at);
	EQ(readable(at + PAGE), 1);
	EQ(readable(at + 2 * PAGE), 0);
	TRUE(mremap(at, 2 * PAGE, 2 * PAGE, 0) == at);
	TRUE(mremap(at, 2 * PAGE, 100, 0) == at);
	EQ(readable(at + PAGE), 0);
	munmap(at, PAGE);
}

static void growing(void)
{
	section("grow");
	char *space = map(8);
	munmap(space + 2 * PAGE, 4 * PAGE);
	TRUE(mremap(space, 2 * PAGE, 4 * PAGE, 0) == space);
	EQ(space[0] + space[PAGE] * 10, 21);
	EQ(space[3 * PAGE], 0);
	space[3 * PAGE] = 5;
	/* No room where it is. */
	ERR(mremap(space, 4 * PAGE, 8 * PAGE, 0), ENOMEM);
	EQ(space[3 * PAGE], 5);
	char *moved = mremap(space, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	TRUE(moved != MAP_FAILED && moved != space);
	EQ(moved[0] + moved[PAGE] * 10, 21);
	EQ(moved[3 * PAGE], 5);
	EQ(moved[7 * PAGE], 0);
	EQ(readable(space), 0);
	EQ(space[6 * PAGE], 7);
	munmap(moved, 8 * PAGE);
	munmap(space, 8 * PAGE);
}

static void moving(void)
{
	section("move to an address");
	char *from = map(2), *to = map(4);
	TRUE(mremap(from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
	EQ(readable(from), 0);
	EQ(to[0], 1);
	EQ(to[PAGE], 1);
	EQ(to[2 * PAGE], 2);
	EQ(to[3 * PAGE], 4);
	ERR(mremap(to, PAGE, PAGE, MREMAP_FIXED, from), EINVAL);
	ERR(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from + 1), EINVAL);
	ERR(mremap(to, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE), EINVAL);
	ERR(mremap(to, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	ERR(mremap(to + 1, PAGE, PAGE, MREMAP_MAYMOVE), EINVAL);
	ERR(mremap(to, PAGE, PAGE, 0x80), EINVAL);
	ERR(mremap(from, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	munmap(to, 4 * PAGE);
}

static void of_files(void)
{
	section("file mappings");
	int fd = OK(open("file", O_RDWR | O_CREAT, 0644));
	OK(ftruncate(fd, 4 * PAGE));
	for (int i = 0; i < 4; i++)
		pwrite(fd, (char[]){ (char)('a' + i) }, 1, i * PAGE);
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	at = mremap(at, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	TRUE(at != MAP_FAILED);
	EQ(at[0], 'b');
	EQ(at[2 * PAGE], 'd');
	at[PAGE] = 'X';
	char byte;
	EQ(pread(fd, &byte, 1, 2 * PAGE), 1);
	EQ(byte, 'X');
	/* The old size 0 makes a second mapping of the same pages. */
	char *twin = mremap(at, 0, PAGE, MREMAP_MAYMOVE);
	TRUE(twin != MAP_FAILED && twin != at);
	twin[0] = 'T';
	EQ(at[0], 'T');
	close(fd);
}

static char *brk_to(char *address)
{
	return (char *)syscall(SYS_brk, address);
}

static void breaks(void)
{
	section("brk");
	char *start = brk_to(NULL);
	TRUE(start != NULL);
	TRUE(brk_to(WILD(1)) == start);
	TRUE(brk_to(start + 3 * PAGE) == start + 3 * PAGE);
	int dirty = 0;
	for (int i = 0; i < 3 * PAGE; i++)
		dirty += start[i] != 0;
	EQ(dirty, 0);
	start[2 * PAGE] = 9;
	TRUE(brk_to(start + 10) == start + 10);
	EQ(readable((char *)(((uintptr_t)start + 10 + PAGE - 1) / PAGE * PAGE) + PAGE), 0);
	TRUE(brk_to(start + 3 * PAGE) == start + 3 * PAGE);
	EQ(start[2 * PAGE], 0);
	TRUE(brk_to(start + 100000000) == start + 100000000);
	start[99999999] = 1;
	IN_CHILD(TRUE(brk_to(NULL) == start + 100000000); EQ(start[99999999], 1); TRUE(brk_to(start) == start));
	EQ(start[99999999], 1);
	TRUE(brk_to(start) == start);
	EQ(readable(start + 99999999), 0);
	TRUE(brk_to(WILD(1UL << 62)) == start);
	TRUE(brk_to(WILD(0xffffffff80000000)) == start);
	/* It does not run over another mapping. */
	char *wall = (char *)(((uintptr_t)start + 20 * PAGE) / PAGE * PAGE);
	TRUE(mmap(wall, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == wall);
	TRUE(brk_to(wall + PAGE) == start);
	TRUE(brk_to(wall - PAGE) == wall - PAGE);
	munmap(wall, PAGE);
	TRUE(brk_to(start) == start);
	IN_CHILD(OK(setrlimit(RLIMIT_DATA, &(struct rlimit){ 1 << 22, 1 << 22 }));
		 TRUE(brk_to(start + (1 << 23)) == start); TRUE(brk_to(start + (1 << 20)) == start + (1 << 20)));
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_fault };
	sigaction(SIGSEGV, &act, NULL);
	shrinking();
	growing();
	moving();
	of_files();
	breaks();
	return finish();
}
