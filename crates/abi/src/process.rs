//! Creating processes: the flags and arguments of `clone(2)` and `clone3(2)`, and capabilities.

bitflags::bitflags! {
    /// What a new process or thread shares with its creator; the eight lowest bits are the exit signal.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct CloneFlags: u64 {
        /// The mask of the exit signal (`clone` only).
        const CSIGNAL = 0xff;
        /// A new time namespace (`clone3` and `unshare` only).
        const CLONE_NEWTIME = 0x80;
        /// Share the address space.
        const CLONE_VM = 0x100;
        /// Share root, current directory and umask.
        const CLONE_FS = 0x200;
        /// Share the descriptor table.
        const CLONE_FILES = 0x400;
        /// Share the signal handlers.
        const CLONE_SIGHAND = 0x800;
        /// Store a process descriptor for the child.
        const CLONE_PIDFD = 0x1000;
        /// The child is traced if the creator is.
        const CLONE_PTRACE = 0x2000;
        /// The creator sleeps until the child has executed or ended.
        const CLONE_VFORK = 0x4000;
        /// The child's parent is the creator's parent.
        const CLONE_PARENT = 0x8000;
        /// The same thread group.
        const CLONE_THREAD = 0x1_0000;
        /// A new mount namespace.
        const CLONE_NEWNS = 0x2_0000;
        /// Share System V semaphore adjustments.
        const CLONE_SYSVSEM = 0x4_0000;
        /// Set the thread pointer (FS base).
        const CLONE_SETTLS = 0x8_0000;
        /// Store the thread id for the creator.
        const CLONE_PARENT_SETTID = 0x10_0000;
        /// Clear the thread id in the child's memory when it ends.
        const CLONE_CHILD_CLEARTID = 0x20_0000;
        /// Ignored.
        const CLONE_DETACHED = 0x40_0000;
        /// A tracer cannot force `CLONE_PTRACE`.
        const CLONE_UNTRACED = 0x80_0000;
        /// Store the thread id in the child's memory.
        const CLONE_CHILD_SETTID = 0x100_0000;
        /// A new cgroup namespace.
        const CLONE_NEWCGROUP = 0x200_0000;
        /// A new UTS namespace.
        const CLONE_NEWUTS = 0x400_0000;
        /// A new IPC namespace.
        const CLONE_NEWIPC = 0x800_0000;
        /// A new user namespace.
        const CLONE_NEWUSER = 0x1000_0000;
        /// A new PID namespace.
        const CLONE_NEWPID = 0x2000_0000;
        /// A new network namespace.
        const CLONE_NEWNET = 0x4000_0000;
        /// Share the I/O context.
        const CLONE_IO = 0x8000_0000;
        /// Handlers go back to default (`clone3` only).
        const CLONE_CLEAR_SIGHAND = 0x1_0000_0000;
        /// Start in the cgroup given (`clone3` only).
        const CLONE_INTO_CGROUP = 0x2_0000_0000;
    }
}

c_struct! {
    /// `struct clone_args` of `clone3(2)`, its version 2.
    pub struct CloneArgs {
        /// `CLONE_*` without a signal.
        pub flags: u64,
        /// Where `CLONE_PIDFD` stores its descriptor.
        pub pidfd: u64,
        /// Where `CLONE_CHILD_SETTID` stores the thread id.
        pub child_tid: u64,
        /// Where `CLONE_PARENT_SETTID` stores the thread id.
        pub parent_tid: u64,
        /// The signal that announces the end.
        pub exit_signal: u64,
        /// Lowest address of the stack.
        pub stack: u64,
        /// Bytes of the stack.
        pub stack_size: u64,
        /// Thread pointer for `CLONE_SETTLS`.
        pub tls: u64,
        /// Address of the thread ids wanted, one for each PID namespace.
        pub set_tid: u64,
        /// How many thread ids are wanted.
        pub set_tid_size: u64,
        /// Descriptor for `CLONE_INTO_CGROUP`.
        pub cgroup: u64,
    }
}

/// Bytes in the first version of [`CloneArgs`]; `clone3` refuses less.
pub const CLONE_ARGS_SIZE_VER0: usize = 64;

c_struct! {
    /// `struct __user_cap_header_struct` of `capget(2)`.
    pub struct UserCapHeader {
        /// [`LINUX_CAPABILITY_VERSION_3`].
        pub version: u32,
        /// Process; 0 for the caller.
        pub pid: i32,
    }
}

c_struct! {
    /// `struct __user_cap_data_struct` of `capget(2)`: 32 capabilities; version 3 has two of these.
    pub struct UserCapData {
        /// In force.
        pub effective: u32,
        /// May be put in force.
        pub permitted: u32,
        /// Kept over `execve(2)`.
        pub inheritable: u32,
    }
}

constants! { u32;
    LINUX_CAPABILITY_VERSION_1 = 0x1998_0330, "Capabilities in one word.";
    LINUX_CAPABILITY_VERSION_2 = 0x2007_1026, "Capabilities in two words, deprecated.";
    LINUX_CAPABILITY_VERSION_3 = 0x2008_0522, "Capabilities in two words.";
    CAP_LAST_CAP = 40, "The greatest capability.";
}
