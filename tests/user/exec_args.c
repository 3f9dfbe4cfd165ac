//! What execve hands to the new program: arguments, environment, stack layout
//! and the auxiliary vector.
#include "common/self.h"
#include <elf.h>
#include <sys/auxv.h>

extern char **environ;
extern const Elf64_Ehdr __ehdr_start;

static int count(char **list)
{
	int length = 0;
	while (list[length])
		length++;
	return length;
}

static int role_args(int argc, char **argv)
{
	EQ(argc, 5);
	STR(argv[0], "name with space");
	STR(argv[1], "args");
	STR(argv[2], "");
	STR(argv[3], "-x=\"y\"\n");
	EQ(strlen(argv[4]), 100000);
	TRUE(argv[5] == NULL);
	EQ(count(environ), 3);
	STR(environ[0], "A=1");
	STR(environ[1], "no equals sign");
	STR(environ[2], "A=2");
	STR(getenv("A"), "1");
	TRUE(environ == argv + argc + 1);
	TRUE(((uintptr_t)argv - 8) % 16 == 0);
	return check_failures != 0;
}

static int role_auxv(void)
{
	section("auxiliary vector");
	EQ(getauxval(AT_PAGESZ), 4096);
	EQ(getauxval(AT_CLKTCK), 100);
	EQ(getauxval(AT_UID), 0);
	EQ(getauxval(AT_EUID), 0);
	EQ(getauxval(AT_GID), 0);
	EQ(getauxval(AT_EGID), 0);
	EQ(getauxval(AT_SECURE), 0);
	EQ(getauxval(AT_BASE), 0);
	EQ(getauxval(AT_FLAGS), 0);
	EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	EQ(getauxval(AT_PHNUM), __ehdr_start.e_phnum);
	TRUE(getauxval(AT_ENTRY) == __ehdr_start.e_entry);
	TRUE(getauxval(AT_PHDR) == (uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
	STR((char *)getauxval(AT_PLATFORM), "x86_64");
	STR((char *)getauxval(AT_EXECFN), "./copy");
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	TRUE(random != NULL);
	int distinct = 0;
	for (int i = 1; i < 16; i++)
		distinct += random[i] != random[0];
	TRUE(distinct > 8);
	return check_failures != 0;
}

static int role_fresh(void)
{
	static char bss[100000];
	static int data = 5;
	int dirty = 0;
	for (unsigned i = 0; i < sizeof bss; i++)
		dirty += bss[i] != 0;
	EQ(dirty, 0);
	EQ(data, 5);
	memset(bss, 1, sizeof bss);
	data = 6;
	return check_failures != 0;
}

static void pass_args(void)
{
	static char big[100001];
	memset(big, 'b', 100000);
	char *argv[] = { "name with space", "args", "", "-x=\"y\"\n", big, NULL };
	char *envp[] = { "A=1", "no equals sign", "A=2", NULL };
	section("arguments and environment");
	ENDS(CHILD(execve(self_path, argv, envp)), "exit 0");
	char *none[] = { NULL }, *few[] = { self_path, "count", NULL };
	ENDS(CHILD(execve(self_path, few, none)), "exit 20");
	ENDS(CHILD(execve(self_path, few, NULL)), "exit 20");
	char *more[] = { self_path, "count", "1", "2", NULL }, *three[] = { "a", "b", "c", NULL };
	ENDS(CHILD(execve(self_path, more, three)), "exit 43");
	/* Without any argument, Linux passes one empty string. */
	ENDS(CHILD(execve(self_path, none, none)), "exit 77");
	ENDS(CHILD(execve(self_path, NULL, NULL)), "exit 77");
}

static void many_args(void)
{
	enum { COUNT = 5000 };
	static char *argv[COUNT + 1];
	section("many arguments");
	argv[0] = self_path;
	argv[1] = "many";
	for (int i = 2; i < COUNT; i++)
		argv[i] = "0123456789";
	char *envp[] = { NULL };
	ENDS(CHILD(execve(self_path, argv, envp)), "exit 0");
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	if (argc == 1 && argv[0][0] == 0)
		return 77;
	if (!strcmp(role, "args"))
		return role_args(argc, argv);
	if (!strcmp(role, "auxv"))
		return role_auxv();
	if (!strcmp(role, "fresh"))
		return role_fresh();
	if (!strcmp(role, "count"))
		return argc * 10 + count(environ);
	if (!strcmp(role, "many"))
		return argc != 5000 || strcmp(argv[4999], "0123456789");
	find_self(argv);
	pass_args();
	many_args();
	copy_self("copy", 0755);
	char *auxv[] = { "x", "auxv", NULL }, *none[] = { NULL };
	ENDS(CHILD(execve("./copy", auxv, none)), "exit 0");
	section("a fresh image");
	ENDS(RUN_ROLE("fresh"), "exit 0");
	ENDS(RUN_ROLE("fresh"), "exit 0");
	return finish();
}
