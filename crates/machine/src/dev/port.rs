//! I/O ports.

use core::arch::asm;

/// Reads a byte from `port`.
///
/// # Safety
/// The device behind the port must not break memory by being read (none does that is not a DMA engine's control).
#[inline(always)]
pub(crate) unsafe fn read_u8(port: u16) -> u8 {
    let value;
    // SAFETY: the caller answers for the device.
    unsafe {
        asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// Writes a byte to `port`.
///
/// # Safety
/// As for [`read_u8`].
#[inline(always)]
pub(crate) unsafe fn write_u8(port: u16, value: u8) {
    // SAFETY: the caller answers for the device.
    unsafe {
        asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags))
    };
}

/// Reads 16 bits from `port`.
///
/// # Safety
/// As for [`read_u8`].
pub(crate) unsafe fn read_u16(port: u16) -> u16 {
    let value;
    // SAFETY: the caller answers for the device.
    unsafe {
        asm!("in ax, dx", in("dx") port, out("ax") value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// Writes 16 bits to `port`.
///
/// # Safety
/// As for [`read_u8`].
pub(crate) unsafe fn write_u16(port: u16, value: u16) {
    // SAFETY: the caller answers for the device.
    unsafe {
        asm!("out dx, ax", in("dx") port, in("ax") value, options(nomem, nostack, preserves_flags))
    };
}
