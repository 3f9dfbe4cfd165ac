//! Faults of the kernel's accesses to user memory: the hook, then the place to go on at.

use core::arch::asm;

use crate::hooks::{Access, hooks};
use crate::irq::{self, TrapFrame};
use crate::mem::USER_TOP;
use crate::preempt;

#[repr(C)]
struct Entry {
    at: u64,
    to: u64,
}

unsafe extern "C" {
    static __extable_start: [Entry; 0];
    static __extable_end: [Entry; 0];
}

/// Where code that faulted at `rip` goes on, if that was expected.
fn landing(rip: u64) -> Option<u64> {
    let start = (&raw const __extable_start).cast::<Entry>();
    let bytes = (&raw const __extable_end).addr() - start.addr();
    // SAFETY: the linker script places entries, and nothing else, between the two symbols.
    let table = unsafe { core::slice::from_raw_parts(start, bytes / size_of::<Entry>()) };
    table
        .iter()
        .find(|entry| entry.at == rip)
        .map(|entry| entry.to)
}

/// A fault of kernel code. Interrupts are off. True if execution may go on.
fn fix_up(frame: &mut TrapFrame, address: Option<usize>) -> bool {
    let Some(landing) = landing(frame.rip) else {
        return false;
    };
    if let Some(address) = address
        && address < USER_TOP
        && may_sleep(frame)
        && let Some(hooks) = hooks()
    {
        const WRITE: u64 = 2;
        let access = if frame.error & WRITE != 0 {
            Access::Write
        } else {
            Access::Read
        };
        // SAFETY: they were on in the code that faulted, and are turned off again.
        unsafe { asm!("sti", options(nostack)) };
        let again = hooks.user_access_fault(address, access);
        // SAFETY: the entry code expects them off.
        unsafe { asm!("cli", options(nostack)) };
        if again {
            return true;
        }
    }
    frame.rip = landing;
    true
}

/// Whether the code that faulted may be put to sleep.
fn may_sleep(frame: &TrapFrame) -> bool {
    const INTERRUPT_FLAG: u64 = 1 << 9;
    frame.rflags & INTERRUPT_FLAG != 0 && !preempt::disabled()
}

/// Sees to faults from now on.
pub(crate) fn init() {
    irq::set_fixup(fix_up);
}
