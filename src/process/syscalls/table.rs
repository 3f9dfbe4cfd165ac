//! The system-call table: one line a call.

use abi::SyscallNumber;

use super::{
    Entry, Handler, NUMBERS, clock, cpu_state, dir, exec, fd, file, futex, group, identity, kill,
    memory, mount, path, pipe, poll, prctl, priority, process, process_vm, random, resource,
    sched_calls, sigaction, stat, syslog, system, timer, wait,
};

/// The handlers by number.
pub(super) static ENTRIES: [Option<Entry>; NUMBERS] = by_number(&[
    // Processes.
    (SyscallNumber::Fork, |c, a| process::fork.invoke(c, a)),
    (SyscallNumber::Vfork, |c, a| process::vfork.invoke(c, a)),
    (SyscallNumber::Clone, |c, a| process::clone.invoke(c, a)),
    (SyscallNumber::Clone3, |c, a| process::clone3.invoke(c, a)),
    (SyscallNumber::Exit, |c, a| process::exit.invoke(c, a)),
    (SyscallNumber::ExitGroup, |c, a| {
        process::exit_group.invoke(c, a)
    }),
    (SyscallNumber::GetPid, |c, a| process::getpid.invoke(c, a)),
    (SyscallNumber::GetTid, |c, a| process::gettid.invoke(c, a)),
    (SyscallNumber::GetPpid, |c, a| process::getppid.invoke(c, a)),
    (SyscallNumber::SetTidAddress, |c, a| {
        process::set_tid_address.invoke(c, a)
    }),
    (SyscallNumber::SetRobustList, |c, a| {
        process::set_robust_list.invoke(c, a)
    }),
    (SyscallNumber::GetRobustList, |c, a| {
        process::get_robust_list.invoke(c, a)
    }),
    (SyscallNumber::Execve, |c, a| exec::execve.invoke(c, a)),
    (SyscallNumber::ExecveAt, |c, a| exec::execveat.invoke(c, a)),
    (SyscallNumber::Wait4, |c, a| wait::wait4.invoke(c, a)),
    (SyscallNumber::Waitid, |c, a| wait::waitid.invoke(c, a)),
    // Process groups and sessions.
    (SyscallNumber::SetPgid, |c, a| group::setpgid.invoke(c, a)),
    (SyscallNumber::GetPgid, |c, a| group::getpgid.invoke(c, a)),
    (SyscallNumber::GetPgrp, |c, a| group::getpgrp.invoke(c, a)),
    (SyscallNumber::GetSid, |c, a| group::getsid.invoke(c, a)),
    (SyscallNumber::SetSid, |c, a| group::setsid.invoke(c, a)),
    // Signals.
    (SyscallNumber::Kill, |c, a| kill::kill.invoke(c, a)),
    (SyscallNumber::Tkill, |c, a| kill::tkill.invoke(c, a)),
    (SyscallNumber::Tgkill, |c, a| kill::tgkill.invoke(c, a)),
    (SyscallNumber::RtSigqueueinfo, |c, a| {
        kill::rt_sigqueueinfo.invoke(c, a)
    }),
    (SyscallNumber::RtTgsigqueueinfo, |c, a| {
        kill::rt_tgsigqueueinfo.invoke(c, a)
    }),
    (SyscallNumber::RtSigaction, |c, a| {
        sigaction::rt_sigaction.invoke(c, a)
    }),
    (SyscallNumber::RtSigprocmask, |c, a| {
        sigaction::rt_sigprocmask.invoke(c, a)
    }),
    (SyscallNumber::RtSigpending, |c, a| {
        sigaction::rt_sigpending.invoke(c, a)
    }),
    (SyscallNumber::RtSigsuspend, |c, a| {
        sigaction::rt_sigsuspend.invoke(c, a)
    }),
    (SyscallNumber::Pause, |c, a| sigaction::pause.invoke(c, a)),
    (SyscallNumber::RtSigtimedwait, |c, a| {
        sigaction::rt_sigtimedwait.invoke(c, a)
    }),
    (SyscallNumber::Sigaltstack, |c, a| {
        sigaction::sigaltstack.invoke(c, a)
    }),
    (SyscallNumber::RtSigreturn, |c, a| {
        sigaction::rt_sigreturn.invoke(c, a)
    }),
    (SyscallNumber::GetItimer, |c, a| {
        timer::getitimer.invoke(c, a)
    }),
    (SyscallNumber::SetItimer, |c, a| {
        timer::setitimer.invoke(c, a)
    }),
    (SyscallNumber::Alarm, |c, a| timer::alarm.invoke(c, a)),
    // Identities and limits.
    (SyscallNumber::GetUid, |c, a| identity::getuid.invoke(c, a)),
    (SyscallNumber::GetEuid, |c, a| {
        identity::geteuid.invoke(c, a)
    }),
    (SyscallNumber::GetGid, |c, a| identity::getgid.invoke(c, a)),
    (SyscallNumber::GetEgid, |c, a| {
        identity::getegid.invoke(c, a)
    }),
    (SyscallNumber::SetUid, |c, a| identity::setuid.invoke(c, a)),
    (SyscallNumber::SetGid, |c, a| identity::setgid.invoke(c, a)),
    (SyscallNumber::SetReuid, |c, a| {
        identity::setreuid.invoke(c, a)
    }),
    (SyscallNumber::SetRegid, |c, a| {
        identity::setregid.invoke(c, a)
    }),
    (SyscallNumber::SetResuid, |c, a| {
        identity::setresuid.invoke(c, a)
    }),
    (SyscallNumber::SetResgid, |c, a| {
        identity::setresgid.invoke(c, a)
    }),
    (SyscallNumber::GetResuid, |c, a| {
        identity::getresuid.invoke(c, a)
    }),
    (SyscallNumber::GetResgid, |c, a| {
        identity::getresgid.invoke(c, a)
    }),
    (SyscallNumber::SetFsuid, |c, a| {
        identity::setfsuid.invoke(c, a)
    }),
    (SyscallNumber::SetFsgid, |c, a| {
        identity::setfsgid.invoke(c, a)
    }),
    (SyscallNumber::GetGroups, |c, a| {
        identity::getgroups.invoke(c, a)
    }),
    (SyscallNumber::SetGroups, |c, a| {
        identity::setgroups.invoke(c, a)
    }),
    (SyscallNumber::Capget, |c, a| identity::capget.invoke(c, a)),
    (SyscallNumber::Capset, |c, a| identity::capset.invoke(c, a)),
    (SyscallNumber::GetRlimit, |c, a| {
        resource::getrlimit.invoke(c, a)
    }),
    (SyscallNumber::SetRlimit, |c, a| {
        resource::setrlimit.invoke(c, a)
    }),
    (SyscallNumber::Prlimit64, |c, a| {
        resource::prlimit64.invoke(c, a)
    }),
    (SyscallNumber::GetRusage, |c, a| {
        resource::getrusage.invoke(c, a)
    }),
    (SyscallNumber::Times, |c, a| resource::times.invoke(c, a)),
    (SyscallNumber::GetPriority, |c, a| {
        priority::getpriority.invoke(c, a)
    }),
    (SyscallNumber::SetPriority, |c, a| {
        priority::setpriority.invoke(c, a)
    }),
    (SyscallNumber::Prctl, |c, a| prctl::prctl.invoke(c, a)),
    (SyscallNumber::ArchPrctl, |c, a| {
        cpu_state::arch_prctl.invoke(c, a)
    }),
    (SyscallNumber::Iopl, |c, a| {
        cpu_state::no_port_access.invoke(c, a)
    }),
    (SyscallNumber::Ioperm, |c, a| {
        cpu_state::no_port_access.invoke(c, a)
    }),
    // Scheduling and time.
    (SyscallNumber::SchedYield, |c, a| {
        sched_calls::sched_yield.invoke(c, a)
    }),
    (SyscallNumber::SchedGetScheduler, |c, a| {
        sched_calls::sched_getscheduler.invoke(c, a)
    }),
    (SyscallNumber::SchedGetParam, |c, a| {
        sched_calls::sched_getparam.invoke(c, a)
    }),
    (SyscallNumber::SchedSetScheduler, |c, a| {
        sched_calls::sched_setscheduler.invoke(c, a)
    }),
    (SyscallNumber::SchedSetParam, |c, a| {
        sched_calls::sched_setparam.invoke(c, a)
    }),
    (SyscallNumber::SchedGetPriorityMax, |c, a| {
        sched_calls::sched_get_priority_max.invoke(c, a)
    }),
    (SyscallNumber::SchedGetPriorityMin, |c, a| {
        sched_calls::sched_get_priority_min.invoke(c, a)
    }),
    (SyscallNumber::SchedRrGetInterval, |c, a| {
        sched_calls::sched_rr_get_interval.invoke(c, a)
    }),
    (SyscallNumber::SchedSetAffinity, |c, a| {
        sched_calls::sched_setaffinity.invoke(c, a)
    }),
    (SyscallNumber::SchedGetAffinity, |c, a| {
        sched_calls::sched_getaffinity.invoke(c, a)
    }),
    (SyscallNumber::SchedGetAttr, |c, a| {
        sched_calls::sched_getattr.invoke(c, a)
    }),
    (SyscallNumber::SchedSetAttr, |c, a| {
        sched_calls::sched_setattr.invoke(c, a)
    }),
    (SyscallNumber::GetCpu, |c, a| {
        sched_calls::getcpu.invoke(c, a)
    }),
    (SyscallNumber::ClockGetTime, |c, a| {
        clock::clock_gettime.invoke(c, a)
    }),
    (SyscallNumber::ClockGetRes, |c, a| {
        clock::clock_getres.invoke(c, a)
    }),
    (SyscallNumber::ClockSetTime, |c, a| {
        clock::clock_settime.invoke(c, a)
    }),
    (SyscallNumber::GetTimeOfDay, |c, a| {
        clock::gettimeofday.invoke(c, a)
    }),
    (SyscallNumber::SetTimeOfDay, |c, a| {
        clock::settimeofday.invoke(c, a)
    }),
    (SyscallNumber::Time, |c, a| clock::time.invoke(c, a)),
    (SyscallNumber::RestartSyscall, |c, a| {
        clock::restart_syscall.invoke(c, a)
    }),
    (SyscallNumber::Nanosleep, |c, a| {
        clock::nanosleep.invoke(c, a)
    }),
    (SyscallNumber::ClockNanosleep, |c, a| {
        clock::clock_nanosleep.invoke(c, a)
    }),
    (SyscallNumber::Futex, |c, a| futex::futex.invoke(c, a)),
    // Memory.
    (SyscallNumber::Mmap, |c, a| memory::mmap.invoke(c, a)),
    (SyscallNumber::Munmap, |c, a| memory::munmap.invoke(c, a)),
    (SyscallNumber::Mprotect, |c, a| {
        memory::mprotect.invoke(c, a)
    }),
    (SyscallNumber::Mremap, |c, a| memory::mremap.invoke(c, a)),
    (SyscallNumber::Brk, |c, a| memory::brk.invoke(c, a)),
    (SyscallNumber::Madvise, |c, a| memory::madvise.invoke(c, a)),
    (SyscallNumber::Msync, |c, a| memory::msync.invoke(c, a)),
    (SyscallNumber::Mincore, |c, a| memory::mincore.invoke(c, a)),
    (SyscallNumber::Mlock, |c, a| memory::mlock.invoke(c, a)),
    (SyscallNumber::Mlock2, |c, a| memory::mlock2.invoke(c, a)),
    (SyscallNumber::Munlock, |c, a| memory::munlock.invoke(c, a)),
    (SyscallNumber::Mlockall, |c, a| {
        memory::mlockall.invoke(c, a)
    }),
    (SyscallNumber::Munlockall, |c, a| {
        memory::munlockall.invoke(c, a)
    }),
    (SyscallNumber::ProcessVmReadv, |c, a| {
        process_vm::process_vm_readv.invoke(c, a)
    }),
    (SyscallNumber::ProcessVmWritev, |c, a| {
        process_vm::process_vm_writev.invoke(c, a)
    }),
    // Open files.
    (SyscallNumber::Read, |c, a| file::read.invoke(c, a)),
    (SyscallNumber::Write, |c, a| file::write.invoke(c, a)),
    (SyscallNumber::Readv, |c, a| file::readv.invoke(c, a)),
    (SyscallNumber::Writev, |c, a| file::writev.invoke(c, a)),
    (SyscallNumber::Pread64, |c, a| file::pread64.invoke(c, a)),
    (SyscallNumber::Pwrite64, |c, a| file::pwrite64.invoke(c, a)),
    (SyscallNumber::Preadv, |c, a| file::preadv.invoke(c, a)),
    (SyscallNumber::Pwritev, |c, a| file::pwritev.invoke(c, a)),
    (SyscallNumber::Preadv2, |c, a| file::preadv2.invoke(c, a)),
    (SyscallNumber::Pwritev2, |c, a| file::pwritev2.invoke(c, a)),
    (SyscallNumber::Lseek, |c, a| file::lseek.invoke(c, a)),
    (SyscallNumber::Truncate, |c, a| file::truncate.invoke(c, a)),
    (SyscallNumber::Ftruncate, |c, a| {
        file::ftruncate.invoke(c, a)
    }),
    (SyscallNumber::Fallocate, |c, a| {
        file::fallocate.invoke(c, a)
    }),
    (SyscallNumber::Fsync, |c, a| file::fsync.invoke(c, a)),
    (SyscallNumber::Fdatasync, |c, a| file::fsync.invoke(c, a)),
    (SyscallNumber::Sync, |c, a| file::sync.invoke(c, a)),
    (SyscallNumber::Syncfs, |c, a| file::syncfs.invoke(c, a)),
    (SyscallNumber::Fadvise64, |c, a| {
        file::fadvise64.invoke(c, a)
    }),
    (SyscallNumber::Readahead, |c, a| {
        file::readahead.invoke(c, a)
    }),
    (SyscallNumber::Sendfile, |c, a| file::sendfile.invoke(c, a)),
    (SyscallNumber::CopyFileRange, |c, a| {
        file::copy_file_range.invoke(c, a)
    }),
    (SyscallNumber::Open, |c, a| fd::open.invoke(c, a)),
    (SyscallNumber::Creat, |c, a| fd::creat.invoke(c, a)),
    (SyscallNumber::OpenAt, |c, a| fd::openat.invoke(c, a)),
    (SyscallNumber::OpenAt2, |c, a| fd::openat2.invoke(c, a)),
    (SyscallNumber::Close, |c, a| fd::close.invoke(c, a)),
    (SyscallNumber::CloseRange, |c, a| {
        fd::close_range.invoke(c, a)
    }),
    (SyscallNumber::Dup, |c, a| fd::dup.invoke(c, a)),
    (SyscallNumber::Dup2, |c, a| fd::dup2.invoke(c, a)),
    (SyscallNumber::Dup3, |c, a| fd::dup3.invoke(c, a)),
    (SyscallNumber::Fcntl, |c, a| fd::fcntl.invoke(c, a)),
    (SyscallNumber::Flock, |c, a| fd::flock.invoke(c, a)),
    (SyscallNumber::Ioctl, |c, a| fd::ioctl.invoke(c, a)),
    (SyscallNumber::MemfdCreate, |c, a| {
        fd::memfd_create.invoke(c, a)
    }),
    (SyscallNumber::Pipe, |c, a| pipe::pipe.invoke(c, a)),
    (SyscallNumber::Pipe2, |c, a| pipe::pipe2.invoke(c, a)),
    (SyscallNumber::Poll, |c, a| poll::poll.invoke(c, a)),
    (SyscallNumber::Ppoll, |c, a| poll::ppoll.invoke(c, a)),
    (SyscallNumber::Select, |c, a| poll::select.invoke(c, a)),
    (SyscallNumber::Pselect6, |c, a| poll::pselect6.invoke(c, a)),
    (SyscallNumber::EpollCreate, |c, a| {
        poll::epoll_create.invoke(c, a)
    }),
    (SyscallNumber::EpollCreate1, |c, a| {
        poll::epoll_create1.invoke(c, a)
    }),
    (SyscallNumber::EpollCtl, |c, a| poll::epoll_ctl.invoke(c, a)),
    (SyscallNumber::EpollWait, |c, a| {
        poll::epoll_wait.invoke(c, a)
    }),
    (SyscallNumber::EpollPwait, |c, a| {
        poll::epoll_pwait.invoke(c, a)
    }),
    (SyscallNumber::EpollPwait2, |c, a| {
        poll::epoll_pwait2.invoke(c, a)
    }),
    (SyscallNumber::Eventfd, |c, a| poll::eventfd.invoke(c, a)),
    (SyscallNumber::Eventfd2, |c, a| poll::eventfd2.invoke(c, a)),
    // Paths.
    (SyscallNumber::GetDents64, |c, a| {
        dir::getdents64.invoke(c, a)
    }),
    (SyscallNumber::GetDents, |c, a| dir::getdents.invoke(c, a)),
    (SyscallNumber::GetCwd, |c, a| dir::getcwd.invoke(c, a)),
    (SyscallNumber::Chdir, |c, a| dir::chdir.invoke(c, a)),
    (SyscallNumber::Fchdir, |c, a| dir::fchdir.invoke(c, a)),
    (SyscallNumber::Chroot, |c, a| dir::chroot.invoke(c, a)),
    (SyscallNumber::Mkdir, |c, a| dir::mkdir.invoke(c, a)),
    (SyscallNumber::MkdirAt, |c, a| dir::mkdirat.invoke(c, a)),
    (SyscallNumber::Rmdir, |c, a| dir::rmdir.invoke(c, a)),
    (SyscallNumber::Link, |c, a| path::link.invoke(c, a)),
    (SyscallNumber::LinkAt, |c, a| path::linkat.invoke(c, a)),
    (SyscallNumber::Symlink, |c, a| path::symlink.invoke(c, a)),
    (SyscallNumber::SymlinkAt, |c, a| {
        path::symlinkat.invoke(c, a)
    }),
    (SyscallNumber::Readlink, |c, a| path::readlink.invoke(c, a)),
    (SyscallNumber::ReadlinkAt, |c, a| {
        path::readlinkat.invoke(c, a)
    }),
    (SyscallNumber::Unlink, |c, a| path::unlink.invoke(c, a)),
    (SyscallNumber::UnlinkAt, |c, a| path::unlinkat.invoke(c, a)),
    (SyscallNumber::Rename, |c, a| path::rename.invoke(c, a)),
    (SyscallNumber::RenameAt, |c, a| path::renameat.invoke(c, a)),
    (SyscallNumber::RenameAt2, |c, a| {
        path::renameat2.invoke(c, a)
    }),
    (SyscallNumber::Mknod, |c, a| path::mknod.invoke(c, a)),
    (SyscallNumber::MknodAt, |c, a| path::mknodat.invoke(c, a)),
    (SyscallNumber::Umask, |c, a| path::umask.invoke(c, a)),
    (SyscallNumber::Chmod, |c, a| path::chmod.invoke(c, a)),
    (SyscallNumber::FchmodAt, |c, a| path::fchmodat.invoke(c, a)),
    (SyscallNumber::FchmodAt2, |c, a| {
        path::fchmodat2.invoke(c, a)
    }),
    (SyscallNumber::Fchmod, |c, a| path::fchmod.invoke(c, a)),
    (SyscallNumber::Chown, |c, a| path::chown.invoke(c, a)),
    (SyscallNumber::Lchown, |c, a| path::lchown.invoke(c, a)),
    (SyscallNumber::FchownAt, |c, a| path::fchownat.invoke(c, a)),
    (SyscallNumber::Fchown, |c, a| path::fchown.invoke(c, a)),
    (SyscallNumber::Access, |c, a| path::access.invoke(c, a)),
    (SyscallNumber::FaccessAt, |c, a| {
        path::faccessat.invoke(c, a)
    }),
    (SyscallNumber::FaccessAt2, |c, a| {
        path::faccessat2.invoke(c, a)
    }),
    (SyscallNumber::UtimensAt, |c, a| {
        path::utimensat.invoke(c, a)
    }),
    (SyscallNumber::Utimes, |c, a| path::utimes.invoke(c, a)),
    (SyscallNumber::FutimesAt, |c, a| {
        path::futimesat.invoke(c, a)
    }),
    (SyscallNumber::Utime, |c, a| path::utime.invoke(c, a)),
    (SyscallNumber::Stat, |c, a| stat::stat.invoke(c, a)),
    (SyscallNumber::Lstat, |c, a| stat::lstat.invoke(c, a)),
    (SyscallNumber::Fstat, |c, a| stat::fstat.invoke(c, a)),
    (SyscallNumber::NewFstatAt, |c, a| {
        stat::newfstatat.invoke(c, a)
    }),
    (SyscallNumber::Statx, |c, a| stat::statx.invoke(c, a)),
    (SyscallNumber::Statfs, |c, a| stat::statfs.invoke(c, a)),
    (SyscallNumber::Fstatfs, |c, a| stat::fstatfs.invoke(c, a)),
    (SyscallNumber::Mount, |c, a| mount::mount.invoke(c, a)),
    (SyscallNumber::Umount2, |c, a| mount::umount2.invoke(c, a)),
    (SyscallNumber::PivotRoot, |c, a| {
        mount::pivot_root.invoke(c, a)
    }),
    // The system.
    (SyscallNumber::Uname, |c, a| system::uname.invoke(c, a)),
    (SyscallNumber::SetHostName, |c, a| {
        system::sethostname.invoke(c, a)
    }),
    (SyscallNumber::SetDomainName, |c, a| {
        system::setdomainname.invoke(c, a)
    }),
    (SyscallNumber::Sysinfo, |c, a| system::sysinfo.invoke(c, a)),
    (SyscallNumber::Reboot, |c, a| system::reboot.invoke(c, a)),
    (SyscallNumber::Personality, |c, a| {
        system::personality.invoke(c, a)
    }),
    (SyscallNumber::GetRandom, |c, a| {
        random::getrandom.invoke(c, a)
    }),
    (SyscallNumber::Syslog, |c, a| syslog::syslog.invoke(c, a)),
]);

const fn by_number(list: &[(SyscallNumber, Entry)]) -> [Option<Entry>; NUMBERS] {
    let mut table: [Option<Entry>; NUMBERS] = [None; NUMBERS];
    let mut index = 0;
    while index < list.len() {
        let (number, entry) = list[index];
        assert!(
            table[number as usize].is_none(),
            "a call stands twice in the table"
        );
        table[number as usize] = Some(entry);
        index += 1;
    }
    table
}
