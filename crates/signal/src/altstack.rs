//! The alternate stack of a thread's signal handlers (`sigaltstack(2)`).

use abi::Errno;
use abi::signal::{
    MINSIGSTKSZ, SA_ONSTACK, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, SigAction, StackT,
};

/// An alternate stack, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AltStack {
    base: u64,
    size: u64,
    auto_disarm: bool,
}

impl AltStack {
    /// No alternate stack.
    pub const NONE: Self = Self {
        base: 0,
        size: 0,
        auto_disarm: false,
    };

    /// Whether this stack pointer lies on it.
    #[must_use]
    pub const fn contains(&self, stack_pointer: u64) -> bool {
        !self.auto_disarm && stack_pointer > self.base && stack_pointer - self.base <= self.size
    }

    /// What `sigaltstack(2)` and the signal frame report to a thread with this stack pointer.
    #[must_use]
    pub fn report(&self, stack_pointer: u64) -> StackT {
        let state = if self.size == 0 {
            SS_DISABLE
        } else if self.contains(stack_pointer) {
            SS_ONSTACK
        } else {
            0
        };
        let flag = if self.auto_disarm {
            SS_AUTODISARM as i32
        } else {
            0
        };
        StackT {
            ss_sp: self.base,
            ss_flags: state | flag,
            ss_size: self.size,
            ..StackT::default()
        }
    }

    /// The stack that `sigaltstack(2)` sets for a thread with this stack pointer.
    ///
    /// # Errors
    /// `EPERM` while the present one is in use, `EINVAL` for unknown flags, `ENOMEM` if it is too small.
    pub fn set(&self, new: &StackT, stack_pointer: u64) -> Result<Self, Errno> {
        if self.contains(stack_pointer) {
            return Err(Errno::EPERM);
        }
        let auto_disarm = new.ss_flags as u32 & SS_AUTODISARM != 0;
        match (new.ss_flags as u32 & !SS_AUTODISARM) as i32 {
            SS_DISABLE => Ok(Self {
                auto_disarm,
                ..Self::NONE
            }),
            0 | SS_ONSTACK if new.ss_size < MINSIGSTKSZ => Err(Errno::ENOMEM),
            0 | SS_ONSTACK => Ok(Self {
                base: new.ss_sp,
                size: new.ss_size,
                auto_disarm,
            }),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The stack pointer a handler's frame is to be placed below: the end of the alternate stack if the action asks for it
    /// and it is not in use, else the red zone of 128 bytes below the present one.
    ///
    /// # Errors
    /// `EFAULT` if the thread runs on the alternate stack and a frame of `frame` bytes does not fit any more; the thread is
    /// to be killed by `SIGSEGV`.
    pub fn place(&self, action: &SigAction, stack_pointer: u64, frame: u64) -> Result<u64, Errno> {
        let below = stack_pointer.wrapping_sub(128);
        if self.contains(stack_pointer) {
            let fits = below.checked_sub(frame).is_some_and(|end| end > self.base);
            return if fits { Ok(below) } else { Err(Errno::EFAULT) };
        }
        if action.sa_flags & SA_ONSTACK == 0 || self.size == 0 {
            return Ok(below);
        }
        if frame > self.size {
            return Err(Errno::EFAULT);
        }
        Ok(self.base.wrapping_add(self.size))
    }

    /// The stack while a handler runs: none if it disarms itself.
    #[must_use]
    pub fn in_handler(self) -> Self {
        if self.auto_disarm { Self::NONE } else { self }
    }
}
