//! What the scheduler keeps in a thread.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::Errno;
use machine::cpu::CpuId;
use sched::{Entity, Params, Priority};

use super::affinity::{AtomicCpuSet, CpuSet};
use super::run_queue;
use crate::process::ThreadRef;

/// The scheduling data of a thread.
pub struct Schedulable {
    entity: Entity,
    affinity: AtomicCpuSet,
    /// The CPU whose run queue it is in, or runs or ran on.
    cpu: AtomicU32,
    runtime: AtomicU64,
    voluntary_switches: AtomicU64,
    involuntary_switches: AtomicU64,
}

impl Schedulable {
    /// With these parameters, allowed on `affinity`.
    #[must_use]
    pub fn new(params: Params, affinity: CpuSet) -> Self {
        let here = u32::try_from(machine::cpu::current().index()).unwrap_or(0);
        Self {
            entity: Entity::new(params),
            affinity: AtomicCpuSet::new(affinity),
            cpu: AtomicU32::new(here),
            runtime: AtomicU64::new(0),
            voluntary_switches: AtomicU64::new(0),
            involuntary_switches: AtomicU64::new(0),
        }
    }

    /// For a thread cloned from this one's.
    #[must_use]
    pub fn for_child(&self) -> Self {
        Self::new(self.params(), self.affinity())
    }

    pub(super) fn entity(&self) -> &Entity {
        &self.entity
    }

    /// Linux policy, nice value and real-time priority.
    #[must_use]
    pub fn params(&self) -> Params {
        self.entity.params()
    }

    /// The priority these amount to.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.entity.priority()
    }

    /// Where it may run.
    #[must_use]
    pub fn affinity(&self) -> CpuSet {
        self.affinity.get()
    }

    pub(super) fn allows(&self, cpu: CpuId) -> bool {
        self.affinity().contains(cpu)
    }

    /// Sets where a thread may run, and makes it leave another CPU.
    ///
    /// # Errors
    /// `EINVAL` if no running CPU is in the set.
    pub fn set_affinity(thread: &ThreadRef, set: CpuSet) -> Result<(), Errno> {
        let set = set.and(CpuSet::online());
        if set.is_empty() {
            return Err(Errno::EINVAL);
        }
        thread.sched().affinity.set(set);
        run_queue::enforce_affinity(thread);
        Ok(())
    }

    /// The CPU it runs, waits or last ran on.
    #[must_use]
    pub fn cpu(&self) -> CpuId {
        let index = self.cpu.load(Ordering::Relaxed) as usize;
        CpuId::new(index).unwrap_or_else(machine::cpu::current)
    }

    pub(super) fn set_cpu(&self, cpu: CpuId) {
        let index = u32::try_from(cpu.index()).unwrap_or(0);
        self.cpu.store(index, Ordering::Relaxed);
    }

    /// Nanoseconds on a CPU, as of its last switch.
    #[must_use]
    pub fn runtime(&self) -> u64 {
        self.runtime.load(Ordering::Relaxed)
    }

    /// Times it gave up the CPU to wait.
    #[must_use]
    pub fn voluntary_switches(&self) -> u64 {
        self.voluntary_switches.load(Ordering::Relaxed)
    }

    /// Times the CPU was taken from it.
    #[must_use]
    pub fn involuntary_switches(&self) -> u64 {
        self.involuntary_switches.load(Ordering::Relaxed)
    }

    // Only the CPU the thread is on writes these, with its run queue locked; hence no atomic additions.

    pub(super) fn add_runtime(&self, nanos: u64) {
        self.runtime
            .store(self.runtime() + nanos, Ordering::Relaxed);
    }

    pub(super) fn count_voluntary_switch(&self) {
        let count = self.voluntary_switches() + 1;
        self.voluntary_switches.store(count, Ordering::Relaxed);
    }

    pub(super) fn count_involuntary_switch(&self) {
        let count = self.involuntary_switches() + 1;
        self.involuntary_switches.store(count, Ordering::Relaxed);
    }
}

/// A thread as the policies see it.
pub(super) struct Queued(pub ThreadRef);

impl sched::Task for Queued {
    #[inline]
    fn entity(&self) -> &Entity {
        self.0.sched().entity()
    }
}
