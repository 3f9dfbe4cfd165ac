//! Synchronisation for code that may sleep: wait queues, the sleeping mutex, and what `poll(2)` is built on.
//!
//! Locks that spin are in [`machine::sync`]; the order in which they may be taken is in [`levels`].

pub mod levels;
mod poll;
mod wait_queue;

pub use poll::{PollEvents, PollTable, PollWake};
pub use wait_queue::WaitQueue;
pub(super) use wait_queue::{Parked, park};

/// A lock whose waiters sleep.
///
/// It may be held over page faults and I/O, not in an interrupt handler nor under a spin lock. Waiting for it is not
/// interruptible by signals, so it must only be held for bounded work.
pub type Mutex<T> = ksync::Mutex<T, WaitQueue>;

/// The guard of a [`Mutex`].
pub type MutexGuard<'a, T> = ksync::MutexGuard<'a, T, WaitQueue>;

impl ksync::Sleep for WaitQueue {
    fn sleep_until(&self, mut ready: impl FnMut() -> bool) {
        self.wait_uninterruptible(|| ready().then_some(()));
    }

    fn wake_one(&self) {
        Self::wake_one(self);
    }
}
