//! The way from what the boot loader leaves us in (32-bit protected mode, no paging) to Rust code in the high half.
//!
//! Two entries: PVH (Xen's `HVM direct boot`, what `qemu -kernel`, Firecracker and Cloud Hypervisor use) and
//! multiboot2 (GRUB). Both arrive with flat segments and a pointer in EBX. The boot page tables map the first 4 GiB
//! three times: one to one, at [`super::DIRECT_MAP`], and (1 GiB of it) at [`super::KERNEL_BASE`].

use core::arch::global_asm;

/// In EAX when multiboot2 starts us; PVH gets its own number from the entry below.
pub(super) const MULTIBOOT2_MAGIC: u32 = 0x36d7_6289;
/// Magic number of PVH's start structure, used as the mark of that entry.
pub(super) const PVH_MAGIC: u32 = 0x336e_c578;

global_asm!(
    r#"
    .set BASE, 0xffffffff80000000

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18                      # sizes of name and value, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_start - BASE

    .section .boot.header, "a"
    .balign 8
multiboot2_header:
    .long 0xe85250d6, 0, multiboot2_end - multiboot2_header
    .long -(0xe85250d6 + (multiboot2_end - multiboot2_header))
    .word 3, 0                          # the address to start at
    .long 12, multiboot2_start - BASE, 0
    .word 5, 1                          # a framebuffer of whatever size, optional
    .long 20, 0, 0, 0, 0
    .word 6, 0                          # modules on page boundaries
    .long 8
    .word 0, 0
    .long 8
multiboot2_end:

    .section .bss.boot_tables, "aw", @nobits
    .balign 4096
    .global boot_pml4
boot_pml4: .skip 4096
boot_pdpt_low: .skip 4096
boot_pdpt_high: .skip 4096
boot_pd: .skip 4 * 4096

    .section .rodata.boot_gdt, "a"
    .balign 8
boot_gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_pointer:
    .word 31
    .quad boot_gdt - BASE
boot_gdt_pointer_high:
    .word 31
    .quad boot_gdt

    .section .boot.text, "ax"
    .code32
    .global pvh_start
pvh_start:
    movl ${pvh_magic}, %eax
multiboot2_start:
    cli
    cld
    movl $(__boot_stack_top - BASE), %esp
    movl %eax, %ebp                     # which entry
    movl %ebx, %edi                     # the loader's information
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz no_long_mode
    movl %edx, %esi

    # 2 MiB pages over 4 GiB.
    movl $(boot_pd - BASE), %ecx
    movl $0x83, %eax
1:  movl %eax, (%ecx)
    movl $0, 4(%ecx)
    addl $8, %ecx
    addl $0x200000, %eax
    jnc 1b
    movl $(boot_pd - BASE) + 3, %eax
    movl $(boot_pdpt_low - BASE), %ecx
    movl %eax, boot_pdpt_high - BASE + 510 * 8
2:  movl %eax, (%ecx)
    addl $4096, %eax
    addl $8, %ecx
    cmpl $(boot_pdpt_low - BASE) + 32, %ecx
    jb 2b
    movl $(boot_pdpt_low - BASE) + 3, %eax
    movl %eax, boot_pml4 - BASE
    movl %eax, boot_pml4 - BASE + {direct_slot} * 8
    movl $(boot_pdpt_high - BASE) + 3, %eax
    movl %eax, boot_pml4 - BASE + 511 * 8

    movl $0x20, %eax                    # PAE
    movl %eax, %cr4
    movl $(boot_pml4 - BASE), %eax
    movl %eax, %cr3
    movl %esi, %ebx                     # LME, and NX if there is
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    testl $(1 << 20), %ebx
    jz 3f
    orl $0x800, %eax
3:  wrmsr
    movl $0x80010033, %eax              # PG WP NE ET MP PE
    movl %eax, %cr0
    lgdt boot_gdt_pointer - BASE
    ljmp $0x10, $(boot_long_mode - BASE)

no_long_mode:                           # say so on the first serial port and stop
    movl $(no_long_mode_text - BASE), %esi
    movw $0x3f8, %dx
4:  lodsb
    testb %al, %al
    jz 5f
    outb %al, %dx
    jmp 4b
5:  hlt
    jmp 5b
no_long_mode_text: .asciz "RustOS needs a 64-bit x86 CPU.\r\n"

    .code64
boot_long_mode:
    movabsq $6f, %rax
    jmp *%rax
6:  lgdt boot_gdt_pointer_high(%rip)
    movl $0x18, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $__boot_stack_top, %rsp
    movl %edi, %esi                     # second argument: the information
    movl %ebp, %edi                     # first: which entry
    xorl %ebp, %ebp                     # ends backtraces
    pushq $0
    pushq $0
    call machine_boot
    ud2
"#,
    pvh_magic = const PVH_MAGIC,
    direct_slot = const (super::DIRECT_MAP >> 39) & 511,
    options(att_syntax),
);
