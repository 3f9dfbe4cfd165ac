//! The switch from one task to another.

use alloc::sync::Arc;
use core::arch::naked_asm;
use core::sync::atomic::Ordering;

use super::{FINISHED, FRESH, Header, STARTED, Task, current_header};
use crate::irq::IrqGuard;
use crate::mem::stack::KernelStack;
use crate::{fpu, mem, percpu, preempt};

/// Runs `next` instead of the current task; returns when something switches back to it.
///
/// Waits until `next` has left the CPU it ran on last. The CPU's reference to the current task is given up after the
/// switch, so somebody else must hold one if the task is to run again. The address space is left as it is.
///
/// # Panics
/// If preemption is disabled by anything but `irq`, if the CPU runs no task, or if `next` has ended.
#[inline]
pub fn switch_to<T: Send + Sync + 'static>(next: Arc<Task<T>>, irq: &IrqGuard) {
    let _ = irq;
    let previous = current_header();
    if previous == Arc::as_ptr(&next).cast() {
        return;
    }
    assert!(
        preempt::may_switch(),
        "switching tasks with preemption disabled"
    );
    assert!(!previous.is_null(), "this CPU runs no task yet");
    // SAFETY: interrupts are off, as `irq` says and the word agrees; `previous` is the running task, and the
    // reference to `next` is passed on.
    unsafe { switch(previous, Arc::into_raw(next).cast()) };
}

/// Ends the current task and runs `next`. Its stack is freed, without unwinding, with the last reference to it.
///
/// # Panics
/// As [`switch_to`], and if `next` is the current task.
pub fn exit_to<T: Send + Sync + 'static>(next: Arc<Task<T>>, irq: IrqGuard) -> ! {
    let previous = current_header();
    assert!(
        preempt::may_switch(),
        "ending a task with preemption disabled"
    );
    assert!(
        !previous.is_null() && previous != Arc::as_ptr(&next).cast(),
        "no other task to run"
    );
    // The next task finds the word counted up once, and counts it down with its own guard.
    core::mem::forget(irq);
    // SAFETY: as in `switch_to`. The task is marked as ended while it still runs; its stack is not freed before the
    // CPU's reference is given up, which is after the switch.
    unsafe {
        (*previous).progress.store(FINISHED, Ordering::Relaxed);
        fpu::forget(&*previous);
        switch(previous, Arc::into_raw(next).cast());
    }
    unreachable!("a task that has ended was switched to");
}

/// # Safety
/// Interrupts must be off and stay so; `previous` must be the running task, and `next` a reference to another that
/// is given to the CPU.
#[inline(always)]
unsafe fn switch(previous: *const Header, next: *const Header) {
    // SAFETY: both are alive: the CPU holds a reference to each until `finish` gives up the one to `previous`.
    unsafe {
        claim(&*next);
        fpu::switch_out(&*previous);
        super::bases::switch(&(*previous).bases, &(*next).bases);
        percpu::current()
            .current
            .store(next.cast_mut().cast(), Ordering::Relaxed);
        let left = switch_stacks(
            (*previous).stack_pointer.get(),
            *(*next).stack_pointer.get(),
            previous,
        );
        finish(left);
    }
}

/// Waits until no CPU runs `next`, and makes this one the CPU that does.
#[inline(always)]
fn claim(next: &Header) {
    while (next.on_cpu)
        .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
        .is_err()
    {
        mem::tlb::relax();
    }
    match next.progress.load(Ordering::Relaxed) {
        STARTED => {}
        FRESH => next.progress.store(STARTED, Ordering::Relaxed),
        _ => panic!("switching to a task that has ended"),
    }
}

/// The rest of a switch, on the new task's stack: lets go of the task that was left.
///
/// # Safety
/// `left` must be the task that this CPU just left, with the CPU's reference to it.
#[inline(always)]
unsafe fn finish(left: *const Header) {
    // SAFETY: the reference is still there. After the store another CPU may run the task, or end it; so the pointer
    // is only used to give up the reference, which keeps the header until then.
    unsafe {
        let release = (*left).release;
        (*left).on_cpu.store(false, Ordering::Release);
        release(left);
    }
}

/// Saves the callee-saved registers and the stack pointer, goes on at `next`; returns, there, `previous`.
#[unsafe(naked)]
unsafe extern "C" fn switch_stacks(
    save: *mut usize,
    next: usize,
    previous: *const Header,
) -> *const Header {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "mov rax, rdx",
        "ret",
    )
}

/// Where a new task begins: RAX is the task that was left, R12 and R13 are what [`prepare_stack`] put there.
#[unsafe(naked)]
unsafe extern "C" fn begin() {
    naked_asm!(
        "mov rdi, rax",
        "mov rsi, r13",
        "xor ebp, ebp",
        "call r12",
        "ud2"
    )
}

/// Lays out a new stack so that switching to it calls `entry`; returns the stack pointer.
///
/// # Safety
/// Nobody else may use the stack.
pub(super) unsafe fn prepare_stack<T: Send + Sync + 'static>(
    stack: &KernelStack,
    entry: fn(&Arc<Task<T>>) -> !,
) -> usize {
    let start: unsafe extern "C" fn(*const Header, *const ()) -> ! = start::<T>;
    let begin: unsafe extern "C" fn() = begin;
    // R15, R14, R13, R12, RBX, RBP, the return address, and two words that end backtraces.
    let frame: [usize; 9] = [
        0,
        0,
        entry as usize,
        start as usize,
        0,
        0,
        begin as usize,
        0,
        0,
    ];
    // `begin` finds the stack aligned to 16, as the ABI wants it at a call.
    let bottom = stack.top() - size_of_val(&frame);
    // SAFETY: within the stack, which is mapped and the caller's.
    unsafe { (bottom as *mut [usize; 9]).write(frame) };
    bottom
}

/// A new task's first steps.
///
/// # Safety
/// Only [`begin`] may call this, with what `prepare_stack::<T>` stored for a task of that payload.
unsafe extern "C" fn start<T: Send + Sync + 'static>(left: *const Header, entry: *const ()) -> ! {
    // SAFETY: `prepare_stack::<T>` stored a function of this type.
    let entry: fn(&Arc<Task<T>>) -> ! = unsafe { core::mem::transmute(entry) };
    // SAFETY: this is the other end of the switch that left `left`, whose guard's unit in the preemption word is now
    // this task's.
    unsafe {
        finish(left);
        drop(IrqGuard::adopt());
    }
    let ended = super::with_current::<T, _>(|task| entry(task));
    unreachable!("a task's entry returned: {ended:?}");
}
