//! `wait4(2)` and `waitid(2)`: options and the status word.

bitflags::bitflags! {
    /// What a wait waits for, and how.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct WaitOptions: u32 {
        /// Return at once if nothing has happened.
        const WNOHANG = 1;
        /// Also stopped children (`waitid`: `WSTOPPED`).
        const WUNTRACED = 2;
        /// Ended children; implied by `wait4`.
        const WEXITED = 4;
        /// Also continued children.
        const WCONTINUED = 8;
        /// Leave the child waitable.
        const WNOWAIT = 0x0100_0000;
        /// Only children of the calling thread, not of its siblings.
        const __WNOTHREAD = 0x2000_0000;
        /// Children of every kind.
        const __WALL = 0x4000_0000;
        /// Only children whose end is announced by another signal than `SIGCHLD`.
        const __WCLONE = 0x8000_0000;
    }
}

impl WaitOptions {
    /// What `wait4(2)` accepts; anything else is `EINVAL`.
    pub const WAIT4_VALID: Self = Self::from_bits_retain(0xe000_000b);
    /// What `waitid(2)` accepts; anything else is `EINVAL`.
    pub const WAITID_VALID: Self = Self::from_bits_retain(0xe100_000f);
}

/// The status word of `wait4(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct WaitStatus(i32);

impl WaitStatus {
    /// Ended by `exit_group(2)` with this code, of which the low eight bits count.
    #[must_use]
    pub const fn exited(code: i32) -> Self {
        Self((code & 0xff) << 8)
    }

    /// Ended by a signal, which is a number from 1 to 64; `core` if a core dump was made.
    #[must_use]
    pub const fn signaled(signal: i32, core: bool) -> Self {
        Self((signal & 0x7f) | if core { 0x80 } else { 0 })
    }

    /// Stopped by a signal.
    #[must_use]
    pub const fn stopped(signal: i32) -> Self {
        Self((signal & 0xff) << 8 | 0x7f)
    }

    /// Continued by `SIGCONT`.
    #[must_use]
    pub const fn continued() -> Self {
        Self(0xffff)
    }

    /// The word as it was read.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// The word as it is written to user space.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The exit code, if the process ended by itself.
    #[must_use]
    pub const fn exit_code(self) -> Option<i32> {
        if self.0 & 0x7f == 0 {
            Some((self.0 >> 8) & 0xff)
        } else {
            None
        }
    }

    /// The signal, if one ended the process.
    #[must_use]
    pub const fn term_signal(self) -> Option<i32> {
        let low = self.0 & 0x7f;
        if low != 0 && low != 0x7f {
            Some(low)
        } else {
            None
        }
    }

    /// The signal, if the process was stopped.
    #[must_use]
    pub const fn stop_signal(self) -> Option<i32> {
        if self.0 & 0xff == 0x7f {
            Some((self.0 >> 8) & 0xff)
        } else {
            None
        }
    }
}

constants! { u32;
    P_ALL = 0, "`waitid`: any child.";
    P_PID = 1, "`waitid`: the child with this process id.";
    P_PGID = 2, "`waitid`: any child in this process group.";
    P_PIDFD = 3, "`waitid`: the child this descriptor refers to.";
}
