//! Reading what firmware and boot loader left in physical memory, before and after the kernel has its own tables.

use super::DIRECT_MAP;

/// The boot page tables reach this far; the loader puts nothing we read beyond it.
const BOOT_MAPPED: u64 = 1 << 32;

/// Copies a `T` from physical memory; `None` if it is out of the reach of the boot page tables.
///
/// # Safety
/// Before `mem::init` only. Every bit pattern must be a valid `T`, and reading the address must have no effect (no
/// device registers).
pub(crate) unsafe fn read<T: Copy>(address: u64) -> Option<T> {
    let end = address.checked_add(size_of::<T>() as u64)?;
    if end > BOOT_MAPPED {
        return None;
    }
    // SAFETY: the address is mapped (the check), initialised as far as Rust is concerned, and of a plain type.
    Some(unsafe { ((DIRECT_MAP + address as usize) as *const T).read_unaligned() })
}

/// Lends `length` bytes of physical memory; `None` if out of reach.
///
/// # Safety
/// As for [`read`], and nothing may write there while the slice lives.
pub(crate) unsafe fn bytes<'a>(address: u64, length: usize) -> Option<&'a [u8]> {
    let end = address.checked_add(length as u64)?;
    if end > BOOT_MAPPED {
        return None;
    }
    // SAFETY: as in `read`; the caller answers for the absence of writers.
    Some(unsafe {
        core::slice::from_raw_parts((DIRECT_MAP + address as usize) as *const u8, length)
    })
}

/// Lends the text at `address` up to its NUL or `limit` bytes.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(address: u64, limit: usize) -> Option<&'a [u8]> {
    let limit = limit.min(BOOT_MAPPED.checked_sub(address)? as usize);
    // SAFETY: clipped to what is mapped; the rest is the caller's promise.
    let all = unsafe { bytes(address, limit) }?;
    let length = all.iter().position(|&byte| byte == 0).unwrap_or(limit);
    Some(&all[..length])
}
