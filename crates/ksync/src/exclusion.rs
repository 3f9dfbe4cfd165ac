//! What holding a lock keeps away (preemption, interrupts), and the order locks are taken in.

use crate::primitives::pause;

/// What a lock's holder is protected from while it holds the lock.
///
/// The kernel has one that keeps preemption off and one that keeps interrupts off. The guard's type stands in the
/// lock guard's, so a function can demand "preemption is off here" by asking for a reference to either.
pub trait Exclusion {
    /// Proof that the protection is on; dropping it ends the protection.
    type Guard;

    /// Turns the protection on for the calling CPU.
    fn enter() -> Self::Guard;

    /// One turn of the loop of a CPU that waits for a lock, with the protection on.
    ///
    /// A CPU that waits with interrupts off must still answer requests other CPUs wait for, or two of them wait
    /// for each other; that is this function's place.
    #[inline(always)]
    fn relax() {
        pause();
    }

    /// Called just before a lock of `level` at `address` is waited for: the place to check the lock order.
    #[inline(always)]
    fn before_acquire(level: Level, address: usize) {
        let _ = (level, address);
    }

    /// Called after a lock has been taken without waiting in order, as `try_lock` does.
    #[inline(always)]
    fn after_try_acquire(level: Level, address: usize) {
        let _ = (level, address);
    }

    /// Called just before a lock of `level` at `address` is let go.
    #[inline(always)]
    fn before_release(level: Level, address: usize) {
        let _ = (level, address);
    }
}

/// An exclusion that protects from nothing: for host tests and for data no interrupt handler touches.
#[derive(Debug)]
pub struct Unprotected;

impl Exclusion for Unprotected {
    type Guard = ();

    fn enter() -> Self::Guard {}
}

/// A lock's place in the order in which locks may be taken.
///
/// A CPU that holds a lock may wait only for locks of a higher level, or of the same level at a higher address.
/// Whoever keeps to this cannot deadlock. Debug kernels check it at each acquisition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub u8);

impl Level {
    /// Outside the order: never checked. For locks whose users argue their order in a comment.
    pub const UNORDERED: Level = Level(u8::MAX);
}
