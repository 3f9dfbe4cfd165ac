//! Exceptions in kernel mode, and those that may come at any instruction.
//!
//! An exception of ring 0 is either an access to user memory that `uaccess` has a fix-up for, or a bug: then it ends
//! in a panic. NMI and machine check are reported; a double fault most often means that a kernel stack ran over.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use super::stats::Class;
use super::stubs::TrapFrame;
use crate::cpu::msr;
use crate::percpu;
use ksync::Once;

const DEBUG: u64 = 1;
const NMI: u64 = 2;
const BREAKPOINT: u64 = 3;
const DOUBLE_FAULT: u64 = 8;
const GENERAL_PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;

/// Repairs a fault of kernel code that was expected (an access to user memory), by changing the frame. Gets the
/// frame and, for a page fault, the address; interrupts are off. True if execution may go on.
pub(crate) type Fixup = fn(&mut TrapFrame, Option<usize>) -> bool;

static FIXUP: Once<Fixup> = Once::new();

/// Installs the repair of faults on user memory.
pub(crate) fn set_fixup(fixup: Fixup) {
    let _ = FIXUP.set(fixup);
}

/// The names of the exceptions, by vector (SDM vol. 3, table 7-1).
const NAMES: [&str; 22] = [
    "divide error",
    "debug exception",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack-segment fault",
    "general protection fault",
    "page fault",
    "reserved exception 15",
    "x87 floating-point error",
    "alignment check",
    "machine check",
    "SIMD floating-point exception",
    "virtualization exception",
    "control protection exception",
];

/// The name of an exception.
pub(crate) fn name(vector: u64) -> &'static str {
    NAMES
        .get(vector as usize)
        .copied()
        .unwrap_or("unknown exception")
}

/// The address whose access faulted last on this CPU.
#[inline]
pub(crate) fn fault_address() -> usize {
    let address: usize;
    // SAFETY: reading CR2 has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

#[unsafe(no_mangle)]
extern "C" fn machine_kernel_exception(frame: &mut TrapFrame) {
    let address = (frame.vector == PAGE_FAULT).then(fault_address);
    if matches!(frame.vector, PAGE_FAULT | GENERAL_PROTECTION)
        && FIXUP.get().is_some_and(|fixup| fixup(frame, address))
    {
        return;
    }
    if frame.vector == DEBUG {
        debug_exception(frame);
        return;
    }
    let what = match frame.vector {
        BREAKPOINT => "breakpoint in kernel code",
        PAGE_FAULT if address.is_some_and(crate::panic::is_stack_guard) => "kernel stack overflow",
        PAGE_FAULT => page_fault_reason(frame.error),
        vector => name(vector),
    };
    crate::panic::on_exception(frame, address, what)
}

/// Nothing sets breakpoints in kernel code, but a program's trap flag may be carried into it; drop it.
fn debug_exception(frame: &mut TrapFrame) {
    const TRAP_FLAG: u64 = 1 << 8;
    frame.rflags &= !TRAP_FLAG;
    // SAFETY: no breakpoint is in use; this clears the reasons of the exception.
    unsafe {
        asm!("mov dr6, {}", in(reg) 0xffff_0ff0_u64, options(nomem, nostack, preserves_flags))
    };
    crate::logger::emergency(format_args!(
        "debug exception in kernel code at {:#x}",
        frame.rip
    ));
}

fn page_fault_reason(error: u64) -> &'static str {
    let bit = |n: u64| error >> n & 1 != 0;
    match (bit(0), bit(1), bit(4)) {
        _ if bit(3) => "page fault: reserved bit set in a page table",
        (false, _, true) => "page fault: execution of unmapped memory",
        (true, _, true) => "page fault: execution of memory that is not executable",
        (false, true, _) => "page fault: write to unmapped memory",
        (false, false, _) => "page fault: read of unmapped memory",
        (true, true, _) => "page fault: write to protected memory",
        (true, false, _) => "page fault: read of protected memory",
    }
}

/// How deep this code is nested over all CPUs; more than a few means that reporting itself fails.
static DEPTH: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
extern "C" fn machine_any_context_exception(frame: &mut TrapFrame) {
    let counters = &percpu::current().counters;
    match frame.vector {
        NMI => {
            counters.add(Class::Nmi);
            super::ipi::on_nmi();
        }
        DOUBLE_FAULT => {
            if DEPTH.fetch_add(1, Ordering::Relaxed) > 4 {
                crate::panic::halt_this_cpu();
            }
            let address = fault_address();
            let what = if crate::panic::is_stack_guard(address) {
                "kernel stack overflow"
            } else {
                "double fault"
            };
            crate::panic::on_exception(frame, Some(address), what)
        }
        _ => {
            counters.add(Class::MachineCheck);
            machine_check(frame);
        }
    }
}

/// Reports what the machine-check banks hold. Errors that were not corrected end the kernel: memory may be wrong.
fn machine_check(frame: &mut TrapFrame) {
    const VALID: u64 = 1 << 63;
    const UNCORRECTED: u64 = 1 << 61;
    const RESTART_IP_VALID: u64 = 1;
    if !crate::cpu::features().mca {
        crate::panic::on_exception(frame, None, "machine check")
    }
    let mut fatal = false;
    // SAFETY: the CPU has the machine-check architecture, so the registers exist, as many banks as it says.
    unsafe {
        for bank in 0..(msr::read(msr::MCG_CAP) & 0xff) as u32 {
            let status = msr::read(msr::MC0_STATUS + 4 * bank);
            if status & VALID != 0 {
                crate::logger::emergency(format_args!(
                    "machine check, bank {bank}: status {status:#018x}"
                ));
                fatal |= status & UNCORRECTED != 0;
                msr::write(msr::MC0_STATUS + 4 * bank, 0);
            }
        }
        if fatal || msr::read(msr::MCG_STATUS) & RESTART_IP_VALID == 0 {
            crate::panic::on_exception(frame, None, "machine check")
        }
        msr::write(msr::MCG_STATUS, 0);
    }
}
