//! Sets of CPUs (`sched_setaffinity(2)`).

use core::sync::atomic::{AtomicU64, Ordering};

use machine::MAX_CPUS;
use machine::cpu::CpuId;

const _: () = assert!(MAX_CPUS <= 64, "a CpuSet is one word");

/// A set of CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuSet(u64);

impl CpuSet {
    /// Every CPU there could be.
    pub const ALL: CpuSet = CpuSet(u64::MAX);

    /// The CPUs that are running.
    #[must_use]
    pub fn online() -> Self {
        machine::cpu::ids().fold(Self(0), |set, cpu| Self(set.0 | 1 << cpu.index()))
    }

    /// From a bit mask, CPU 0 first.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// As a bit mask, CPU 0 first.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether `cpu` is in it.
    #[must_use]
    pub fn contains(self, cpu: CpuId) -> bool {
        self.0 & 1 << cpu.index() != 0
    }

    /// The CPUs in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its first CPU.
    #[must_use]
    pub fn first(self) -> Option<CpuId> {
        machine::cpu::ids().find(|&cpu| self.contains(cpu))
    }
}

/// A set of CPUs that others may read while it changes.
pub(super) struct AtomicCpuSet(AtomicU64);

impl AtomicCpuSet {
    pub const fn new(set: CpuSet) -> Self {
        Self(AtomicU64::new(set.0))
    }

    pub fn get(&self) -> CpuSet {
        CpuSet(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, set: CpuSet) {
        self.0.store(set.0, Ordering::Relaxed);
    }

    pub fn insert(&self, cpu: CpuId) {
        self.0.fetch_or(1 << cpu.index(), Ordering::SeqCst);
    }

    pub fn remove(&self, cpu: CpuId) {
        self.0.fetch_and(!(1 << cpu.index()), Ordering::SeqCst);
    }
}
