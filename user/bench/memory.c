//! Rows of page faults: first touch of anonymous and of cached file pages, and
//! the break of a copy-on-write page. The unit is one 4 KiB page.
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* 1 MiB: too small for a transparent huge page, so each page is its own. */
enum { PAGE = 4096, PAGES = 256 };

static int file_fd;

static char *map(int flags, int fd)
{
	int prot = fd < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
	char *at = mmap(NULL, PAGES * PAGE, prot, flags, fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

static uint64_t touch_anon(unsigned ops)
{
	char *at = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		*(volatile char *)(at + i * PAGE) = 1;
	uint64_t taken = ticks() - start;
	munmap(at, PAGES * PAGE);
	return taken;
}

static uint64_t touch_file(int flags, unsigned ops)
{
	char *at = map(flags, file_fd);
	unsigned sum = 0;
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		sum += *(volatile unsigned char *)(at + i * PAGE);
	uint64_t taken = ticks() - start;
	if (sum != ops)
		fail("wrong data in the mapped file");
	munmap(at, PAGES * PAGE);
	return taken;
}

static uint64_t touch_private(unsigned ops)
{
	return touch_file(MAP_PRIVATE, ops);
}

static uint64_t touch_shared(unsigned ops)
{
	return touch_file(MAP_SHARED, ops);
}

/// The child lives, blocked, while the parent breaks every page.
static uint64_t cow_break(unsigned ops)
{
	int hold[2];
	char *at = map(MAP_PRIVATE | MAP_ANONYMOUS, -1), byte;
	memset(at, 1, PAGES * PAGE);
	if (pipe(hold))
		fail("pipe");
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	uint64_t start = ticks();
	for (unsigned i = 0; i < ops; i++)
		*(volatile char *)(at + i * PAGE) = 2;
	uint64_t taken = ticks() - start;
	close(hold[1]);
	waitpid(child, NULL, 0);
	munmap(at, PAGES * PAGE);
	return taken;
}

static void prepare_file(void)
{
	char page[PAGE];
	memset(page, 1, sizeof page);
	file_fd = open("/tmp/bench-pages", O_CREAT | O_RDWR | O_TRUNC, 0644);
	if (file_fd < 0)
		fail("open of the mapped file");
	for (int i = 0; i < PAGES; i++)
		if (write(file_fd, page, PAGE) != PAGE)
			fail("write of the mapped file");
}

void bench_memory(void)
{
	prepare_file();
	row("touch_anon", touch_anon, PAGES);
	row("touch_file_private", touch_private, PAGES);
	row("touch_file_shared", touch_shared, PAGES);
	row("cow_break", cow_break, PAGES);
	close(file_fd);
	unlink("/tmp/bench-pages");
}
