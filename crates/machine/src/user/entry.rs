//! The way into ring 3 and back, in assembly.
//!
//! On the way in, the callee-saved registers and the address of the [`UserRegs`] are pushed on the kernel stack, and
//! the stack pointer goes to the task state segment (RSP0). From there both ways back find it: interrupts and
//! exceptions because the CPU switches to RSP0 itself, SYSCALL because its entry loads it. Either way the program's
//! registers are stored in the `UserRegs`, and the call that went in returns.

use core::arch::{global_asm, naked_asm};
use core::mem::offset_of;

use super::{SYSCALL, UserRegs};
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

const SCRATCH: usize = offset_of!(PerCpu, user_scratch);

macro_rules! regs_offsets {
    ($asm:ident, $($text:expr),* $(,)?; $($extra:tt)*) => {
        $asm! {
            $($text,)*
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
            RIP = const offset_of!(UserRegs, rip),
            RFLAGS = const offset_of!(UserRegs, rflags),
            RSP = const offset_of!(UserRegs, rsp),
            RSP0 = const TSS_RSP0,
            $($extra)*
        }
    };
}

/// Enters ring 3 by SYSRET; RCX and R11 get the values of RIP and RFLAGS.
///
/// # Safety
/// Interrupts must be off, GS the kernel's, `regs.rip` below [`crate::mem::USER_TOP`], `regs.rflags` sanitised.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn enter_by_sysret(regs: &mut UserRegs) -> Exit {
    regs_offsets!(
        naked_asm,
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push rdi",
        // A multiple of 16, as the CPU wants it: seven words and the return address.
        "mov gs:[{RSP0}], rsp",
        "mov rcx, [rdi + {RIP}]",
        "mov r11, [rdi + {RFLAGS}]",
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
        "# {R11} {RCX}";
    )
}

/// Enters ring 3 by IRET.
///
/// # Safety
/// Interrupts must be off, GS the kernel's, `regs.rip` canonical, `regs.rflags` sanitised.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn enter_by_iret(regs: &mut UserRegs) -> Exit {
    regs_offsets!(
        naked_asm,
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push rdi",
        "mov gs:[{RSP0}], rsp",
        "push {user_data}",
        "push [rdi + {RSP}]",
        "push [rdi + {RFLAGS}]",
        "push {user_code}",
        "push [rdi + {RIP}]",
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
        "iretq";
        user_data = const USER_DATA,
        user_code = const USER_CODE,
    )
}

regs_offsets!(
    global_asm,
    // SYSCALL leaves RSP alone; RCX is RIP and R11 RFLAGS. Interrupts are off (SFMASK).
    ".text",
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
    "machine_user_return:",
    "add rsp, 8",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
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
    "jmp machine_user_return";
    SCRATCH = const SCRATCH,
    ORIG_RAX = const offset_of!(UserRegs, orig_rax),
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
