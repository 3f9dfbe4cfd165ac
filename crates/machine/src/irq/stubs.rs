//! Entry code of all 256 vectors.
//!
//! Each stub leaves on the stack, from the top down: SS, RSP, RFLAGS, CS, RIP (by the CPU), the error code (0 where
//! the CPU has none), the vector. From ring 3 it then jumps to `machine_user_trap` (in `user`), with the user's GS
//! base and registers untouched. From ring 0 it saves registers and calls Rust. NMI, double fault and machine check
//! come on stacks of their own and may interrupt any instruction, also those between an entry and its `swapgs`: for
//! them GS is set from a pointer at the top of their stack, and put back.

use core::arch::global_asm;

use crate::cpu::smap::clac;

/// Registers of interrupted code, in the order in which the entry code leaves them in memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TrapFrame {
    pub(crate) r15: u64,
    pub(crate) r14: u64,
    pub(crate) r13: u64,
    pub(crate) r12: u64,
    pub(crate) r11: u64,
    pub(crate) r10: u64,
    pub(crate) r9: u64,
    pub(crate) r8: u64,
    pub(crate) rdi: u64,
    pub(crate) rsi: u64,
    pub(crate) rbp: u64,
    pub(crate) rdx: u64,
    pub(crate) rcx: u64,
    pub(crate) rbx: u64,
    pub(crate) rax: u64,
    pub(crate) vector: u64,
    pub(crate) error: u64,
    pub(crate) rip: u64,
    pub(crate) cs: u64,
    pub(crate) rflags: u64,
    pub(crate) rsp: u64,
    pub(crate) ss: u64,
}

unsafe extern "C" {
    /// The stubs, one every [`STUB_SIZE`] bytes, by vector.
    pub(super) static machine_trap_stubs: [u8; 0];
}

/// Distance of two stubs.
pub(super) const STUB_SIZE: usize = 16;

global_asm!(
    r#"
    .text
    .balign 16
    .global machine_trap_stubs
machine_trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector == 8) | ((vector >= 10) & (vector <= 14)) | (vector == 17) | (vector == 21) | (vector == 29) | (vector == 30)
    .else
    push 0
    .endif
    push vector
    .if (vector == 2) | (vector == 8) | (vector == 18)
    jmp trap_any_context
    .elseif vector < 32
    jmp trap_exception
    .else
    jmp trap_interrupt
    .endif
    .set vector, vector + 1
    .endr

    .macro save_all
    push rax
    push rbx
    push rcx
    push rdx
    push rbp
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    .endm

    .macro restore_all
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rbp
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16
    .endm

    .balign 16
    .global trap_exception
trap_exception:
    test byte ptr [rsp + 24], 3
    jnz machine_user_trap
    save_all
"#,
    clac!(),
    r#"
    cld
    mov rdi, rsp
    push [rsp + 17 * 8]             # a frame of the interrupted code, for backtraces
    push rbp
    mov rbp, rsp
    call machine_kernel_exception
    add rsp, 16
    restore_all
    iretq

    .balign 16
trap_interrupt:
    test byte ptr [rsp + 24], 3
    jnz machine_user_trap
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
"#,
    clac!(),
    r#"
    cld
    mov edi, [rsp + 9 * 8]
    push [rsp + 11 * 8]
    push rbp
    mov rbp, rsp
    call machine_kernel_interrupt
    pop rbp
    add rsp, 8
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq

    .balign 16
trap_any_context:
    save_all
"#,
    clac!(),
    r#"
    cld
    mov ecx, 0xc0000101             # the GS base
    rdmsr
    mov r12d, eax
    mov r13d, edx
    mov rax, [rsp + 184]            # the per-CPU block: `set_interrupt_stack` stored its address
    mov rdx, rax
    shr rdx, 32
    wrmsr
    mov rdi, rsp
    push [rsp + 17 * 8]
    push rbp
    mov rbp, rsp
    call machine_any_context_exception
    add rsp, 16
    mov eax, r12d
    mov edx, r13d
    mov ecx, 0xc0000101
    wrmsr
    restore_all
    iretq
"#
);
