//! The way of a CPU that is started by SIPI from real mode, at a page below 1 MiB, to Rust code in the high half.
//!
//! The code is copied to that page, so it finds its data relative to its code segment. It goes through the boot page
//! tables, which map low memory one to one, and changes to the kernel's tables in the kernel image itself.

use core::arch::global_asm;

/// What the code needs; the copy in the page is filled in before each start.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Parameters {
    /// Physical address of page tables below 4 GiB that map the page one to one.
    pub(super) boot_tables: u64,
    /// Physical address of the kernel's page tables.
    pub(super) kernel_tables: u64,
    /// End of the stack to run on.
    pub(super) stack: u64,
    /// Number of the CPU.
    pub(super) index: u64,
    /// Value of the EFER register.
    pub(super) efer: u64,
}

unsafe extern "C" {
    pub(super) static ap_trampoline_start: [u8; 0];
    pub(super) static ap_trampoline_end: [u8; 0];
    pub(super) static ap_parameters: [u8; 0];
}

global_asm!(
    r#"
    .section .rodata.ap_trampoline, "ax"
    .balign 16
    .code16
    .global ap_trampoline_start
ap_trampoline_start:
    cli
    cld
    xorl %esi, %esi
    movw %cs, %si
    movw %si, %ds
    shll $4, %esi                       # the page's address
    leal ap_gdt - ap_trampoline_start(%esi), %eax
    movl %eax, ap_gdt_pointer - ap_trampoline_start + 2
    leal ap_protected - ap_trampoline_start(%esi), %eax
    movl %eax, ap_far32 - ap_trampoline_start
    leal ap_long - ap_trampoline_start(%esi), %eax
    movl %eax, ap_far64 - ap_trampoline_start
    lgdtl ap_gdt_pointer - ap_trampoline_start
    movl $0x11, %eax                    # ET PE, caches on
    movl %eax, %cr0
    ljmpl *(ap_far32 - ap_trampoline_start)

    .code32
ap_protected:
    movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x20, %eax                    # PAE
    movl %eax, %cr4
    movl ap_parameters - ap_trampoline_start(%esi), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    movl ap_parameters - ap_trampoline_start + 32(%esi), %eax
    xorl %edx, %edx
    wrmsr
    movl $0x80010033, %eax              # PG WP NE ET MP PE
    movl %eax, %cr0
    ljmpl *(ap_far64 - ap_trampoline_start)(%esi)

    .code64
ap_long:
    movl %esi, %esi
    leaq ap_parameters - ap_trampoline_start(%rsi), %rbx
    movq 8(%rbx), %rdx
    movq 16(%rbx), %rcx
    movq 24(%rbx), %rdi
    movabsq $ap_high, %rax
    jmp *%rax

    .balign 16
ap_gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff
ap_gdt_pointer:
    .word 31
    .long 0
ap_far32:
    .long 0
    .word 0x08
ap_far64:
    .long 0
    .word 0x10
    .balign 8
    .global ap_parameters
ap_parameters:
    .skip 40
    .global ap_trampoline_end
ap_trampoline_end:

    .text
ap_high:
    movq %rdx, %cr3                     # low memory is gone from here on
    movq %rcx, %rsp
    xorl %ebp, %ebp
    pushq $0
    pushq $0
    call machine_ap_start
    ud2
"#,
    options(att_syntax),
);
