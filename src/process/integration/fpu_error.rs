//! Which floating-point error an exception was (Intel SDM volume 1, 8.5 and 11.5).

use abi::signal::{FPE_FLTDIV, FPE_FLTINV, FPE_FLTOVF, FPE_FLTRES, FPE_FLTUND, FPE_FLTUNK};
use alloc::vec;
use machine::fpu;

/// Offsets in the image that FXSAVE and XSAVE write.
const CONTROL_WORD: usize = 0;
const STATUS_WORD: usize = 2;
const MXCSR: usize = 24;

/// `si_code` for the error the running thread has just made.
pub(super) fn code(simd: bool) -> i32 {
    let mut image = vec![0; fpu::area_size()];
    fpu::save_current(&mut image);
    let word = |at: usize| match image.get(at..at + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    // The mask bits of MXCSR lie 7 above the flags, those of x87 in a word of their own.
    let unmasked = if simd {
        word(MXCSR) & !(word(MXCSR) >> 7)
    } else {
        word(STATUS_WORD) & !word(CONTROL_WORD)
    };
    match unmasked & 0x3f {
        flags if flags & 1 != 0 => FPE_FLTINV,
        flags if flags & 4 != 0 => FPE_FLTDIV,
        flags if flags & 8 != 0 => FPE_FLTOVF,
        flags if flags & 0x12 != 0 => FPE_FLTUND,
        flags if flags & 0x20 != 0 => FPE_FLTRES,
        _ => FPE_FLTUNK,
    }
}
