//! Threads for tests.

use alloc::string::String;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::process::lifecycle::spawn::kernel_thread;
use crate::process::sync::WaitQueue;

/// Counts what threads have done, and lets a test wait for it.
pub struct Counter {
    count: AtomicUsize,
    changed: WaitQueue,
}

/// How long a test waits for something that must happen, in nanoseconds: long enough for the slowest machine.
const PATIENCE: u64 = 60_000_000_000;

impl Counter {
    pub const fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            changed: WaitQueue::new(),
        }
    }

    pub fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.changed.wake_all();
    }

    pub fn get(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until so many have been counted.
    pub fn wait_for(&self, wanted: usize) -> Result<(), String> {
        let deadline = machine::time::now() + PATIENCE;
        let reached = || (self.get() >= wanted).then_some(());
        let waited = self.changed.wait_until_deadline(Some(deadline), reached);
        waited.map_err(|_| alloc::format!("{} of {wanted} after a minute", self.get()))
    }
}

/// Starts a thread of the kernel.
pub fn start(life: fn() -> !) -> Result<(), String> {
    kernel_thread("test", life).map_err(|error| alloc::format!("no thread: {error}"))
}
