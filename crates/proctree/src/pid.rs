//! The process id.

use core::fmt;

/// The number of a process, thread, process group or session; 1 and up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(u32);

/// One more than the greatest number given out, unless configured otherwise (`/proc/sys/kernel/pid_max`, proc(5)).
pub const PID_MAX_DEFAULT: u32 = 32768;

/// The greatest value `/proc/sys/kernel/pid_max` takes: 2^22 (proc(5)).
pub const PID_MAX_LIMIT: u32 = 1 << 22;

impl Pid {
    /// The first process.
    pub const INIT: Pid = Pid(1);

    /// The id with this number; none for zero and what no process can have.
    #[must_use]
    pub const fn new(number: u32) -> Option<Pid> {
        if number == 0 || number >= PID_MAX_LIMIT {
            None
        } else {
            Some(Pid(number))
        }
    }

    /// The number.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The number as `pid_t`.
    #[must_use]
    pub const fn as_i32(self) -> i32 {
        self.0.cast_signed()
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
