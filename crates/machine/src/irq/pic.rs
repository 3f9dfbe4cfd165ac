//! The two 8259 interrupt controllers of old, which are only silenced.

use super::PIC_BASE;
use crate::dev::port;

const COMMAND: [u16; 2] = [0x20, 0xa0];
const DATA: [u16; 2] = [0x21, 0xa1];

/// Masks all lines, after moving the vectors out of the way of the exceptions: a masked controller can still raise
/// its spurious vector.
pub(super) fn disable() {
    /// Begin initialisation, a fourth command word follows.
    const INIT: u8 = 0x11;
    /// 8086 mode.
    const MODE: u8 = 0x01;
    for (chip, wiring) in [4, 2].into_iter().enumerate() {
        // SAFETY: the standard initialisation sequence; the controllers do not reach memory.
        unsafe {
            port::write_u8(COMMAND[chip], INIT);
            port::write_u8(DATA[chip], PIC_BASE + 8 * chip as u8);
            port::write_u8(DATA[chip], wiring);
            port::write_u8(DATA[chip], MODE);
            port::write_u8(DATA[chip], 0xff);
        }
    }
}
