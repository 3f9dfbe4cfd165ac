//! Saving to and loading from the program's own memory, for signal frames: in one instruction, without a copy.
//!
//! The registers are the program's only as long as nothing switches away. So the instruction runs with interrupts off
//! and fails if the memory is not there; then the memory is touched, which may sleep, and it is tried again.

use core::arch::asm;

use super::features::{HEADER_SIZE, How, LEGACY_SIZE, area_size, how};
use super::{BadState, forget, is_live, load};
use crate::cpu::smap::{clac, stac};
use crate::mem::quick::QuickIrqOff;
use crate::mem::{PAGE_SIZE, USER_TOP};
use crate::percpu;
use crate::task::with_header;
use crate::uaccess::{self, UserFault, on_fault};

/// Tries before giving up on memory that keeps vanishing.
const PATIENCE: usize = 8;
/// XSAVE and XRSTOR demand this alignment; FXSAVE and FXRSTOR less.
const ALIGNMENT: usize = 64;

/// `$instruction` with `{at}` in user memory; `failed` is not 0 after a fault. EAX and EDX select all states.
macro_rules! on_user_memory {
    ($instruction:literal, $at:expr) => {{
        let mut failed = 0_u32;
        asm!(
            stac!(),
            concat!("70: ", $instruction),
            "71:",
            clac!(),
            ".pushsection .text.uaccess,\"ax\"",
            "72: mov {failed:e}, 1",
            "jmp 71b",
            ".popsection",
            on_fault!("70b", "72b"),
            at = in(reg) $at,
            failed = inout(reg) failed,
            in("eax") -1,
            in("edx") -1,
            options(nostack),
        );
        failed == 0
    }};
}

fn is_place(address: usize, length: usize) -> bool {
    address.is_multiple_of(ALIGNMENT) && length <= USER_TOP && address <= USER_TOP - length
}

/// Saves the running task's state to its program's memory, as [`super::save_current`] would: [`area_size`] bytes at
/// `address`, which must be a multiple of 64.
///
/// # Errors
/// When the memory cannot be written, or is not aligned.
pub fn save_to_user(address: usize) -> Result<(), UserFault> {
    const FAULT: UserFault = UserFault { copied: 0 };
    if !is_place(address, area_size()) {
        return Err(FAULT);
    }
    if how() != How::Fxsave {
        // XSAVE leaves most of the header alone, and XRSTOR wants zeros there.
        uaccess::zero_user(address + LEGACY_SIZE, HEADER_SIZE)?;
    }
    for _ in 0..PATIENCE {
        if try_save(address) {
            return Ok(());
        }
        uaccess::zero_user(address, area_size())?;
    }
    Err(FAULT)
}

fn try_save(address: usize) -> bool {
    let _irq = QuickIrqOff::new();
    with_header(|current| {
        if !is_live() {
            load(percpu::current(), current);
        }
    });
    // SAFETY: the range is user memory, aligned, and faults are seen to; the registers are the running program's.
    unsafe {
        match how() {
            How::Fxsave => on_user_memory!("fxsave64 [{at}]", address),
            _ => on_user_memory!("xsave64 [{at}]", address),
        }
    }
}

/// Loads the running task's state from its program's memory: [`area_size`] bytes at `address` (a multiple of 64) if
/// `extended`, else the 512 bytes of FXSAVE, the other states being reset.
///
/// # Errors
/// When the memory cannot be read, is not aligned, or holds what the CPU does not accept. The state is then that
/// after a reset.
pub fn restore_from_user(address: usize, extended: bool) -> Result<(), BadState> {
    let length = if extended { area_size() } else { LEGACY_SIZE };
    let legacy = !extended || how() == How::Fxsave;
    if is_place(address, length) {
        for _ in 0..PATIENCE {
            if try_restore(address, legacy) {
                return Ok(());
            }
            let pages = (address & !(PAGE_SIZE - 1)..address + length).step_by(PAGE_SIZE);
            if pages
                .into_iter()
                .any(|page| uaccess::read_u8(page).is_err())
            {
                break;
            }
        }
    }
    super::reset_current();
    Err(BadState)
}

fn try_restore(address: usize, legacy: bool) -> bool {
    let _irq = QuickIrqOff::new();
    with_header(|current| {
        forget(current);
        if legacy {
            current.fpu.area.reset();
        }
        // From here on the registers are the task's, and saved at a switch.
        load(percpu::current(), current);
        // SAFETY: the range is user memory, aligned, and faults are seen to, those that a bad image raises included.
        // The CPU checks what it loads; a program may load what it likes.
        let loaded = unsafe {
            if legacy {
                on_user_memory!("fxrstor64 [{at}]", address)
            } else {
                on_user_memory!("xrstor64 [{at}]", address)
            }
        };
        if !loaded {
            forget(current);
        }
        loaded
    })
    .unwrap_or(false)
}
