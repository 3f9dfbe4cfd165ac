//! Waiting for any of many objects, as `poll(2)` does.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;

use super::WaitQueue;
use super::wait_queue::{Parked, park};
use crate::process::integration::timers::WakeTimer;
use crate::process::state::Sleep;
use crate::process::{ThreadRef, scheduler, with_current_thread};
pub use abi::poll::PollEvents;

/// Something that wants to hear of each wake-up of a [`WaitQueue`] without being taken out of it.
///
/// Called with the queue's lock held and perhaps in an interrupt handler.
pub trait PollWake: Send + Sync {
    /// The queue was woken.
    fn wake(&self);
}

/// The thread side of a poll: woken objects set the flag and end the sleep.
struct PollSleeper {
    triggered: AtomicBool,
    thread: ThreadRef,
}

impl PollWake for PollSleeper {
    fn wake(&self) {
        self.triggered.store(true, Ordering::Release);
        scheduler::wake(&self.thread);
    }
}

/// What a poll has registered with; dropping it takes everything back.
pub struct PollTable {
    waker: Arc<dyn PollWake>,
    queues: Vec<Arc<WaitQueue>>,
}

impl PollTable {
    /// A table whose registrations tell `waker`.
    pub fn new(waker: Arc<dyn PollWake>) -> Self {
        let queues = Vec::new();
        Self { waker, queues }
    }

    /// Called by a file's `poll` for each queue whose wake-up can change its answer, before it computes the answer.
    pub fn register(&mut self, queue: &Arc<WaitQueue>) {
        queue.add_poller(self.waker.clone());
        self.queues.push(queue.clone());
    }

    /// Asks `scan` until it gives a value, sleeping in between until a registered queue is woken.
    ///
    /// The first `scan` gets a table to register with, later ones get none.
    ///
    /// # Errors
    /// `ETIMEDOUT` at `deadline` (nanoseconds of [`machine::time::now`]); `ERESTARTNOHAND` on a signal.
    pub fn poll_until<R>(
        deadline: Option<u64>,
        mut scan: impl FnMut(Option<&mut PollTable>) -> Option<R>,
    ) -> Result<R, Errno> {
        let Some(thread) = with_current_thread(ThreadRef::clone) else {
            return Err(Errno::EINTR);
        };
        let sleeper = Arc::new(PollSleeper {
            triggered: AtomicBool::new(false),
            thread,
        });
        let mut table = Self::new(sleeper.clone());
        if let Some(value) = scan(Some(&mut table)) {
            return Ok(value);
        }
        let timer = deadline.map(|at| WakeTimer::start(at, &sleeper.thread));
        let mut triggered = || {
            sleeper
                .triggered
                .swap(false, Ordering::Acquire)
                .then_some(())
        };
        loop {
            let parked = park(
                &sleeper.thread,
                Sleep::Interruptible,
                timer.as_ref(),
                || (),
                &mut triggered,
            );
            // Whatever ended the sleep, an object that is ready by now counts more.
            if let Some(value) = scan(None) {
                return Ok(value);
            }
            match parked {
                Parked::Ended(Errno::ERESTARTSYS) => return Err(Errno::ERESTARTNOHAND),
                Parked::Ended(error) => return Err(error),
                Parked::Slept | Parked::Ready(()) => {}
            }
        }
    }
}

impl Drop for PollTable {
    fn drop(&mut self) {
        for queue in &self.queues {
            queue.remove_poller(&self.waker);
        }
    }
}
