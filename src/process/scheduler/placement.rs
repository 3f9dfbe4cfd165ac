//! On which CPU a thread that becomes ready runs.

use machine::cpu::{self, CpuId};

use super::affinity::{AtomicCpuSet, CpuSet};
use crate::process::ThreadRef;

/// The CPUs whose idle thread is current. A hint: it may be out of date by the time it is acted on.
static IDLE: AtomicCpuSet = AtomicCpuSet::new(CpuSet::from_bits(0));

/// The CPUs with nothing to do.
#[must_use]
pub fn idle_cpus() -> CpuSet {
    IDLE.get()
}

pub(super) fn set_idle(cpu: CpuId, idle: bool) {
    if IDLE.get().contains(cpu) != idle {
        if idle {
            IDLE.insert(cpu);
        } else {
            IDLE.remove(cpu);
        }
    }
}

/// The CPU for `thread`: the one it was on, whose caches know it, unless that is busy and another is idle.
///
/// Called with interrupts off.
pub(super) fn choose(thread: &ThreadRef) -> CpuId {
    let sched = thread.sched();
    let (last, affinity, idle) = (sched.cpu(), sched.affinity(), IDLE.get());
    if affinity.contains(last) && (idle.contains(last) || cpu::count() == 1) {
        return last;
    }
    let idle = idle.and(affinity);
    if let Some(cpu) = idle.first() {
        return cpu;
    }
    if affinity.contains(last) {
        return last;
    }
    affinity.first().unwrap_or(last)
}
