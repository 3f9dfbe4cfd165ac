//! Floating point, SSE, AVX and MXCSR belong to each process, over many switches.
// test: timeout=60
#include "common/check.h"
#include <cpuid.h>
#include <sched.h>

enum { PROCESSES = 12, ROUNDS = 300 };

static int has_avx(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return 0;
	unsigned low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

/// Keeps sixteen XMM registers and the FPU stack filled over a call of
/// sched_yield; counts what changed.
static int hold_sse(double seed)
{
	double in[32], out[32], x87;
	for (int i = 0; i < 32; i++)
		in[i] = seed + i;
	long number = SYS_sched_yield;
	__asm__ volatile("fninit; fldl (%[in])\n"
			 "movups 0(%[in]), %%xmm0; movups 16(%[in]), %%xmm1; movups 32(%[in]), %%xmm2\n"
			 "movups 48(%[in]), %%xmm3; movups 64(%[in]), %%xmm4; movups 80(%[in]), %%xmm5\n"
			 "movups 96(%[in]), %%xmm6; movups 112(%[in]), %%xmm7; movups 128(%[in]), %%xmm8\n"
			 "movups 144(%[in]), %%xmm9; movups 160(%[in]), %%xmm10; movups 176(%[in]), %%xmm11\n"
			 "movups 192(%[in]), %%xmm12; movups 208(%[in]), %%xmm13; movups 224(%[in]), %%xmm14\n"
			 "movups 240(%[in]), %%xmm15; syscall\n"
			 "movups %%xmm0, 0(%[out]); movups %%xmm1, 16(%[out]); movups %%xmm2, 32(%[out])\n"
			 "movups %%xmm3, 48(%[out]); movups %%xmm4, 64(%[out]); movups %%xmm5, 80(%[out])\n"
			 "movups %%xmm6, 96(%[out]); movups %%xmm7, 112(%[out]); movups %%xmm8, 128(%[out])\n"
			 "movups %%xmm9, 144(%[out]); movups %%xmm10, 160(%[out]); movups %%xmm11, 176(%[out])\n"
			 "movups %%xmm12, 192(%[out]); movups %%xmm13, 208(%[out]); movups %%xmm14, 224(%[out])\n"
			 "movups %%xmm15, 240(%[out]); fstpl %[x87]\n"
			 : "+a"(number), [x87] "=m"(x87)
			 : [in] "r"(in), [out] "r"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return memcmp(in, out, sizeof in) != 0 || x87 != in[0];
}

/// The upper halves of the YMM registers.
__attribute__((target("avx"))) static int hold_avx(double seed)
{
	double in[8], out[8];
	for (int i = 0; i < 8; i++)
		in[i] = seed * 3 + i;
	long number = SYS_sched_yield;
	__asm__ volatile("vmovups 0(%[in]), %%ymm0; vmovups 32(%[in]), %%ymm15; syscall\n"
			 "vmovups %%ymm0, 0(%[out]); vmovups %%ymm15, 32(%[out]); vzeroupper\n"
			 : "+a"(number)
			 : [in] "r"(in), [out] "r"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm15");
	return memcmp(in, out, sizeof in) != 0;
}

/// Computes with preemption only, no call in between.
static int compute(double seed)
{
	volatile double sum = 0;
	for (int i = 1; i < 20000; i++)
		sum += seed / i - seed / (i + 1);
	return !(sum > seed * 0.9999 && sum < seed);
}

static int rounding(unsigned mode)
{
	unsigned mxcsr;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return (mxcsr & 0x6000) != mode << 13;
}

static int worker(int index)
{
	unsigned mode = index % 4, mxcsr = 0x1f80 | mode << 13;
	unsigned short control = 0x037f, after;
	int wrong = 0, avx = has_avx();
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (int round = 0; round < ROUNDS; round++) {
		wrong += hold_sse(index * 1000 + round);
		if (avx)
			wrong += hold_avx(index * 1000 + round);
		if (round % 10 == 0)
			wrong += compute(index + 1);
		wrong += rounding(mode);
		if (round % 50 == index)
			sleep_ms(1);
	}
	__asm__ volatile("fnstcw %0" : "=m"(after));
	return wrong + (after != control);
}

static void many(void)
{
	pid_t children[PROCESSES];
	section("twelve processes compute at the same time");
	for (int i = 0; i < PROCESSES; i++)
		children[i] = CHILD(_exit(worker(i) != 0));
	for (int i = 0; i < PROCESSES; i++)
		ENDS(children[i], "exit 0");
}

static void over_fork(void)
{
	section("over fork");
	double value = 1.25, seen = 0, x87 = 0;
	long number = SYS_fork;
	__asm__ volatile("fninit; fldl %[value]; movsd %[value], %%xmm9; syscall\n"
			 "movsd %%xmm9, %[seen]; fstpl %[x87]\n"
			 : "+a"(number), [seen] "=m"(seen), [x87] "=m"(x87)
			 : [value] "m"(value)
			 : "rcx", "r11", "memory", "xmm9");
	if (number == 0)
		_exit(seen == 1.25 && x87 == 1.25 ? 0 : 1);
	ENDS(number, "exit 0");
	TRUE(seen == 1.25 && x87 == 1.25);
}

static void after_exec(const char *self)
{
	section("a new program starts with clean registers");
	ENDS(CHILD(unsigned mxcsr = 0x7f80; __asm__ volatile("fldpi; fldpi; ldmxcsr %0" : : "m"(mxcsr));
		   execl(self, self, "fresh", (char *)NULL)),
	     "exit 0");
}

static int fresh(void)
{
	unsigned mxcsr;
	unsigned short control;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
	return mxcsr != 0x1f80 || control != 0x037f;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return fresh();
	many();
	over_fork();
	after_exec(argv[0]);
	return finish();
}
