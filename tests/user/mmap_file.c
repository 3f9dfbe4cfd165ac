//! File mappings, private and shared: coherence, SIGBUS past the end, msync.
#include "common/check.h"
#include <setjmp.h>

enum { PAGE = 4096 };
static sigjmp_buf back;
static volatile int seen_number, seen_code;
static void *volatile seen_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen_number = number;
	seen_code = info->si_code;
	seen_address = info->si_addr;
	siglongjmp(back, 1);
}

#define FAULTS(number, code, address, statement)                               \
	do {                                                                   \
		seen_number = 0;                                               \
		if (sigsetjmp(back, 1) == 0) {                                 \
			statement;                                             \
		}                                                              \
		EQ_AS(#statement, seen_number, number);                        \
		EQ(seen_code, code);                                           \
		TRUE(seen_address == (address));                               \
	} while (0)

static char block[3 * PAGE];

/// A file of two and a half pages of letters.
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 3 * PAGE; i++)
		block[i] = (char)('a' + i / PAGE);
	EQ(write(fd, block, 2 * PAGE + 100), 2 * PAGE + 100);
	return fd;
}

static char byte_of(int fd, off_t at)
{
	char byte = 0;
	pread(fd, &byte, 1, at);
	return byte;
}

static void private_mapping(void)
{
	section("private");
	int fd = make_file("private");
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EQ(at[0], 'a');
	EQ(at[PAGE], 'b');
	EQ(at[2 * PAGE + 99], 'c');
	EQ(at[2 * PAGE + 100], 0);
	at[0] = 'X';
	EQ(byte_of(fd, 0), 'a');
	/* A page not yet copied follows the file, a copied one does not. */
	EQ(pwrite(fd, "YY", 2, PAGE), 2);
	EQ(at[PAGE], 'Y');
	EQ(pwrite(fd, "Z", 1, 0), 1);
	EQ(at[0], 'X');
	IN_CHILD(EQ(at[0], 'X'); at[0] = 'W'; EQ(at[0], 'W'));
	EQ(at[0], 'X');
	OK(madvise(at, PAGE, MADV_DONTNEED));
	EQ(at[0], 'Z');
	char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	EQ(second[2], 'b');
	OK(close(fd));
	OK(unlink("private"));
	EQ(at[2 * PAGE], 'c');
	munmap(at, 3 * PAGE);
	munmap(second, PAGE);
}

static void shared_mapping(void)
{
	section("shared");
	int fd = make_file("shared");
	char *one = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *two = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	one[0] = 'X';
	EQ(byte_of(fd, 0), 'X');
	one[PAGE] = 'Y';
	EQ(two[0], 'Y');
	EQ(pwrite(fd, "Z", 1, PAGE + 1), 1);
	EQ(two[1], 'Z');
	IN_CHILD(one[5] = 'C');
	EQ(one[5], 'C');
	EQ(byte_of(fd, 5), 'C');
	/* Bytes past the end of the last page are not part of the file. */
	one[2 * PAGE + 100] = '!';
	struct stat st;
	OK(fstat(fd, &st));
	EQ(st.st_size, 2 * PAGE + 100);
	OK(msync(one, 3 * PAGE, MS_SYNC));
	OK(msync(one, 3 * PAGE, MS_ASYNC));
	ERR(msync(one, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	ERR(msync(one + 1, PAGE, MS_SYNC), EINVAL);
	ERR(msync(one, PAGE, 0x100), EINVAL);
	munmap(one, 3 * PAGE);
	ERR(msync(one, PAGE, MS_SYNC), ENOMEM);
	EQ(byte_of(fd, PAGE), 'Y');
	munmap(two, PAGE);
	close(fd);
	STR((get_file("shared")[0] == 'X' ? "kept" : "lost"), "kept");
}

static void past_the_end(void)
{
	section("past the end of the file");
	int fd = make_file("short");
	char *at = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	FAULTS(SIGBUS, BUS_ADRERR, at + 3 * PAGE + 7, (void)*(volatile char *)(at + 3 * PAGE + 7));
	FAULTS(SIGBUS, BUS_ADRERR, at + 4 * PAGE, at[4 * PAGE] = 1);
	EQ(at[2 * PAGE], 'c');
	/* Cutting the file takes pages away that were already mapped. */
	OK(ftruncate(fd, PAGE));
	FAULTS(SIGBUS, BUS_ADRERR, at + PAGE, (void)*(volatile char *)(at + PAGE));
	FAULTS(SIGBUS, BUS_ADRERR, at + 2 * PAGE, (void)*(volatile char *)(at + 2 * PAGE));
	EQ(at[10], 'a');
	OK(ftruncate(fd, 2 * PAGE));
	EQ(at[PAGE], 0);
	at[PAGE] = 'n';
	EQ(byte_of(fd, PAGE), 'n');
	/* Growing within a page shows zeros, not what lay there before. */
	OK(ftruncate(fd, 10));
	OK(ftruncate(fd, PAGE));
	EQ(at[9], 'a');
	EQ(at[10], 0);
	/* A system call that meets such a page gets EFAULT. */
	int ends[2];
	OK(pipe(ends));
	ERR(write(ends[1], at + 3 * PAGE, 1), EFAULT);
	munmap(at, 5 * PAGE);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, OK(open("empty", O_RDWR | O_CREAT, 0644)), 0);
	FAULTS(SIGBUS, BUS_ADRERR, at, (void)*(volatile char *)at);
	ENDS(CHILD(signal(SIGBUS, SIG_DFL); (void)*(volatile char *)at), "killed by SIGBUS");
	munmap(at, PAGE);
	close(fd);
}

static void errors(void)
{
	section("errors");
	int reading = OK(open("shared", O_RDONLY)), writing = OK(open("shared", O_WRONLY));
	ERR(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reading, 0), EACCES);
	OK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reading, 0));
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writing, 0), EACCES);
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writing, 0), EACCES);
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
	ERR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, reading, 100), EINVAL);
	int dir = OK(open(".", O_RDONLY)), ends[2];
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	OK(pipe(ends));
	ERR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
	char *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reading, 0);
	ERR(mprotect(at, PAGE, PROT_READ | PROT_WRITE), EACCES);
	int zero = OK(open("/dev/zero", O_RDWR));
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	EQ(at[PAGE], 0);
	at[PAGE] = 1;
	EQ(at[PAGE], 1);
}

static void execution(void)
{
	section("mapped code");
	int fd = OK(open("code", O_RDWR | O_CREAT, 0644));
	/* mov $42, %eax; ret */
	EQ(write(fd, "\xb8\x2a\0\0\0\xc3", 6), 6);
	int (*code)(void) = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	EQ(code(), 42);
	OK(close(fd));
}

int main(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	private_mapping();
	shared_mapping();
	past_the_end();
	errors();
	execution();
	return finish();
}
