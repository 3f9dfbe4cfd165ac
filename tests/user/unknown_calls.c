//! Numbers without a system call: ENOSYS, and nothing else happens.
#include "common/check.h"

static long call(long number)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(1L), "S"(2L), "d"(3L) : "rcx", "r11", "memory");
	return result;
}

int main(void)
{
	static const long numbers[] = { 600, 1000, 4096, 65535, 1L << 31, 0x3fffffff, -1, -2, -1000 };
	section("unknown numbers");
	for (unsigned i = 0; i < LENGTH(numbers); i++) {
		char name[32];
		snprintf(name, sizeof name, "number %ld", numbers[i]);
		EQ_AS(name, call(numbers[i]), -ENOSYS);
	}
	/* Calls that were taken out of Linux long ago. */
	section("retired numbers");
	static const long retired[] = { 134, 156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 211, 214, 215, 236 };
	for (unsigned i = 0; i < LENGTH(retired); i++) {
		char name[32];
		snprintf(name, sizeof name, "number %ld", retired[i]);
		EQ_AS(name, call(retired[i]), -ENOSYS);
	}
	section("many of them");
	int wrong = 0;
	for (int i = 0; i < 10000; i++)
		wrong += call(700 + i % 100) != -ENOSYS;
	EQ(wrong, 0);
	section("only the low half of rax counts as the number");
	TRUE(call(SYS_getpid) == getpid());
	return finish();
}
