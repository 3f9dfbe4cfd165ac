//! The signal frame: what a handler finds on its stack, and the way back (`sigreturn(2)`).
//!
//! From low to high addresses: return address (the restorer), `ucontext`, `siginfo`, then the FPU state, as Linux lays
//! them out on x86-64 (`arch/x86/include/asm/sigframe.h`, `struct rt_sigframe`).

use abi::Errno;
use abi::signal::{KernelSigInfo, SA_RESTORER, SI_KERNEL, SIGSEGV, SigAction, SigInfo};
use abi::ucontext::{
    FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, FPX_SW_BYTES_OFFSET, FpxSwBytes, RtSigFrame, SigContext,
    UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS, UContext,
};
use machine::fpu;
use machine::user::UserRegs;
use signal::{SigActions, SigSet, Signal};

use crate::memory::user::UserAddr;
use crate::process::context::NO_CALL;
use crate::process::thread::Attention;
use crate::process::{Thread, ThreadRef};

/// Selectors of user code and data as user mode sees them.
const USER_CODE: u16 = 0x33;
const USER_DATA: u16 = 0x2b;

/// RFLAGS bits a handler starts without: DF, RF and TF.
const CLEARED_FLAGS: u64 = 1 << 10 | 1 << 16 | 1 << 8;

/// RFLAGS bits that `sigreturn` takes from the frame: the status flags, TF, DF, RF and AC.
const RESTORED_FLAGS: u64 = 0x0005_0dd5;

/// The length of the frame's fixed part.
const FRAME: u64 = size_of::<RtSigFrame>() as u64;

/// Puts the frame on the stack and sends the thread into the handler.
///
/// # Errors
/// `EFAULT` if the stack cannot take it or the action has no restorer; the process is to be killed.
pub fn enter_handler(
    thread: &ThreadRef,
    regs: &mut UserRegs,
    number: Signal,
    info: &KernelSigInfo,
    action: &SigAction,
) -> Result<(), Errno> {
    if action.sa_flags & SA_RESTORER == 0 {
        return Err(Errno::EFAULT);
    }
    let signals = thread.signals();
    let stack = signals.alternate_stack();
    let fpu_size = fpu::area_size() as u64 + 4;
    let top = stack.place(action, regs.rsp, FRAME + fpu_size + 64)?;
    let fpu_at = top.wrapping_sub(fpu_size) & !63;
    let frame_at = (fpu_at.wrapping_sub(FRAME) & !15).wrapping_sub(8);
    save_fpu(user(fpu_at))?;
    let mask = match thread.attention().clear(Attention::RESTORE_MASK) {
        true => signals.saved(),
        false => signals.blocked(),
    };
    let frame = RtSigFrame {
        pretcode: action.sa_restorer,
        uc: UContext {
            uc_flags: UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
            uc_stack: stack.report(regs.rsp),
            uc_mcontext: context(thread, regs, mask, fpu_at),
            uc_sigmask: mask.bits(),
            ..UContext::default()
        },
        info: SigInfo::from(*info),
    };
    user(frame_at).write(&frame)?;
    signals.set_alternate_stack(stack.in_handler());
    fpu::reset_current();
    thread.set_blocked(SigActions::mask_in_handler(
        action,
        number,
        signals.blocked(),
    ));
    aim_at_handler(regs, frame_at, number, action);
    Ok(())
}

fn aim_at_handler(regs: &mut UserRegs, frame_at: u64, number: Signal, action: &SigAction) {
    regs.rip = action.sa_handler;
    regs.rsp = frame_at;
    regs.rdi = u64::from(number.raw().cast_unsigned());
    regs.rsi = frame_at + core::mem::offset_of!(RtSigFrame, info) as u64;
    regs.rdx = frame_at + core::mem::offset_of!(RtSigFrame, uc) as u64;
    regs.rax = 0;
    regs.rflags &= !CLEARED_FLAGS;
    regs.orig_rax = NO_CALL;
}

fn user(address: u64) -> UserAddr {
    UserAddr::new(usize::try_from(address).unwrap_or(usize::MAX))
}

fn context(thread: &Thread, regs: &UserRegs, mask: SigSet, fpu_at: u64) -> SigContext {
    let fault = thread.signals().last_fault();
    SigContext {
        r8: regs.r8,
        r9: regs.r9,
        r10: regs.r10,
        r11: regs.r11,
        r12: regs.r12,
        r13: regs.r13,
        r14: regs.r14,
        r15: regs.r15,
        rdi: regs.rdi,
        rsi: regs.rsi,
        rbp: regs.rbp,
        rbx: regs.rbx,
        rdx: regs.rdx,
        rax: regs.rax,
        rcx: regs.rcx,
        rsp: regs.rsp,
        rip: regs.rip,
        eflags: regs.rflags,
        cs: USER_CODE,
        ss: USER_DATA,
        err: fault.error,
        trapno: fault.trap,
        oldmask: mask.bits(),
        cr2: fault.address,
        fpstate: fpu_at,
        ..SigContext::default()
    }
}

/// `rt_sigreturn(2)`: puts back what the frame at the stack pointer says.
///
/// A frame that cannot be read or restored kills the process with `SIGSEGV`, as in Linux.
pub fn sigreturn(thread: &ThreadRef, regs: &mut UserRegs) {
    if restore(thread, regs).is_err() {
        super::force(thread, KernelSigInfo::bare(SIGSEGV, SI_KERNEL), 0, 0);
    }
    regs.orig_rax = NO_CALL;
}

fn restore(thread: &ThreadRef, regs: &mut UserRegs) -> Result<(), Errno> {
    let frame_at = user(regs.rsp.wrapping_sub(8));
    let context_at = frame_at.offset(core::mem::offset_of!(RtSigFrame, uc));
    let frame: UContext = context_at.read()?;
    let from = &frame.uc_mcontext;
    thread.set_blocked(SigSet::from_bits(frame.uc_sigmask));
    *regs = UserRegs {
        r8: from.r8,
        r9: from.r9,
        r10: from.r10,
        r11: from.r11,
        r12: from.r12,
        r13: from.r13,
        r14: from.r14,
        r15: from.r15,
        rdi: from.rdi,
        rsi: from.rsi,
        rbp: from.rbp,
        rbx: from.rbx,
        rdx: from.rdx,
        rax: from.rax,
        rcx: from.rcx,
        rsp: from.rsp,
        rip: from.rip,
        rflags: regs.rflags & !RESTORED_FLAGS | from.eflags & RESTORED_FLAGS,
        orig_rax: NO_CALL,
    };
    restore_fpu(from.fpstate)?;
    let signals = thread.signals();
    if let Ok(stack) = signals.alternate_stack().set(&frame.uc_stack, regs.rsp) {
        signals.set_alternate_stack(stack);
    }
    Ok(())
}

fn save_fpu(to: UserAddr) -> Result<(), Errno> {
    let size = fpu::area_size();
    let length = u32::try_from(size).map_err(|_| Errno::EFAULT)?;
    let software = FpxSwBytes {
        magic1: FP_XSTATE_MAGIC1,
        extended_size: length + 4,
        xfeatures: fpu::xstate_features(),
        xstate_size: length,
        ..FpxSwBytes::default()
    };
    fpu::save_to_user(to.get()).map_err(|_| Errno::EFAULT)?;
    to.offset(FPX_SW_BYTES_OFFSET).write(&software)?;
    to.offset(size).write(&FP_XSTATE_MAGIC2)
}

fn restore_fpu(address: u64) -> Result<(), Errno> {
    if address == 0 {
        fpu::reset_current();
        return Ok(());
    }
    let from = user(address);
    let software = from.offset(FPX_SW_BYTES_OFFSET).read::<FpxSwBytes>()?;
    fpu::restore_from_user(from.get(), is_extended(&software, from)).map_err(|_| Errno::EFAULT)
}

/// Whether the frame really carries all of the state, as its two magic numbers say.
fn is_extended(software: &FpxSwBytes, from: UserAddr) -> bool {
    let size = fpu::area_size();
    let magic2 = from.offset(size).read::<u32>();
    software.magic1 == FP_XSTATE_MAGIC1
        && usize::try_from(software.xstate_size) == Ok(size)
        && magic2 == Ok(FP_XSTATE_MAGIC2)
}
