//! The main stack: growth on demand, its limit, and what is no growth.
#include "common/self.h"

/// Touches a stack of so many KiB, page by page downwards.
static __attribute__((noinline)) int deep(int kib)
{
	volatile char local[1024];
	local[0] = local[1023] = (char)kib;
	return kib <= 1 ? local[0] : deep(kib - 1) + (local[1023] & 1);
}

/// Touches the stack at this distance below the current frame.
static __attribute__((noinline)) void below(long distance)
{
	volatile char here;
	volatile char *there = &here - distance;
	__asm__ volatile("" : "+r"(there));
	*there = 1;
}

static int role_deep(const char *kib)
{
	return deep(atoi(kib)) < 0;
}

static pid_t run(long limit_kib, const char *role, const char *argument)
{
	return CHILD(struct rlimit limit; getrlimit(RLIMIT_STACK, &limit); limit.rlim_cur = limit_kib * 1024;
		     setrlimit(RLIMIT_STACK, &limit);
		     execl(self_path, self_path, role, argument, (char *)NULL));
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "deep"))
		return role_deep(argv[2]);
	find_self(argv);
	section("growth");
	ENDS(run(8192, "deep", "6000"), "exit 0");
	ENDS(run(8192, "deep", "9000"), "killed by SIGSEGV");
	ENDS(run(1024, "deep", "700"), "exit 0");
	ENDS(run(1024, "deep", "1200"), "killed by SIGSEGV");
	ENDS(run(65536, "deep", "50000"), "exit 0");
	section("a far touch grows the stack as long as the limit allows");
	ENDS(CHILD(below(100000)), "exit 0");
	ENDS(CHILD(below(4000000)), "exit 0");
	ENDS(CHILD(below(20000000)), "killed by SIGSEGV");
	section("the limit can change while running");
	ENDS(CHILD(setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 23 }); below(3000000)),
	     "killed by SIGSEGV");
	ENDS(CHILD(setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 23 }); below(500000)), "exit 0");
	section("the stack is not executable");
	ENDS(CHILD(char code[] = { (char)0xc3 }; ((void (*)(void))WILD(code))()), "killed by SIGSEGV");
	section("the arguments stay readable after growth");
	IN_CHILD(deep(3000); STR(strrchr(argv[0], '/') ? "path" : "name", "path"));
	return finish();
}
