//! Pseudo-terminals: line discipline, termios, window size, signals from keys.
#include "common/check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;

/// What the terminal's other side has to read within 300 ms, control characters
/// as ^X; waits for `want` bytes.
static const char *from(int fd, int want)
{
	static char text[512];
	int length = 0;
	struct pollfd entry = { .fd = fd, .events = POLLIN };
	while (want > 0 && poll(&entry, 1, 300) == 1) {
		char byte;
		if (read(fd, &byte, 1) != 1)
			break;
		want--;
		if ((unsigned char)byte < 32 || byte == 127) {
			text[length++] = '^';
			byte ^= 64;
		}
		text[length++] = byte;
	}
	text[length] = 0;
	return text;
}

static void type(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		check_failures++;
}

static int nothing(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };
	return poll(&entry, 1, 50) == 0;
}

static void set(tcflag_t clear_local, tcflag_t set_local)
{
	struct termios mode;
	tcgetattr(slave, &mode);
	mode.c_lflag = (mode.c_lflag & ~clear_local) | set_local;
	tcsetattr(slave, TCSANOW, &mode);
}

static void open_pair(void)
{
	int number = -1, lock = 0;
	char name[64];
	section("open");
	master = OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	OK(ioctl(master, TIOCGPTN, &number));
	TRUE(number >= 0);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	ERR(open(name, O_RDWR | O_NOCTTY), EIO);
	OK(ioctl(master, TIOCSPTLCK, &lock));
	slave = OK(open(name, O_RDWR | O_NOCTTY));
	EQ(isatty(slave), 1);
	EQ(isatty(master), 1);
	TRUE(!strcmp(ttyname(slave), name));
	struct stat st;
	OK(fstat(slave, &st));
	EQ(S_ISCHR(st.st_mode), 1);
	EQ(st.st_uid, 0);
	ERR(lseek(slave, 0, SEEK_SET), ESPIPE);
}

static void defaults(void)
{
	struct termios mode;
	section("defaults");
	OK(tcgetattr(slave, &mode));
	EQ(mode.c_iflag & (ICRNL | IXON), ICRNL | IXON);
	EQ(mode.c_oflag & (OPOST | ONLCR), OPOST | ONLCR);
	EQ(mode.c_cflag & (CS8 | CREAD), CS8 | CREAD);
	EQ(mode.c_lflag & (ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN), ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN);
	EQ(mode.c_cc[VINTR], 3);
	EQ(mode.c_cc[VQUIT], 28);
	EQ(mode.c_cc[VERASE], 127);
	EQ(mode.c_cc[VKILL], 21);
	EQ(mode.c_cc[VEOF], 4);
	EQ(mode.c_cc[VSUSP], 26);
	EQ(mode.c_cc[VMIN], 1);
	EQ(cfgetospeed(&mode), B38400);
}

static void lines(void)
{
	section("lines");
	type("hel");
	TRUE(nothing(slave));
	STR(from(master, 3), "hel");
	type("lo\r");
	STR(from(slave, 6), "hello^J");
	STR(from(master, 4), "lo^M^J");
	type("one\ntwo\n");
	STR(from(slave, 4), "one^J");
	STR(from(slave, 4), "two^J");
	STR(from(master, 10), "one^M^Jtwo^M^J");
	/* A line longer than the buffer of the reader comes in parts. */
	char part[4] = "";
	type("abcdef\n");
	EQ(read(slave, part, 3), 3);
	STR(part, "abc");
	STR(from(slave, 4), "def^J");
	from(master, 8);
	section("editing");
	type("ab\177c\n");
	STR(from(slave, 3), "ac^J");
	STR(from(master, 8), "ab^H ^Hc^M^J");
	type("\177\177x\n");
	STR(from(slave, 2), "x^J");
	from(master, 3);
	type("gone\025kept\n");
	STR(from(slave, 5), "kept^J");
	from(master, 100);
	type("one two\027six\n");
	STR(from(slave, 8), "one six^J");
	from(master, 100);
	type("a\026\003b\n");
	STR(from(slave, 4), "a^Cb^J");
	from(master, 100);
	section("end of file");
	type("\004");
	char byte;
	EQ(read(slave, &byte, 1), 0);
	type("part\004");
	STR(from(slave, 4), "part");
	from(master, 100);
}

static void output(void)
{
	section("output");
	EQ(write(slave, "a\nb\tc\n", 6), 6);
	STR(from(master, 8), "a^M^Jb^Ic^M^J");
	struct termios mode, old;
	tcgetattr(slave, &old);
	mode = old;
	mode.c_oflag &= ~OPOST;
	OK(tcsetattr(slave, TCSANOW, &mode));
	EQ(write(slave, "a\n", 2), 2);
	STR(from(master, 2), "a^J");
	OK(tcsetattr(slave, TCSADRAIN, &old));
	section("echo of control characters");
	type("\001\n");
	STR(from(master, 4), "^A^M^J");
	from(slave, 2);
	set(ECHO, 0);
	type("hidden\n");
	STR(from(slave, 7), "hidden^J");
	TRUE(nothing(master));
	set(0, ECHO);
}

static void raw(void)
{
	struct termios mode, old;
	section("raw");
	tcgetattr(slave, &old);
	mode = old;
	cfmakeraw(&mode);
	OK(tcsetattr(slave, TCSANOW, &mode));
	type("x\r\003\004");
	STR(from(slave, 4), "x^M^C^D");
	TRUE(nothing(master));
	char bytes[8];
	mode.c_cc[VMIN] = 0;
	mode.c_cc[VTIME] = 1;
	OK(tcsetattr(slave, TCSANOW, &mode));
	long start = now_ms();
	EQ(read(slave, bytes, 8), 0);
	TRUE(now_ms() - start >= 95);
	mode.c_cc[VTIME] = 0;
	OK(tcsetattr(slave, TCSANOW, &mode));
	EQ(read(slave, bytes, 8), 0);
	type("abc");
	EQ(read(slave, bytes, 8), 3);
	mode.c_cc[VMIN] = 3;
	OK(tcsetattr(slave, TCSANOW, &mode));
	pid_t child = CHILD(sleep_ms(20); type("1"); sleep_ms(20); type("23"));
	EQ(read(slave, bytes, 8), 3);
	ENDS(child, "exit 0");
	OK(tcsetattr(slave, TCSANOW, &old));
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	ERR(read(slave, bytes, 8), EAGAIN);
	fcntl(slave, F_SETFL, O_RDWR);
	int waiting = -1;
	type("12345\n");
	sleep_ms(20);
	OK(ioctl(slave, FIONREAD, &waiting));
	EQ(waiting, 6);
	OK(tcflush(slave, TCIFLUSH));
	OK(ioctl(slave, FIONREAD, &waiting));
	EQ(waiting, 0);
	from(master, 100);
}

static volatile int changes;

static void note(int number)
{
	changes += number == SIGWINCH;
}

static void window(void)
{
	struct winsize size = { 0, 0, 0, 0 };
	section("window size");
	OK(ioctl(slave, TIOCGWINSZ, &size));
	EQ(size.ws_row + size.ws_col, 0);
	size.ws_row = 24;
	size.ws_col = 80;
	OK(ioctl(master, TIOCSWINSZ, &size));
	memset(&size, 0, sizeof size);
	OK(ioctl(slave, TIOCGWINSZ, &size));
	EQ(size.ws_row * 1000 + size.ws_col, 24080);
	ERR(ioctl(slave, TIOCGWINSZ, WILD(8)), EFAULT);
	ERR(ioctl(slave, TCGETS, WILD(8)), EFAULT);
	ERR(ioctl(slave, 0x54ff, 0), ENOTTY);
}

/// A child in a session of its own whose terminal is the slave.
#define ON_TERMINAL(...)                                                       \
	CHILD(setsid(); if (ioctl(slave, TIOCSCTTY, 0)) _exit(90); __VA_ARGS__)

static void keys(void)
{
	int ready[2];
	char byte;
	section("signals from keys");
	OK(pipe(ready));
	static const struct {
		const char *key, *end;
	} cases[] = { { "\003", "killed by SIGINT" }, { "\034", "killed by SIGQUIT" } };
	for (unsigned i = 0; i < LENGTH(cases); i++) {
		pid_t child = ON_TERMINAL(write(ready[1], "r", 1); pause());
		EQ(read(ready[0], &byte, 1), 1);
		type(cases[i].key);
		ENDS(child, cases[i].end);
		STR(from(master, 100), i ? "^\\" : "^C");
	}
	/* Ctrl-Z stops the foreground group, not the leader that is behind it. */
	pid_t leader = ON_TERMINAL(signal(SIGTTOU, SIG_IGN); pid_t job = CHILD(setpgid(0, 0); pause());
				   setpgid(job, job); tcsetpgrp(slave, job); write(ready[1], "r", 1); int status;
				   waitpid(job, &status, WUNTRACED);
				   if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTSTP) _exit(1);
				   kill(job, SIGKILL); waitpid(job, NULL, 0));
	EQ(read(ready[0], &byte, 1), 1);
	type("\032");
	ENDS(leader, "exit 0");
	STR(from(master, 100), "^Z");
	leader = ON_TERMINAL(signal(SIGWINCH, note); changes = 0; write(ready[1], "r", 1);
			     for (int i = 0; i < 500 && !changes; i++) sleep_ms(2); _exit(changes));
	EQ(read(ready[0], &byte, 1), 1);
	struct winsize size = { .ws_row = 30, .ws_col = 90 };
	OK(ioctl(master, TIOCSWINSZ, &size));
	ENDS(leader, "exit 1");
}

static void background(void)
{
	section("background groups");
	pid_t leader = ON_TERMINAL(TRUE(tcgetsid(slave) == getpid()); TRUE(tcgetpgrp(slave) == getpid());
		int status; char c;
		pid_t job = CHILD(setpgid(0, 0); read(slave, &c, 1)); setpgid(job, job);
		EQ(waitpid(job, &status, WUNTRACED) == job, 1); STR(status_text(status), "stopped by SIGTTIN");
		kill(job, SIGKILL); waitpid(job, NULL, 0);
		job = CHILD(setpgid(0, 0); struct termios mode; tcgetattr(slave, &mode); tcsetattr(slave, TCSANOW, &mode));
		setpgid(job, job);
		EQ(waitpid(job, &status, WUNTRACED) == job, 1); STR(status_text(status), "stopped by SIGTTOU");
		kill(job, SIGKILL); waitpid(job, NULL, 0);
		job = CHILD(setpgid(0, 0); signal(SIGTTIN, SIG_IGN); ERR(read(slave, &c, 1), EIO));
		setpgid(job, job); ENDS(job, "exit 0");
		job = CHILD(setpgid(0, 0); signal(SIGTTOU, SIG_IGN); OK(tcsetpgrp(slave, getpid())); sleep_ms(100));
		setpgid(job, job); ENDS(job, "exit 0");
		signal(SIGTTOU, SIG_IGN); OK(tcsetpgrp(slave, getpid()));
		ERR(tcsetpgrp(slave, 0x3ffffff), ESRCH); ERR(ioctl(slave, TIOCSPGRP, &(int){ -1 }), EINVAL));
	ENDS(leader, "exit 0");
	from(master, 100);
}

static void sessions(void)
{
	section("sessions");
	ERR(tcgetpgrp(slave), ENOTTY);
	pid_t leader = ON_TERMINAL(int fd = OK(open("/dev/tty", O_RDWR)); EQ(isatty(fd), 1);
		IN_CHILD(setsid(); ERR(open("/dev/tty", O_RDWR), ENXIO); ERR(tcgetpgrp(slave), ENOTTY);
			 OK(setuid(1000)); ERR(ioctl(slave, TIOCSCTTY, 1), EPERM));
		signal(SIGHUP, SIG_IGN); OK(ioctl(fd, TIOCNOTTY, 0)); ERR(open("/dev/tty", O_RDWR), ENXIO));
	ENDS(leader, "exit 0");
	/* The leader's end hangs up the foreground group. */
	int ends[2];
	char byte;
	OK(pipe(ends));
	leader = ON_TERMINAL(pid_t job = CHILD(close(ends[0]); setpgid(0, 0); signal(SIGTTOU, SIG_IGN);
					       tcsetpgrp(slave, getpid()); write(ends[1], "r", 1); pause());
			     (void)job; sleep_ms(150));
	close(ends[1]);
	EQ(read(ends[0], &byte, 1), 1);
	EQ(read(ends[0], &byte, 1), 0);
	ENDS(leader, "exit 0");
	section("hang-up");
	pid_t child = ON_TERMINAL(close(master); pause());
	sleep_ms(50);
	OK(close(master));
	ENDS(child, "killed by SIGHUP");
	EQ(read(slave, &byte, 1), 0);
	ERR(write(slave, "x", 1), EIO);
	ERR(tcgetattr(slave, &(struct termios){ 0 }), EIO);
}

int main(void)
{
	open_pair();
	defaults();
	lines();
	output();
	raw();
	window();
	keys();
	background();
	sessions();
	return finish();
}
