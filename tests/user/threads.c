//! Threads by musl's pthreads: create, join, mutexes, conditions, keys, signals.
// test: timeout=60
#include "common/check.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile long counter;
static __thread int own = 5;

static void *add(void *rounds)
{
	for (long i = 0; i < (long)rounds; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	own += (int)(long)rounds;
	return (void *)(long)own;
}

static void basics(void)
{
	enum { COUNT = 8, ROUNDS = 5000 };
	pthread_t threads[COUNT];
	void *result;
	section("create, join, mutex");
	for (int i = 0; i < COUNT; i++)
		EQ(pthread_create(&threads[i], NULL, add, (void *)(long)ROUNDS), 0);
	int right = 0;
	for (int i = 0; i < COUNT; i++)
		right += pthread_join(threads[i], &result) == 0 && (long)result == ROUNDS + 5;
	EQ(right, COUNT);
	EQ(counter, COUNT * ROUNDS);
	EQ(own, 5);
}

static void *identity(void *unused)
{
	(void)unused;
	long *ids = malloc(2 * sizeof *ids);
	ids[0] = syscall(SYS_getpid);
	ids[1] = syscall(SYS_gettid);
	return ids;
}

static void identities(void)
{
	pthread_t thread;
	long *ids;
	section("identities");
	pthread_create(&thread, NULL, identity, NULL);
	pthread_join(thread, (void **)&ids);
	TRUE(ids[0] == getpid());
	TRUE(ids[1] != getpid());
	/* Joined means that it ran to its end; the kernel may take a moment more. */
	for (int i = 0; i < 1000 && syscall(SYS_tkill, ids[1], 0) == 0; i++)
		sleep_ms(1);
	ERR(syscall(SYS_tkill, ids[1], 0), ESRCH);
	ERR(wait(NULL), ECHILD);
}

static int turn;

static void *player(void *mine)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != (int)(long)mine)
			pthread_cond_wait(&condition, &mutex);
		turn = !turn;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void conditions(void)
{
	pthread_t one, two;
	section("conditions");
	pthread_create(&one, NULL, player, (void *)0);
	pthread_create(&two, NULL, player, (void *)1);
	EQ(pthread_join(one, NULL), 0);
	EQ(pthread_join(two, NULL), 0);
	EQ(turn, 0);
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 30000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&mutex);
	EQ(pthread_cond_timedwait(&condition, &mutex, &until), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	sem_t semaphore;
	EQ(sem_init(&semaphore, 0, 1), 0);
	EQ(sem_wait(&semaphore), 0);
	ERR(sem_trywait(&semaphore), EAGAIN);
	EQ(sem_post(&semaphore), 0);
	EQ(sem_wait(&semaphore), 0);
}

static void *sleeper(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void ends(void)
{
	pthread_t thread;
	section("how a process with threads ends");
	ENDS(CHILD(pthread_create(&thread, NULL, sleeper, NULL); exit(7)), "exit 7");
	ENDS(CHILD(pthread_create(&thread, NULL, sleeper, NULL); syscall(SYS_exit_group, 8)), "exit 8");
	ENDS(CHILD(pthread_create(&thread, NULL, sleeper, NULL); kill(getpid(), SIGTERM); pause()),
	     "killed by SIGTERM");
	ENDS(CHILD(pthread_create(&thread, NULL, sleeper, NULL); execl("/proc/self/exe", "x", "exec", (char *)NULL)),
	     "exit 33");
	/* The thread runs on where the first one has gone: the process is not over. */
	pid_t child = CHILD(pthread_create(&thread, NULL, sleeper, NULL); syscall(SYS_exit, 3));
	sleep_ms(50);
	EQ(waitpid(child, NULL, WNOHANG), 0);
	OK(kill(child, SIGKILL));
	ENDS(child, "killed by SIGKILL");
}

static void *exec_from_thread(void *unused)
{
	(void)unused;
	execl("/proc/self/exe", "x", "exec", (char *)NULL);
	return NULL;
}

static void *exit_from_thread(void *unused)
{
	(void)unused;
	_exit(12);
}

static void *crash(void *unused)
{
	(void)unused;
	*(volatile int *)WILD(8) = 1;
	return NULL;
}

static void ends_from_a_thread(void)
{
	pthread_t thread;
	section("ended by another thread");
	ENDS(CHILD(pthread_create(&thread, NULL, exec_from_thread, NULL); pause()), "exit 33");
	ENDS(CHILD(pthread_create(&thread, NULL, exit_from_thread, NULL); pause()), "exit 12");
	ENDS(CHILD(pthread_create(&thread, NULL, crash, NULL); pause()), "killed by SIGSEGV");
	/* A fork by one thread copies that thread only. */
	IN_CHILD(pthread_create(&thread, NULL, sleeper, NULL); ENDS(CHILD(_exit(4)), "exit 4"));
}

static volatile int caught_by;

static void note(int number)
{
	(void)number;
	caught_by = (int)syscall(SYS_gettid);
}

static void *blocked_waiter(void *unused)
{
	(void)unused;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (counter != -1)
		usleep(1000);
	return NULL;
}

static void signals(void)
{
	pthread_t thread;
	section("signals");
	signal(SIGUSR1, note);
	counter = 0;
	pthread_create(&thread, NULL, blocked_waiter, NULL);
	sleep_ms(20);
	/* One of the threads that do not block it gets it. */
	OK(kill(getpid(), SIGUSR1));
	TRUE(caught_by == getpid());
	counter = -1;
	EQ(pthread_join(thread, NULL), 0);
	pthread_create(&thread, NULL, sleeper, NULL);
	sleep_ms(20);
	caught_by = 0;
	EQ(pthread_kill(thread, SIGUSR1), 0);
	sleep_ms(50);
	TRUE(caught_by != 0 && caught_by != getpid());
	EQ(pthread_cancel(thread), 0);
	void *result;
	EQ(pthread_join(thread, &result), 0);
	TRUE(result == PTHREAD_CANCELED);
}

static void shared_state(void)
{
	enum { COUNT = 50 };
	pthread_t threads[COUNT];
	section("fifty threads, twice");
	for (int round = 0; round < 2; round++) {
		int made = 0;
		counter = 0;
		for (int i = 0; i < COUNT; i++)
			made += pthread_create(&threads[i], NULL, add, (void *)10L) == 0;
		for (int i = 0; i < COUNT; i++)
			pthread_join(threads[i], NULL);
		EQ(made, COUNT);
		EQ(counter, COUNT * 10);
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 33;
	basics();
	identities();
	conditions();
	ends();
	ends_from_a_thread();
	signals();
	shared_state();
	return finish();
}
