//! vfork: the parent waits, memory is shared until exec or exit.
#include "common/self.h"

static volatile int shared, order;

static __attribute__((noinline)) pid_t borrow(void)
{
	pid_t child = vfork();
	if (child == 0) {
		sleep_ms(30);
		shared = 5;
		order = order * 10 + 1;
		_exit(4);
	}
	order = order * 10 + 2;
	return child;
}

static __attribute__((noinline)) pid_t start(const char *path, const char *role)
{
	char *argv[] = { (char *)path, (char *)role, NULL }, *envp[] = { NULL };
	pid_t child = vfork();
	if (child == 0) {
		execve(path, argv, envp);
		shared = errno;
		_exit(127);
	}
	return child;
}

static __attribute__((noinline)) pid_t killed(void)
{
	pid_t child = vfork();
	if (child == 0) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	return child;
}

static __attribute__((noinline)) pid_t with_descriptor(int fd)
{
	pid_t child = vfork();
	if (child == 0) {
		close(fd);
		_exit(0);
	}
	return child;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child")) {
		sleep_ms(20);
		return 33;
	}
	find_self(argv);
	section("shared memory and order");
	ENDS(borrow(), "exit 4");
	EQ(shared, 5);
	EQ(order, 12);
	section("exec releases the parent");
	pid_t child = start(self_path, "child");
	EQ(waitpid(child, NULL, WNOHANG), 0);
	ENDS(child, "exit 33");
	section("exec fails");
	ENDS(start("/missing", "child"), "exit 127");
	EQ(shared, ENOENT);
	section("a killed child releases the parent");
	ENDS(killed(), "killed by SIGKILL");
	section("descriptors are the child's own");
	int fd = OK(dup(1));
	ENDS(with_descriptor(fd), "exit 0");
	EQ(fcntl(fd, F_GETFD), 0);
	for (int i = 0; i < 100; i++)
		if (waitpid(start("/missing", ""), NULL, 0) < 0)
			check_failures++;
	ERR(wait(NULL), ECHILD);
	return finish();
}
