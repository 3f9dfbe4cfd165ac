//! Damaged ELF files: an error from execve, or a signal once the old image is
//! gone, but never harm to anyone else.
#include "common/self.h"
#include <elf.h>

static unsigned char image[2000000];
static size_t length;

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)image;
}

static Elf64_Phdr *segment(unsigned type)
{
	Elf64_Phdr *table = (Elf64_Phdr *)(image + header()->e_phoff);
	for (int i = 0; i < header()->e_phnum; i++)
		if (table[i].p_type == type)
			return &table[i];
	_exit(103);
}

static void load_image(void)
{
	int fd = open(self_path, O_RDONLY);
	ssize_t got = read(fd, image, sizeof image);
	if (got < 4096)
		_exit(104);
	length = got;
	close(fd);
}

static void store_image(size_t bytes)
{
	int fd = open("damaged", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (write(fd, image, bytes) != (ssize_t)bytes)
		_exit(105);
	close(fd);
}

static int try_exec(void)
{
	char *argv[] = { "damaged", "child", NULL }, *envp[] = { NULL };
	return execve("./damaged", argv, envp);
}

/// Damages a fresh copy by the statement and demands an error from execve.
#define DAMAGE(error, statement)                                               \
	do {                                                                   \
		load_image();                                                  \
		statement;                                                     \
		store_image(length);                                           \
		ERR_AS(#statement, try_exec(), error);                         \
	} while (0)

/// The same, but the end of a child that tries is printed instead.
#define DAMAGE_ENDS(end, statement)                                            \
	do {                                                                   \
		load_image();                                                  \
		statement;                                                     \
		store_image(length);                                           \
		say("%s", #statement);                                         \
		ENDS(CHILD(try_exec(); _exit(90)), end);                       \
	} while (0)

static void headers(void)
{
	section("headers");
	DAMAGE_ENDS("exit 33", ;);
	DAMAGE(ENOEXEC, image[0] = 'x');
	DAMAGE(ENOEXEC, image[3] = 'x');
	DAMAGE(ENOEXEC, header()->e_type = ET_REL);
	DAMAGE(ENOEXEC, header()->e_type = ET_CORE);
	DAMAGE(ENOEXEC, header()->e_machine = EM_AARCH64);
	DAMAGE(ENOEXEC, header()->e_phentsize = 10);
	DAMAGE(ENOEXEC, header()->e_phnum = 0);
	DAMAGE(ENOEXEC, header()->e_phnum = 60000);
	DAMAGE_ENDS("exit 33", header()->e_shoff = 1u << 30);
	DAMAGE_ENDS("exit 33", header()->e_version = 7);
}

static void truncation(void)
{
	section("truncation");
	static const size_t cuts[] = { 1, 4, 16, 63 };
	for (unsigned i = 0; i < LENGTH(cuts); i++) {
		load_image();
		store_image(cuts[i]);
		char name[32];
		snprintf(name, sizeof name, "cut after %zu bytes", cuts[i]);
		ERR_AS(name, try_exec(), ENOEXEC);
	}
}

static void segments(void)
{
	section("segments");
	DAMAGE_ENDS("killed by SIGSEGV", segment(PT_LOAD)->p_filesz = segment(PT_LOAD)->p_memsz + 4096);
	/* Above user space even with five levels of page tables. */
	DAMAGE_ENDS("killed by SIGSEGV", segment(PT_LOAD)->p_vaddr = 0x100000000000000);
	DAMAGE_ENDS("killed by SIGSEGV", segment(PT_LOAD)->p_vaddr = 0xffffffff80000000);
	DAMAGE_ENDS("killed by SIGSEGV", segment(PT_LOAD)->p_memsz = 0xffffffffffffff);
	DAMAGE_ENDS("killed by SIGSEGV", header()->e_entry = 0);
	DAMAGE_ENDS("killed by SIGSEGV", header()->e_entry = 0xdead0000);
	DAMAGE_ENDS("killed by SIGSEGV", header()->e_entry = 0xffffffff81000000);
	DAMAGE_ENDS("killed by SIGSEGV", header()->e_entry = 0x8000000000000000);
}

static void interpreter(const char *path)
{
	Elf64_Phdr *taken = segment(PT_GNU_STACK);
	taken->p_type = PT_INTERP;
	taken->p_offset = length;
	taken->p_filesz = taken->p_memsz = strlen(path) + 1;
	strcpy((char *)image + length, path);
	length += strlen(path) + 1;
}

static void interpreters(void)
{
	section("interpreters");
	DAMAGE(ENOENT, interpreter("/missing/loader"));
	put_file("not-elf", "this is not an ELF file, and it is longer than its header, "
			    "which takes sixty-four bytes", 0755);
	DAMAGE(ELIBBAD, interpreter("./not-elf"));
	put_file("tiny", "tiny", 0755);
	DAMAGE(EIO, interpreter("./tiny"));
	OK(chmod("tiny", 0644));
	DAMAGE(EACCES, interpreter("./tiny"));
	DAMAGE(EACCES, interpreter("/"));
	DAMAGE(ENOEXEC, interpreter(""));
	DAMAGE(ENOEXEC, interpreter("x"); image[length - 1] = 'x');
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return 33;
	find_self(argv);
	headers();
	truncation();
	segments();
	interpreters();
	return finish();
}
