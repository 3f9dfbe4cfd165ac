//! What `/proc/stat` and `/proc/loadavg` tell of the run queues.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use machine::cpu::{self, CpuId};
use machine::time;
use sched::Policy;

use super::run_queue::RUN_QUEUES;

/// Counters of one CPU.
#[derive(Clone, Copy, Debug)]
pub struct CpuStatistics {
    /// Switches from one thread to another.
    pub switches: u64,
    /// Nanoseconds without a thread to run.
    pub idle_time: u64,
    /// Nanoseconds of threads in user mode, but for the next.
    pub user_time: u64,
    /// Nanoseconds in user mode of threads with a positive nice value.
    pub nice_time: u64,
    /// Nanoseconds of threads in the kernel.
    pub system_time: u64,
    /// Threads that wait or run.
    pub runnable: usize,
}

/// The counters of `cpu`.
#[must_use]
pub fn cpu_statistics(cpu: CpuId) -> CpuStatistics {
    let now = time::now();
    let queue = RUN_QUEUES.of(cpu).lock();
    let running = match (&queue.current, &queue.idle) {
        (Some(current), Some(idle)) if !Arc::ptr_eq(current, idle) => Some(current),
        _ => None,
    };
    let mut statistics = CpuStatistics {
        switches: queue.switches,
        idle_time: queue.idle_time,
        user_time: queue.user_time,
        nice_time: queue.nice_time,
        system_time: queue.system_time,
        runnable: queue.policy.len() + usize::from(running.is_some()),
    };
    let stretch = now.saturating_sub(queue.since);
    let Some(running) = running else {
        statistics.idle_time += stretch;
        return statistics;
    };
    let user = running.times().uncharged_user().min(stretch);
    if running.sched().params().nice() > 0 {
        statistics.nice_time += user;
    } else {
        statistics.user_time += user;
    }
    statistics.system_time += stretch - user;
    statistics
}

/// Threads that wait or run on all CPUs.
#[must_use]
pub fn runnable_threads() -> usize {
    cpu::ids().map(|cpu| cpu_statistics(cpu).runnable).sum()
}

/// Fixed point: this stands for 1.0 (Linux's `FIXED_1`).
const ONE: u64 = 1 << 11;
/// How often the averages are taken, in nanoseconds.
const PERIOD: u64 = 5_000_000_000;
/// `ONE / exp(PERIOD / 1 min)`, and for 5 and 15 minutes (proc(5), `loadavg`).
const DECAY: [u64; 3] = [1884, 2014, 2037];

static AVERAGES: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
static NEXT: AtomicU64 = AtomicU64::new(PERIOD);

/// The load averages over 1, 5 and 15 minutes, in hundredths.
#[must_use]
pub fn load_averages() -> [u64; 3] {
    sample_load();
    AVERAGES
        .each_ref()
        .map(|average| average.load(Ordering::Relaxed) * 100 / ONE)
}

/// Brings the averages up to date. Periods nobody looked at count with the load found now, so nothing has to wake an
/// idle machine for them.
pub(crate) fn sample_load() {
    let now = time::now();
    let due = NEXT.load(Ordering::Relaxed);
    if now < due {
        return;
    }
    let periods = (now - due) / PERIOD + 1;
    let next = due + periods * PERIOD;
    if NEXT
        .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
        .is_err()
    {
        return;
    }
    let active = u64::try_from(runnable_threads()).unwrap_or(0) * ONE;
    for (average, decay) in AVERAGES.iter().zip(DECAY) {
        let mut value = average.load(Ordering::Relaxed);
        for _ in 0..periods.min(1000) {
            value = (value * decay + active * (ONE - decay)) / ONE;
        }
        average.store(value, Ordering::Relaxed);
    }
}
