//! Resource limits and usage: `prlimit64(2)`, `getrusage(2)` and `getpriority(2)`.

use crate::time::Timeval;

c_struct! {
    /// `struct rlimit64`; [`RLIM_INFINITY`] for none.
    pub struct Rlimit64 {
        /// The limit in force.
        pub rlim_cur: u64,
        /// How far it may be raised.
        pub rlim_max: u64,
    }
}

/// No limit.
pub const RLIM_INFINITY: u64 = u64::MAX;

c_struct! {
    /// `struct rusage`.
    pub struct Rusage {
        /// Time in user mode.
        pub ru_utime: Timeval,
        /// Time in the kernel.
        pub ru_stime: Timeval,
        /// Greatest resident set, in KiB.
        pub ru_maxrss: i64,
        #[doc(hidden)]
        pub ru_ixrss: i64,
        #[doc(hidden)]
        pub ru_idrss: i64,
        #[doc(hidden)]
        pub ru_isrss: i64,
        /// Page faults without I/O.
        pub ru_minflt: i64,
        /// Page faults with I/O.
        pub ru_majflt: i64,
        #[doc(hidden)]
        pub ru_nswap: i64,
        /// Blocks read.
        pub ru_inblock: i64,
        /// Blocks written.
        pub ru_oublock: i64,
        #[doc(hidden)]
        pub ru_msgsnd: i64,
        #[doc(hidden)]
        pub ru_msgrcv: i64,
        #[doc(hidden)]
        pub ru_nsignals: i64,
        /// Switches by blocking.
        pub ru_nvcsw: i64,
        /// Switches by preemption.
        pub ru_nivcsw: i64,
    }
}

constants! { u32;
    RLIMIT_CPU = 0, "CPU time in seconds.";
    RLIMIT_FSIZE = 1, "Bytes in a file.";
    RLIMIT_DATA = 2, "Bytes of data.";
    RLIMIT_STACK = 3, "Bytes of stack.";
    RLIMIT_CORE = 4, "Bytes in a core file.";
    RLIMIT_RSS = 5, "Resident pages; without effect.";
    RLIMIT_NPROC = 6, "Processes of the user.";
    RLIMIT_NOFILE = 7, "One more than the greatest descriptor.";
    RLIMIT_MEMLOCK = 8, "Bytes locked in memory.";
    RLIMIT_AS = 9, "Bytes of address space.";
    RLIMIT_LOCKS = 10, "File locks; without effect.";
    RLIMIT_SIGPENDING = 11, "Queued signals of the user.";
    RLIMIT_MSGQUEUE = 12, "Bytes in POSIX message queues.";
    RLIMIT_NICE = 13, "20 minus the least nice value allowed.";
    RLIMIT_RTPRIO = 14, "Greatest real-time priority allowed.";
    RLIMIT_RTTIME = 15, "Real-time CPU time without blocking, in microseconds.";
    RLIM_NLIMITS = 16, "Number of limits.";
}

constants! { i32;
    RUSAGE_SELF = 0, "The process.";
    RUSAGE_CHILDREN = -1, "Waited-for children.";
    RUSAGE_THREAD = 1, "The thread.";
    PRIO_PROCESS = 0, "`getpriority`: a process.";
    PRIO_PGRP = 1, "`getpriority`: a process group.";
    PRIO_USER = 2, "`getpriority`: a user.";
}
