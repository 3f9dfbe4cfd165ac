//! `prctl(2)` and `arch_prctl(2)`.

constants! { u32;
    PR_SET_PDEATHSIG = 1, "Set the signal sent when the parent ends.";
    PR_GET_PDEATHSIG = 2, "The signal sent when the parent ends.";
    PR_GET_DUMPABLE = 3, "Whether a core may be dumped.";
    PR_SET_DUMPABLE = 4, "Set whether a core may be dumped.";
    PR_GET_KEEPCAPS = 7, "Whether capabilities survive a change of user.";
    PR_SET_KEEPCAPS = 8, "Set whether capabilities survive a change of user.";
    PR_GET_TIMING = 13, "How times are measured.";
    PR_SET_TIMING = 14, "Set how times are measured.";
    PR_SET_NAME = 15, "Set the thread's name, at most 15 bytes.";
    PR_GET_NAME = 16, "The thread's name.";
    PR_GET_SECCOMP = 21, "The seccomp mode.";
    PR_SET_SECCOMP = 22, "Set the seccomp mode.";
    PR_CAPBSET_READ = 23, "Whether a capability is in the bounding set.";
    PR_CAPBSET_DROP = 24, "Drop a capability from the bounding set.";
    PR_GET_TSC = 25, "Whether RDTSC is allowed.";
    PR_SET_TSC = 26, "Set whether RDTSC is allowed.";
    PR_GET_SECUREBITS = 27, "The secure bits.";
    PR_SET_SECUREBITS = 28, "Set the secure bits.";
    PR_SET_TIMERSLACK = 29, "Set the timer slack in nanoseconds.";
    PR_GET_TIMERSLACK = 30, "The timer slack in nanoseconds.";
    PR_SET_MM = 35, "Change a field of the memory map.";
    PR_SET_CHILD_SUBREAPER = 36, "Set whether orphans below become children.";
    PR_GET_CHILD_SUBREAPER = 37, "Whether orphans below become children.";
    PR_SET_NO_NEW_PRIVS = 38, "Forbid `execve(2)` to give privileges.";
    PR_GET_NO_NEW_PRIVS = 39, "Whether `execve(2)` may give privileges.";
    PR_GET_TID_ADDRESS = 40, "The address of `set_tid_address(2)`.";
    PR_SET_THP_DISABLE = 41, "Set whether huge pages are off.";
    PR_GET_THP_DISABLE = 42, "Whether huge pages are off.";
    PR_CAP_AMBIENT = 47, "Read or change ambient capabilities.";
    PR_SET_VMA = 0x5356_4d41, "Name an anonymous mapping.";
    ARCH_SET_GS = 0x1001, "Set the GS base.";
    ARCH_SET_FS = 0x1002, "Set the FS base.";
    ARCH_GET_FS = 0x1003, "Store the FS base.";
    ARCH_GET_GS = 0x1004, "Store the GS base.";
    ARCH_GET_CPUID = 0x1011, "Whether CPUID is allowed.";
    ARCH_SET_CPUID = 0x1012, "Set whether CPUID is allowed.";
}

/// Bytes of a thread's name with its terminating zero.
pub const TASK_COMM_LEN: usize = 16;
