//! Raw randomness of the hardware, to seed a generator with.

use core::arch::asm;

use crate::cpu;

/// 64 bits of which nobody can say that he knew them before: RDSEED or RDRAND where the CPU has them, mixed with the
/// time-stamp counter.
pub fn random_u64() -> u64 {
    let features = cpu::features();
    let mut value = crate::time::tsc().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if features.rdrand {
        value ^= rdrand().unwrap_or(0).rotate_left(17);
    }
    if features.rdseed {
        value ^= rdseed().unwrap_or(0);
    }
    value ^ value >> 29
}

/// How often an instruction that found no randomness ready is tried.
const TRIES: u32 = 10;

fn rdrand() -> Option<u64> {
    (0..TRIES).find_map(|_| {
        let (value, ok): (u64, u8);
        // SAFETY: the caller has checked that the CPU has it.
        unsafe {
            asm!("rdrand {}", "setc {}", out(reg) value, out(reg_byte) ok, options(nomem, nostack))
        };
        (ok != 0).then_some(value)
    })
}

fn rdseed() -> Option<u64> {
    (0..TRIES).find_map(|_| {
        let (value, ok): (u64, u8);
        // SAFETY: the caller has checked that the CPU has it.
        unsafe {
            asm!("rdseed {}", "setc {}", out(reg) value, out(reg_byte) ok, options(nomem, nostack))
        };
        (ok != 0).then_some(value)
    })
}
