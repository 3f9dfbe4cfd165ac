//! The scheduler: which thread runs on which CPU, and when that changes.
//!
//! Each CPU has a run queue with a lock of its own; what order threads run in is decided by a policy of [`sched`],
//! which knows nothing of locks or hardware. A thread is in at most one run queue, or current on one CPU, or asleep;
//! its [`ThreadState`](super::state::ThreadState) says which, and only this module moves it between them.

mod affinity;
mod idle;
mod placement;
mod run_queue;
mod schedulable;
mod statistics;

pub use affinity::CpuSet;
pub use idle::{adopt as adopt_boot_cpu, run_idle};
pub use placement::idle_cpus;
pub use run_queue::{check_slice, set_params};
pub use schedulable::Schedulable;
pub use statistics::{CpuStatistics, cpu_statistics, load_averages, runnable_threads};

use machine::irq::IrqGuard;
use sched::Arrival;

use super::ThreadRef;
use super::state::{Sleeps, Woken};
use run_queue::{Reason, reschedule};

/// Makes a new thread run some time.
pub fn start(thread: &ThreadRef) {
    run_queue::enqueue(thread, Arrival::New);
}

/// Sleeps, unless a wake-up has come since the thread [said it would](super::state::ThreadState::begin_sleep).
pub fn sleep() {
    reschedule(Reason::Sleep);
}

/// Lets another thread of the same importance run.
pub fn yield_now() {
    reschedule(Reason::Yield);
}

/// Takes the CPU from the running thread for a more important one. Called where preemption is allowed.
pub fn preempt() {
    reschedule(Reason::Preempt);
}

/// Leaves the CPU for the last time. The thread has let go of everything but its own stack.
pub fn exit() -> ! {
    run_queue::exit()
}

/// Ends the sleep of a thread that waits for something; false if it did not sleep.
pub fn wake(thread: &ThreadRef) -> bool {
    wake_from(thread, Sleeps::WAITING)
}

/// Ends the sleep of a thread if it is one of `sleeps`; false if not.
pub fn wake_from(thread: &ThreadRef, sleeps: Sleeps) -> bool {
    match thread.state().wake(sleeps) {
        Woken::No => false,
        Woken::WasFalling => true,
        Woken::WasAsleep => {
            run_queue::enqueue(thread, Arrival::Wake);
            true
        }
    }
}

/// Makes a running thread look at its [`Attention`](super::thread::Attention) soon: interrupts it if it is in user
/// mode on another CPU.
pub fn interrupt(thread: &ThreadRef) {
    let irq = IrqGuard::new();
    let cpu = thread.sched().cpu();
    if cpu != machine::cpu::current() && run_queue::is_current(cpu, thread) {
        machine::cpu::kick(cpu);
    }
    drop(irq);
}
