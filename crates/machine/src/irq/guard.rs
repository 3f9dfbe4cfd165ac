//! Keeping interrupts off on this CPU.

use core::arch::asm;
use core::marker::PhantomData;

use crate::preempt::{self, IRQ_GUARD, IRQ_GUARD_MASK, Pinned};

/// Interrupts are off on this CPU while it lives; dropping it restores what was before.
///
/// Guards nest and must be dropped in the reverse order of their making (as scopes do by themselves).
#[derive(Debug)]
#[must_use = "interrupts are restored when the guard is dropped"]
pub struct IrqGuard {
    were_enabled: bool,
    /// Neither `Send` nor `Sync`: it belongs to the CPU that made it.
    cpu_bound: PhantomData<*const ()>,
}

// SAFETY: nothing preempts a task while interrupts are off, and `task::switch_to` demands the guard that it was given.
unsafe impl Pinned for IrqGuard {}

impl IrqGuard {
    /// Turns interrupts off until the guard is dropped.
    #[inline(always)]
    pub fn new() -> IrqGuard {
        let were_enabled = enabled();
        // SAFETY: turning interrupts off is always sound; the word is counted down again on drop.
        unsafe {
            asm!("cli", options(nostack));
            preempt::add(IRQ_GUARD);
        }
        IrqGuard {
            were_enabled,
            cpu_bound: PhantomData,
        }
    }

    /// Ends the guard but leaves interrupts off, for code that turns them on by other means.
    #[inline(always)]
    pub(crate) fn release_keeping_off(self) -> bool {
        // SAFETY: undoes the addition of `new`; interrupts are off.
        unsafe { preempt::add(IRQ_GUARD.wrapping_neg()) };
        let were_enabled = self.were_enabled;
        core::mem::forget(self);
        were_enabled
    }

    /// The guard of a context that was entered with interrupts off and the word already counted up, such as a new
    /// task's first moment; dropping it turns interrupts on.
    ///
    /// # Safety
    /// One unit of [`IRQ_GUARD`] in this CPU's word must belong to nobody else.
    pub(crate) unsafe fn adopt() -> IrqGuard {
        IrqGuard {
            were_enabled: true,
            cpu_bound: PhantomData,
        }
    }
}

impl Default for IrqGuard {
    fn default() -> Self {
        IrqGuard::new()
    }
}

impl Drop for IrqGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: undoes the addition of `new`; interrupts are still off.
        let word = unsafe { preempt::add(IRQ_GUARD.wrapping_neg()) };
        if !self.were_enabled {
            return;
        }
        if word & IRQ_GUARD_MASK != 0 {
            dropped_out_of_order();
        }
        if word == 0 {
            preempt::reschedule_if_wanted();
        }
        // SAFETY: they were on when this guard, the outermost one, was made.
        unsafe { asm!("sti", options(nostack)) };
    }
}

#[cold]
#[inline(never)]
fn dropped_out_of_order() -> ! {
    panic!("an IrqGuard was dropped while one made after it still lives");
}

/// Whether interrupts are on.
#[inline(always)]
pub fn enabled() -> bool {
    let flags: u64;
    // SAFETY: reads the flags by way of the stack.
    unsafe { asm!("pushfq", "pop {}", out(reg) flags, options(preserves_flags)) };
    flags & 1 << 9 != 0
}
