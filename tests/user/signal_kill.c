//! kill, tkill, tgkill: selectors and permissions.
#include "common/check.h"
#include <limits.h>

static volatile int caught;

static void note(int number)
{
	(void)number;
	caught++;
}

static void selectors(void)
{
	section("selectors");
	OK(kill(getpid(), 0));
	ERR(kill(getpid(), 65), EINVAL);
	ERR(kill(getpid(), -1), EINVAL);
	ERR(kill(0x3fffffff, SIGTERM), ESRCH);
	ERR(kill(-0x3fffffff, SIGTERM), ESRCH);
	ERR(kill(INT_MIN, SIGTERM), ESRCH);
	IN_CHILD(setpgid(0, 0); pid_t other = CHILD(pause()); signal(SIGUSR1, note);
		 pid_t apart = CHILD(setpgid(0, 0); sleep_ms(300)); setpgid(apart, apart);
		 OK(kill(0, SIGUSR1)); EQ(caught, 1); ENDS(other, "killed by SIGUSR1");
		 OK(kill(-getpid(), SIGUSR1)); EQ(caught, 2); ENDS(apart, "exit 0");
		 OK(killpg(0, SIGUSR1)); EQ(caught, 3); ERR(killpg(-1, SIGUSR1), EINVAL));
}

static void threads(void)
{
	section("tkill and tgkill");
	pid_t self = getpid();
	signal(SIGUSR1, note);
	caught = 0;
	OK(syscall(SYS_tkill, self, SIGUSR1));
	OK(syscall(SYS_tgkill, self, self, SIGUSR1));
	EQ(caught, 2);
	OK(syscall(SYS_tgkill, self, self, 0));
	ERR(syscall(SYS_tkill, -1, SIGUSR1), EINVAL);
	ERR(syscall(SYS_tkill, 0, SIGUSR1), EINVAL);
	ERR(syscall(SYS_tgkill, 0, self, SIGUSR1), EINVAL);
	ERR(syscall(SYS_tgkill, self, 0, SIGUSR1), EINVAL);
	ERR(syscall(SYS_tkill, 0x3fffffff, SIGUSR1), ESRCH);
	ERR(syscall(SYS_tgkill, self, getppid(), SIGUSR1), ESRCH);
	ERR(syscall(SYS_tkill, self, 65), EINVAL);
}

static void permissions(void)
{
	section("permissions");
	pid_t root = getpid();
	IN_CHILD(OK(setuid(1000)); ERR(kill(root, SIGTERM), EPERM); ERR(kill(root, 0), EPERM);
		 ERR(kill(1, SIGTERM), EPERM); ERR(kill(0x3fffffff, 0), ESRCH);
		 ERR(syscall(SYS_tkill, root, SIGTERM), EPERM);
		 OK(kill(getpid(), 0)); pid_t same = CHILD(pause()); OK(kill(same, SIGTERM));
		 ENDS(same, "killed by SIGTERM"));
	/* The sender's real or effective id must be the target's real or saved one. */
	int ready[2];
	char byte;
	OK(pipe(ready));
	pid_t other = CHILD(setresuid(1000, 1001, 1002); write(ready[1], "r", 1); pause());
	EQ(read(ready[0], &byte, 1), 1);
	IN_CHILD(OK(setuid(1001)); ERR(kill(other, SIGTERM), EPERM));
	IN_CHILD(OK(setuid(1000)); OK(kill(other, 0)));
	IN_CHILD(OK(setuid(1002)); OK(kill(other, 0)));
	IN_CHILD(OK(setresuid(1003, 1000, 1003)); OK(kill(other, 0)));
	IN_CHILD(OK(setresuid(1000, 1003, 1003)); OK(kill(other, 0)));
	IN_CHILD(OK(setresuid(1003, 1003, 1000)); ERR(kill(other, 0), EPERM));
	/* SIGCONT goes anywhere within the session. */
	IN_CHILD(OK(setuid(1003)); OK(kill(other, SIGCONT)); ERR(kill(other, SIGSTOP), EPERM));
	IN_CHILD(setsid(); OK(setuid(1003)); ERR(kill(other, SIGCONT), EPERM));
	OK(kill(other, SIGTERM));
	ENDS(other, "killed by SIGTERM");
}

static void groups_partly(void)
{
	section("a group with members that may not be signalled");
	int ready[2];
	char byte;
	OK(pipe(ready));
	pid_t leader = CHILD(setpgid(0, 0); write(ready[1], "r", 1); pause());
	EQ(read(ready[0], &byte, 1), 1);
	IN_CHILD(OK(setuid(1000)); ERR(kill(-leader, SIGTERM), EPERM));
	pid_t member = CHILD(setpgid(0, leader); setuid(1000); write(ready[1], "r", 1); pause());
	EQ(read(ready[0], &byte, 1), 1);
	IN_CHILD(OK(setuid(1000)); OK(kill(-leader, SIGTERM)));
	ENDS(member, "killed by SIGTERM");
	EQ(waitpid(leader, NULL, WNOHANG), 0);
	OK(kill(leader, SIGKILL));
	ENDS(leader, "killed by SIGKILL");
}

static void unprivileged_everyone(void)
{
	section("kill(-1) as a user reaches only that user's processes");
	IN_CHILD(OK(setuid(54322)); OK(kill(-1, SIGTERM)); pid_t one = CHILD(pause());
		 pid_t two = CHILD(pause()); OK(kill(-1, SIGTERM)); ENDS(one, "killed by SIGTERM");
		 ENDS(two, "killed by SIGTERM"));
}

int main(void)
{
	selectors();
	threads();
	permissions();
	groups_partly();
	unprivileged_everyone();
	return finish();
}
