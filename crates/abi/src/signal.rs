//! Signals: numbers, actions, and the information that goes with one (`sigaction(2)`, `signal(7)`).

c_struct! {
    /// The kernel's `struct sigaction`, which `rt_sigaction(2)` transfers (the C library's differs).
    pub struct SigAction {
        /// [`SIG_DFL`], [`SIG_IGN`] or the handler's address.
        pub sa_handler: u64,
        /// `SA_*`.
        pub sa_flags: u64,
        /// Where the handler returns to; needs `SA_RESTORER`.
        pub sa_restorer: u64,
        /// Signals blocked while the handler runs: bit 0 is signal 1.
        pub sa_mask: u64,
    }
}

constants! { u64;
    SIG_DFL = 0, "The default action.";
    SIG_IGN = 1, "Ignore.";
    SIG_ERR = u64::MAX, "What a failed `signal(3)` returns.";
    SA_NOCLDSTOP = 1, "No `SIGCHLD` when a child stops or continues.";
    SA_NOCLDWAIT = 2, "Children do not become zombies.";
    SA_SIGINFO = 4, "The handler takes three arguments.";
    SA_UNSUPPORTED = 0x400, "Never accepted; to test which flags are.";
    SA_EXPOSE_TAGBITS = 0x800, "Fault addresses keep their tag bits.";
    SA_RESTORER = 0x0400_0000, "`sa_restorer` is valid.";
    SA_ONSTACK = 0x0800_0000, "The handler runs on the alternate stack.";
    SA_RESTART = 0x1000_0000, "Interrupted system calls restart.";
    SA_NODEFER = 0x4000_0000, "The signal is not blocked while its handler runs.";
    SA_RESETHAND = 0x8000_0000, "Back to the default once the handler is called.";
    MINSIGSTKSZ = 2048, "The least alternate stack.";
}

constants! { i32;
    SIGHUP = 1, "Hang-up of the terminal.";
    SIGINT = 2, "Interrupt from the keyboard.";
    SIGQUIT = 3, "Quit from the keyboard.";
    SIGILL = 4, "Illegal instruction.";
    SIGTRAP = 5, "Breakpoint or trace.";
    SIGABRT = 6, "`abort(3)`.";
    SIGIOT = 6, "Alias of `SIGABRT`.";
    SIGBUS = 7, "Access beyond the end of a mapped file, or misaligned.";
    SIGFPE = 8, "Arithmetic error.";
    SIGKILL = 9, "Kill; cannot be caught.";
    SIGUSR1 = 10, "The program's own use.";
    SIGSEGV = 11, "Invalid access to memory.";
    SIGUSR2 = 12, "The program's own use.";
    SIGPIPE = 13, "Write to a pipe without reader.";
    SIGALRM = 14, "Timer of `alarm(2)`.";
    SIGTERM = 15, "Request to end.";
    SIGSTKFLT = 16, "Unused.";
    SIGCHLD = 17, "A child stopped, continued or ended.";
    SIGCONT = 18, "Continue if stopped.";
    SIGSTOP = 19, "Stop; cannot be caught.";
    SIGTSTP = 20, "Stop from the keyboard.";
    SIGTTIN = 21, "Read from the terminal in the background.";
    SIGTTOU = 22, "Write to the terminal in the background.";
    SIGURG = 23, "Urgent data on a socket.";
    SIGXCPU = 24, "Limit on CPU time exceeded.";
    SIGXFSZ = 25, "Limit on file size exceeded.";
    SIGVTALRM = 26, "Timer of user time.";
    SIGPROF = 27, "Timer of CPU time.";
    SIGWINCH = 28, "Window size changed.";
    SIGIO = 29, "I/O possible; also `SIGPOLL`.";
    SIGPWR = 30, "Power failure.";
    SIGSYS = 31, "Forbidden system call.";
    SIGRTMIN = 32, "The first real-time signal.";
    SIGRTMAX = 64, "The last real-time signal.";
    SIG_BLOCK = 0, "`sigprocmask`: add to the mask.";
    SIG_UNBLOCK = 1, "`sigprocmask`: take from the mask.";
    SIG_SETMASK = 2, "`sigprocmask`: set the mask.";
    SI_USER = 0, "Sent by `kill(2)`.";
    SI_KERNEL = 0x80, "Sent by the kernel.";
    SI_QUEUE = -1, "Sent by `sigqueue(3)`.";
    SI_TIMER = -2, "Sent by a timer of `timer_create(2)`.";
    SI_MESGQ = -3, "Sent by a message queue.";
    SI_ASYNCIO = -4, "Sent by asynchronous I/O.";
    SI_SIGIO = -5, "Sent by queued `SIGIO`.";
    SI_TKILL = -6, "Sent by `tkill(2)` or `tgkill(2)`.";
    ILL_ILLOPC = 1, "Illegal opcode.";
    ILL_ILLOPN = 2, "Illegal operand.";
    ILL_ILLADR = 3, "Illegal addressing mode.";
    ILL_ILLTRP = 4, "Illegal trap.";
    ILL_PRVOPC = 5, "Privileged opcode.";
    FPE_INTDIV = 1, "Integer division by zero.";
    FPE_INTOVF = 2, "Integer overflow.";
    FPE_FLTDIV = 3, "Floating-point division by zero.";
    FPE_FLTOVF = 4, "Floating-point overflow.";
    FPE_FLTUND = 5, "Floating-point underflow.";
    FPE_FLTRES = 6, "Floating-point inexact result.";
    FPE_FLTINV = 7, "Invalid floating-point operation.";
    FPE_FLTSUB = 8, "Subscript out of range.";
    FPE_FLTUNK = 14, "Undiagnosed floating-point exception.";
    SEGV_MAPERR = 1, "Nothing is mapped there.";
    SEGV_ACCERR = 2, "What is mapped does not allow it.";
    SEGV_BNDERR = 3, "Bounds check failed.";
    SEGV_PKUERR = 4, "Protection key does not allow it.";
    BUS_ADRALN = 1, "Misaligned address.";
    BUS_ADRERR = 2, "No such physical address, or beyond the end of a file.";
    BUS_OBJERR = 3, "Hardware error of the object.";
    TRAP_BRKPT = 1, "Breakpoint.";
    TRAP_TRACE = 2, "Single step.";
    TRAP_HWBKPT = 4, "Hardware breakpoint.";
    CLD_EXITED = 1, "The child exited.";
    CLD_KILLED = 2, "The child was killed.";
    CLD_DUMPED = 3, "The child was killed, with a core dump.";
    CLD_TRAPPED = 4, "The traced child has trapped.";
    CLD_STOPPED = 5, "The child stopped.";
    CLD_CONTINUED = 6, "The child continued.";
    POLL_IN = 1, "Input is available.";
    POLL_OUT = 2, "Output is possible.";
    POLL_HUP = 6, "The other side has hung up.";
    SYS_SECCOMP = 1, "Refused by a seccomp filter.";
    SIGEV_SIGNAL = 0, "`sigevent`: notify by signal.";
    SIGEV_NONE = 1, "`sigevent`: do not notify.";
    SIGEV_THREAD = 2, "`sigevent`: the C library calls a function.";
    SIGEV_THREAD_ID = 4, "`sigevent`: notify one thread by signal.";
    SS_ONSTACK = 1, "The alternate stack is in use.";
    SS_DISABLE = 2, "There is no alternate stack.";
}

/// `ss_flags`: the alternate stack is disarmed while a handler runs on it.
pub const SS_AUTODISARM: u32 = 1 << 31;

c_struct! {
    /// `stack_t` of `sigaltstack(2)`.
    pub struct StackT {
        /// Lowest address.
        pub ss_sp: u64,
        /// `SS_*`.
        pub ss_flags: i32,
        #[doc(hidden)]
        pub __pad: u32,
        /// Bytes.
        pub ss_size: u64,
    }
}

c_struct! {
    /// `struct sigevent` of `timer_create(2)`.
    pub struct Sigevent {
        /// Goes with the signal.
        pub sigev_value: u64,
        /// The signal.
        pub sigev_signo: i32,
        /// `SIGEV_*`.
        pub sigev_notify: i32,
        /// Thread to notify with `SIGEV_THREAD_ID`.
        pub sigev_tid: i32,
        #[doc(hidden)]
        pub __pad: [i32; 11],
    }
}

pub use crate::siginfo::{KernelSigInfo, SigInfo};
