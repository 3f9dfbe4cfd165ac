//! Compares every number and layout with Linux's headers, as `linux-raw-sys` has generated them.

use core::mem::{align_of, offset_of, size_of};
use linux_raw_sys as linux;

/// Asserts that our constants are equal to those of the same names in a module of the headers.
macro_rules! same_numbers {
    ($ours:ident, $theirs:ident: $($name:ident)*) => {
        $(assert_eq!(
            $ours::$name as i128 as u32,
            linux::$theirs::$name as i128 as u32,
            stringify!($name)
        );)*
    };
}

/// Asserts that the flags of a type are equal to the constants of the same names in a module of the headers.
macro_rules! same_flags {
    ($ours:ident, $theirs:ident: $($name:ident)*) => {
        $(assert_eq!(
            i128::from($ours::$name.bits()),
            i128::from(linux::$theirs::$name),
            stringify!($name)
        );)*
    };
}

/// Asserts equal size, alignment and offsets of two structures; `a = b` for a field named differently there.
macro_rules! same_layout {
    ($ours:ty, $theirs:ty: $($field:ident $(= $other:ident)?),*) => {
        assert_eq!(size_of::<$ours>(), size_of::<$theirs>(), stringify!($ours));
        assert_eq!(align_of::<$ours>(), align_of::<$theirs>(), stringify!($ours));
        $(assert_eq!(
            offset_of!($ours, $field),
            same_layout!(@offset $theirs, $field $(, $other)?),
            stringify!($field)
        );)*
    };
    (@offset $theirs:ty, $field:ident) => { offset_of!($theirs, $field) };
    (@offset $theirs:ty, $field:ident, $other:ident) => { offset_of!($theirs, $other) };
}

#[test]
fn waitid_kinds() {
    assert_eq!(abi::P_ALL, linux::general::P_ALL);
    assert_eq!(abi::P_PID, linux::general::P_PID);
    assert_eq!(abi::P_PGID, linux::general::P_PGID);
    assert_eq!(abi::P_PIDFD, linux::general::P_PIDFD);
}

#[test]
fn waitoptions_equal() {
    use abi::WaitOptions;
    same_flags!(WaitOptions, general:
        WNOHANG WUNTRACED WEXITED WCONTINUED WNOWAIT __WNOTHREAD __WALL __WCLONE
    );
}

#[test]
fn auxv_auxvec_equal() {
    use abi::auxv;
    same_numbers!(auxv, auxvec:
        AT_NULL AT_IGNORE AT_EXECFD AT_PHDR AT_PHENT AT_PHNUM AT_PAGESZ AT_BASE AT_FLAGS AT_ENTRY
        AT_NOTELF AT_UID AT_EUID AT_GID AT_EGID AT_PLATFORM AT_HWCAP AT_CLKTCK AT_SECURE
        AT_BASE_PLATFORM AT_RANDOM AT_HWCAP2 AT_RSEQ_FEATURE_SIZE AT_RSEQ_ALIGN AT_EXECFN
        AT_SYSINFO_EHDR AT_MINSIGSTKSZ
    );
}

#[test]
fn fcntl_equal() {
    use abi::fcntl;
    same_numbers!(fcntl, general:
        F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_SETSIG
        F_GETSIG F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_DUPFD_CLOEXEC F_SETPIPE_SZ F_GETPIPE_SZ
        F_ADD_SEALS F_GET_SEALS FD_CLOEXEC LOCK_SH LOCK_EX LOCK_NB LOCK_UN SEEK_SET SEEK_CUR
        SEEK_END SEEK_DATA SEEK_HOLE AT_SYMLINK_NOFOLLOW AT_EACCESS AT_REMOVEDIR AT_SYMLINK_FOLLOW
        AT_NO_AUTOMOUNT AT_EMPTY_PATH AT_STATX_FORCE_SYNC AT_STATX_DONT_SYNC F_OK X_OK W_OK R_OK
        RENAME_NOREPLACE RENAME_EXCHANGE RENAME_WHITEOUT FALLOC_FL_KEEP_SIZE FALLOC_FL_PUNCH_HOLE
        FALLOC_FL_ZERO_RANGE MFD_CLOEXEC MFD_ALLOW_SEALING EFD_SEMAPHORE GRND_NONBLOCK GRND_RANDOM
        GRND_INSECURE SPLICE_F_MOVE SPLICE_F_NONBLOCK SPLICE_F_MORE SPLICE_F_GIFT F_RDLCK F_WRLCK
        F_UNLCK
    );
}

#[test]
fn fcntl_openflags_equal() {
    use abi::fcntl::OpenFlags;
    same_flags!(OpenFlags, general:
        O_WRONLY O_RDWR O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC FASYNC O_DIRECT
        O_LARGEFILE O_DIRECTORY O_NOFOLLOW O_NOATIME O_CLOEXEC __O_SYNC O_PATH __O_TMPFILE O_SYNC
        O_TMPFILE O_ACCMODE
    );
}

#[test]
fn futex_equal() {
    use abi::futex;
    same_numbers!(futex, general:
        FUTEX_WAIT FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI
        FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_REQUEUE_PI
        FUTEX_CMP_REQUEUE_PI FUTEX_LOCK_PI2 FUTEX_PRIVATE_FLAG FUTEX_CLOCK_REALTIME FUTEX_CMD_MASK
        FUTEX_WAITERS FUTEX_OWNER_DIED FUTEX_TID_MASK FUTEX_BITSET_MATCH_ANY ROBUST_LIST_LIMIT
    );
}

#[test]
fn mman_equal() {
    use abi::mman;
    same_numbers!(mman, general:
        MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE MADV_REMOVE
        MADV_DONTFORK MADV_DOFORK MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE
        MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK MADV_KEEPONFORK MADV_COLD MADV_PAGEOUT
        MADV_POPULATE_READ MADV_POPULATE_WRITE MADV_DONTNEED_LOCKED MADV_COLLAPSE MREMAP_MAYMOVE
        MREMAP_FIXED MREMAP_DONTUNMAP MS_ASYNC MS_INVALIDATE MS_SYNC MCL_CURRENT MCL_FUTURE
        MCL_ONFAULT MLOCK_ONFAULT
    );
}

#[test]
fn mman_mapflags_equal() {
    use abi::mman::MapFlags;
    same_flags!(MapFlags, general:
        MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE MAP_TYPE MAP_FIXED MAP_ANONYMOUS MAP_32BIT
        MAP_GROWSDOWN MAP_DENYWRITE MAP_EXECUTABLE MAP_LOCKED MAP_NORESERVE MAP_POPULATE
        MAP_NONBLOCK MAP_STACK MAP_HUGETLB MAP_SYNC MAP_FIXED_NOREPLACE
    );
}

#[test]
fn mman_prot_equal() {
    use abi::mman::Prot;
    same_flags!(Prot, general:
        PROT_READ PROT_WRITE PROT_EXEC PROT_SEM PROT_GROWSDOWN PROT_GROWSUP
    );
}

#[test]
fn poll_equal() {
    use abi::poll;
    same_numbers!(poll, general:
        EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD EPOLL_CLOEXEC EPOLLEXCLUSIVE EPOLLWAKEUP
        EPOLLONESHOT EPOLLET
    );
}

#[test]
fn poll_pollevents_equal() {
    use abi::poll::PollEvents;
    same_flags!(PollEvents, general:
        POLLIN POLLPRI POLLOUT POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND
        POLLMSG POLLRDHUP
    );
}

#[test]
fn prctl_equal() {
    use abi::prctl;
    same_numbers!(prctl, general:
        ARCH_SET_FS
    );
}

#[test]
fn prctl_prctl_equal() {
    use abi::prctl;
    same_numbers!(prctl, prctl:
        PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_KEEPCAPS
        PR_SET_KEEPCAPS PR_GET_TIMING PR_SET_TIMING PR_SET_NAME PR_GET_NAME PR_GET_SECCOMP
        PR_SET_SECCOMP PR_CAPBSET_READ PR_CAPBSET_DROP PR_GET_TSC PR_SET_TSC PR_GET_SECUREBITS
        PR_SET_SECUREBITS PR_SET_TIMERSLACK PR_GET_TIMERSLACK PR_SET_MM PR_SET_CHILD_SUBREAPER
        PR_GET_CHILD_SUBREAPER PR_SET_NO_NEW_PRIVS PR_GET_NO_NEW_PRIVS PR_GET_TID_ADDRESS
        PR_SET_THP_DISABLE PR_GET_THP_DISABLE PR_CAP_AMBIENT PR_SET_VMA
    );
}

#[test]
fn process_equal() {
    use abi::process;
    same_numbers!(process, general:
        CAP_LAST_CAP
    );
}

#[test]
fn process_cloneflags_equal() {
    use abi::process::CloneFlags;
    same_flags!(CloneFlags, general:
        CSIGNAL CLONE_NEWTIME CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PIDFD CLONE_PTRACE
        CLONE_VFORK CLONE_PARENT CLONE_THREAD CLONE_NEWNS CLONE_SYSVSEM CLONE_SETTLS
        CLONE_PARENT_SETTID CLONE_CHILD_CLEARTID CLONE_DETACHED CLONE_UNTRACED CLONE_CHILD_SETTID
        CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_IO
        CLONE_CLEAR_SIGHAND CLONE_INTO_CGROUP
    );
}

#[test]
fn resource_equal() {
    use abi::resource;
    same_numbers!(resource, general:
        RLIMIT_CPU RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS RLIMIT_NPROC
        RLIMIT_NOFILE RLIMIT_MEMLOCK RLIMIT_AS RLIMIT_LOCKS RLIMIT_SIGPENDING RLIMIT_MSGQUEUE
        RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME RLIM_NLIMITS RUSAGE_SELF RUSAGE_CHILDREN
        RUSAGE_THREAD PRIO_PROCESS PRIO_PGRP PRIO_USER
    );
}

#[test]
fn sched_equal() {
    use abi::sched;
    same_numbers!(sched, general:
        SCHED_NORMAL SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE SCHED_DEADLINE SCHED_EXT
        SCHED_RESET_ON_FORK SCHED_FLAG_RESET_ON_FORK SCHED_FLAG_RECLAIM SCHED_FLAG_DL_OVERRUN
        SCHED_FLAG_KEEP_POLICY SCHED_FLAG_KEEP_PARAMS
    );
}

#[test]
fn signal_equal() {
    use abi::signal;
    same_numbers!(signal, general:
        SA_NOCLDSTOP SA_NOCLDWAIT SA_SIGINFO SA_UNSUPPORTED SA_EXPOSE_TAGBITS SA_RESTORER SA_ONSTACK
        SA_RESTART SA_NODEFER SA_RESETHAND MINSIGSTKSZ SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT
        SIGIOT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT
        SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF
        SIGWINCH SIGIO SIGPWR SIGSYS SIGRTMIN SIG_BLOCK SIG_UNBLOCK SIG_SETMASK SI_USER SI_KERNEL
        SI_QUEUE SI_TIMER SI_MESGQ SI_ASYNCIO SI_SIGIO SI_TKILL ILL_ILLOPC ILL_ILLOPN ILL_ILLADR
        ILL_ILLTRP ILL_PRVOPC FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES
        FPE_FLTINV FPE_FLTSUB FPE_FLTUNK SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR BUS_ADRALN
        BUS_ADRERR BUS_OBJERR TRAP_BRKPT TRAP_TRACE TRAP_HWBKPT CLD_EXITED CLD_KILLED CLD_DUMPED
        CLD_TRAPPED CLD_STOPPED CLD_CONTINUED POLL_IN POLL_OUT POLL_HUP SYS_SECCOMP SIGEV_SIGNAL
        SIGEV_NONE SIGEV_THREAD SIGEV_THREAD_ID SS_ONSTACK SS_DISABLE
    );
}

#[test]
fn stat_equal() {
    use abi::stat;
    same_numbers!(stat, general:
        S_IFMT S_IFSOCK S_IFLNK S_IFREG S_IFBLK S_IFDIR S_IFCHR S_IFIFO S_ISUID S_ISGID S_ISVTX
        S_IRWXU S_IRUSR S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH
        S_IXOTH STATX_TYPE STATX_MODE STATX_NLINK STATX_UID STATX_GID STATX_ATIME STATX_MTIME
        STATX_CTIME STATX_INO STATX_SIZE STATX_BLOCKS STATX_BASIC_STATS STATX_BTIME STATX_MNT_ID
        STATX__RESERVED DT_UNKNOWN DT_FIFO DT_CHR DT_DIR DT_BLK DT_REG DT_LNK DT_SOCK TMPFS_MAGIC
        RAMFS_MAGIC PROC_SUPER_MAGIC SYSFS_MAGIC DEVPTS_SUPER_MAGIC PIPEFS_MAGIC ANON_INODE_FS_MAGIC
        CGROUP2_SUPER_MAGIC EXT4_SUPER_MAGIC
    );
}

#[test]
fn system_equal() {
    use abi::system;
    same_numbers!(system, general:
        LINUX_REBOOT_MAGIC1 LINUX_REBOOT_MAGIC2 LINUX_REBOOT_MAGIC2A LINUX_REBOOT_MAGIC2B
        LINUX_REBOOT_MAGIC2C LINUX_REBOOT_CMD_RESTART LINUX_REBOOT_CMD_HALT LINUX_REBOOT_CMD_CAD_ON
        LINUX_REBOOT_CMD_CAD_OFF LINUX_REBOOT_CMD_POWER_OFF LINUX_REBOOT_CMD_RESTART2
        LINUX_REBOOT_CMD_SW_SUSPEND LINUX_REBOOT_CMD_KEXEC MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC
        MS_REMOUNT MS_NOATIME MS_BIND MS_MOVE MS_REC MS_SILENT MS_PRIVATE MS_SLAVE MS_SHARED
        MS_RELATIME MNT_FORCE MNT_DETACH MNT_EXPIRE UMOUNT_NOFOLLOW
    );
}

#[test]
fn termios_equal() {
    use abi::termios;
    same_numbers!(termios, general:
        VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD
        VWERASE VLNEXT VEOL2 IGNBRK BRKINT IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IUCLC IXON
        IXANY IXOFF IMAXBEL IUTF8 OPOST OLCUC ONLCR OCRNL ONOCR ONLRET OFILL OFDEL TABDLY TAB0 TAB3
        CBAUD B0 B9600 B38400 BOTHER B115200 CSIZE CS5 CS6 CS7 CS8 CSTOPB CREAD PARENB PARODD HUPCL
        CLOCAL CRTSCTS ISIG ICANON XCASE ECHO ECHOE ECHOK ECHONL NOFLSH TOSTOP ECHOCTL ECHOPRT
        ECHOKE FLUSHO PENDIN IEXTEN EXTPROC TCIFLUSH TCOFLUSH TCIOFLUSH TCOOFF TCOON TCIOFF TCION
    );
}

#[test]
fn termios_ioctl_equal() {
    use abi::termios;
    same_numbers!(termios, ioctl:
        TCGETS TCSETS TCSETSW TCSETSF TCGETA TCSETA TCSETAW TCSETAF TCSBRK TCXONC TCFLSH TIOCEXCL
        TIOCNXCL TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCSTI TIOCGWINSZ TIOCSWINSZ TIOCMGET
        TIOCMBIS TIOCMBIC TIOCMSET FIONREAD TIOCLINUX TIOCCONS TIOCGSERIAL TIOCSSERIAL TIOCPKT
        FIONBIO TIOCNOTTY TIOCSETD TIOCGETD TCSBRKP TIOCGSID TCGETS2 TCSETS2 TCSETSW2 TCSETSF2
        TIOCGPTN TIOCSPTLCK TIOCGDEV TIOCVHANGUP TIOCGPTLCK TIOCGPTPEER FIONCLEX FIOCLEX FIOASYNC
        KDGETMODE KDSETMODE KDGKBTYPE KDGKBMODE KDSKBMODE VT_OPENQRY VT_GETMODE VT_SETMODE
        VT_GETSTATE VT_ACTIVATE VT_WAITACTIVE
    );
}

#[test]
fn time_equal() {
    use abi::time;
    same_numbers!(time, general:
        CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID
        CLOCK_MONOTONIC_RAW CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME
        CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM CLOCK_TAI TIMER_ABSTIME ITIMER_REAL ITIMER_VIRTUAL
        ITIMER_PROF TFD_TIMER_ABSTIME TFD_TIMER_CANCEL_ON_SET TFD_NONBLOCK TFD_CLOEXEC UTIME_NOW
        UTIME_OMIT
    );
}

#[test]
fn errnos() {
    macro_rules! check {
        ($($name:ident)*) => { $(assert_eq!(abi::Errno::$name.raw() as u32, linux::errno::$name);)* };
    }
    check!(EPERM ENOENT EINTR EAGAIN EDEADLK ENAMETOOLONG ENOSYS ELOOP EOVERFLOW ENOTSOCK EHWPOISON EWOULDBLOCK EDEADLOCK);
    assert_eq!(abi::Errno::ALL.len(), 131);
    for &(errno, name) in abi::Errno::ALL {
        assert_eq!(errno.name(), Some(name));
        assert!(!errno.is_restart());
        assert_eq!(abi::Errno::from_raw(errno.raw()), Some(errno));
    }
    assert_eq!(
        abi::Errno::ERESTARTNOHAND.restart(),
        Some(abi::Restart::NoHand)
    );
    assert_eq!(abi::Errno::from_raw(0), None);
    assert_eq!(abi::Errno::from_raw(4096), None);
    assert_eq!(abi::Errno::EPERM.to_return() as i64, -1);
    assert_eq!(abi::Errno::ENOENT.to_string(), "No such file or directory");
    assert_eq!(format!("{:?}", abi::Errno::ENOENT), "ENOENT");
}

#[test]
fn syscalls() {
    use abi::SyscallNumber as N;
    macro_rules! check {
        ($($ours:ident $theirs:ident,)*) => { $(assert_eq!(N::$ours as u32, linux::general::$theirs);)* };
    }
    check!(Read __NR_read, GetPid __NR_getpid, GetPpid __NR_getppid, ClockNanosleep __NR_clock_nanosleep,
        NewFstatAt __NR_newfstatat, Clone3 __NR_clone3, Futex __NR_futex, Mseal __NR_mseal,);
    let mut previous = None;
    for number in 0..=1000 {
        if let Some(call) = N::from_u64(number) {
            assert_eq!(call as u64, number);
            assert!(previous < Some(call));
            previous = Some(call);
        }
    }
    assert_eq!(previous, Some(N::Mseal));
    assert_eq!(N::LIMIT, N::Mseal as usize + 1);
    assert_eq!(N::from_u64(u64::MAX), None);
    assert_eq!(N::GetPid.name(), "getpid");
}

#[test]
fn layouts_of_files() {
    use linux::general as l;
    same_layout!(abi::stat::Stat, l::stat: st_dev, st_ino, st_nlink, st_mode, st_uid, st_gid, st_rdev, st_size,
        st_blksize, st_blocks, st_atim = st_atime, st_mtim = st_mtime, st_ctim = st_ctime);
    same_layout!(abi::stat::Statfs, l::statfs: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree,
        f_fsid, f_namelen, f_frsize, f_flags);
    same_layout!(abi::stat::StatxTimestamp, l::statx_timestamp: tv_sec, tv_nsec);
    same_layout!(abi::stat::Statx, l::statx: stx_mask, stx_blksize, stx_attributes, stx_nlink, stx_uid, stx_gid,
        stx_mode, stx_ino, stx_size, stx_blocks, stx_attributes_mask, stx_atime, stx_btime, stx_ctime, stx_mtime,
        stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor, stx_mnt_id, stx_dio_mem_align, stx_dio_offset_align);
    same_layout!(abi::fcntl::Flock, l::flock: l_type, l_whence, l_start, l_len, l_pid);
    same_layout!(abi::fcntl::OpenHow, l::open_how: flags, mode, resolve);
    same_layout!(abi::poll::Iovec, l::iovec: iov_base, iov_len);
    same_layout!(abi::poll::Pollfd, l::pollfd: fd, events, revents);
    same_layout!(abi::poll::EpollEvent, l::epoll_event: events, data);
    assert_eq!(
        offset_of!(l::linux_dirent64, d_name),
        abi::stat::DIRENT64_HEADER
    );
}

#[test]
fn layouts_of_processes() {
    use linux::general as l;
    same_layout!(abi::process::CloneArgs, l::clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack,
        stack_size, tls, set_tid, set_tid_size, cgroup);
    same_layout!(abi::process::UserCapHeader, l::__user_cap_header_struct: version, pid);
    same_layout!(abi::process::UserCapData, l::__user_cap_data_struct: effective, permitted, inheritable);
    same_layout!(abi::resource::Rlimit64, l::rlimit64: rlim_cur, rlim_max);
    same_layout!(abi::resource::Rusage, l::rusage: ru_utime, ru_stime, ru_maxrss, ru_minflt, ru_majflt, ru_inblock,
        ru_oublock, ru_nvcsw, ru_nivcsw);
    same_layout!(abi::futex::RobustListHead, l::robust_list_head: list, futex_offset, list_op_pending);
    same_layout!(abi::system::Utsname, linux::system::new_utsname: sysname, nodename, release, version, machine, domainname);
    same_layout!(abi::system::Sysinfo, linux::system::sysinfo: uptime, loads, totalram, freeram, sharedram, bufferram,
        totalswap, freeswap, procs, totalhigh, freehigh, mem_unit);
    assert_eq!(size_of::<abi::sched::SchedAttr>(), 56);
    assert_eq!(
        offset_of!(abi::sched::SchedAttr, sched_util_min),
        abi::sched::SCHED_ATTR_SIZE_VER0
    );
}

#[test]
fn layouts_of_time_and_terminals() {
    use linux::general as l;
    same_layout!(abi::time::Timespec, l::__kernel_timespec: tv_sec, tv_nsec);
    same_layout!(abi::time::Timeval, l::timeval: tv_sec, tv_usec);
    same_layout!(abi::time::Timezone, l::timezone: tz_minuteswest, tz_dsttime);
    same_layout!(abi::time::Itimerval, l::itimerval: it_interval, it_value);
    same_layout!(abi::time::Itimerspec, l::itimerspec: it_interval, it_value);
    same_layout!(abi::termios::Termios, l::termios: c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc);
    same_layout!(abi::termios::Termios2, l::termios2: c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc, c_ispeed, c_ospeed);
    same_layout!(abi::termios::Winsize, l::winsize: ws_row, ws_col, ws_xpixel, ws_ypixel);
}

/// The offsets within the signal frame were read off `asm/sigcontext.h` and `asm/ucontext.h` with a C compiler.
#[test]
fn layouts_of_signals() {
    use abi::ucontext::{FpxSwBytes, RtSigFrame, SigContext, UContext};
    use linux::general as l;
    same_layout!(abi::signal::SigAction, l::kernel_sigaction: sa_handler = sa_handler_kernel, sa_flags, sa_restorer, sa_mask);
    same_layout!(abi::signal::SigInfo, l::siginfo_t:);
    same_layout!(abi::signal::StackT, l::stack_t: ss_sp, ss_flags, ss_size);
    same_layout!(abi::signal::Sigevent, l::sigevent_t: sigev_value, sigev_signo, sigev_notify, sigev_tid = _sigev_un);
    assert_eq!(offset_of!(abi::signal::KernelSigInfo, fields), 16);
    assert_eq!(
        (
            size_of::<SigContext>(),
            offset_of!(SigContext, rip),
            offset_of!(SigContext, cs)
        ),
        (256, 128, 144)
    );
    assert_eq!(
        (
            offset_of!(SigContext, ss),
            offset_of!(SigContext, cr2),
            offset_of!(SigContext, fpstate)
        ),
        (150, 176, 184)
    );
    assert_eq!(
        (
            size_of::<UContext>(),
            offset_of!(UContext, uc_mcontext),
            offset_of!(UContext, uc_sigmask)
        ),
        (304, 40, 296)
    );
    assert_eq!(
        (
            offset_of!(RtSigFrame, uc),
            offset_of!(RtSigFrame, info),
            size_of::<RtSigFrame>()
        ),
        (8, 312, 440)
    );
    assert_eq!(
        (size_of::<FpxSwBytes>(), offset_of!(FpxSwBytes, xstate_size)),
        (48, 16)
    );
}

#[test]
fn siginfo_members_lie_where_the_union_has_them() {
    use zerocopy::IntoBytes;
    let child = abi::signal::KernelSigInfo::child(17, abi::signal::CLD_EXITED, 42, 1000, 3, 7, 9);
    let bytes = child.as_bytes();
    let word = |at: usize| i32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    // As `struct { pid_t; uid_t; int status; clock_t utime, stime; }` at offset 16.
    assert_eq!(
        [
            word(0),
            word(8),
            word(16),
            word(20),
            word(24),
            word(32),
            word(40)
        ],
        [17, 1, 42, 1000, 3, 7, 9]
    );
    assert_eq!((child.pid(), child.uid(), child.status()), (42, 1000, 3));
    let queued = abi::signal::KernelSigInfo::queue(34, 5, 6, 0x1234_5678_9abc);
    assert_eq!(
        (
            queued.pid(),
            queued.uid(),
            queued.value(),
            queued.from_user()
        ),
        (5, 6, 0x1234_5678_9abc, true)
    );
    let timer = abi::signal::KernelSigInfo::timer(14, 1, 2, 3);
    assert_eq!(timer.fields, [1 | 2 << 32, 3, 0, 0]);
}

#[test]
fn device_numbers_and_dirents() {
    use abi::stat::{dirent_type, major, makedev, minor, write_dirent64};
    assert_eq!(makedev(5, 1), 0x501);
    for (a, b) in [(0, 0), (4, 64), (136, 3), (0xfff, 0xf_ffff), (259, 70_000)] {
        assert_eq!((major(makedev(a, b)), minor(makedev(a, b))), (a, b));
    }
    assert_eq!(dirent_type(abi::stat::S_IFDIR | 0o755), abi::stat::DT_DIR);
    let mut out = [0xff; 40];
    assert_eq!(write_dirent64(&mut out, 7, 9, 8, b"name"), Some(24));
    assert_eq!(&out[16..24], b"\x18\0\x08name\0");
    assert_eq!(write_dirent64(&mut out[..23], 7, 9, 8, b"name"), None);
}

#[test]
fn wait_status_words() {
    use abi::WaitStatus as S;
    assert_eq!(S::exited(3).raw(), 0x300);
    assert_eq!(S::exited(-1).exit_code(), Some(255));
    assert_eq!(S::signaled(11, true).raw(), 0x8b);
    assert_eq!(S::signaled(11, true).term_signal(), Some(11));
    assert_eq!(S::stopped(20).raw(), 0x147f);
    assert_eq!(S::stopped(20).stop_signal(), Some(20));
    assert_eq!(
        (S::stopped(20).exit_code(), S::stopped(20).term_signal()),
        (None, None)
    );
    assert_eq!(S::continued().raw(), 0xffff);
    assert_eq!(
        (S::continued().exit_code(), S::continued().term_signal()),
        (None, None)
    );
}

#[test]
fn open_access_modes() {
    use abi::fcntl::OpenFlags as O;
    for (flags, read, write) in [
        (O::O_RDONLY, true, false),
        (O::O_WRONLY, false, true),
        (O::O_RDWR, true, true),
    ] {
        assert_eq!((flags.readable(), flags.writable()), (read, write));
    }
}

#[test]
fn times() {
    use abi::time::{Timespec, Timeval};
    assert_eq!(
        Timespec::from_nanos(1_500_000_000),
        Timespec {
            tv_sec: 1,
            tv_nsec: 500_000_000
        }
    );
    assert_eq!(
        Timespec {
            tv_sec: i64::MAX,
            tv_nsec: 0
        }
        .to_nanos(),
        Some(u64::MAX)
    );
    assert_eq!(
        Timespec {
            tv_sec: 0,
            tv_nsec: 1_000_000_000
        }
        .to_nanos(),
        None
    );
    assert_eq!(
        Timespec {
            tv_sec: -1,
            tv_nsec: 0
        }
        .to_nanos(),
        None
    );
    assert_eq!(
        Timeval {
            tv_sec: 1,
            tv_usec: 2
        }
        .to_nanos(),
        Some(1_000_002_000)
    );
    assert_eq!(
        Timeval::from_nanos(1_000_002_999),
        Timeval {
            tv_sec: 1,
            tv_usec: 2
        }
    );
}
