//! The information that goes with a signal: `siginfo_t` and the part of it that carries data.

use crate::signal::{SI_QUEUE, SI_TIMER, SI_TKILL, SI_USER};

c_struct! {
    /// The first 48 bytes of `siginfo_t`, all that Linux ever fills: what the kernel keeps with a pending signal.
    pub struct KernelSigInfo {
        /// The signal.
        pub si_signo: i32,
        /// An error number; nearly always 0.
        pub si_errno: i32,
        /// Why it was sent: `SI_*`, or a code of the signal such as `SEGV_MAPERR`.
        pub si_code: i32,
        #[doc(hidden)]
        pub __pad: i32,
        /// The union, as 64-bit words; use the constructors and accessors.
        pub fields: [u64; 4],
    }
}

c_struct! {
    /// `siginfo_t`, 128 bytes.
    pub struct SigInfo {
        /// The part that carries data.
        pub info: KernelSigInfo,
        #[doc(hidden)]
        pub __pad: [u64; 10],
    }
}

impl From<KernelSigInfo> for SigInfo {
    fn from(info: KernelSigInfo) -> Self {
        Self {
            info,
            __pad: [0; 10],
        }
    }
}

/// Two 32-bit members that lie side by side.
const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

impl KernelSigInfo {
    const fn new(signo: i32, code: i32, fields: [u64; 4]) -> Self {
        Self {
            si_signo: signo,
            si_errno: 0,
            si_code: code,
            __pad: 0,
            fields,
        }
    }

    /// Sent by the kernel without more to say (`SI_KERNEL`), or with another code and no data.
    #[must_use]
    pub const fn bare(signo: i32, code: i32) -> Self {
        Self::new(signo, code, [0; 4])
    }

    /// Sent by `kill(2)` from this process and real user.
    #[must_use]
    pub const fn kill(signo: i32, pid: i32, uid: u32) -> Self {
        Self::new(signo, SI_USER, [pair(pid as u32, uid), 0, 0, 0])
    }

    /// Sent by `tkill(2)` or `tgkill(2)`.
    #[must_use]
    pub const fn tkill(signo: i32, pid: i32, uid: u32) -> Self {
        Self::new(signo, SI_TKILL, [pair(pid as u32, uid), 0, 0, 0])
    }

    /// Sent by `sigqueue(3)` with a value.
    #[must_use]
    pub const fn queue(signo: i32, pid: i32, uid: u32, value: u64) -> Self {
        Self::new(signo, SI_QUEUE, [pair(pid as u32, uid), value, 0, 0])
    }

    /// Sent by a timer of `timer_create(2)`, with the expiries that were merged into it.
    #[must_use]
    pub const fn timer(signo: i32, timer: i32, overrun: i32, value: u64) -> Self {
        Self::new(
            signo,
            SI_TIMER,
            [pair(timer as u32, overrun as u32), value, 0, 0],
        )
    }

    /// `SIGCHLD` and its kin: what happened (`CLD_*`) to which child; `status` is the exit code or the signal, times are in clock ticks.
    #[must_use]
    pub const fn child(
        signo: i32,
        code: i32,
        pid: i32,
        uid: u32,
        status: i32,
        utime: i64,
        stime: i64,
    ) -> Self {
        Self::new(
            signo,
            code,
            [
                pair(pid as u32, uid),
                status as u32 as u64,
                utime as u64,
                stime as u64,
            ],
        )
    }

    /// A fault at this address (`SIGSEGV`, `SIGBUS`, `SIGILL`, `SIGFPE`, `SIGTRAP`).
    #[must_use]
    pub const fn fault(signo: i32, code: i32, address: u64) -> Self {
        Self::new(signo, code, [address, 0, 0, 0])
    }

    /// `SIGIO` or its replacement: poll bits of a descriptor.
    #[must_use]
    pub const fn poll(signo: i32, code: i32, band: i64, fd: i32) -> Self {
        Self::new(signo, code, [band as u64, fd as u32 as u64, 0, 0])
    }

    /// `SIGSYS`: the call's address, its number and `AUDIT_ARCH_*`.
    #[must_use]
    pub const fn syscall(signo: i32, code: i32, address: u64, number: i32, arch: u32) -> Self {
        Self::new(signo, code, [address, pair(number as u32, arch), 0, 0])
    }

    /// The sender, where the code has one.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.fields[0] as u32 as i32
    }

    /// The sender's real user, where the code has one.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        (self.fields[0] >> 32) as u32
    }

    /// The child's exit code or signal, of a `SIGCHLD`.
    #[must_use]
    pub const fn status(&self) -> i32 {
        self.fields[1] as u32 as i32
    }

    /// The address of a fault.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.fields[0]
    }

    /// The value of `sigqueue(3)` or of a timer.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.fields[1]
    }

    /// Whether a process sent it, so that it must not pretend to come from the kernel.
    #[must_use]
    pub const fn from_user(&self) -> bool {
        self.si_code <= 0
    }
}
