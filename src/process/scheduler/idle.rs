//! What a CPU does when no thread wants it.

use machine::irq::IrqGuard;
use machine::task::Task;
use machine::{cpu, preempt};
use sched::{Arrival, Priority};

use super::affinity::CpuSet;
use super::run_queue;
use super::{Schedulable, preempt as reschedule};
use crate::process::integration::timers;
use crate::process::signal::ThreadSignals;
use crate::process::thread::{Thread, ThreadSeed};
use crate::process::{Credentials, ThreadRef};
use alloc::sync::Arc;

/// Turns the code that runs on this CPU into its idle thread. Comes first on each CPU, before any thread is started.
pub fn adopt() {
    let name = alloc::format!("idle/{}", cpu::current().index());
    let seed = ThreadSeed {
        identity: None,
        name,
        sched: Schedulable::new(Priority::Idle.into(), CpuSet::ALL),
        signals: ThreadSignals::default(),
        memory: None,
        files: None,
        fs: None,
        credentials: Arc::new(Credentials::superuser()),
        start: None,
    };
    let idle: ThreadRef = Task::adopt_boot_context(Thread::new(seed));
    run_queue::adopt_idle(&idle);
}

/// The idle thread's life: halts the CPU until there is something to do.
pub fn run_idle() -> ! {
    loop {
        let irq = IrqGuard::new();
        if preempt::need_resched() || take_work(&irq) {
            drop(irq);
            reschedule();
            continue;
        }
        timers::set_slice(&irq, None);
        cpu::wait_for_interrupt(irq);
    }
}

/// Brings a thread that waits on another CPU over to this one; false if there is none.
fn take_work(_irq: &IrqGuard) -> bool {
    let here = cpu::current();
    let busiest = cpu::ids()
        .filter(|&other| other != here)
        .map(|other| (run_queue::waiting(other), other))
        .max_by_key(|&(waiting, _)| waiting);
    let Some((1.., from)) = busiest else {
        return false;
    };
    let Some(thread) = run_queue::steal(from, here) else {
        return false;
    };
    run_queue::enqueue_on(here, &thread, Arrival::Migrate);
    true
}
