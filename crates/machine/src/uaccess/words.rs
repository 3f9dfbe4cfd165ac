//! Accesses to single words of the running program's memory, and atomic ones.

use core::arch::asm;

use super::{NOTHING_COPIED, UserFault, is_user, on_fault};
use crate::cpu::smap::{clac, stac};

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
