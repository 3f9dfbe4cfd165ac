//! Moving and comparing bytes: what the compiler calls for, and copies of memory that programs may be writing to.
//!
//! Short lengths are done by overlapping loads and stores, all loads first; longer ones by string instructions on
//! words, which every x86-64 CPU does well enough and which need the fewest instructions.

/// Copies `length` bytes, of which either side may change meanwhile: the result is then a mixture, no more.
///
/// # Safety
/// Both ranges must be mapped, the second one writable and free of Rust references.
#[inline(always)]
pub(crate) unsafe fn copy_racy(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: the caller's promise; the compiler does not see the accesses, so it assumes nothing about them.
    unsafe {
        core::arch::asm!(
            "rep movsq",
            "mov ecx, {rest:e}",
            "rep movsb",
            rest = in(reg) length % 8,
            inout("rcx") length / 8 => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags),
        );
    }
}

/// The C library functions that compiled code refers to. They replace those of `compiler_builtins`, which are weak.
#[cfg(target_os = "none")]
mod builtins {
    use core::arch::global_asm;

    global_asm!(
        r#"
    .section .text.string, "ax"

    .balign 16
    .global memcpy
    .type memcpy, @function
memcpy:
    mov rax, rdi
    cmp rdx, 32
    ja 1f
    cmp rdx, 16
    jb copy_small
    mov rcx, [rsi]
    mov r8, [rsi + 8]
    mov r9, [rsi + rdx - 16]
    mov r10, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + 8], r8
    mov [rdi + rdx - 16], r9
    mov [rdi + rdx - 8], r10
    ret
1:  mov r8, [rsi + rdx - 8]
    lea r9, [rdi + rdx - 8]
    lea rcx, [rdx - 1]
    shr rcx, 3
    rep movsq
    mov [r9], r8
    ret
copy_small:
    cmp rdx, 8
    jb 2f
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
2:  cmp rdx, 4
    jb 3f
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
3:  test rdx, rdx
    jz 4f
    mov cl, [rsi]
    cmp rdx, 1
    je 5f
    mov r8w, [rsi + rdx - 2]
    mov [rdi + rdx - 2], r8w
5:  mov [rdi], cl
4:  ret
    .size memcpy, . - memcpy

    .balign 16
    .global memmove
    .type memmove, @function
memmove:
    cmp rdx, 32
    jbe memcpy
    mov rax, rdi
    sub rax, rsi
    cmp rax, rdx
    jae memcpy                      # not overlapping, or the destination is lower
    mov r8, [rsi]                   # the first word last: its source is overwritten by then
    mov rax, rdi
    mov rcx, rdx
    lea rsi, [rsi + rdx - 8]
    lea rdi, [rdi + rdx - 8]
    dec rcx
    shr rcx, 3
    std
    rep movsq
    cld
    mov [rax], r8
    ret
    .size memmove, . - memmove

    .balign 16
    .global memset
    .type memset, @function
memset:
    movzx eax, sil
    mov r8, rdi
    movabs rcx, 0x0101010101010101
    imul rax, rcx
    cmp rdx, 16
    jb 1f
    mov [rdi + rdx - 8], rax
    lea rcx, [rdx - 1]
    shr rcx, 3
    rep stosq
    mov rax, r8
    ret
1:  cmp rdx, 8
    jb 2f
    mov [rdi], rax
    mov [rdi + rdx - 8], rax
    mov rax, r8
    ret
2:  mov rcx, rdx
    rep stosb
    mov rax, r8
    ret
    .size memset, . - memset

    .balign 16
    .global memcmp
    .global bcmp
    .type memcmp, @function
    .type bcmp, @function
memcmp:
bcmp:
    cmp rdx, 8
    jb 3f
    mov rcx, rdx
1:  mov rax, [rdi]
    mov r8, [rsi]
    cmp rax, r8
    jne 2f
    add rdi, 8
    add rsi, 8
    sub rcx, 8
    cmp rcx, 8
    jae 1b
    test rcx, rcx
    jz 5f
    mov rax, [rdi + rcx - 8]        # the last word, which overlaps what is equal already
    mov r8, [rsi + rcx - 8]
    cmp rax, r8
    je 5f
2:  bswap rax
    bswap r8
    cmp rax, r8
    sbb eax, eax
    or eax, 1
    ret
3:  test rdx, rdx
    jz 5f
4:  movzx eax, byte ptr [rdi]
    movzx ecx, byte ptr [rsi]
    sub eax, ecx
    jne 6f
    inc rdi
    inc rsi
    dec rdx
    jnz 4b
5:  xor eax, eax
6:  ret
    .size memcmp, . - memcmp
"#
    );
}
