//! Access to the running program's memory.
//!
//! Every access checks that the addresses are user addresses, opens user memory where the CPU has SMAP, and has a
//! place to go on at if the access faults (section `.extable`). A fault is first given to the kernel's
//! `user_access_fault` hook, which may page the memory in, sleeping if it must; with preemption or interrupts off
//! the access fails at once instead.

mod fault;
mod words;

use core::arch::global_asm;

pub(crate) use self::fault::init;
pub use self::words::{
    cmpxchg_u32, fetch_update_u32, read_u8, read_u16, read_u32, read_u64, write_u8, write_u16,
    write_u32, write_u64,
};
use crate::cpu::smap::{clac, stac};
use crate::mem::USER_TOP;

/// The program's memory could not be accessed as wished. What was copied before the fault stays copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFault {
    /// Bytes that were copied.
    pub copied: usize,
}

const NOTHING_COPIED: UserFault = UserFault { copied: 0 };

/// Assembly text of a table entry: when label `$at` faults, execution goes on at label `$to`.
macro_rules! on_fault {
    ($at:literal, $to:literal) => {
        concat!(
            ".pushsection .extable,\"a\"\n.quad ",
            $at,
            ", ",
            $to,
            "\n.popsection"
        )
    };
}

pub(crate) use on_fault;

global_asm!(
    r#"
    .section .text.uaccess, "ax"
    .balign 16
    .global machine_copy_user
    .type machine_copy_user, @function
# RDI: to, RSI: from, RDX: bytes. Returns in RAX how many bytes were not copied.
machine_copy_user:
"#,
    stac!(),
    r#"
    mov rcx, rdx
    and edx, 7
    shr rcx, 3
1:  rep movsq
    mov ecx, edx
2:  rep movsb
"#,
    clac!(),
    r#"
    mov eax, ecx
    ret
# A word faulted: its bytes one by one, to get as far as the fault.
3:  lea rcx, [rdx + rcx * 8]
4:  rep movsb
5:
"#,
    clac!(),
    r#"
    mov rax, rcx
    ret
    .size machine_copy_user, . - machine_copy_user

    .balign 16
    .global machine_zero_user
    .type machine_zero_user, @function
# RDI: to, RSI: bytes. Returns in RAX how many bytes were not cleared.
machine_zero_user:
"#,
    stac!(),
    r#"
    mov rcx, rsi
    and esi, 7
    shr rcx, 3
    xor eax, eax
6:  rep stosq
    mov ecx, esi
7:  rep stosb
8:
"#,
    clac!(),
    r#"
    mov rax, rcx
    ret
9:  lea rcx, [rsi + rcx * 8]
10: rep stosb
    jmp 8b
    .size machine_zero_user, . - machine_zero_user

    .balign 16
    .global machine_copy_text
    .type machine_copy_text, @function
# RDI: to, RSI: from, RDX: room. Copies up to a NUL, by words that do not cross pages. Returns in RAX the bytes in front
# of it, or all if there is none, or as many as could be read; in RDX whether a NUL was found, and 2 after a fault.
machine_copy_text:
"#,
    stac!(),
    r#"
    mov rcx, rdx
    movabs r8, 0x0101010101010101
    movabs r9, 0x8080808080808080
11: cmp rcx, 8
    jb 13f
    mov eax, esi
    and eax, 4095
    cmp eax, 4088
    ja 13f
12: mov rax, [rsi]
    mov [rdi], rax
    mov r10, rax
    sub r10, r8
    not rax
    and rax, r9
    and rax, r10                    # the lowest bit set is that of the first zero byte
    jnz 15f
    add rsi, 8
    add rdi, 8
    sub rcx, 8
    jmp 11b
13: test rcx, rcx
    jz 16f
14: mov al, [rsi]
    test al, al
    jz 17f
    mov [rdi], al
    inc rsi
    inc rdi
    dec rcx
    jmp 11b
15: bsf rax, rax
    shr eax, 3
    sub rcx, rax
17: sub rdx, rcx
    mov rax, rdx
    mov edx, 1
    jmp 19f
16: mov rax, rdx
    xor edx, edx
    jmp 19f
18: sub rdx, rcx
    mov rax, rdx
    mov edx, 2
19:
"#,
    clac!(),
    r#"
    ret
    .size machine_copy_text, . - machine_copy_text
"#,
    on_fault!("12b", "18b"),
    on_fault!("14b", "18b"),
    on_fault!("1b", "3b"),
    on_fault!("2b", "5b"),
    on_fault!("4b", "5b"),
    on_fault!("6b", "9b"),
    on_fault!("7b", "8b"),
    on_fault!("10b", "8b"),
);

/// What `machine_copy_text` found.
#[repr(C)]
struct Text {
    length: usize,
    end: usize,
}

/// [`Text::end`]: a NUL.
const END: usize = 1;
/// [`Text::end`]: memory that cannot be read.
const FAULT: usize = 2;

unsafe extern "sysv64" {
    fn machine_copy_user(to: usize, from: usize, length: usize) -> usize;
    fn machine_zero_user(to: usize, length: usize) -> usize;
    fn machine_copy_text(to: *mut u8, from: usize, room: usize) -> Text;
}

/// Whether all of a range can only be user memory.
#[inline(always)]
fn is_user(start: usize, length: usize) -> bool {
    length <= USER_TOP && start <= USER_TOP - length
}

/// Copies from user memory to kernel memory.
///
/// # Safety
/// `to` must be memory of `length` bytes that may be overwritten, and of which no Rust reference is in use.
#[inline(always)]
pub(crate) unsafe fn copy_in(to: usize, user: usize, length: usize) -> Result<(), UserFault> {
    if !is_user(user, length) {
        return Err(NOTHING_COPIED);
    }
    // SAFETY: the source is user memory, whose faults are seen to; the destination is the caller's promise.
    match unsafe { machine_copy_user(to, user, length) } {
        0 => Ok(()),
        left => Err(UserFault {
            copied: length - left,
        }),
    }
}

/// Copies from kernel memory to user memory.
///
/// # Safety
/// `from` must be `length` bytes of mapped kernel memory that holds nothing secret.
#[inline(always)]
pub(crate) unsafe fn copy_out(user: usize, from: usize, length: usize) -> Result<(), UserFault> {
    if !is_user(user, length) {
        return Err(NOTHING_COPIED);
    }
    // SAFETY: the destination is user memory, whose faults are seen to; the source is the caller's promise.
    match unsafe { machine_copy_user(user, from, length) } {
        0 => Ok(()),
        left => Err(UserFault {
            copied: length - left,
        }),
    }
}

/// Copies the program's memory at `from`.
///
/// # Errors
/// When not all of it can be read; the beginning of `to` has then been overwritten.
#[inline]
pub fn copy_from_user(to: &mut [u8], from: usize) -> Result<(), UserFault> {
    // SAFETY: the slice is the caller's, exclusively.
    unsafe { copy_in(to.as_mut_ptr().expose_provenance(), from, to.len()) }
}

/// Copies to the program's memory at `to`.
///
/// # Errors
/// When not all of it can be written.
#[inline]
pub fn copy_to_user(to: usize, from: &[u8]) -> Result<(), UserFault> {
    // SAFETY: the slice is readable, and the caller's to give.
    unsafe { copy_out(to, from.as_ptr().expose_provenance(), from.len()) }
}

/// Fills the program's memory at `to` with zeros.
///
/// # Errors
/// When not all of it can be written.
pub fn zero_user(to: usize, length: usize) -> Result<(), UserFault> {
    if !is_user(to, length) {
        return Err(NOTHING_COPIED);
    }
    // SAFETY: the destination is user memory, whose faults are seen to.
    match unsafe { machine_zero_user(to, length) } {
        0 => Ok(()),
        left => Err(UserFault {
            copied: length - left,
        }),
    }
}

/// Reads the NUL-terminated text at `from` into `to`; returns its length without the NUL. If there is no NUL within
/// `to.len()` bytes, the length is `to.len()`. What is in `to` behind the text is arbitrary.
///
/// # Errors
/// When memory that has to be looked at cannot be read.
pub fn read_cstr(from: usize, to: &mut [u8]) -> Result<usize, UserFault> {
    let room = to.len().min(USER_TOP.saturating_sub(from));
    // SAFETY: the source is user memory, as far as `room` goes, and its faults are seen to; the slice is the caller's.
    let text = unsafe { machine_copy_text(to.as_mut_ptr(), from, room) };
    let cut_short = text.end != END && room < to.len();
    if text.end == FAULT || cut_short {
        return Err(UserFault {
            copied: text.length,
        });
    }
    Ok(text.length)
}
