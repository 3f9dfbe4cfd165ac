//! Time: the structures and numbers of `clock_gettime(2)`, `setitimer(2)`, `timer_create(2)` and their kin.

/// Nanoseconds in a second.
pub const NSEC_PER_SEC: u64 = 1_000_000_000;
/// Clock ticks in a second as user space sees them (`sysconf(_SC_CLK_TCK)`).
pub const USER_HZ: u64 = 100;

c_struct! {
    /// `struct timespec` with 64-bit fields.
    #[derive(PartialOrd, Ord, Hash)]
    pub struct Timespec {
        /// Whole seconds.
        pub tv_sec: i64,
        /// Nanoseconds of the second, 0 to 999,999,999 if valid.
        pub tv_nsec: i64,
    }
}

impl Timespec {
    /// The time this many nanoseconds after zero.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self {
            tv_sec: (nanos / NSEC_PER_SEC) as i64,
            tv_nsec: (nanos % NSEC_PER_SEC) as i64,
        }
    }

    /// Nanoseconds since zero, saturating; none if negative or not normalised, which Linux answers with `EINVAL`.
    #[must_use]
    pub const fn to_nanos(self) -> Option<u64> {
        if self.tv_sec < 0 || self.tv_nsec < 0 || self.tv_nsec >= NSEC_PER_SEC as i64 {
            return None;
        }
        Some(
            (self.tv_sec as u64)
                .saturating_mul(NSEC_PER_SEC)
                .saturating_add(self.tv_nsec as u64),
        )
    }
}

c_struct! {
    /// `struct timeval`.
    #[derive(PartialOrd, Ord, Hash)]
    pub struct Timeval {
        /// Whole seconds.
        pub tv_sec: i64,
        /// Microseconds of the second, 0 to 999,999 if valid.
        pub tv_usec: i64,
    }
}

impl Timeval {
    /// The time this many nanoseconds after zero, rounded down.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self {
            tv_sec: (nanos / NSEC_PER_SEC) as i64,
            tv_usec: (nanos % NSEC_PER_SEC / 1000) as i64,
        }
    }

    /// Nanoseconds since zero, saturating; none if negative or not normalised.
    #[must_use]
    pub const fn to_nanos(self) -> Option<u64> {
        if self.tv_sec < 0 || self.tv_usec < 0 || self.tv_usec >= 1_000_000 {
            return None;
        }
        Some(
            (self.tv_sec as u64)
                .saturating_mul(NSEC_PER_SEC)
                .saturating_add(self.tv_usec as u64 * 1000),
        )
    }
}

c_struct! {
    /// `struct timezone` of `gettimeofday(2)`.
    pub struct Timezone {
        /// Minutes west of Greenwich.
        pub tz_minuteswest: i32,
        /// Kind of daylight-saving correction; unused.
        pub tz_dsttime: i32,
    }
}

c_struct! {
    /// `struct itimerval` of `setitimer(2)`.
    pub struct Itimerval {
        /// Period; zero for a single shot.
        pub it_interval: Timeval,
        /// Time until the next expiry; zero when disarmed.
        pub it_value: Timeval,
    }
}

c_struct! {
    /// `struct itimerspec` of `timer_settime(2)` and `timerfd_settime(2)`.
    pub struct Itimerspec {
        /// Period; zero for a single shot.
        pub it_interval: Timespec,
        /// Time until the next expiry; zero when disarmed.
        pub it_value: Timespec,
    }
}

c_struct! {
    /// `struct tms` of `times(2)`, in ticks of [`USER_HZ`].
    pub struct Tms {
        /// Time in user mode.
        pub tms_utime: i64,
        /// Time in the kernel.
        pub tms_stime: i64,
        /// User time of waited-for children.
        pub tms_cutime: i64,
        /// Kernel time of waited-for children.
        pub tms_cstime: i64,
    }
}

c_struct! {
    /// `struct utimbuf` of `utime(2)`, in seconds since 1970.
    pub struct Utimbuf {
        /// Time of last access.
        pub actime: i64,
        /// Time of last modification.
        pub modtime: i64,
    }
}

constants! { i32;
    CLOCK_REALTIME = 0, "Wall-clock time since 1970.";
    CLOCK_MONOTONIC = 1, "Time since boot without time asleep; never set.";
    CLOCK_PROCESS_CPUTIME_ID = 2, "CPU time of all threads of the process.";
    CLOCK_THREAD_CPUTIME_ID = 3, "CPU time of the thread.";
    CLOCK_MONOTONIC_RAW = 4, "Like `CLOCK_MONOTONIC`, without adjustment of its rate.";
    CLOCK_REALTIME_COARSE = 5, "`CLOCK_REALTIME` as of the last tick.";
    CLOCK_MONOTONIC_COARSE = 6, "`CLOCK_MONOTONIC` as of the last tick.";
    CLOCK_BOOTTIME = 7, "Time since boot with time asleep.";
    CLOCK_REALTIME_ALARM = 8, "`CLOCK_REALTIME` whose timers wake the machine.";
    CLOCK_BOOTTIME_ALARM = 9, "`CLOCK_BOOTTIME` whose timers wake the machine.";
    CLOCK_TAI = 11, "International atomic time.";
    TIMER_ABSTIME = 1, "The time given is a point on the clock, not an interval.";
    ITIMER_REAL = 0, "Timer of wall-clock time; sends `SIGALRM`.";
    ITIMER_VIRTUAL = 1, "Timer of user time; sends `SIGVTALRM`.";
    ITIMER_PROF = 2, "Timer of CPU time; sends `SIGPROF`.";
    TFD_TIMER_ABSTIME = 1, "`timerfd_settime`: the time is a point on the clock.";
    TFD_TIMER_CANCEL_ON_SET = 2, "`timerfd_settime`: fail reads when the clock is set.";
    TFD_NONBLOCK = 0o4000, "`timerfd_create`: like `O_NONBLOCK`.";
    TFD_CLOEXEC = 0o2000000, "`timerfd_create`: like `O_CLOEXEC`.";
}

constants! { i64;
    UTIME_NOW = 0x3fff_ffff, "`utimensat`: in `tv_nsec`, set to the current time.";
    UTIME_OMIT = 0x3fff_fffe, "`utimensat`: in `tv_nsec`, leave unchanged.";
}
