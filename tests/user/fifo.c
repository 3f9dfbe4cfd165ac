//! FIFOs: opening waits for the other end; O_NONBLOCK does not.
#include "common/check.h"
#include <poll.h>

static void meeting(void)
{
	char text[8] = "";
	section("open waits for the other side");
	OK(mkfifo("fifo", 0644));
	ERR(mkfifo("fifo", 0644), EEXIST);
	long start = now_ms();
	pid_t child = CHILD(sleep_ms(40); int out = open("fifo", O_WRONLY); write(out, "hello", 5));
	int fd = OK(open("fifo", O_RDONLY));
	TRUE(now_ms() - start >= 35);
	EQ(read(fd, text, 7), 5);
	STR(text, "hello");
	ENDS(child, "exit 0");
	EQ(read(fd, text, 7), 0);
	close(fd);
	start = now_ms();
	child = CHILD(sleep_ms(40); int in = open("fifo", O_RDONLY); char c; _exit(read(in, &c, 1) == 1 ? c : 0));
	fd = OK(open("fifo", O_WRONLY));
	TRUE(now_ms() - start >= 35);
	EQ(write(fd, "\7", 1), 1);
	ENDS(child, "exit 7");
	signal(SIGPIPE, SIG_IGN);
	ERR(write(fd, "x", 1), EPIPE);
	close(fd);
}

static void without_waiting(void)
{
	char byte;
	section("O_NONBLOCK");
	ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	int in = OK(open("fifo", O_RDONLY | O_NONBLOCK));
	EQ(read(in, &byte, 1), 0);
	int out = OK(open("fifo", O_WRONLY | O_NONBLOCK));
	ERR(read(in, &byte, 1), EAGAIN);
	EQ(write(out, "a", 1), 1);
	EQ(read(in, &byte, 1), 1);
	EQ(byte, 'a');
	OK(close(out));
	EQ(read(in, &byte, 1), 0);
	struct pollfd entry = { .fd = in, .events = POLLIN };
	EQ(poll(&entry, 1, 0), 1);
	EQ(entry.revents, POLLHUP);
	OK(close(in));
	/* Both ends by one open: never waits. */
	int both = OK(open("fifo", O_RDWR));
	EQ(write(both, "b", 1), 1);
	EQ(read(both, &byte, 1), 1);
	ERR(lseek(both, 0, SEEK_SET), ESPIPE);
	close(both);
}

static void ignore_it(int number)
{
	(void)number;
}

static void interrupted(void)
{
	section("a signal interrupts open");
	struct sigaction act = { .sa_handler = ignore_it };
	sigaction(SIGUSR1, &act, NULL);
	pid_t parent = getpid();
	pid_t child = CHILD(sleep_ms(30); kill(parent, SIGUSR1));
	ERR(open("fifo", O_RDONLY), EINTR);
	ENDS(child, "exit 0");
}

static void data_is_not_kept(void)
{
	char byte;
	section("data does not outlive the last descriptor");
	int both = OK(open("fifo", O_RDWR));
	EQ(write(both, "stale", 5), 5);
	close(both);
	int in = OK(open("fifo", O_RDONLY | O_NONBLOCK));
	EQ(read(in, &byte, 1), 0);
	close(in);
	OK(unlink("fifo"));
	OK(mkfifo("fifo", 0200));
	OK(chmod(".", 0755));
	IN_CHILD(OK(setuid(1000)); ERR(open("fifo", O_RDONLY | O_NONBLOCK), EACCES));
}

int main(void)
{
	umask(022);
	meeting();
	without_waiting();
	interrupted();
	data_is_not_kept();
	return finish();
}
