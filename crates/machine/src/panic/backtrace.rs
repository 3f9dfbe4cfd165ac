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
    let (mut shown, mut last, mut repeated) = (0, 0, 0);
    while shown < MAX_FRAMES
        && let Some((next, address)) = caller(frame_pointer)
    {
        if address == last {
            repeated += 1;
        } else {
            write_repeated(out, core::mem::take(&mut repeated));
            // A return address may be the first of the next function; the call is in the one before.
            write_frame(out, address, 1);
            (shown, last) = (shown + 1, address);
        }
        if next <= frame_pointer || next - frame_pointer > MAX_STACK {
            break;
        }
        frame_pointer = next;
    }
    write_repeated(out, repeated);
}

/// The caller's frame pointer, and the return address, from a function's frame.
fn caller(frame_pointer: usize) -> Option<(usize, usize)> {
    let next = read_word(frame_pointer)?;
    let address = read_word(frame_pointer + 8)?;
    (address != 0).then_some((next, address))
}

fn write_repeated(out: &mut impl Write, times: usize) {
    if times > 0 {
        let _ = writeln!(out, "  ... {times} more of the same");
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
    if address < 0xffff_8000_0000_0000 || !address.is_multiple_of(8) {
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
