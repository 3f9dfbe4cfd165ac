//! uname, sysinfo, getrandom, sethostname, sync and other small calls.
#include "common/check.h"
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void names(void)
{
	struct utsname name;
	int major = 0, minor = 0;
	section("uname");
	memset(&name, 0x55, sizeof name);
	OK(uname(&name));
	STR(name.sysname, "Linux");
	STR(name.machine, "x86_64");
	TRUE(strlen(name.nodename) > 0 && strlen(name.nodename) < 65);
	TRUE(sscanf(name.release, "%d.%d", &major, &minor) == 2 && major >= 5);
	TRUE(strlen(name.version) > 0);
	char host[65];
	OK(gethostname(host, sizeof host));
	TRUE(!strcmp(host, name.nodename));
	IN_CHILD(OK(setuid(1000)); ERR(sethostname("x", 1), EPERM); ERR(syscall(SYS_setdomainname, "x", 1), EPERM));
	ERR(sethostname("x", -1), EINVAL);
	ERR(sethostname("x", 65), EINVAL);
	ERR(syscall(SYS_sethostname, WILD(8), 5), EFAULT);
}

static void information(void)
{
	struct sysinfo info;
	section("sysinfo");
	memset(&info, 0, sizeof info);
	OK(sysinfo(&info));
	unsigned long unit = info.mem_unit;
	TRUE(info.uptime > 0);
	TRUE(info.totalram * unit > 16UL << 20);
	TRUE(info.freeram > 0 && info.freeram < info.totalram);
	TRUE(info.procs >= 1 && info.procs < 30000);
	TRUE(info.loads[0] < 1000UL << 16);
	TRUE(info.totalswap >= info.freeswap);
}

static void randomness(void)
{
	unsigned char one[64] = { 0 }, two[64] = { 0 };
	static unsigned char big[70000];
	section("getrandom");
	EQ(getrandom(one, sizeof one, 0), 64);
	EQ(getrandom(two, sizeof two, GRND_NONBLOCK), 64);
	TRUE(memcmp(one, two, sizeof one) != 0);
	EQ(getrandom(one, 0, 0), 0);
	EQ(getrandom(big, sizeof big, 0), sizeof big);
	int zeros = 0;
	for (unsigned i = 0; i < sizeof big; i++)
		zeros += big[i] == 0;
	TRUE(zeros > 150 && zeros < 450);
	ERR(getrandom(one, 1, 0x100), EINVAL);
	ERR(getrandom(one, 1, 6), EINVAL);
	IN_CHILD(EQ(getrandom(two, sizeof two, 0), 64));
}

static void process_names(void)
{
	char name[17] = "";
	section("prctl");
	OK(prctl(PR_SET_NAME, "a-very-long-process-name"));
	OK(prctl(PR_GET_NAME, name));
	STR(name, "a-very-long-pro");
	IN_CHILD(OK(prctl(PR_GET_NAME, name)); STR(name, "a-very-long-pro"));
	STR(get_file("/proc/self/comm"), "a-very-long-pro\n");
	ERR(prctl(PR_SET_NAME, WILD(8)), EFAULT);
	ERR(prctl(99999, 0, 0, 0, 0), EINVAL);
	EQ(prctl(PR_GET_DUMPABLE), 1);
	OK(prctl(PR_SET_DUMPABLE, 0));
	EQ(prctl(PR_GET_DUMPABLE), 0);
	ERR(prctl(PR_SET_DUMPABLE, 7), EINVAL);
	EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	IN_CHILD(OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		 ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL));
	ERR(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), EINVAL);
}

static void segments(void)
{
	unsigned long fs = 0, gs = 1, value = 0x1122334455667788;
	section("arch_prctl");
	OK(syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &fs));
	TRUE(fs != 0);
	OK(syscall(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, &gs));
	EQ(gs, 0);
	OK(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, &value));
	unsigned long read_back;
	__asm__ volatile("mov %%gs:0, %0" : "=r"(read_back));
	TRUE(read_back == value);
	sleep_ms(1);
	__asm__ volatile("mov %%gs:0, %0" : "=r"(read_back));
	TRUE(read_back == value);
	IN_CHILD(unsigned long mine; __asm__ volatile("mov %%gs:0, %0" : "=r"(mine)); TRUE(mine == value));
	ERR(syscall(SYS_arch_prctl, 0x1001, 0xffffffff81000000), EPERM);
	ERR(syscall(SYS_arch_prctl, 0x1002, 0x8000000000000000), EPERM);
	ERR(syscall(SYS_arch_prctl, 0x1003, WILD(8)), EFAULT);
	ERR(syscall(SYS_arch_prctl, 0x7777, 0), EINVAL);
}

static void personality_and_others(void)
{
	section("others");
	EQ(syscall(SYS_personality, 0xffffffff), 0);
	EQ(syscall(SYS_sync), 0);
	TRUE(syscall(SYS_set_tid_address, NULL) == getpid());
	EQ(syscall(SYS_getpgrp) == getpgrp(), 1);
	IN_CHILD(OK(setuid(1000)); ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0), EPERM);
		 ERR(syscall(SYS_mount, "none", "/", "tmpfs", 0, 0), EPERM); ERR(syscall(SYS_umount2, "/proc", 0), EPERM));
	ERR(syscall(SYS_reboot, 1, 2, 3, 4), EINVAL);
}

int main(void)
{
	names();
	information();
	randomness();
	process_names();
	segments();
	personality_and_others();
	return finish();
}
