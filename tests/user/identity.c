//! User and group ids: every set*id call as root and as a user.
#include "common/check.h"
#include <grp.h>
#include <sys/fsuid.h>

static int ids(int real, int effective, int saved)
{
	uid_t r, e, s;
	getresuid(&r, &e, &s);
	return (int)r == real && (int)e == effective && (int)s == saved;
}

static int group_ids(int real, int effective, int saved)
{
	gid_t r, e, s;
	getresgid(&r, &e, &s);
	return (int)r == real && (int)e == effective && (int)s == saved;
}

static void start(void)
{
	section("root");
	EQ(getuid(), 0);
	EQ(geteuid(), 0);
	EQ(getgid(), 0);
	EQ(getegid(), 0);
	TRUE(ids(0, 0, 0));
	TRUE(group_ids(0, 0, 0));
}

static void users(void)
{
	section("user ids");
	IN_CHILD(OK(setuid(1000)); TRUE(ids(1000, 1000, 1000)); ERR(setuid(0), EPERM); OK(setuid(1000));
		 ERR(setuid(1001), EPERM); ERR(seteuid(0), EPERM); ERR(setreuid(-1, 0), EPERM);
		 ERR(setresuid(0, -1, -1), EPERM); OK(setresuid(-1, -1, -1)));
	IN_CHILD(OK(seteuid(1000)); TRUE(ids(0, 1000, 0)); OK(seteuid(0)); TRUE(ids(0, 0, 0)));
	IN_CHILD(OK(setresuid(1, 2, 3)); TRUE(ids(1, 2, 3)); OK(seteuid(1)); OK(seteuid(3)); ERR(seteuid(2), EPERM);
		 ERR(seteuid(4), EPERM); OK(setuid(1)); TRUE(ids(1, 1, 3)); OK(setuid(3)); TRUE(ids(1, 3, 3));
		 ERR(setuid(2), EPERM); OK(setresuid(3, 1, 1)); TRUE(ids(3, 1, 1)));
	IN_CHILD(OK(setreuid(5, 6)); TRUE(ids(5, 6, 6)); OK(setreuid(6, 5)); TRUE(ids(6, 5, 5));
		 ERR(setreuid(7, -1), EPERM));
	IN_CHILD(OK(setreuid(-1, 6)); TRUE(ids(0, 6, 6)));
	IN_CHILD(OK(setreuid(5, -1)); TRUE(ids(5, 0, 0)));
	ERR(syscall(SYS_setuid, -1), EINVAL);
	ERR(syscall(SYS_getresuid, WILD(1), WILD(1), WILD(1)), EFAULT);
}

static void groups(void)
{
	section("group ids");
	IN_CHILD(OK(setgid(1000)); TRUE(group_ids(1000, 1000, 1000)); OK(setgid(0)));
	IN_CHILD(OK(setresgid(1, 2, 3)); TRUE(group_ids(1, 2, 3)); OK(setuid(1000)); OK(setegid(3));
		 TRUE(group_ids(1, 3, 3)); ERR(setegid(2), EPERM); ERR(setgid(9), EPERM); OK(setgid(1));
		 ERR(setregid(9, -1), EPERM); ERR(setresgid(9, 1, 1), EPERM));
	IN_CHILD(OK(setregid(5, 6)); TRUE(group_ids(5, 6, 6)));
	section("supplementary groups");
	gid_t list[40] = { 10, 20, 30 }, got[40];
	IN_CHILD(OK(setgroups(3, list)); EQ(getgroups(0, NULL), 3); EQ(getgroups(40, got), 3);
		 EQ(got[0] * 10000 + got[1] * 100 + got[2], 102030); ERR(getgroups(2, got), EINVAL);
		 ERR(getgroups(-1, got), EINVAL); IN_CHILD(EQ(getgroups(0, NULL), 3)); OK(setgroups(0, NULL));
		 EQ(getgroups(0, NULL), 0); ERR(setgroups(70000, list), EINVAL); OK(setuid(1000));
		 ERR(setgroups(1, list), EPERM));
	ERR(syscall(SYS_setgroups, 3, WILD(1)), EFAULT);
}

static void file_system_ids(void)
{
	section("file-system ids");
	OK(chmod(".", 0777));
	IN_CHILD(EQ(setfsuid(1000), 0); EQ(setfsuid(-1), 1000); put_file("of-1000", "", 0644);
		 struct stat st; OK(stat("of-1000", &st)); EQ(st.st_uid, 1000); EQ(setfsgid(7), 0);
		 EQ(setfsgid(-1), 7); EQ(geteuid(), 0); OK(seteuid(5)); EQ(setfsuid(-1), 5); EQ(setfsuid(77), 5);
		 EQ(setfsuid(-1), 5));
}

/// What the program does as /set-user-ID/ of another: prints its ids.
static int show(void)
{
	uid_t r, e, s;
	getresuid(&r, &e, &s);
	gid_t rg, eg, sg;
	getresgid(&rg, &eg, &sg);
	say("users %d %d %d groups %d %d %d", r, e, s, rg, eg, sg);
	return 0;
}

static void set_id_programs(const char *self)
{
	static char block[65536];
	section("set-user-ID programs");
	int from = open(self, O_RDONLY), to = open("suid", O_WRONLY | O_CREAT, 0755);
	for (ssize_t got; (got = read(from, block, sizeof block)) > 0;)
		write(to, block, got);
	close(from);
	close(to);
	OK(chown("suid", 2000, 3000));
	OK(chmod(".", 0755));
	char *argv[] = { "suid", "show", NULL };
	OK(chmod("suid", 0755));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
	OK(chmod("suid", 04755));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
	OK(chmod("suid", 02755));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
	OK(chmod("suid", 06755));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
	/* Without the group's right to execute, the bit means something else. */
	OK(chmod("suid", 02745));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
	ENDS(CHILD(seteuid(1000); execv("suid", argv)), "exit 0");
	OK(chown("suid", 0, 0));
	OK(chmod("suid", 04755));
	ENDS(CHILD(setgid(1000); setuid(1000); execv("suid", argv)), "exit 0");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "show"))
		return show();
	start();
	users();
	groups();
	file_system_ids();
	set_id_programs(argv[0]);
	return finish();
}
