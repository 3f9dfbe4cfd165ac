//! Walking frame pointers, without ever faulting: each word is looked up in the page tables before it is read.

use core::arch::asm;
use core::fmt::Write;

use super::symbols;
use crate::boot::DIRECT_MAP;

/// The most frames that are shown.
const MAX_FRAMES: usize = 40;
/// Two frames further apart than the largest stack are not of one stack.
const MAX_STACK: usize = 256 << 10;

/// Writes the chain of calls: `rip`, if given, then the return addresses found by `frame_pointer`.
pub(super) fn write(out: &mut impl Write, rip: Option<usize>, mut frame_pointer: usize) {
    let _ = writeln!(out, "backtrace:");
    if let Some(rip) = rip {
        write_frame(out, rip, 0);
    }
    for _ in 0..MAX_FRAMES {
        if frame_pointer % 8 != 0 {
            break;
        }
        let (Some(next), Some(address)) = (read_word(frame_pointer), read_word(frame_pointer + 8))
        else {
            break;
        };
        if address == 0 {
            break;
        }
        // A return address may be the first of the next function; the call is in the one before.
        write_frame(out, address, 1);
        if next <= frame_pointer || next - frame_pointer > MAX_STACK {
            break;
        }
        frame_pointer = next;
    }
}

fn write_frame(out: &mut impl Write, address: usize, back: usize) {
    let _ = match symbols::find(address - back) {
        Some((name, start)) => {
            writeln!(
                out,
                "  {address:016x} {:#}+{:#x}",
                rustc_demangle::demangle(name),
                address - start
            )
        }
        None => writeln!(out, "  {address:016x}"),
    };
}

/// Reads the aligned kernel word at `address`; `None` if nothing is mapped there.
pub(super) fn read_word(address: usize) -> Option<usize> {
    const PRESENT: u64 = 1;
    const LARGE: u64 = 1 << 7;
    const FRAME: u64 = 0x000f_ffff_ffff_f000;
    if address < 0xffff_8000_0000_0000 || address % 8 != 0 {
        return None;
    }
    let mut table: u64;
    // SAFETY: reading CR3 has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) table, options(nomem, nostack, preserves_flags)) };
    for level in (0..4).rev() {
        let index = address >> (12 + 9 * level) & 511;
        let entry = (DIRECT_MAP + (table & FRAME) as usize) as *const u64;
        // SAFETY: page tables are in ordinary memory, all of which the direct map covers; the index is in the table.
        let value = unsafe { entry.add(index).read_volatile() };
        if value & PRESENT == 0 {
            return None;
        }
        if level == 0 || value & LARGE != 0 {
            // SAFETY: the page is mapped, and as kernel stacks and data are its kind, reading has no effect.
            return Some(unsafe { (address as *const usize).read_volatile() });
        }
        table = value;
    }
    None
}
