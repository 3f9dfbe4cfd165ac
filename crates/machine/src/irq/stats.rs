//! Counts of interrupts, per CPU and class.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::cpu::CpuId;
use crate::percpu;

/// What an interrupt was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An ISA line, 0 to 15.
    Line(u8),
    /// The CPU's one-shot timer.
    Timer,
    /// Another CPU wants a reschedule here.
    Reschedule,
    /// Another CPU changed page tables.
    TlbShootdown,
    /// The interrupt controller withdrew its request.
    Spurious,
    /// Non-maskable.
    Nmi,
    /// Machine check.
    MachineCheck,
    /// A vector that nobody asked for.
    Unexpected,
}

const LINES: usize = 16;
const CLASSES: usize = LINES + 7;

impl Class {
    /// All classes, the lines first.
    pub fn all() -> impl Iterator<Item = Class> {
        let others = [
            Class::Timer,
            Class::Reschedule,
            Class::TlbShootdown,
            Class::Spurious,
            Class::Nmi,
            Class::MachineCheck,
            Class::Unexpected,
        ];
        (0..LINES as u8).map(Class::Line).chain(others)
    }

    fn index(self) -> usize {
        match self {
            Class::Line(line) => usize::from(line) % LINES,
            Class::Timer => LINES,
            Class::Reschedule => LINES + 1,
            Class::TlbShootdown => LINES + 2,
            Class::Spurious => LINES + 3,
            Class::Nmi => LINES + 4,
            Class::MachineCheck => LINES + 5,
            Class::Unexpected => LINES + 6,
        }
    }
}

/// The counters of one CPU.
pub(crate) struct Counters([AtomicU64; CLASSES]);

impl Counters {
    pub(crate) const fn new() -> Counters {
        Counters([const { AtomicU64::new(0) }; CLASSES])
    }

    /// Counts one interrupt. Only on the counters' own CPU, in interrupt context.
    #[inline]
    pub(crate) fn add(&self, class: Class) {
        let counter = &self.0[class.index()];
        // No other CPU writes and interrupts are off (an NMI has its own counter): no locked addition is needed.
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn get(&self, class: Class) -> u64 {
        self.0[class.index()].load(Ordering::Relaxed)
    }
}

/// How many interrupts of `class` `cpu` has taken.
pub fn count(cpu: CpuId, class: Class) -> u64 {
    percpu::block(cpu.index()).counters.get(class)
}

/// How many interrupts `cpu` has taken.
pub fn total(cpu: CpuId) -> u64 {
    Class::all().map(|class| count(cpu, class)).sum()
}
