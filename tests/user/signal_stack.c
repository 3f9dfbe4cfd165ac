//! sigaltstack, and handlers on the alternate stack.
#include "common/check.h"
#include <setjmp.h>

enum { SIZE = 65536 };
static char memory[SIZE] __attribute__((aligned(16)));
static sigjmp_buf back;
static volatile int inside, flags_inside, change_error;

static int is_inside(const void *address)
{
	return (char *)address >= memory && (char *)address < memory + SIZE;
}

static void look(int number)
{
	int local = number;
	stack_t now, other = { .ss_sp = memory, .ss_size = SIZE };
	inside = is_inside(&local);
	sigaltstack(NULL, &now);
	flags_inside = now.ss_flags;
	errno = 0;
	change_error = sigaltstack(&other, NULL) == 0 ? 0 : errno;
}

static void escape(int number)
{
	int local = number;
	inside = is_inside(&local);
	siglongjmp(back, 1);
}

static void install(int number, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };
	OK(sigaction(number, &act, NULL));
}

static void errors(void)
{
	section("errors");
	stack_t now, stack = { .ss_sp = memory, .ss_size = 100 };
	OK(sigaltstack(NULL, &now));
	EQ(now.ss_flags, SS_DISABLE);
	ERR(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
	stack.ss_size = SIZE;
	stack.ss_flags = 0x77;
	ERR(syscall(SYS_sigaltstack, &stack, NULL), EINVAL);
	ERR(syscall(SYS_sigaltstack, WILD(1), NULL), EFAULT);
	stack.ss_flags = 0;
	ERR(syscall(SYS_sigaltstack, NULL, WILD(1)), EFAULT);
}

static void use(void)
{
	section("use");
	stack_t now, stack = { .ss_sp = memory, .ss_size = SIZE }, off = { .ss_flags = SS_DISABLE };
	OK(sigaltstack(&stack, NULL));
	OK(sigaltstack(NULL, &now));
	TRUE(now.ss_sp == memory);
	EQ(now.ss_size, SIZE);
	EQ(now.ss_flags, 0);
	install(SIGUSR1, look, 0);
	OK(raise(SIGUSR1));
	EQ(inside, 0);
	EQ(flags_inside, 0);
	EQ(change_error, 0);
	install(SIGUSR1, look, SA_ONSTACK);
	OK(raise(SIGUSR1));
	EQ(inside, 1);
	EQ(flags_inside, SS_ONSTACK);
	EQ(change_error, EPERM);
	IN_CHILD(stack_t mine; OK(sigaltstack(NULL, &mine)); TRUE(mine.ss_sp == memory));
	OK(sigaltstack(&off, &now));
	TRUE(now.ss_sp == memory);
	OK(raise(SIGUSR1));
	EQ(inside, 0);
}

static int __attribute__((noinline)) endless(volatile char *above)
{
	static volatile int limited;
	volatile char local[4096];
	if (limited)
		return 0;
	local[0] = above ? above[0] : 0;
	return endless(local) + local[0];
}

static void overflow(void)
{
	section("stack overflow");
	stack_t stack = { .ss_sp = memory, .ss_size = SIZE };
	ENDS(CHILD(setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 }); endless(NULL)),
	     "killed by SIGSEGV");
	OK(sigaltstack(&stack, NULL));
	install(SIGSEGV, escape, SA_ONSTACK);
	for (volatile int i = 0; i < 2; i++) {
		inside = 0;
		if (sigsetjmp(back, 1) == 0)
			endless(NULL);
		EQ(inside, 1);
	}
	/* With the handler on the stack that overflowed there is no way out. */
	ENDS(CHILD(install(SIGSEGV, escape, 0); endless(NULL)), "killed by SIGSEGV");
}

int main(void)
{
	errors();
	use();
	overflow();
	return finish();
}
