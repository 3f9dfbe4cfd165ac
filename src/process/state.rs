//! The state of a thread: one atomic, changed only by named transitions.
//!
//! ```text
//!                 dispatch                begin_sleep              commit_sleep
//!    Ready ------------------> Running ------------------> Falling ------------> Blocked / Stopped
//!      ^  <------------------   |  ^  <------------------     |                        |
//!      |        preempt         |  |      cancel_sleep,       | preempt                |
//!      |                        |  +----- wake ---------------+--> Ready               |
//!      +------------------------|------------------------------------------------------+
//!                               | exit                          wake
//!                               v
//!                             Zombie ------> Dead
//!                                     reap
//! ```
//! *Falling* is a running thread that has said it will sleep and is looking once more for a reason not to; a wake-up
//! in that moment makes it Running again, so it is never lost. To the outside it still runs.

use core::sync::atomic::{AtomicU8, Ordering};

/// What `/proc` and the in-kernel API call the state of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// In a run queue.
    Ready,
    /// On a CPU.
    Running,
    /// Waiting for something.
    Blocked,
    /// Stopped by a signal, until `SIGCONT`.
    Stopped,
    /// Ended; its status has not been waited for.
    Zombie,
    /// Ended and waited for.
    Dead,
}

/// What can end a sleep besides the wake-up it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// Any signal that is not blocked or ignored.
    Interruptible,
    /// A fatal signal.
    Killable,
    /// Nothing.
    Uninterruptible,
    /// Stopped by job control: `SIGCONT` or `SIGKILL`.
    Stopped,
}

impl Sleep {
    const ALL: [Sleep; 4] = [
        Sleep::Interruptible,
        Sleep::Killable,
        Sleep::Uninterruptible,
        Sleep::Stopped,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of kinds of sleep, to say whom a wake-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sleeps(u8);

impl Sleeps {
    /// Every sleep but a job-control stop: what an event that was waited for ends.
    pub const WAITING: Sleeps =
        Sleeps(Sleep::Interruptible.bit() | Sleep::Killable.bit() | Sleep::Uninterruptible.bit());
    /// What an ordinary signal ends.
    pub const SIGNAL: Sleeps = Sleeps(Sleep::Interruptible.bit());
    /// What `SIGKILL` ends.
    pub const KILL: Sleeps =
        Sleeps(Sleep::Interruptible.bit() | Sleep::Killable.bit() | Sleep::Stopped.bit());
    /// What `SIGCONT` ends.
    pub const CONTINUE: Sleeps = Sleeps(Sleep::Stopped.bit());
}

/// What a wake-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Woken {
    /// The thread slept and is Ready now: the caller puts it into a run queue.
    WasAsleep,
    /// The thread was about to sleep and will not.
    WasFalling,
    /// The thread was not in such a sleep.
    No,
}

const READY: u8 = 0;
const RUNNING: u8 = 1;
const ZOMBIE: u8 = 2;
const DEAD: u8 = 3;
/// Plus the kind of sleep.
const FALLING: u8 = 0x10;
/// Plus the kind of sleep.
const ASLEEP: u8 = 0x20;
const KIND: u8 = 0x0f;

/// The state of a thread.
pub struct ThreadState(AtomicU8);

impl ThreadState {
    /// A new thread, about to be put into a run queue.
    #[must_use]
    pub const fn ready() -> Self {
        Self(AtomicU8::new(READY))
    }

    /// The idle thread of a CPU, and what is on a CPU when tasks begin.
    #[must_use]
    pub const fn running() -> Self {
        Self(AtomicU8::new(RUNNING))
    }

    /// Running -> Falling. Only the thread itself does this.
    pub fn begin_sleep(&self, sleep: Sleep) {
        self.0.store(FALLING | sleep as u8, Ordering::SeqCst);
    }

    /// Falling -> Running, when a reason not to sleep was found. A wake-up may have done it already.
    pub fn cancel_sleep(&self) {
        self.0.store(RUNNING, Ordering::SeqCst);
    }

    /// Falling -> Blocked or Stopped; false if a wake-up came first and the thread goes on running.
    ///
    /// Done by the scheduler on the thread's own CPU with its run queue locked.
    #[must_use]
    pub fn commit_sleep(&self) -> bool {
        let state = self.0.load(Ordering::Relaxed);
        state & FALLING != 0 && self.change(state, ASLEEP | state & KIND)
    }

    /// Running or Falling -> Ready: the scheduler takes the CPU away. A sleep just begun is called off; the thread
    /// finds out when it looks for its reason again.
    pub fn preempt(&self) {
        self.0.store(READY, Ordering::SeqCst);
    }

    /// Ready -> Running.
    pub fn dispatch(&self) {
        self.0.store(RUNNING, Ordering::SeqCst);
    }

    /// Blocked or Stopped -> Ready, or Falling -> Running, if the sleep is one of `sleeps`.
    ///
    /// One of several concurrent wakers succeeds.
    pub fn wake(&self, sleeps: Sleeps) -> Woken {
        loop {
            let state = self.0.load(Ordering::SeqCst);
            let kind = state & KIND;
            if state & (FALLING | ASLEEP) == 0 || sleeps.0 & (1 << kind) == 0 {
                return Woken::No;
            }
            let (next, woken) = if state & ASLEEP != 0 {
                (READY, Woken::WasAsleep)
            } else {
                (RUNNING, Woken::WasFalling)
            };
            if self.change(state, next) {
                return woken;
            }
        }
    }

    /// Running -> Zombie: the thread has ended and only its last switch is left.
    pub fn exit(&self) {
        self.0.store(ZOMBIE, Ordering::SeqCst);
    }

    /// Zombie -> Dead: nobody will ask for it again.
    pub fn reap(&self) {
        self.0.store(DEAD, Ordering::SeqCst);
    }

    /// The state as it is shown to others; it may have changed by the time the caller looks at it.
    #[must_use]
    pub fn get(&self) -> ProcessState {
        let state = self.0.load(Ordering::Relaxed);
        match state {
            READY => ProcessState::Ready,
            ZOMBIE => ProcessState::Zombie,
            DEAD => ProcessState::Dead,
            _ if state & ASLEEP == 0 => ProcessState::Running,
            _ if Self::sleep_kind(state) == Sleep::Stopped => ProcessState::Stopped,
            _ => ProcessState::Blocked,
        }
    }

    /// The letter `ps` shows (proc(5)): R, S, D, T, Z or X.
    #[must_use]
    pub fn letter(&self) -> char {
        let state = self.0.load(Ordering::Relaxed);
        match state {
            ZOMBIE => 'Z',
            DEAD => 'X',
            _ if state & ASLEEP == 0 => 'R',
            _ => match Self::sleep_kind(state) {
                Sleep::Interruptible => 'S',
                Sleep::Killable | Sleep::Uninterruptible => 'D',
                Sleep::Stopped => 'T',
            },
        }
    }

    fn sleep_kind(state: u8) -> Sleep {
        let kind = usize::from(state & KIND);
        Sleep::ALL
            .get(kind)
            .copied()
            .unwrap_or(Sleep::Uninterruptible)
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }
}
