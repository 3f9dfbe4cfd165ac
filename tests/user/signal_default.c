//! The default action of every signal, and stops of orphaned groups.
#include "common/check.h"

/// What the signal does to a child that has done nothing about it.
static void action(int number)
{
	int ready[2], status;
	char byte;
	pipe(ready);
	pid_t child = CHILD(setpgid(0, 0); setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			    write(ready[1], "r", 1); raise(number); write(ready[1], "s", 1); pause());
	setpgid(child, child);
	close(ready[1]);
	read(ready[0], &byte, 1);
	/* Either it says that it lived, or it stops or ends. */
	int survived = 0;
	for (;;) {
		pid_t got = waitpid(child, &status, WUNTRACED | WNOHANG);
		if (got == child)
			break;
		int flags = fcntl(ready[0], F_GETFL);
		fcntl(ready[0], F_SETFL, flags | O_NONBLOCK);
		if (read(ready[0], &byte, 1) == 1) {
			survived = 1;
			break;
		}
		sleep_ms(1);
	}
	close(ready[0]);
	if (survived)
		say("%s: ignored", signal_name(number));
	else
		say("%s: %s", signal_name(number), status_text(status));
	if (survived || WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void every_action(void)
{
	section("default actions");
	for (int number = 1; number <= 64; number++)
		if (number < 32 || number > 34)
			action(number);
}

static void stop_and_kill(void)
{
	section("a stopped process");
	pid_t child = CHILD(pause());
	OK(kill(child, SIGSTOP));
	EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
	/* Other signals wait until it continues... */
	OK(kill(child, SIGTERM));
	sleep_ms(20);
	EQ(waitpid(child, NULL, WNOHANG), 0);
	OK(kill(child, SIGCONT));
	ENDS(child, "killed by SIGTERM");
	/* ...but not SIGKILL. */
	child = CHILD(pause());
	OK(kill(child, SIGSTOP));
	EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
	/* SIGCONT continues even where it is ignored or blocked. */
	child = CHILD(signal(SIGCONT, SIG_IGN); raise(SIGSTOP); _exit(5));
	EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
	OK(kill(child, SIGCONT));
	ENDS(child, "exit 5");
	child = CHILD(sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); raise(SIGSTOP);
		      _exit(6));
	EQ(waitpid(child, NULL, WUNTRACED) == child, 1);
	OK(kill(child, SIGCONT));
	ENDS(child, "exit 6");
}

static void cancelling(void)
{
	section("stop and continue cancel each other while pending");
	sigset_t set, now;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGTSTP, SIG_DFL);
	OK(raise(SIGTSTP));
	OK(sigpending(&now));
	EQ(sigismember(&now, SIGTSTP), 1);
	OK(raise(SIGCONT));
	OK(sigpending(&now));
	EQ(sigismember(&now, SIGTSTP), 0);
	EQ(sigismember(&now, SIGCONT), 1);
	OK(raise(SIGTSTP));
	OK(sigpending(&now));
	EQ(sigismember(&now, SIGTSTP), 1);
	EQ(sigismember(&now, SIGCONT), 0);
	OK(raise(SIGCONT));
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static void orphaned_group(void)
{
	section("orphaned groups");
	/* The only group of a session: a terminal stop has no effect. */
	IN_CHILD(OK(setsid()); OK(raise(SIGTSTP)); OK(raise(SIGTTIN)); OK(raise(SIGTTOU));
		 pid_t child = CHILD(raise(SIGTSTP); _exit(4)); ENDS(child, "exit 4"));
	/* A group with a stopped member that becomes orphaned gets SIGHUP and SIGCONT. */
	int ends[2];
	char byte;
	OK(pipe(ends));
	pid_t middle = CHILD(setpgid(0, 0); close(ends[0]); pid_t stopped = CHILD(raise(SIGSTOP); write(ends[1], "x", 1));
			     waitpid(stopped, NULL, WUNTRACED));
	setpgid(middle, middle);
	close(ends[1]);
	EQ(read(ends[0], &byte, 1), 0);
	ENDS(middle, "exit 0");
}

static void init_of_no_signal(void)
{
	section("signal 0 and SIGKILL to oneself");
	OK(kill(getpid(), 0));
	ENDS(CHILD(sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL); kill(getpid(), SIGKILL)),
	     "killed by SIGKILL");
	ENDS(CHILD(signal(SIGSEGV, SIG_IGN); *(volatile int *)WILD(8) = 1), "killed by SIGSEGV");
	ENDS(CHILD(sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, NULL);
		   *(volatile int *)WILD(8) = 1),
	     "killed by SIGSEGV");
}

int main(void)
{
	every_action();
	stop_and_kill();
	cancelling();
	orphaned_group();
	init_of_no_signal();
	return finish();
}
