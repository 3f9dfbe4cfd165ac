//! The adapters between processes and the machine: timer, interrupts and faults.
//!
//! The only part of `process/` that answers the hardware; the machine reaches it through [`machine::Hooks`].

mod fpu_error;
pub mod timers;

use abi::signal::{
    BUS_ADRALN, FPE_INTDIV, ILL_ILLOPN, KernelSigInfo, SI_KERNEL, SIGBUS, SIGFPE, SIGILL, SIGSEGV,
    SIGTRAP, TRAP_TRACE,
};
use machine::user::Exception;
use machine::{Access as UserAccess, Hooks};

use super::{ThreadRef, scheduler, signal, with_current_thread};
use crate::memory::Access;

struct KernelHooks;

static HOOKS: KernelHooks = KernelHooks;

/// Tells the machine whom to call.
pub fn install() {
    machine::set_hooks(&HOOKS);
}

impl Hooks for KernelHooks {
    fn timer(&self) {
        timers::interrupt();
    }

    fn reschedule(&self) {
        scheduler::preempt();
    }

    fn user_access_fault(&self, addr: usize, access: UserAccess) -> bool {
        let access = match access {
            UserAccess::Read => Access::Read,
            UserAccess::Write => Access::Write,
        };
        let resolved = with_current_thread(|thread| {
            thread.times().count_minor_fault();
            thread
                .memory()
                .is_some_and(|memory| memory.handle_fault(addr, access).is_ok())
        });
        resolved.unwrap_or(false)
    }
}

/// Vectors of exceptions (Intel SDM volume 3, table 6-1).
mod vector {
    pub const DIVIDE_ERROR: u8 = 0;
    pub const DEBUG: u8 = 1;
    pub const BREAKPOINT: u8 = 3;
    pub const OVERFLOW: u8 = 4;
    pub const BOUND_RANGE: u8 = 5;
    pub const INVALID_OPCODE: u8 = 6;
    pub const STACK_FAULT: u8 = 12;
    pub const PAGE_FAULT: u8 = 14;
    pub const X87: u8 = 16;
    pub const ALIGNMENT_CHECK: u8 = 17;
    pub const SIMD: u8 = 19;
}

/// Turns an exception of user mode into memory or a signal.
pub fn user_exception(thread: &ThreadRef, exception: &Exception, instruction: u64) {
    if exception.vector == vector::PAGE_FAULT {
        page_fault(thread, exception);
        return;
    }
    let (signo, code, address) = match exception.vector {
        vector::DIVIDE_ERROR => (SIGFPE, FPE_INTDIV, instruction),
        vector::DEBUG => (SIGTRAP, TRAP_TRACE, instruction),
        vector::BREAKPOINT => (SIGTRAP, SI_KERNEL, 0),
        vector::OVERFLOW | vector::BOUND_RANGE => (SIGSEGV, SI_KERNEL, 0),
        vector::INVALID_OPCODE => (SIGILL, ILL_ILLOPN, instruction),
        vector::STACK_FAULT => (SIGBUS, SI_KERNEL, 0),
        vector::X87 | vector::SIMD => (
            SIGFPE,
            fpu_error::code(exception.vector == vector::SIMD),
            instruction,
        ),
        vector::ALIGNMENT_CHECK => (SIGBUS, BUS_ADRALN, 0),
        _ => (SIGSEGV, SI_KERNEL, 0),
    };
    let info = KernelSigInfo::fault(signo, code, address);
    signal::force(
        thread,
        info,
        u64::from(exception.vector),
        u64::from(exception.error),
    );
}

fn page_fault(thread: &ThreadRef, exception: &Exception) {
    thread.times().count_minor_fault();
    let access = Access::from_error_code(exception.error);
    let Some(memory) = thread.memory() else {
        return;
    };
    if let Err(fault) = memory.handle_fault(exception.address, access) {
        let info = KernelSigInfo::fault(fault.signal, fault.code, fault.address as u64);
        signal::force(
            thread,
            info,
            u64::from(exception.vector),
            u64::from(exception.error),
        );
    }
}
