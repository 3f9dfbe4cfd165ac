//! The symbol table in section `.ksyms`, which the build fills in after linking.
//!
//! Format, little-endian: four `u32` (magic, number of symbols, length of the names, 0); for each symbol in order of
//! address a `u32` address less [`crate::boot::KERNEL_BASE`] and a `u32` offset of its name; the NUL-terminated names.

use crate::boot::KERNEL_BASE;

const MAGIC: u32 = 0x4d59_534b;
const SIZE: usize = 1 << 20;
const HEADER: usize = 16;

/// Room for the table. Only the linker's symbols are used to read it, as its content is not what is compiled here.
#[used]
#[unsafe(link_section = ".ksyms")]
static ROOM: [u8; SIZE] = [0; SIZE];

unsafe extern "C" {
    static __ksyms_start: [u8; SIZE];
}

fn table() -> &'static [u8] {
    // SAFETY: the linker script reserves `SIZE` bytes of read-only memory there.
    unsafe { core::slice::from_raw_parts((&raw const __ksyms_start).cast(), SIZE) }
}

fn word(table: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*table.get(at..)?.first_chunk()?))
}

/// The symbol that `address` lies in: its name and its own address.
pub(super) fn find(address: usize) -> Option<(&'static str, usize)> {
    let table = table();
    if word(table, 0)? != MAGIC {
        return None;
    }
    let count = word(table, 4)? as usize;
    let target = u32::try_from(address.checked_sub(KERNEL_BASE)?).ok()?;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if word(table, HEADER + middle * 8)? <= target {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let entry = HEADER + low.checked_sub(1)? * 8;
    let start = word(table, entry)? as usize + KERNEL_BASE;
    let names = table.get(HEADER + count * 8..)?;
    let name = names.get(word(table, entry + 4)? as usize..)?;
    let length = name.iter().position(|&byte| byte == 0)?;
    Some((core::str::from_utf8(&name[..length]).ok()?, start))
}
