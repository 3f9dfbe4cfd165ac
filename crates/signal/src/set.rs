//! Sets of signals, as one word.

use core::ops::{BitAnd, BitOr, BitOrAssign, Not, Sub, SubAssign};

use crate::{DefaultAction, Signal};

/// A set of signals in the layout of the kernel's `sigset_t`: bit 0 is signal 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct SigSet(u64);

impl SigSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const ALL: Self = Self(u64::MAX);
    /// Those that cannot be blocked: `SIGKILL` and `SIGSTOP`.
    pub const UNBLOCKABLE: Self = Self::of(&[Signal::SIGKILL, Signal::SIGSTOP]);
    /// Those that stop by default.
    pub const STOP: Self = Self::by_default(DefaultAction::Stop);
    /// `SIGCONT` alone.
    pub const CONTINUE: Self = Self::of(&[Signal::SIGCONT]);
    /// Those that do nothing by default, `SIGCONT` included.
    pub const IGNORED_BY_DEFAULT: Self =
        Self(Self::by_default(DefaultAction::Ignore).0 | Self::CONTINUE.0);
    /// Those an instruction of the thread causes; delivered before others.
    pub const SYNCHRONOUS: Self = Self::of(&[
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGILL,
        Signal::SIGTRAP,
        Signal::SIGFPE,
        Signal::SIGSYS,
    ]);

    /// The set of these.
    #[must_use]
    pub const fn of(signals: &[Signal]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < signals.len() {
            bits |= 1 << signals[i].index();
            i += 1;
        }
        Self(bits)
    }

    const fn by_default(action: DefaultAction) -> Self {
        let mut bits = 0;
        let mut number = 1;
        while let Some(signal) = Signal::from_raw(number) {
            if signal.default_action() as u8 == action as u8 {
                bits |= 1 << signal.index();
            }
            number += 1;
        }
        Self(bits)
    }

    /// The set with this word.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The word.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether it has no signal.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has this one.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 >> signal.index() & 1 != 0
    }

    /// Adds a signal.
    pub const fn insert(&mut self, signal: Signal) {
        self.0 |= 1 << signal.index();
    }

    /// Takes a signal out.
    pub const fn remove(&mut self, signal: Signal) {
        self.0 &= !(1 << signal.index());
    }

    /// Without those that cannot be blocked: what `rt_sigprocmask(2)` makes of any mask.
    #[must_use]
    pub const fn blockable(self) -> Self {
        Self(self.0 & !Self::UNBLOCKABLE.0)
    }

    /// The one with the lowest number.
    #[must_use]
    pub const fn first(self) -> Option<Signal> {
        Signal::from_raw(self.0.trailing_zeros() as i32 + 1)
    }

    /// Its signals, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let signal = rest.first()?;
            rest.remove(signal);
            Some(signal)
        })
    }
}

impl From<Signal> for SigSet {
    fn from(signal: Signal) -> Self {
        Self::of(&[signal])
    }
}

impl BitOr for SigSet {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for SigSet {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for SigSet {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for SigSet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl SubAssign for SigSet {
    fn sub_assign(&mut self, other: Self) {
        self.0 &= !other.0;
    }
}

impl Not for SigSet {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}
