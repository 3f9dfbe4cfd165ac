//! Registers, flags, FPU and vector state survive a handler that spoils them.
#include "common/check.h"
#include <ucontext.h>

static volatile int caught;

/// Spoils everything that is not the handler's to keep.
static void spoil(int number)
{
	(void)number;
	caught++;
	__asm__ volatile("fninit; fldpi; fldpi\n"
			 "pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pcmpeqd %%xmm2, %%xmm2\n"
			 "pcmpeqd %%xmm7, %%xmm7; pcmpeqd %%xmm8, %%xmm8; pcmpeqd %%xmm15, %%xmm15\n"
			 "mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi\n"
			 "mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10; mov %%rax, %%r11\n"
			 "stc" : : : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory",
			 "xmm0", "xmm1", "xmm2", "xmm7", "xmm8", "xmm15", "cc");
}

/// Fills every general register, raises SIGUSR1 by tgkill's system call, and
/// counts the registers that differ afterwards (rax, rcx, r11 apart).
static long registers_over_kill(void)
{
	long wrong;
	register long pid __asm__("rdi") = getpid();
	register long number __asm__("rsi") = SIGUSR1;
	__asm__ volatile("push %%rbp; push %%rbx\n"
			 "mov $0x1111, %%rbx; mov $0x2222, %%rbp; mov $0x3333, %%rdx; mov $0x4444, %%r8\n"
			 "mov $0x5555, %%r9; mov $0x6666, %%r10; mov $0x7777, %%r12; mov $0x8888, %%r13\n"
			 "mov $0x9999, %%r14; mov $0xaaaa, %%r15\n"
			 "mov $62, %%eax; syscall\n"
			 "sub $0x1111, %%rbx; sub $0x2222, %%rbp; sub $0x3333, %%rdx; sub $0x4444, %%r8\n"
			 "sub $0x5555, %%r9; sub $0x6666, %%r10; sub $0x7777, %%r12; sub $0x8888, %%r13\n"
			 "sub $0x9999, %%r14; sub $0xaaaa, %%r15\n"
			 "or %%rbx, %%rax; or %%rbp, %%rax; or %%rdx, %%rax; or %%r8, %%rax; or %%r9, %%rax\n"
			 "or %%r10, %%rax; or %%r12, %%rax; or %%r13, %%rax; or %%r14, %%rax; or %%r15, %%rax\n"
			 "pop %%rbx; pop %%rbp\n"
			 : "=a"(wrong), "+r"(pid), "+r"(number)
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return wrong;
}

/// The same when a timer interrupts plain user code: not even rax may change.
static long registers_over_timer(void)
{
	long wrong = 0;
	struct itimerval soon = { .it_value = { 0, 20000 } };
	int before = caught;
	setitimer(ITIMER_REAL, &soon, NULL);
	__asm__ volatile("mov $0x11, %%rax; mov $0x22, %%rcx; mov $0x33, %%rdx; mov $0x44, %%rsi\n"
			 "mov $0x55, %%rdi; mov $0x66, %%r8; mov $0x77, %%r9; mov $0x88, %%r10\n"
			 "mov $0x99, %%r11; mov $0xaa, %%r12; mov $0xbb, %%r13; mov $0xcc, %%r14\n"
			 "1: cmpl %[before], %[caught]; je 1b\n"
			 "sub $0x11, %%rax; sub $0x22, %%rcx; sub $0x33, %%rdx; sub $0x44, %%rsi\n"
			 "sub $0x55, %%rdi; sub $0x66, %%r8; sub $0x77, %%r9; sub $0x88, %%r10\n"
			 "sub $0x99, %%r11; sub $0xaa, %%r12; sub $0xbb, %%r13; sub $0xcc, %%r14\n"
			 "or %%rcx, %%rax; or %%rdx, %%rax; or %%rsi, %%rax; or %%rdi, %%rax; or %%r8, %%rax\n"
			 "or %%r9, %%rax; or %%r10, %%rax; or %%r11, %%rax; or %%r12, %%rax\n"
			 "or %%r13, %%rax; or %%r14, %%rax; mov %%rax, %[wrong]\n"
			 : [wrong] "=m"(wrong)
			 : [before] "r"(before), [caught] "m"(caught)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "memory", "cc");
	return wrong;
}

static void vectors(void)
{
	double in[4] = { 1.5, -2.25, 3.125, 4.0 }, out[4] = { 0 }, x87 = 0;
	long pid = getpid(), result = SYS_kill;
	__asm__ volatile("fninit; fldl %[in]\n"
			 "movups %[in], %%xmm0; movups 16+%[in], %%xmm15\n"
			 "syscall\n"
			 "movups %%xmm0, %[out]; movups %%xmm15, 16+%[out]; fstpl %[x87]\n"
			 : "+a"(result), [out] "=o"(out), [x87] "=m"(x87)
			 : [in] "o"(in), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "xmm0", "xmm15");
	EQ(memcmp(in, out, sizeof in), 0);
	TRUE(x87 == 1.5);
}

static void control_words(void)
{
	unsigned mxcsr = 0x1f80 | 0x6000, mxcsr_after = 0, mxcsr_usual = 0x1f80;
	unsigned short control = 0x0e7f, control_after = 0;
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
	kill(getpid(), SIGUSR1);
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr_after), "=m"(control_after));
	__asm__ volatile("ldmxcsr %0; fninit" : : "m"(mxcsr_usual));
	EQ(mxcsr_after & 0x6000, 0x6000);
	EQ(control_after, 0x0e7f);
}

static void flags(void)
{
	unsigned long after;
	long result = SYS_kill;
	__asm__ volatile("pushf; orl $0x400, (%%rsp); popf; syscall; pushf; popq %1; cld"
			 : "+a"(result), "=r"(after)
			 : "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "cc");
	EQ(result, 0);
	TRUE(after & 0x400);
	TRUE(after & 0x200);
}

/// A handler may change the interrupted context.
static void skip_and_set(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	ucontext_t *state = context;
	state->uc_mcontext.gregs[REG_RIP] += 2;
	state->uc_mcontext.gregs[REG_RAX] = 77;
	sigaddset(&state->uc_sigmask, SIGHUP);
}

static void changed_context(void)
{
	struct sigaction act = { .sa_sigaction = skip_and_set, .sa_flags = SA_SIGINFO };
	sigaction(SIGILL, &act, NULL);
	long rax = 1;
	__asm__ volatile("ud2" : "+a"(rax) : : "memory");
	EQ(rax, 77);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	EQ(sigismember(&now, SIGHUP), 1);
}

/// rt_sigreturn with nothing sensible on the stack must kill, not harm.
static void wild_return(void)
{
	ENDS(CHILD(__asm__ volatile("mov $15, %%eax; mov $64, %%rsp; syscall" : : : "memory")),
	     "killed by SIGSEGV");
	static char junk[8192];
	memset(junk, 0xff, sizeof junk);
	ENDS(CHILD(__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" : : "r"(junk + 1024) : "memory")),
	     "killed by SIGSEGV");
}

int main(void)
{
	signal(SIGUSR1, spoil);
	signal(SIGALRM, spoil);
	section("general registers");
	EQ(registers_over_kill(), 0);
	EQ(registers_over_timer(), 0);
	EQ(caught, 2);
	section("vector and FPU registers");
	vectors();
	control_words();
	section("flags");
	flags();
	section("a changed context");
	changed_context();
	section("a wild sigreturn");
	wild_return();
	return finish();
}
