//! Signals for what a program does wrong: their siginfo and their default end.
#include "common/check.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile int seen_number, seen_code;
static void *volatile seen_address;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen_number = number;
	seen_code = info->si_code;
	seen_address = info->si_addr;
	siglongjmp(back, 1);
}

/// Runs the statement, which must raise a signal, and says which it was.
#define FAULTS(number, code, address, statement)                               \
	do {                                                                   \
		seen_number = seen_code = 0;                                   \
		if (sigsetjmp(back, 1) == 0) {                                 \
			statement;                                             \
		}                                                              \
		say("%s: %s", #statement, signal_name(seen_number));           \
		EQ(seen_number, number);                                       \
		EQ(seen_code, code);                                           \
		TRUE(seen_address == (void *)(address));                       \
	} while (0)

static int constant_data = 5;
static const char read_only[4096] __attribute__((aligned(4096))) = { 1 };

static void *page(int prot)
{
	return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *main_address(void)
{
	extern int main(void);
	return WILD(main);
}

static void memory(void)
{
	section("memory");
	char *none = page(PROT_NONE), *readable = page(PROT_READ), *unmapped = page(PROT_READ);
	munmap(unmapped, 4096);
	FAULTS(SIGSEGV, SEGV_MAPERR, NULL, *(volatile int *)WILD(0) = 1);
	FAULTS(SIGSEGV, SEGV_MAPERR, 0x1234, (void)*(volatile char *)WILD(0x1234));
	FAULTS(SIGSEGV, SEGV_MAPERR, unmapped + 5, *(volatile char *)(unmapped + 5) = 1);
	FAULTS(SIGSEGV, SEGV_ACCERR, none, (void)*(volatile char *)none);
	FAULTS(SIGSEGV, SEGV_ACCERR, readable + 9, *(volatile char *)(readable + 9) = 1);
	(void)*(volatile char *)readable;
	FAULTS(SIGSEGV, SEGV_ACCERR, readable + 9, *(volatile char *)(readable + 9) = 1);
	FAULTS(SIGSEGV, SEGV_ACCERR, read_only, *(volatile char *)WILD(read_only) = 1);
	FAULTS(SIGSEGV, SEGV_ACCERR, main_address(), *(volatile char *)main_address() = 1);
	/* Kernel addresses look as if nothing were there. */
	FAULTS(SIGSEGV, SEGV_MAPERR, 0xffffffff81000000, (void)*(volatile char *)WILD(0xffffffff81000000));
	FAULTS(SIGSEGV, SEGV_MAPERR, 0xffff888000000000, *(volatile char *)WILD(0xffff888000000000) = 1);
	/* A non-canonical address gives no address at all. */
	FAULTS(SIGSEGV, SI_KERNEL, 0, (void)*(volatile char *)WILD(0x8000000000000000));
}

static void execution(void)
{
	section("execution");
	char *data = page(PROT_READ | PROT_WRITE), *none = page(PROT_NONE);
	data[0] = (char)0xc3;
	FAULTS(SIGSEGV, SEGV_ACCERR, data, ((void (*)(void))WILD(data))());
	FAULTS(SIGSEGV, SEGV_ACCERR, none, ((void (*)(void))WILD(none))());
	FAULTS(SIGSEGV, SEGV_MAPERR, 0x10, ((void (*)(void))WILD(0x10))());
	FAULTS(SIGSEGV, SEGV_ACCERR, &constant_data, ((void (*)(void))WILD(&constant_data))());
	FAULTS(SIGSEGV, SEGV_MAPERR, 0xffffffff81000000, ((void (*)(void))WILD(0xffffffff81000000))());
	char local[16] = { (char)0xc3 };
	FAULTS(SIGSEGV, SEGV_ACCERR, local, ((void (*)(void))WILD(local))());
	mprotect(data, 4096, PROT_READ | PROT_EXEC);
	((void (*)(void))WILD(data))();
	say("ok a page made executable runs");
}

static void instructions(void)
{
	section("instructions");
	volatile int zero = 0;
	FAULTS(SIGILL, ILL_ILLOPN, seen_address, __asm__ volatile("ud2"));
	FAULTS(SIGFPE, FPE_INTDIV, seen_address,
	       __asm__ volatile("cltd; idivl %0" : : "m"(zero) : "eax", "edx"));
	FAULTS(SIGTRAP, SI_KERNEL, 0, __asm__ volatile("int3"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("hlt"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("cli"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("outb %%al, $0x80" : : : "memory"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("mov %%cr3, %%rax" : : : "rax"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("int $0x40"));
	FAULTS(SIGSEGV, SI_KERNEL, 0, __asm__ volatile("mov %0, %%ds" : : "r"(0x4321)));
	FAULTS(SIGSEGV, SI_KERNEL, 0,
	       __asm__ volatile("wrmsr" : : "a"(0), "d"(0), "c"(0xc0000082)));
	FAULTS(SIGTRAP, TRAP_TRACE, seen_address,
	       __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop" : : : "memory", "cc"));
}

/* By the x87 unit: QEMU's emulation raises no exceptions for SSE. */
static void floating_point(void)
{
	section("floating point");
	unsigned short open_divide = 0x037b, after = 0;
	FAULTS(SIGFPE, FPE_FLTDIV, seen_address,
	       __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(open_divide)));
	/* The handler was entered with a fresh FPU, and left by a long jump. */
	__asm__ volatile("fnstcw %0" : "=m"(after));
	EQ(after, 0x037f);
	volatile double zero = 0, one = 1;
	TRUE(one / zero > 1e300);
}

static void ends_by_default(void)
{
	section("ends");
	ENDS(CHILD(signal(SIGSEGV, SIG_DFL); *(volatile int *)WILD(0) = 1), "killed by SIGSEGV");
	ENDS(CHILD(signal(SIGILL, SIG_DFL); __asm__ volatile("ud2")), "killed by SIGILL");
	ENDS(CHILD(signal(SIGTRAP, SIG_DFL); __asm__ volatile("int3")), "killed by SIGTRAP");
	ENDS(CHILD(signal(SIGFPE, SIG_DFL);
		   __asm__ volatile("xor %%ecx, %%ecx; cltd; idivl %%ecx" : : : "eax", "ecx", "edx")),
	     "killed by SIGFPE");
	/* A stack pointer that leads nowhere: the handler's frame cannot be built. */
	ENDS(CHILD(__asm__ volatile("mov $16, %%rsp; ud2" : : : "memory")), "killed by SIGSEGV");
	ENDS(CHILD(__asm__ volatile("mov $0x8000000000000000, %%rsp; ud2" : : : "memory")),
	     "killed by SIGSEGV");
	ENDS(CHILD(__asm__ volatile("mov $0xffffffff81000000, %%rsp; ud2" : : : "memory")),
	     "killed by SIGSEGV");
}

int main(void)
{
	static const int numbers[] = { SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS };
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	for (unsigned i = 0; i < LENGTH(numbers); i++)
		sigaction(numbers[i], &act, NULL);
	memory();
	execution();
	instructions();
	floating_point();
	ends_by_default();
	return finish();
}
