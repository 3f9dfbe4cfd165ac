//! User mode as a call that returns a reason.

mod entry;

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::task::bases;
use crate::time::Stopwatch;
use crate::{fpu, irq, preempt};

pub(crate) use self::entry::init_this_cpu;

/// A program's general registers. All fields may hold anything when given to [`run`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[expect(missing_docs, reason = "the names of the registers")]
pub struct UserRegs {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    /// RAX at a system call, hence its number; all ones after an exception or interrupt.
    pub orig_rax: u64,
    pub rip: u64,
    /// On the way in, bits that a program may not change are ignored.
    pub rflags: u64,
    pub rsp: u64,
}

/// Why a program stopped running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// It executed SYSCALL; the number is in `orig_rax` (and still in `rax`).
    Syscall,
    /// An instruction could not be completed, or a trap followed it.
    Exception(Exception),
    /// A device or another CPU wanted attention and has got it.
    Interrupt,
    /// Nothing of the program: it did not run, because there is something to do first.
    Attention,
}

/// An exception of ring 3 (SDM vol. 3, chapter 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which one.
    pub vector: u8,
    /// The error code; 0 for exceptions that have none.
    pub error: u32,
    /// For a page fault, the address (CR2); for a debug exception, its reasons (DR6).
    pub address: usize,
}

impl Exception {
    /// The vector of a page fault.
    pub const PAGE_FAULT: u8 = 14;

    /// For a page fault: whether the page was present, and its protection the reason.
    #[inline]
    pub fn is_protection(&self) -> bool {
        self.error & 1 != 0
    }

    /// For a page fault: whether the access was a store.
    #[inline]
    pub fn is_write(&self) -> bool {
        self.error & 2 != 0
    }

    /// For a page fault: whether the access was an instruction fetch.
    #[inline]
    pub fn is_fetch(&self) -> bool {
        self.error & 16 != 0
    }
}

/// The address cannot be a segment base: it is not one of user memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBase;

/// The flags a program may have as it likes: CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC, ID.
const FREE_FLAGS: u64 = 0x0025_4dd5;
/// IF, and the bit that is always set.
const FIXED_FLAGS: u64 = 0x202;
/// Flags that SYSRET cannot set as IRET does: TF and RF.
const IRET_FLAGS: u64 = 0x0001_0100;

const DEBUG: u64 = 1;
const DEVICE_NOT_AVAILABLE: u64 = 7;
const GENERAL_PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;
const FIRST_INTERRUPT: u64 = 32;
/// Not a vector: the program executed SYSCALL.
const SYSCALL: u64 = 256;

/// Runs the program of the current task, in the active address space, until something happens.
///
/// It does not run at all while `attention` is not zero or a reschedule is wanted; that is looked at with interrupts
/// off, so whoever changes `attention` and then sends this CPU an interrupt is never missed. `clock` runs while the
/// program does, handling of interrupts excluded. Returns with interrupts on; an interrupt has been handled by then.
///
/// # Panics
/// If preemption is disabled.
#[inline(always)]
pub fn run(regs: &mut UserRegs, attention: &AtomicU32, clock: &Stopwatch) -> UserEvent {
    // SAFETY: turning interrupts off is always sound.
    unsafe { asm!("cli", options(nostack)) };
    let event = if attention.load(Ordering::Relaxed) != 0 || !preempt::is_idle() {
        assert!(
            !preempt::disabled(),
            "entering user mode with preemption disabled"
        );
        UserEvent::Attention
    } else {
        // SAFETY: interrupts are off.
        unsafe { stay(regs, clock) }
    };
    // SAFETY: nothing needs them off: neither path comes here if anything was disabled.
    unsafe { asm!("sti", options(nostack)) };
    event
}

/// Enters ring 3 until something happens that the caller must know of.
///
/// # Safety
/// Interrupts must be off.
#[inline(always)]
unsafe fn stay(regs: &mut UserRegs, clock: &Stopwatch) -> UserEvent {
    loop {
        fpu::prepare();
        clock.start();
        // SAFETY: interrupts are off, as the caller promises and as they are after every exit.
        let exit = unsafe { entry::enter(regs) };
        clock.stop();
        if exit.reason == SYSCALL {
            return UserEvent::Syscall;
        }
        if let Some(event) = after_trap(exit) {
            return event;
        }
    }
}

/// Handles an interrupt, or describes an exception; `None` if the program can go on at once.
#[inline]
fn after_trap(exit: entry::Exit) -> Option<UserEvent> {
    let address = match exit.reason {
        FIRST_INTERRUPT.. => {
            irq::dispatch(exit.reason as u8);
            return Some(UserEvent::Interrupt);
        }
        PAGE_FAULT => irq::fault_address(),
        DEVICE_NOT_AVAILABLE if fpu::on_not_available() => return None,
        DEBUG => take_debug_reasons(),
        _ => 0,
    };
    Some(UserEvent::Exception(Exception {
        vector: exit.reason as u8,
        error: exit.error as u32,
        address,
    }))
}

/// Reads and clears the reasons of a debug exception.
fn take_debug_reasons() -> usize {
    let reasons: usize;
    // SAFETY: DR6 only says what has happened; the value written is the one after a reset.
    unsafe {
        asm!("mov {0}, dr6", "mov dr6, {1}", out(reg) reasons, in(reg) 0xffff_0ff0_usize, options(nostack, nomem));
    }
    reasons
}

/// The FS base of the running program.
pub fn fs_base() -> u64 {
    bases::fs()
}

/// The GS base of the running program.
pub fn gs_base() -> u64 {
    bases::gs()
}

/// Sets the FS base of the running program.
///
/// # Errors
/// If the address is not one of user memory.
pub fn set_fs_base(base: u64) -> Result<(), BadBase> {
    bases::set_current_fs(base)
}

/// Sets the GS base of the running program.
///
/// # Errors
/// If the address is not one of user memory.
pub fn set_gs_base(base: u64) -> Result<(), BadBase> {
    bases::set_current_gs(base)
}
