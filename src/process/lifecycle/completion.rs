//! An event that happens once.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;

use crate::process::sync::WaitQueue;

/// Something one thread waits for and another brings about, once.
#[derive(Default)]
pub struct Completion {
    done: AtomicBool,
    waiters: WaitQueue,
}

impl Completion {
    /// It has happened.
    pub fn complete(&self) {
        self.done.store(true, Ordering::Release);
        self.waiters.wake_all();
    }

    /// Waits for it.
    ///
    /// # Errors
    /// `ERESTARTNOINTR` if the waiting thread is being killed.
    pub fn wait_killable(&self) -> Result<(), Errno> {
        self.waiters
            .wait_killable(|| self.done.load(Ordering::Acquire).then_some(()))
    }
}
