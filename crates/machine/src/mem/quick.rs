//! Interrupts off for a handful of instructions.

use core::arch::asm;
use core::marker::PhantomData;

const INTERRUPT_FLAG: u64 = 1 << 9;

/// Keeps interrupts off without the bookkeeping of [`crate::irq::IrqGuard`]: nothing that may want to know whether
/// it can sleep runs under it.
pub(crate) struct QuickIrqOff {
    flags: u64,
    cpu_bound: PhantomData<*const ()>,
}

impl QuickIrqOff {
    #[inline(always)]
    pub(crate) fn new() -> QuickIrqOff {
        let flags;
        // SAFETY: turning interrupts off is always sound; `drop` restores them.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
        QuickIrqOff {
            flags,
            cpu_bound: PhantomData,
        }
    }
}

impl Drop for QuickIrqOff {
    #[inline(always)]
    fn drop(&mut self) {
        if self.flags & INTERRUPT_FLAG != 0 {
            // SAFETY: they were on when this guard was made.
            unsafe { asm!("sti", options(nostack)) };
        }
    }
}
