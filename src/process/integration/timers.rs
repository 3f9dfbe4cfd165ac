//! Timers: each CPU has a queue of events and the end of the running thread's slice, and one hardware timer that is
//! set for the earliest of them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use machine::cpu::{self, CpuId, CpuLocal};
use machine::irq::IrqGuard;
use machine::sync::IrqSpinLock;
use machine::{cpu_local, time};

use crate::process::sync::levels;
use crate::process::{ThreadRef, scheduler};

/// No time at all.
const NEVER: u64 = u64::MAX;

/// Something that wants to be called at a time. Called in an interrupt handler.
pub trait Expire: Send + Sync {
    /// The time has come; it is `now` in nanoseconds since boot.
    fn expire(self: Arc<Self>, now: u64);
}

enum Event {
    Wake(ThreadRef),
    Call(Arc<dyn Expire>),
}

/// The timers of one CPU.
struct CpuTimers {
    /// What the hardware timer is set for. Only this CPU touches it, with interrupts off.
    armed: AtomicU64,
    /// The end of the running thread's slice. Likewise.
    slice: AtomicU64,
    /// By time; the number tells apart events of the same time.
    events: IrqSpinLock<BTreeMap<(u64, u64), Event>>,
}

static TIMERS: CpuLocal<CpuTimers> = cpu_local!(CpuTimers {
    armed: AtomicU64::new(NEVER),
    slice: AtomicU64::new(NEVER),
    events: IrqSpinLock::new(levels::TIMER, BTreeMap::new()),
});

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

impl CpuTimers {
    /// Sees to it that the hardware timer fires at `deadline` at the latest. It is never moved back: a timer that
    /// fires for nothing costs less than one set anew at each switch.
    fn arm(&self, deadline: u64) {
        if deadline < self.armed.load(Ordering::Relaxed) {
            self.armed.store(deadline, Ordering::Relaxed);
            time::arm(deadline);
        }
    }
}

/// The end of the slice of the thread that now runs on this CPU; none if it may run for ever.
pub fn set_slice(irq: &IrqGuard, deadline: Option<u64>) {
    let timers = TIMERS.get(irq);
    let deadline = deadline.unwrap_or(NEVER);
    timers.slice.store(deadline, Ordering::Relaxed);
    timers.arm(deadline);
}

/// The hardware timer of this CPU has fired. Interrupts are off.
pub(super) fn interrupt() {
    let irq = IrqGuard::new();
    let timers = TIMERS.get(&irq);
    timers.armed.store(NEVER, Ordering::Relaxed);
    let now = time::now();
    while let Some(event) = next_expired(timers, now) {
        match event {
            Event::Wake(thread) => {
                scheduler::wake(&thread);
            }
            Event::Call(target) => target.expire(now),
        }
    }
    if timers.slice.load(Ordering::Relaxed) <= now {
        timers.slice.store(NEVER, Ordering::Relaxed);
        scheduler::check_slice(&irq, now);
    }
    let first = timers
        .events
        .lock()
        .first_key_value()
        .map_or(NEVER, |(&(at, _), _)| at);
    timers.arm(first.min(timers.slice.load(Ordering::Relaxed)));
}

fn next_expired(timers: &CpuTimers, now: u64) -> Option<Event> {
    let mut events = timers.events.lock();
    let first = events.first_entry()?;
    (first.key().0 <= now).then(|| first.remove())
}

/// A place in a timer queue.
struct Place {
    cpu: CpuId,
    key: (u64, u64),
}

impl Place {
    fn enter(at: u64, event: Event) -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let irq = IrqGuard::new();
        let timers = TIMERS.get(&irq);
        timers.events.lock().insert((at, number), event);
        timers.arm(at);
        let cpu = cpu::current();
        drop(irq);
        Self {
            cpu,
            key: (at, number),
        }
    }

    fn leave(&self) {
        let event = TIMERS.of(self.cpu).events.lock().remove(&self.key);
        drop(event);
    }
}

/// Wakes a thread at a time, unless dropped before.
pub struct WakeTimer(Place);

impl WakeTimer {
    /// At `at` nanoseconds since boot.
    #[must_use]
    pub fn start(at: u64, thread: &ThreadRef) -> Self {
        Self(Place::enter(at, Event::Wake(thread.clone())))
    }

    /// Whether the time has come.
    #[must_use]
    pub fn expired(&self) -> bool {
        time::now() >= self.0.key.0
    }
}

impl Drop for WakeTimer {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Calls something at a time, unless dropped before.
pub struct CallTimer(Place);

impl CallTimer {
    /// At `at` nanoseconds since boot.
    #[must_use]
    pub fn start(at: u64, target: Arc<dyn Expire>) -> Self {
        Self(Place::enter(at, Event::Call(target)))
    }

    /// When it is due.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.0.key.0
    }
}

impl Drop for CallTimer {
    fn drop(&mut self) {
        self.0.leave();
    }
}
