//! The operation on the second word of `FUTEX_WAKE_OP`.

use abi::Errno;

use crate::memory::user::UserAddr;

/// A 12-bit argument, sign-extended.
const fn argument(bits: u32) -> i32 {
    (bits << 20).cast_signed() >> 20
}

/// Changes the word as the coded `operation` says; returns its old value.
///
/// # Errors
/// `ENOSYS` for an unknown operation, `EFAULT`, `EINVAL` if the word is not aligned.
pub fn apply(word: UserAddr, operation: u32) -> Result<u32, Errno> {
    if !word.get().is_multiple_of(size_of::<u32>()) {
        return Err(Errno::EINVAL);
    }
    let mut argument = argument(operation >> 12 & 0xfff).cast_unsigned();
    if operation >> 31 != 0 {
        argument = 1u32.checked_shl(argument & 31).unwrap_or(0);
    }
    let mut old: u32 = word.read()?;
    loop {
        let new = match operation >> 28 & 7 {
            0 => argument,
            1 => old.wrapping_add(argument),
            2 => old | argument,
            3 => old & !argument,
            4 => old ^ argument,
            _ => return Err(Errno::ENOSYS),
        };
        match machine::uaccess::cmpxchg_u32(word.get(), old, new) {
            Ok(found) if found == old => return Ok(old),
            Ok(found) => old = found,
            Err(_) => return Err(Errno::EFAULT),
        }
    }
}

/// Whether the old value compares as the coded `operation` asks.
///
/// # Errors
/// `ENOSYS` for an unknown comparison.
pub fn compare(operation: u32, old: u32) -> Result<bool, Errno> {
    let (old, with) = (old.cast_signed(), argument(operation & 0xfff));
    Ok(match operation >> 24 & 0xf {
        0 => old == with,
        1 => old != with,
        2 => old < with,
        3 => old <= with,
        4 => old > with,
        5 => old >= with,
        _ => return Err(Errno::ENOSYS),
    })
}
