//! The way into ring 3 and back, in assembly.
//!
//! On the way in, RBP, RBX and the address of the [`UserRegs`] are pushed on the kernel stack, and the stack pointer
//! goes to the task state segment (RSP0). From there both ways back find it: interrupts and
//! exceptions because the CPU switches to RSP0 itself, SYSCALL because its entry loads it. Either way the program's
//! registers are stored in the `UserRegs`, and the call that went in returns.

use core::arch::{asm, global_asm};
use core::mem::offset_of;

use super::{FIXED_FLAGS, FREE_FLAGS, GENERAL_PROTECTION, IRET_FLAGS, SYSCALL, UserRegs};
use crate::cpu::gdt::{KERNEL_CODE, TSS_RSP0, USER_CODE, USER_CODE32, USER_DATA};
use crate::cpu::msr;
use crate::cpu::smap::clac;
use crate::percpu::PerCpu;

/// What came of a stay in ring 3.
#[repr(C)]
pub(super) struct Exit {
    /// The vector, or [`SYSCALL`].
    pub(super) reason: u64,
    /// The error code of an exception.
    pub(super) error: u64,
}

/// Enters ring 3 with `regs`, by SYSRET if that can do it, else by IRET; returns what came of it.
///
/// RFLAGS is restricted to what a program may set, in `regs` too. A RIP that is not canonical ends at once in the
/// exception that a jump there would raise.
///
/// # Safety
/// Interrupts must be off and GS the kernel's; the FPU must be prepared.
#[inline(always)]
pub(super) unsafe fn enter(regs: &mut UserRegs) -> Exit {
    let (reason, error): (u64, u64);
    // SAFETY: the routine below keeps RBX and RBP, changes the other registers as declared, and writes to nothing but
    // `regs` and the CPU's own slots; the caller sees to the rest.
    unsafe {
        asm!(
            "call machine_enter_user",
            inout("rdi") &raw mut *regs => _,
            out("rax") reason,
            out("rdx") error,
            out("rcx") _,
            out("rsi") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
        );
    }
    Exit { reason, error }
}

global_asm!(
    ".section .text.user_entry, \"ax\"",
    ".balign 64",
    ".global machine_enter_user",
    "machine_enter_user:",
    "push rbp",
    "push rbx",
    "push rdi",
    // A multiple of 16, as the CPU wants it: three words and the return address of an aligned call.
    "mov gs:[{RSP0}], rsp",
    // SYSRET takes RIP from RCX and RFLAGS from R11, so these must be the same; it would fault in ring 0 for a RIP that
    // is not in the lower half; and it sets TF and RF at the wrong moment.
    "mov rcx, [rdi + {RIP}]",
    "mov r11, [rdi + {RFLAGS}]",
    "cmp rcx, [rdi + {RCX}]",
    "jne 1f",
    "cmp r11, [rdi + {R11}]",
    "jne 1f",
    "mov rax, r11",
    "xor eax, {FIXED_FLAGS}",
    "test rax, {NO_SYSRET}",
    "jnz 1f",
    "mov rax, rcx",
    "shr rax, 47",
    "jnz 1f",
    "mov r15, [rdi + {R15}]",
    "mov r14, [rdi + {R14}]",
    "mov r13, [rdi + {R13}]",
    "mov r12, [rdi + {R12}]",
    "mov rbp, [rdi + {RBP}]",
    "mov rbx, [rdi + {RBX}]",
    "mov r10, [rdi + {R10}]",
    "mov r9, [rdi + {R9}]",
    "mov r8, [rdi + {R8}]",
    "mov rax, [rdi + {RAX}]",
    "mov rdx, [rdi + {RDX}]",
    "mov rsi, [rdi + {RSI}]",
    "mov rsp, [rdi + {RSP}]",
    "mov rdi, [rdi + {RDI}]",
    "swapgs",
    "sysretq",
    // By IRET, which takes any canonical RIP.
    "1:",
    "and r11d, {FREE_FLAGS}",
    "or r11d, {FIXED_FLAGS}",
    "mov [rdi + {RFLAGS}], r11",
    "mov rax, rcx",
    "shl rax, 16",
    "sar rax, 16",
    "cmp rax, rcx",
    "jne 2f",
    "push {USER_DATA}",
    "push [rdi + {RSP}]",
    "push r11",
    "push {USER_CODE}",
    "push rcx",
    "mov r15, [rdi + {R15}]",
    "mov r14, [rdi + {R14}]",
    "mov r13, [rdi + {R13}]",
    "mov r12, [rdi + {R12}]",
    "mov rbp, [rdi + {RBP}]",
    "mov rbx, [rdi + {RBX}]",
    "mov r11, [rdi + {R11}]",
    "mov r10, [rdi + {R10}]",
    "mov r9, [rdi + {R9}]",
    "mov r8, [rdi + {R8}]",
    "mov rax, [rdi + {RAX}]",
    "mov rcx, [rdi + {RCX}]",
    "mov rdx, [rdi + {RDX}]",
    "mov rsi, [rdi + {RSI}]",
    "mov rdi, [rdi + {RDI}]",
    "swapgs",
    "iretq",
    "2:",
    "mov qword ptr [rdi + {ORIG_RAX}], -1",
    "mov eax, {GENERAL_PROTECTION}",
    "xor edx, edx",
    "pop rdi",
    "pop rbx",
    "pop rbp",
    "ret",
    // SYSCALL leaves RSP alone; RCX is RIP and R11 RFLAGS. Interrupts are off (SFMASK).
    ".balign 64",
    ".global machine_syscall_entry",
    "machine_syscall_entry:",
    "swapgs",
    "mov gs:[{SCRATCH}], rsp",
    "mov rsp, gs:[{RSP0}]",
    "push rdi",
    "mov rdi, [rsp + 8]",
    "mov [rdi + {R15}], r15",
    "mov [rdi + {R14}], r14",
    "mov [rdi + {R13}], r13",
    "mov [rdi + {R12}], r12",
    "mov [rdi + {RBP}], rbp",
    "mov [rdi + {RBX}], rbx",
    "mov [rdi + {R11}], r11",
    "mov [rdi + {R10}], r10",
    "mov [rdi + {R9}], r9",
    "mov [rdi + {R8}], r8",
    "mov [rdi + {RAX}], rax",
    "mov [rdi + {RCX}], rcx",
    "mov [rdi + {RDX}], rdx",
    "mov [rdi + {RSI}], rsi",
    "mov [rdi + {ORIG_RAX}], rax",
    "mov [rdi + {RIP}], rcx",
    "mov [rdi + {RFLAGS}], r11",
    "pop [rdi + {RDI}]",
    "mov rax, gs:[{SCRATCH}]",
    "mov [rdi + {RSP}], rax",
    "mov eax, {SYSCALL}",
    "pop rdi",
    "pop rbx",
    "pop rbp",
    "ret",
    // Jumped to by the stubs of all vectors: on the stack are the vector, the error code, RIP, CS, RFLAGS, RSP, SS.
    ".balign 64",
    ".global machine_user_trap",
    "machine_user_trap:",
    "swapgs",
    "cld",
    clac!(),
    "push rdi",
    "mov rdi, [rsp + 64]",
    "mov [rdi + {R15}], r15",
    "mov [rdi + {R14}], r14",
    "mov [rdi + {R13}], r13",
    "mov [rdi + {R12}], r12",
    "mov [rdi + {RBP}], rbp",
    "mov [rdi + {RBX}], rbx",
    "mov [rdi + {R11}], r11",
    "mov [rdi + {R10}], r10",
    "mov [rdi + {R9}], r9",
    "mov [rdi + {R8}], r8",
    "mov [rdi + {RAX}], rax",
    "mov [rdi + {RCX}], rcx",
    "mov [rdi + {RDX}], rdx",
    "mov [rdi + {RSI}], rsi",
    "mov qword ptr [rdi + {ORIG_RAX}], -1",
    "pop [rdi + {RDI}]",
    "pop rax",
    "pop rdx",
    "pop [rdi + {RIP}]",
    "pop rcx",
    "pop [rdi + {RFLAGS}]",
    "pop [rdi + {RSP}]",
    "pop rcx",
    "pop rdi",
    "pop rbx",
    "pop rbp",
    "ret",
    R15 = const offset_of!(UserRegs, r15),
    R14 = const offset_of!(UserRegs, r14),
    R13 = const offset_of!(UserRegs, r13),
    R12 = const offset_of!(UserRegs, r12),
    RBP = const offset_of!(UserRegs, rbp),
    RBX = const offset_of!(UserRegs, rbx),
    R11 = const offset_of!(UserRegs, r11),
    R10 = const offset_of!(UserRegs, r10),
    R9 = const offset_of!(UserRegs, r9),
    R8 = const offset_of!(UserRegs, r8),
    RAX = const offset_of!(UserRegs, rax),
    RCX = const offset_of!(UserRegs, rcx),
    RDX = const offset_of!(UserRegs, rdx),
    RSI = const offset_of!(UserRegs, rsi),
    RDI = const offset_of!(UserRegs, rdi),
    ORIG_RAX = const offset_of!(UserRegs, orig_rax),
    RIP = const offset_of!(UserRegs, rip),
    RFLAGS = const offset_of!(UserRegs, rflags),
    RSP = const offset_of!(UserRegs, rsp),
    RSP0 = const TSS_RSP0,
    SCRATCH = const offset_of!(PerCpu, user_scratch),
    USER_DATA = const USER_DATA,
    USER_CODE = const USER_CODE,
    FREE_FLAGS = const FREE_FLAGS,
    FIXED_FLAGS = const FIXED_FLAGS,
    // What must not be set, once the fixed flags have been flipped, for SYSRET to do.
    NO_SYSRET = const !(FREE_FLAGS as i32) | IRET_FLAGS as i32,
    GENERAL_PROTECTION = const GENERAL_PROTECTION,
    SYSCALL = const SYSCALL,
);

unsafe extern "C" {
    static machine_syscall_entry: [u8; 0];
}

/// Flags that are cleared on SYSCALL: TF, IF, DF, IOPL, NT, AC, and the arithmetic ones.
const CLEARED_FLAGS: u64 = 0x0004_7fd5;

/// Points SYSCALL at its entry.
///
/// # Safety
/// Once per CPU, when its descriptor table is loaded.
pub(crate) unsafe fn init_this_cpu() {
    let kernel = u64::from(KERNEL_CODE);
    let user = u64::from(USER_CODE32);
    let entry = (&raw const machine_syscall_entry) as u64;
    // SAFETY: every 64-bit CPU has these registers; the selectors are those of the descriptor table. SYSCALL from
    // compatibility mode cannot happen, as no descriptor allows to enter that mode; should it, it faults at once.
    unsafe {
        msr::write(msr::STAR, user << 48 | kernel << 32);
        msr::write(msr::LSTAR, entry);
        msr::write(msr::CSTAR, 0);
        msr::write(msr::SFMASK, CLEARED_FLAGS);
    }
}
