//! Data that every CPU has one of.

use super::CpuId;
use crate::MAX_CPUS;
use crate::percpu;
use crate::preempt::Pinned;

/// A value on cache lines of its own, so that CPUs that write neighbours do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct CachePadded<T>(T);

impl<T> CachePadded<T> {
    /// Pads `value`.
    pub const fn new(value: T) -> CachePadded<T> {
        CachePadded(value)
    }
}

impl<T> core::ops::Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One `T` per CPU. Made by [`crate::cpu_local!`].
pub struct CpuLocal<T>([CachePadded<T>; MAX_CPUS]);

impl<T> CpuLocal<T> {
    /// From the values of all CPUs, by CPU number.
    pub const fn new(values: [CachePadded<T>; MAX_CPUS]) -> CpuLocal<T> {
        CpuLocal(values)
    }

    /// This CPU's value. The guard keeps the caller here, so that what it read stays about this CPU.
    #[inline(always)]
    pub fn get<'a>(&'a self, _pinned: &'a impl Pinned) -> &'a T {
        &self.0[percpu::index() % MAX_CPUS]
    }

    /// The value of `cpu`.
    #[inline]
    pub fn of(&self, cpu: CpuId) -> &T {
        &self.0[cpu.index() % MAX_CPUS]
    }
}

/// A [`cpu::CpuLocal`](crate::cpu::CpuLocal) whose values are all made by the same constant expression.
#[macro_export]
macro_rules! cpu_local {
    ($value:expr) => {
        $crate::cpu::CpuLocal::new(
            [const { $crate::cpu::CachePadded::new($value) }; $crate::MAX_CPUS],
        )
    };
}
