//! Scheduling policies and parameters: `sched_setscheduler(2)` and `sched_setattr(2)`.

c_struct! {
    /// `struct sched_param`.
    pub struct SchedParam {
        /// Real-time priority, 1 to 99; 0 for other policies.
        pub sched_priority: i32,
    }
}

c_struct! {
    /// `struct sched_attr`, its version 1.
    pub struct SchedAttr {
        /// Bytes in the structure.
        pub size: u32,
        /// `SCHED_*`.
        pub sched_policy: u32,
        /// `SCHED_FLAG_*`.
        pub sched_flags: u64,
        /// Nice value.
        pub sched_nice: i32,
        /// Real-time priority.
        pub sched_priority: u32,
        /// Deadline class: budget in nanoseconds.
        pub sched_runtime: u64,
        /// Deadline class: relative deadline in nanoseconds.
        pub sched_deadline: u64,
        /// Deadline class: period in nanoseconds.
        pub sched_period: u64,
        /// Least utilisation, of 1024.
        pub sched_util_min: u32,
        /// Greatest utilisation, of 1024.
        pub sched_util_max: u32,
    }
}

/// Bytes in the first version of [`SchedAttr`].
pub const SCHED_ATTR_SIZE_VER0: usize = 48;

constants! { u32;
    SCHED_NORMAL = 0, "Time sharing; `SCHED_OTHER` in the manual.";
    SCHED_FIFO = 1, "Real time, until it blocks.";
    SCHED_RR = 2, "Real time, in turns.";
    SCHED_BATCH = 3, "Time sharing without favour for waking.";
    SCHED_IDLE = 5, "Only when nothing else runs.";
    SCHED_DEADLINE = 6, "Earliest deadline first.";
    SCHED_EXT = 7, "Loadable policy.";
    SCHED_RESET_ON_FORK = 0x4000_0000, "Or-ed to the policy: children start with time sharing.";
    SCHED_FLAG_RESET_ON_FORK = 1, "Children start with time sharing.";
    SCHED_FLAG_RECLAIM = 2, "Deadline class: may use unused bandwidth.";
    SCHED_FLAG_DL_OVERRUN = 4, "Deadline class: `SIGXCPU` on overrun.";
    SCHED_FLAG_KEEP_POLICY = 8, "Leave the policy.";
    SCHED_FLAG_KEEP_PARAMS = 16, "Leave the parameters.";
}

constants! { i32;
    MIN_NICE = -20, "The most favourable nice value.";
    MAX_NICE = 19, "The least favourable nice value.";
    MAX_RT_PRIO = 99, "The greatest real-time priority.";
    MIN_RT_PRIO = 1, "The least real-time priority.";
}
