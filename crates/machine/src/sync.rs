//! The spinning locks of the kernel: ksync's algorithms with this machine's exclusions.
//!
//! A guard implements [`Pinned`](crate::preempt::Pinned), so it serves as proof that the caller stays on its CPU. In
//! debug builds every acquisition is checked: a CPU that takes a lock it holds, or takes locks against the order of
//! their [`Level`]s, panics instead of hanging.

use ksync::Exclusion;
pub use ksync::{Level, Once, SeqLock};

use crate::irq::IrqGuard;
use crate::preempt::{Pinned, PreemptGuard};

/// Keeps the holder on its CPU.
#[derive(Debug)]
pub struct PreemptOff;

/// Keeps interrupts off on the holder's CPU, for data that interrupt handlers use too.
#[derive(Debug)]
pub struct IrqOff;

/// A lock whose holder cannot be preempted. Not for data used in interrupts.
pub type SpinLock<T> = ksync::SpinLock<T, PreemptOff>;
/// The guard of a [`SpinLock`].
pub type SpinLockGuard<'a, T> = ksync::SpinLockGuard<'a, T, PreemptOff>;
/// A lock whose holder cannot be interrupted.
pub type IrqSpinLock<T> = ksync::SpinLock<T, IrqOff>;
/// The guard of an [`IrqSpinLock`].
pub type IrqSpinLockGuard<'a, T> = ksync::SpinLockGuard<'a, T, IrqOff>;
/// A lock for many readers or one writer, whose holders cannot be preempted.
pub type RwSpinLock<T> = ksync::RwSpinLock<T, PreemptOff>;
/// A lock for many readers or one writer, whose holders cannot be interrupted.
pub type IrqRwSpinLock<T> = ksync::RwSpinLock<T, IrqOff>;

impl Exclusion for PreemptOff {
    type Guard = PreemptGuard;

    #[inline(always)]
    fn enter() -> PreemptGuard {
        PreemptGuard::new()
    }

    #[inline]
    fn relax() {
        crate::mem::tlb::relax();
    }

    #[inline(always)]
    fn before_acquire(level: Level, address: usize) {
        order::acquire(level, address, true);
    }

    #[inline(always)]
    fn after_try_acquire(level: Level, address: usize) {
        order::acquire(level, address, false);
    }

    #[inline(always)]
    fn before_release(level: Level, address: usize) {
        order::release(level, address);
    }
}

impl Exclusion for IrqOff {
    type Guard = IrqGuard;

    #[inline(always)]
    fn enter() -> IrqGuard {
        IrqGuard::new()
    }

    #[inline]
    fn relax() {
        crate::mem::tlb::relax();
    }

    #[inline(always)]
    fn before_acquire(level: Level, address: usize) {
        order::acquire(level, address, true);
    }

    #[inline(always)]
    fn after_try_acquire(level: Level, address: usize) {
        order::acquire(level, address, false);
    }

    #[inline(always)]
    fn before_release(level: Level, address: usize) {
        order::release(level, address);
    }
}

// SAFETY: the guard contains a guard that pins, and ends it only when it is dropped itself.
unsafe impl<T: ?Sized, X: Exclusion<Guard: Pinned>> Pinned for ksync::SpinLockGuard<'_, T, X> {}
// SAFETY: as above.
unsafe impl<T: ?Sized, X: Exclusion<Guard: Pinned>> Pinned for ksync::ReadGuard<'_, T, X> {}
// SAFETY: as above.
unsafe impl<T: ?Sized, X: Exclusion<Guard: Pinned>> Pinned for ksync::WriteGuard<'_, T, X> {}

/// The check of the lock order: in debug builds, each CPU notes which locks it holds.
#[cfg(debug_assertions)]
mod order {
    use core::cell::UnsafeCell;

    use ksync::Level;

    use crate::cpu::CachePadded;
    use crate::mem::quick::QuickIrqOff;
    use crate::{MAX_CPUS, percpu};

    /// Locks that one CPU holds at a time, at most.
    const DEPTH: usize = 16;

    struct Held {
        locks: [(u8, usize); DEPTH],
        count: usize,
    }

    struct Cell(UnsafeCell<Held>);
    // SAFETY: used only by the CPU it belongs to, with interrupts off (see `with_held`).
    unsafe impl Sync for Cell {}

    static HELD: [CachePadded<Cell>; MAX_CPUS] = [const {
        CachePadded::new(Cell(UnsafeCell::new(Held {
            locks: [(0, 0); DEPTH],
            count: 0,
        })))
    }; MAX_CPUS];

    fn with_held<R>(f: impl FnOnce(&mut Held) -> R) -> R {
        let _irq = QuickIrqOff::new();
        // SAFETY: interrupts are off and this is this CPU's; the closures below do not come back here.
        f(unsafe { &mut *HELD[percpu::index() % MAX_CPUS].0.get() })
    }

    pub(super) fn acquire(level: Level, address: usize, waits: bool) {
        if level == Level::UNORDERED {
            return;
        }
        let conflict = with_held(|held| {
            let lock = (level.0, address);
            let conflict = held.locks[..held.count]
                .iter()
                .copied()
                .find(|&other| other >= lock);
            if conflict.is_none() || !waits {
                assert!(held.count < DEPTH, "too many spin locks held at once");
                held.locks[held.count] = lock;
                held.count += 1;
            }
            conflict.filter(|_| waits)
        });
        if let Some((other, at)) = conflict {
            panic!(
                "lock order: waiting for level {} at {address:#x} while holding level {other} at {at:#x}",
                level.0
            );
        }
    }

    pub(super) fn release(level: Level, address: usize) {
        if level == Level::UNORDERED {
            return;
        }
        with_held(|held| {
            let lock = (level.0, address);
            if let Some(at) = held.locks[..held.count]
                .iter()
                .rposition(|&other| other == lock)
            {
                held.locks.copy_within(at + 1..held.count, at);
                held.count -= 1;
            }
        });
    }
}

#[cfg(not(debug_assertions))]
mod order {
    use ksync::Level;

    #[inline(always)]
    pub(super) fn acquire(_level: Level, _address: usize, _waits: bool) {}

    #[inline(always)]
    pub(super) fn release(_level: Level, _address: usize) {}
}
