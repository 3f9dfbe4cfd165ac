//! Process groups and sessions: setpgid, getpgid, setsid, getsid.
#include "common/self.h"

static void own_group(void)
{
	section("own group");
	IN_CHILD(TRUE(getpgrp() == getpgid(0)); TRUE(getpgrp() != getpid());
		 TRUE(getpgrp() == getpgid(getppid())); OK(setpgid(0, 0)); TRUE(getpgrp() == getpid());
		 OK(setpgid(0, getpid())); OK(setpgid(getpid(), getpid())));
	ERR(setpgid(0, -1), EINVAL);
	ERR(setpgid(-1, -1), EINVAL);
	ERR(getpgid(-1), ESRCH);
	ERR(getsid(-1), ESRCH);
	ERR(getpgid(0x3fffffff), ESRCH);
	ERR(setpgid(0x3fffffff, 0), ESRCH);
	/* Not one's child, and not oneself. */
	ERR(setpgid(getppid(), 0), ESRCH);
	/* A group that does not exist in this session. */
	IN_CHILD(ERR(setpgid(0, 0x3ffffff), EPERM));
}

static void group_of_child(void)
{
	section("group of a child");
	pid_t leader = CHILD(pause()), second = CHILD(pause());
	OK(setpgid(leader, 0));
	TRUE(getpgid(leader) == leader);
	OK(setpgid(second, leader));
	TRUE(getpgid(second) == leader);
	OK(kill(-leader, SIGTERM));
	ENDS(leader, "killed by SIGTERM");
	ENDS(second, "killed by SIGTERM");
	ERR(kill(-leader, SIGTERM), ESRCH);
	/* The group outlives its leader. */
	leader = CHILD(pause());
	OK(setpgid(leader, leader));
	second = CHILD(pause());
	OK(setpgid(second, leader));
	OK(kill(leader, SIGKILL));
	ENDS(leader, "killed by SIGKILL");
	pid_t third = CHILD(pause());
	OK(setpgid(third, leader));
	OK(killpg(leader, SIGTERM));
	ENDS(second, "killed by SIGTERM");
	ENDS(third, "killed by SIGTERM");
}

static void sessions(void)
{
	section("sessions");
	IN_CHILD(TRUE(getsid(0) == getsid(getppid())); TRUE(setsid() == getpid());
		 TRUE(getsid(0) == getpid()); TRUE(getpgrp() == getpid()); ERR(setsid(), EPERM);
		 ERR(setpgid(0, 0), EPERM));
	/* A group leader may not found a session. */
	IN_CHILD(OK(setpgid(0, 0)); ERR(setsid(), EPERM));
	/* Neither may a process whose pid is still some group's number. */
	IN_CHILD(OK(setsid()); pid_t child = CHILD(pid_t old = getpgrp(); OK(setpgid(0, 0)); pid_t other = CHILD(pause());
			    OK(setpgid(0, old)); ERR(setsid(), EPERM); OK(kill(other, SIGKILL));
			    ENDS(other, "killed by SIGKILL"); TRUE(setsid() == getpid()));
			    ENDS(child, "exit 0"));
}

static void across_sessions(void)
{
	section("across sessions");
	int ready[2];
	char byte;
	OK(pipe(ready));
	pid_t other = CHILD(setsid(); write(ready[1], "r", 1); pause());
	EQ(read(ready[0], &byte, 1), 1);
	ERR(setpgid(other, 0), EPERM);
	ERR(setpgid(other, getpgrp()), EPERM);
	TRUE(getsid(other) == other);
	IN_CHILD(ERR(setpgid(0, other), EPERM));
	OK(kill(other, SIGKILL));
	ENDS(other, "killed by SIGKILL");
}

static void after_exec(void)
{
	section("a child that has called exec");
	int ready[2];
	char byte;
	OK(pipe(ready));
	pid_t child = CHILD(dup2(ready[1], 40); exec_role("ready"));
	EQ(read(ready[0], &byte, 1), 1);
	ERR(setpgid(child, 0), EACCES);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

static void inheritance(void)
{
	section("inheritance");
	IN_CHILD(setsid(); pid_t top = getpid(); IN_CHILD(TRUE(getsid(0) == top); TRUE(getpgrp() == top);
		 OK(setpgid(0, 0)); TRUE(getsid(0) == top); TRUE(getpgrp() == getpid())));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "ready")) {
		write(40, "r", 1);
		pause();
	}
	find_self(argv);
	own_group();
	group_of_child();
	sessions();
	across_sessions();
	after_exec();
	inheritance();
	return finish();
}
