//! The interrupt descriptor table, shared by all CPUs.

use core::arch::asm;
use core::cell::UnsafeCell;

use super::stubs::{STUB_SIZE, machine_trap_stubs};
use crate::cpu::gdt::{Ist, KERNEL_CODE};

/// A 64-bit gate (SDM vol. 3, 7.14.1).
#[derive(Clone, Copy)]
#[repr(C)]
struct Gate {
    offset_low: u16,
    selector: u16,
    ist: u8,
    kind: u8,
    offset_middle: u16,
    offset_high: u32,
    reserved: u32,
}

impl Gate {
    const EMPTY: Gate = Gate {
        offset_low: 0,
        selector: 0,
        ist: 0,
        kind: 0,
        offset_middle: 0,
        offset_high: 0,
        reserved: 0,
    };

    fn new(handler: usize, ring: u8) -> Gate {
        /// Present, and an interrupt gate: interrupts are off on entry.
        const INTERRUPT: u8 = 0x8e;
        Gate {
            offset_low: handler as u16,
            selector: KERNEL_CODE,
            ist: 0,
            kind: INTERRUPT | ring << 5,
            offset_middle: (handler >> 16) as u16,
            offset_high: (handler >> 32) as u32,
            reserved: 0,
        }
    }
}

#[repr(C, align(4096))]
struct Table(UnsafeCell<[Gate; 256]>);
// SAFETY: written only during the boot CPU's start-up, before other CPUs run; read by the CPUs.
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new([Gate::EMPTY; 256]));

/// Breakpoint and overflow may be raised by ring 3's own instructions.
const USER_VECTORS: [usize; 2] = [3, 4];

/// Fills and loads the table, all gates on the current stack.
///
/// # Safety
/// Once, on the boot CPU, with interrupts off, while code runs by the boot descriptor table.
pub(crate) unsafe fn init_early() {
    let stubs = (&raw const machine_trap_stubs) as usize;
    for vector in 0..256 {
        let ring = if USER_VECTORS.contains(&vector) { 3 } else { 0 };
        // SAFETY: nobody else uses the table yet.
        unsafe { (*TABLE.0.get())[vector] = Gate::new(stubs + vector * STUB_SIZE, ring) };
    }
    // SAFETY: the table is filled.
    unsafe { load() };
}

/// Moves double fault, NMI and machine check to their own stacks.
///
/// # Safety
/// Once, on the boot CPU, with its interrupt stacks set and its task register loaded.
pub(crate) unsafe fn use_interrupt_stacks() {
    for (vector, ist) in [
        (2, Ist::Nmi),
        (8, Ist::DoubleFault),
        (18, Ist::MachineCheck),
    ] {
        // SAFETY: only this CPU runs; the stacks are there.
        unsafe { (*TABLE.0.get())[vector].ist = ist as u8 };
    }
}

/// Loads the table on this CPU.
///
/// # Safety
/// The table must be filled.
pub(crate) unsafe fn load() {
    #[repr(C, packed)]
    struct Pointer {
        limit: u16,
        base: u64,
    }
    let pointer = Pointer {
        limit: size_of::<[Gate; 256]>() as u16 - 1,
        base: TABLE.0.get() as u64,
    };
    // SAFETY: the table lives forever and its gates lead to the entry code.
    unsafe {
        asm!("lidt [{}]", in(reg) &raw const pointer, options(readonly, nostack, preserves_flags))
    };
}
