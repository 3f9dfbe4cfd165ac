//! Wait queues: where threads sleep until something becomes true.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

use abi::Errno;
use ksync::Level;
use machine::sync::IrqSpinLock;

use super::levels;
use super::poll::PollWake;
use crate::process::integration::timers::WakeTimer;
use crate::process::state::Sleep;
use crate::process::{ThreadRef, scheduler, signal, with_current_thread};

/// Threads waiting for a condition, in the order in which they came.
///
/// Invariant against lost wake-ups: a waiter enters the queue, then looks at the condition; a waker makes the
/// condition true, then looks at the queue. A full fence stands between the two steps on both sides, so at least one
/// of them sees the other.
pub struct WaitQueue {
    /// How many wait, threads and pollers together: lets a waker pass an empty queue without its lock.
    waiting: AtomicUsize,
    waiters: IrqSpinLock<Waiters>,
}

struct Waiters {
    threads: VecDeque<ThreadRef>,
    pollers: Vec<Arc<dyn PollWake>>,
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self::at_level(levels::WAIT_QUEUE)
    }

    /// An empty queue that may be woken by a poller of another queue, with that queue's lock held. Such queues must
    /// not wake each other in a circle.
    #[must_use]
    pub const fn nested() -> Self {
        Self::at_level(Level::UNORDERED)
    }

    const fn at_level(level: Level) -> Self {
        let waiters = Waiters {
            threads: VecDeque::new(),
            pollers: Vec::new(),
        };
        Self {
            waiting: AtomicUsize::new(0),
            waiters: IrqSpinLock::new(level, waiters),
        }
    }

    /// Sleeps until `condition` gives a value; it is looked at again after each wake-up.
    ///
    /// # Errors
    /// `ERESTARTSYS` if the thread has a signal to handle.
    pub fn wait_until<R>(&self, condition: impl FnMut() -> Option<R>) -> Result<R, Errno> {
        self.wait(Sleep::Interruptible, None, condition)
    }

    /// Like [`wait_until`](Self::wait_until), until `deadline` in nanoseconds of [`machine::time::now`] at most.
    ///
    /// # Errors
    /// `ETIMEDOUT` at the deadline, `ERESTARTSYS` if the thread has a signal to handle.
    pub fn wait_until_deadline<R>(
        &self,
        deadline: Option<u64>,
        condition: impl FnMut() -> Option<R>,
    ) -> Result<R, Errno> {
        self.wait(Sleep::Interruptible, deadline, condition)
    }

    /// Like [`wait_until`](Self::wait_until), but only a fatal signal ends the wait early.
    ///
    /// # Errors
    /// `ERESTARTNOINTR` if the thread is being killed.
    pub fn wait_killable<R>(&self, condition: impl FnMut() -> Option<R>) -> Result<R, Errno> {
        self.wait(Sleep::Killable, None, condition)
    }

    /// Sleeps until `condition` gives a value, whatever signals come. For waits whose end is certain and near.
    pub fn wait_uninterruptible<R>(&self, mut condition: impl FnMut() -> Option<R>) -> R {
        loop {
            if let Ok(value) = self.wait(Sleep::Uninterruptible, None, &mut condition) {
                return value;
            }
        }
    }

    fn wait<R>(
        &self,
        sleep: Sleep,
        deadline: Option<u64>,
        mut condition: impl FnMut() -> Option<R>,
    ) -> Result<R, Errno> {
        if let Some(value) = condition() {
            return Ok(value);
        }
        let waited =
            with_current_thread(|thread| self.sleep_loop(thread, sleep, deadline, &mut condition));
        // Before the first thread exists there is nothing to switch to: only the condition itself can change.
        waited.unwrap_or_else(|| {
            loop {
                if let Some(value) = condition() {
                    return Ok(value);
                }
                machine::cpu::relax();
            }
        })
    }

    fn sleep_loop<R>(
        &self,
        thread: &ThreadRef,
        sleep: Sleep,
        deadline: Option<u64>,
        condition: &mut impl FnMut() -> Option<R>,
    ) -> Result<R, Errno> {
        let timer = deadline.map(|at| WakeTimer::start(at, thread));
        loop {
            let enter = || self.enqueue(thread);
            let slept = park(thread, sleep, timer.as_ref(), enter, condition);
            let still_queued = self.dequeue(thread);
            let outcome = match slept {
                Parked::Slept => condition().map(Ok),
                Parked::Ready(value) => Some(Ok(value)),
                Parked::Ended(error) => Some(Err(error)),
            };
            if let Some(outcome) = outcome {
                // A wake-up meant for one waiter that came too late to be of use here goes to the next.
                if !still_queued && outcome.is_err() {
                    self.wake_one();
                }
                return outcome;
            }
        }
    }

    fn enqueue(&self, thread: &ThreadRef) {
        let mut waiters = self.waiters.lock();
        waiters.threads.push_back(thread.clone());
        self.publish(&waiters);
    }

    /// Takes `thread` out; false if a waker has already done so.
    fn dequeue(&self, thread: &ThreadRef) -> bool {
        let mut waiters = self.waiters.lock();
        let found = waiters
            .threads
            .iter()
            .position(|other| Arc::ptr_eq(other, thread));
        let removed = found.and_then(|index| waiters.threads.remove(index));
        self.publish(&waiters);
        drop(waiters);
        removed.is_some()
    }

    fn publish(&self, waiters: &Waiters) {
        let waiting = waiters.threads.len() + waiters.pollers.len();
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// Wakes the thread that has waited longest, and every poller.
    pub fn wake_one(&self) {
        self.wake(1);
    }

    /// Wakes everybody.
    pub fn wake_all(&self) {
        self.wake(usize::MAX);
    }

    fn wake(&self, mut most: usize) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut waiters = self.waiters.lock();
        for poller in &waiters.pollers {
            poller.wake();
        }
        while most > 0 {
            let Some(thread) = waiters.threads.pop_front() else {
                break;
            };
            if scheduler::wake(&thread) {
                most -= 1;
            }
        }
        self.publish(&waiters);
    }

    /// Whether anybody waits; a hint.
    #[must_use]
    pub fn has_waiters(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0
    }

    pub(super) fn add_poller(&self, poller: Arc<dyn PollWake>) {
        let mut waiters = self.waiters.lock();
        waiters.pollers.push(poller);
        self.publish(&waiters);
        drop(waiters);
        fence(Ordering::SeqCst);
    }

    pub(super) fn remove_poller(&self, poller: &Arc<dyn PollWake>) {
        let mut waiters = self.waiters.lock();
        waiters.pollers.retain(|other| !Arc::ptr_eq(other, poller));
        self.publish(&waiters);
    }
}

/// How one attempt to sleep ended.
pub(in crate::process) enum Parked<R> {
    /// The thread slept and was woken.
    Slept,
    /// It did not sleep: the condition holds.
    Ready(R),
    /// It did not sleep: the deadline has passed or a signal is to be handled.
    Ended(Errno),
}

/// Sleeps once unless there is a reason not to, which is looked for after the thread has declared that it will sleep,
/// so that whoever makes it true from then on will wake it.
///
/// `enter` makes the thread known to wakers. It comes after the declaration: a waker that takes the thread out of its
/// queue must find it asleep or about to be, or the thread would sleep with nobody left to wake it.
pub(in crate::process) fn park<R>(
    thread: &ThreadRef,
    sleep: Sleep,
    timer: Option<&WakeTimer>,
    enter: impl FnOnce(),
    condition: &mut impl FnMut() -> Option<R>,
) -> Parked<R> {
    thread.state().begin_sleep(sleep);
    enter();
    fence(Ordering::SeqCst);
    let parked = if let Some(value) = condition() {
        Parked::Ready(value)
    } else if let Some(error) = signal::interrupts(thread, sleep) {
        Parked::Ended(error)
    } else if timer.is_some_and(WakeTimer::expired) {
        Parked::Ended(Errno::ETIMEDOUT)
    } else {
        scheduler::sleep();
        return Parked::Slept;
    };
    thread.state().cancel_sleep();
    parked
}
