//! Access to the running program's memory.
//!
//! Every access checks that the addresses are user addresses, opens user memory where the CPU has SMAP, and has a
//! place to go on at if the access faults (section `.extable`). A fault is first given to the kernel's
//! `user_access_fault` hook, which may page the memory in, sleeping if it must; with preemption or interrupts off
//! the access fails at once instead.

use core::arch::{asm, global_asm};

use crate::cpu::smap::{clac, stac};
use crate::hooks::{Access, hooks};
use crate::irq::{self, TrapFrame};
use crate::mem::USER_TOP;
use crate::preempt;

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

/// The two jumps out of a single access: `70` is the access, `71` where it goes on, with `failed` set after a fault.
macro_rules! guarded {
    ($access:literal) => {
        concat!(
            stac!(),
            "\n70: ",
            $access,
            "\n71: ",
            clac!(),
            "\n.pushsection .text.uaccess,\"ax\"\n72: mov {failed:e}, 1\njmp 71b\n.popsection\n",
            on_fault!("70b", "72b"),
        )
    };
}

macro_rules! reader {
    ($(#[$doc:meta])* $name:ident, $type:ty, $class:ident, $access:literal) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// When it cannot be read.
        #[inline]
        pub fn $name(from: usize) -> Result<$type, UserFault> {
            if !is_user(from, size_of::<$type>()) {
                return Err(NOTHING_COPIED);
            }
            let (mut failed, value) = (0_u32, <$type>::default());
            let mut value = value;
            // SAFETY: reads user memory, whose faults are seen to.
            unsafe {
                asm!(
                    guarded!($access),
                    value = inout($class) value,
                    from = in(reg) from,
                    failed = inout(reg) failed,
                    options(nostack, preserves_flags),
                );
            }
            if failed == 0 { Ok(value) } else { Err(NOTHING_COPIED) }
        }
    };
}

macro_rules! writer {
    ($(#[$doc:meta])* $name:ident, $type:ty, $class:ident, $access:literal) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// When it cannot be written.
        #[inline]
        pub fn $name(to: usize, value: $type) -> Result<(), UserFault> {
            if !is_user(to, size_of::<$type>()) {
                return Err(NOTHING_COPIED);
            }
            let mut failed = 0_u32;
            // SAFETY: writes user memory, whose faults are seen to.
            unsafe {
                asm!(
                    guarded!($access),
                    value = in($class) value,
                    to = in(reg) to,
                    failed = inout(reg) failed,
                    options(nostack, preserves_flags),
                );
            }
            if failed == 0 { Ok(()) } else { Err(NOTHING_COPIED) }
        }
    };
}

reader!(
    /// Reads a byte of the program's memory.
    read_u8, u8, reg_byte, "mov {value}, [{from}]"
);
reader!(
    /// Reads two bytes of the program's memory, in one access; they need not be aligned.
    read_u16, u16, reg, "mov {value:x}, [{from}]"
);
reader!(
    /// Reads four bytes of the program's memory, in one access; they need not be aligned.
    read_u32, u32, reg, "mov {value:e}, [{from}]"
);
reader!(
    /// Reads eight bytes of the program's memory, in one access; they need not be aligned.
    read_u64, u64, reg, "mov {value}, [{from}]"
);
writer!(
    /// Writes a byte of the program's memory.
    write_u8, u8, reg_byte, "mov [{to}], {value}"
);
writer!(
    /// Writes two bytes of the program's memory, in one access; they need not be aligned.
    write_u16, u16, reg, "mov [{to}], {value:x}"
);
writer!(
    /// Writes four bytes of the program's memory, in one access; they need not be aligned.
    write_u32, u32, reg, "mov [{to}], {value:e}"
);
writer!(
    /// Writes eight bytes of the program's memory, in one access; they need not be aligned.
    write_u64, u64, reg, "mov [{to}], {value}"
);

/// Replaces the word of the program's memory at `at` by `new` if it is `old`, atomically; returns what it was.
///
/// # Errors
/// When it cannot be written, or is not aligned.
pub fn cmpxchg_u32(at: usize, old: u32, new: u32) -> Result<u32, UserFault> {
    if !is_user(at, 4) || !at.is_multiple_of(4) {
        return Err(NOTHING_COPIED);
    }
    let mut failed = 0_u32;
    let found: u32;
    // SAFETY: changes user memory, whose faults are seen to.
    unsafe {
        asm!(
            guarded!("lock cmpxchg [{at}], {new:e}"),
            inout("eax") old => found,
            new = in(reg) new,
            at = in(reg) at,
            failed = inout(reg) failed,
            options(nostack),
        );
    }
    if failed == 0 {
        Ok(found)
    } else {
        Err(NOTHING_COPIED)
    }
}

/// Replaces the word of the program's memory at `at` by what `change` makes of it, atomically; returns what it was.
/// `change` is called again whenever another thread was faster.
///
/// # Errors
/// When it cannot be written, or is not aligned.
pub fn fetch_update_u32(at: usize, mut change: impl FnMut(u32) -> u32) -> Result<u32, UserFault> {
    let mut old = read_u32(at)?;
    loop {
        let found = cmpxchg_u32(at, old, change(old))?;
        if found == old {
            return Ok(old);
        }
        old = found;
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

#[repr(C)]
struct Entry {
    at: u64,
    to: u64,
}

unsafe extern "C" {
    static __extable_start: [Entry; 0];
    static __extable_end: [Entry; 0];
}

/// Where code that faulted at `rip` goes on, if that was expected.
fn landing(rip: u64) -> Option<u64> {
    let start = (&raw const __extable_start).cast::<Entry>();
    let bytes = (&raw const __extable_end).addr() - start.addr();
    // SAFETY: the linker script places entries, and nothing else, between the two symbols.
    let table = unsafe { core::slice::from_raw_parts(start, bytes / size_of::<Entry>()) };
    table
        .iter()
        .find(|entry| entry.at == rip)
        .map(|entry| entry.to)
}

/// A fault of kernel code. Interrupts are off. True if execution may go on.
fn fix_up(frame: &mut TrapFrame, address: Option<usize>) -> bool {
    let Some(landing) = landing(frame.rip) else {
        return false;
    };
    if let Some(address) = address
        && address < USER_TOP
        && may_sleep(frame)
        && let Some(hooks) = hooks()
    {
        const WRITE: u64 = 2;
        let access = if frame.error & WRITE != 0 {
            Access::Write
        } else {
            Access::Read
        };
        // SAFETY: they were on in the code that faulted, and are turned off again.
        unsafe { asm!("sti", options(nostack)) };
        let again = hooks.user_access_fault(address, access);
        // SAFETY: the entry code expects them off.
        unsafe { asm!("cli", options(nostack)) };
        if again {
            return true;
        }
    }
    frame.rip = landing;
    true
}

/// Whether the code that faulted may be put to sleep.
fn may_sleep(frame: &TrapFrame) -> bool {
    const INTERRUPT_FLAG: u64 = 1 << 9;
    frame.rflags & INTERRUPT_FLAG != 0 && !preempt::disabled()
}

/// Sees to faults from now on.
pub(crate) fn init() {
    irq::set_fixup(fix_up);
}
