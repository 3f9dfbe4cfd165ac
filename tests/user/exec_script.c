//! Scripts: what `#!` lines start, with which arguments, nested or broken.
#include "common/self.h"

static char *envp[] = { NULL };

/// Makes an executable script whose first line is "#!" and `line`.
static void script(const char *path, const char *line)
{
	char text[2048];
	snprintf(text, sizeof text, "#!%s\nsome text\n", line);
	put_file(path, text, 0755);
}

static int run(const char *path)
{
	char *argv[] = { "zero", "one", "two", NULL };
	return execve(path, argv, envp);
}

/// The interpreter: prints its arguments.
static int show_arguments(int argc, char **argv)
{
	char line[512] = "";
	for (int i = 1; i < argc; i++) {
		strcat(line, "[");
		strcat(line, argv[i]);
		strcat(line, "]");
	}
	say("%s", line);
	return argc;
}

static void arguments(void)
{
	section("arguments");
	script("s1", "./interp");
	ENDS(CHILD(run("s1")), "exit 4");
	ENDS(CHILD(run("./s1")), "exit 4");
	script("s2", "./interp -a");
	ENDS(CHILD(run("s2")), "exit 5");
	script("s3", "  ./interp   -a  b\tc  ");
	ENDS(CHILD(run("s3")), "exit 5");
	script("s4", "\t./interp\t");
	ENDS(CHILD(run("s4")), "exit 4");
	put_file("s5", "#!./interp", 0755);
	ENDS(CHILD(run("s5")), "exit 4");
	put_file("s6", "#!./interp -last", 0755);
	ENDS(CHILD(run("s6")), "exit 5");
}

static void nesting(void)
{
	section("nesting");
	script("n1", "./s2 -n");
	ENDS(CHILD(run("n1")), "exit 7");
	script("n2", "./n1");
	ENDS(CHILD(run("n2")), "exit 8");
	script("n3", "./n2");
	ENDS(CHILD(run("n3")), "exit 9");
	script("n4", "./n3");
	ENDS(CHILD(run("n4")), "exit 10");
	script("n5", "./n4");
	ERR(run("n5"), ELOOP);
	script("self", "./self");
	ERR(run("self"), ELOOP);
}

static void errors(void)
{
	section("errors");
	script("e1", "./missing");
	ERR(run("e1"), ENOENT);
	script("e2", "./plain");
	put_file("plain", "text", 0644);
	ERR(run("e2"), EACCES);
	OK(chmod("plain", 0755));
	ERR(run("e2"), ENOEXEC);
	script("e3", "/");
	ERR(run("e3"), EACCES);
	script("e4", "./plain/x");
	ERR(run("e4"), ENOTDIR);
	script("e5", "./interp");
	OK(chmod("e5", 0644));
	ERR(run("e5"), EACCES);
}

static void long_lines(void)
{
	section("long lines");
	char line[600];
	memset(line, 'a', sizeof line);
	line[300] = 0;
	script("l1", line);
	ERR(run("l1"), ENOEXEC);
	/* The path ends within the 256 bytes that are read; its argument is cut. */
	memcpy(line, "./interp ", 9);
	script("l2", line);
	ENDS(CHILD(run("l2")), "exit 5");
}

static void set_ids_are_ignored(void)
{
	section("set-user-ID on a script");
	script("suid", "./interp");
	OK(chown("suid", 1000, 1000));
	OK(chmod("suid", 06755));
	ENDS(CHILD(run("suid")), "exit 4");
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	if (!strcmp(name ? name + 1 : argv[0], "interp"))
		return geteuid() == 0 ? show_arguments(argc, argv) : 100;
	find_self(argv);
	copy_self("interp", 0755);
	arguments();
	nesting();
	errors();
	long_lines();
	set_ids_are_ignored();
	return finish();
}
