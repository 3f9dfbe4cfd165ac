//! Rows of single system calls that neither block nor start anything.
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char file[] = "/tmp/bench-file", zero[] = "/tmp/bench-zero";
static int zero_fd;

/// The cheapest call there is, without a library's wrapper round it.
static inline long raw_getppid(void)
{
	long result = SYS_getppid;
	__asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
	return result;
}

static void on_signal(int number)
{
	(void)number;
}

/// Defines a batch function that times `ops` executions of `body`.
#define CALL_BATCH(name, body)                                                 \
	static uint64_t name(unsigned ops)                                     \
	{                                                                      \
		uint64_t start = ticks();                                      \
		for (unsigned i = 0; i < ops; i++) {                           \
			body;                                                  \
		}                                                              \
		return ticks() - start;                                        \
	}

CALL_BATCH(null_call, raw_getppid())
CALL_BATCH(read_zero, char c; if (read(zero_fd, &c, 1) != 1) fail("read zero"))
CALL_BATCH(stat_file, struct stat st; if (stat(file, &st)) fail("stat"))
CALL_BATCH(open_close, int fd = open(file, O_RDONLY); if (fd < 0) fail("open"); close(fd))
CALL_BATCH(yield, sched_yield())
CALL_BATCH(rusage, struct rusage use; if (getrusage(RUSAGE_SELF, &use)) fail("getrusage"))
CALL_BATCH(install, struct sigaction act = { .sa_handler = on_signal };
	   if (sigaction(SIGUSR2, &act, NULL)) fail("sigaction"))
CALL_BATCH(map_unmap,
	   void *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	   if (at == MAP_FAILED) fail("mmap");
	   munmap(at, 65536))

static void prepare_files(void)
{
	mkdir("/tmp", 01777);
	int fd = open(file, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	if (fd < 0)
		fail(file);
	close(fd);
	mknod(zero, S_IFCHR | 0600, makedev(1, 5));
	zero_fd = open(zero, O_RDONLY);
	if (zero_fd < 0)
		fail(zero);
}

void bench_calls(void)
{
	prepare_files();
	row("null_call", null_call, 20000);
	row("read_zero", read_zero, 10000);
	row("stat", stat_file, 5000);
	row("open_close", open_close, 5000);
	row("sigaction", install, 10000);
	row("sched_yield", yield, 5000);
	row("getrusage", rusage, 5000);
	row("mmap_munmap", map_unmap, 2000);
	close(zero_fd);
	unlink(zero);
	unlink(file);
}
