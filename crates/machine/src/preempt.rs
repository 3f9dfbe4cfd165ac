//! Preemption of kernel code: disabling it, and the wish to reschedule.
//!
//! One word in the per-CPU block holds everything a preemption point looks at, so that the check costs no more than
//! the decrement itself: the word is 0 exactly when a reschedule is wanted and nothing forbids it.
//!
//! | bits | meaning |
//! |---|---|
//! | 0..16 | depth of [`PreemptGuard`]s |
//! | 16..24 | depth of [`crate::irq::IrqGuard`]s |
//! | 24..28 | depth of interrupts being handled |
//! | 31 | **no** reschedule is wanted |
//!
//! Only the CPU itself changes its word, by single instructions, so no lock prefix is needed.

use core::arch::asm;
use core::marker::PhantomData;

use crate::percpu::PREEMPT;

/// One [`crate::irq::IrqGuard`] in the word.
pub(crate) const IRQ_GUARD: u32 = 1 << 16;
/// The bits that count them.
pub(crate) const IRQ_GUARD_MASK: u32 = 0xff << 16;
/// One interrupt being handled.
pub(crate) const INTERRUPT: u32 = 1 << 24;
/// The bits that count them.
pub(crate) const INTERRUPT_MASK: u32 = 0xf << 24;
/// Set while no reschedule is wanted.
const NO_RESCHED: u32 = 1 << 31;

/// Proof that the bearer stays on its CPU: preemption or interrupts are disabled while it lives.
///
/// # Safety
/// Types that implement this must keep the current task from moving to another CPU as long as a value exists.
pub unsafe trait Pinned {}

/// Disables preemption while it lives; interrupts stay as they are.
#[derive(Debug)]
#[must_use = "preemption is enabled again when the guard is dropped"]
pub struct PreemptGuard {
    /// Neither `Send` nor `Sync`: it belongs to the CPU that made it.
    cpu_bound: PhantomData<*const ()>,
}

// SAFETY: a task with a non-zero preemption word is never switched away from (`task::switch_to` panics).
unsafe impl Pinned for PreemptGuard {}

impl PreemptGuard {
    /// Disables preemption until the guard is dropped.
    #[inline(always)]
    pub fn new() -> PreemptGuard {
        disable();
        PreemptGuard {
            cpu_bound: PhantomData,
        }
    }
}

impl Default for PreemptGuard {
    fn default() -> Self {
        PreemptGuard::new()
    }
}

impl Drop for PreemptGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this guard's `new` counted the word up on this CPU, and the task has not moved since.
        unsafe { enable() }
    }
}

/// Counts the preemption depth up.
#[inline(always)]
pub(crate) fn disable() {
    // SAFETY: changes only this CPU's own preemption word; disabling preemption harms nothing.
    unsafe { asm!("inc dword ptr gs:[{}]", const PREEMPT, options(nostack)) }
}

/// Counts the preemption depth down, and reschedules if that was waited for.
///
/// # Safety
/// Must undo one [`disable`] of the same task.
#[inline(always)]
pub(crate) unsafe fn enable() {
    // SAFETY: changes this CPU's own preemption word; the caller answers for the balance.
    unsafe {
        asm!(
            "dec dword ptr gs:[{}]",
            "jz {}",
            const PREEMPT,
            label { enabled_with_resched() },
            options(nostack),
        );
    }
}

/// The slow part of [`enable`]: a reschedule is wanted.
#[cold]
#[inline(never)]
fn enabled_with_resched() {
    // With interrupts off this is an interrupt's exit or the hook itself: those look at the word on their own.
    if crate::irq::enabled() {
        // SAFETY: interrupts are enabled again below, after the hook returned with them off.
        unsafe { asm!("cli", options(nostack)) };
        reschedule_if_wanted();
        // SAFETY: they were on when this function was called.
        unsafe { asm!("sti", options(nostack)) };
    }
}

/// Calls the reschedule hook while a reschedule is wanted and allowed. Interrupts must be off and stay so.
#[inline]
pub(crate) fn reschedule_if_wanted() {
    while word() == 0 {
        match crate::hooks::hooks() {
            Some(hooks) => hooks.reschedule(),
            None => clear_need_resched(),
        }
    }
}

/// This CPU's preemption word.
#[inline(always)]
pub(crate) fn word() -> u32 {
    let word: u32;
    // SAFETY: reads this CPU's own word.
    unsafe {
        asm!("mov {:e}, gs:[{}]", out(reg) word, const PREEMPT, options(nostack, preserves_flags, readonly))
    };
    word
}

/// Adds to this CPU's preemption word (wrapping, so that it can also subtract) and returns the result.
///
/// # Safety
/// Every addition must be undone on the same CPU; interrupts must be off.
#[inline(always)]
pub(crate) unsafe fn add(amount: u32) -> u32 {
    let mut value = amount;
    // SAFETY: changes only this CPU's own word; the caller answers for the balance.
    unsafe { asm!("xadd gs:[{}], {:e}", const PREEMPT, inout(reg) value, options(nostack)) };
    value.wrapping_add(amount)
}

/// Whether nothing at all is disabled and no reschedule is wanted: the state in which user mode may be entered.
#[inline(always)]
pub(crate) fn is_idle() -> bool {
    word() == NO_RESCHED
}

/// Whether exactly one [`crate::irq::IrqGuard`] and nothing else forbids to switch tasks here.
#[inline]
pub(crate) fn may_switch() -> bool {
    word() & !NO_RESCHED == IRQ_GUARD
}

/// Whether the current code cannot be preempted: preemption is disabled, interrupts are off by a guard, or an
/// interrupt is being handled.
#[inline]
pub fn disabled() -> bool {
    word() & !NO_RESCHED != 0
}

/// Whether a reschedule is wanted on this CPU.
#[inline]
pub fn need_resched() -> bool {
    word() & NO_RESCHED == 0
}

/// Wants a reschedule on this CPU at its next preemption point.
#[inline]
pub fn set_need_resched() {
    // SAFETY: changes only one bit of this CPU's own word, which decides nothing but whether the hook is called.
    unsafe {
        asm!("and dword ptr gs:[{}], {}", const PREEMPT, const !NO_RESCHED as i32, options(nostack))
    }
}

/// Withdraws the wish of [`set_need_resched`].
#[inline]
pub fn clear_need_resched() {
    // SAFETY: as in `set_need_resched`.
    unsafe {
        asm!("or dword ptr gs:[{}], {}", const PREEMPT, const NO_RESCHED as i32, options(nostack))
    }
}
