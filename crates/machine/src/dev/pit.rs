//! Channel 2 of the 8254 timer chip, as a clock to measure others by.

use super::port;

/// Steps of the counter per second.
pub(crate) const FREQUENCY: u64 = 1_193_182;

const CHANNEL2: u16 = 0x42;
const COMMAND: u16 = 0x43;
const GATE: u16 = 0x61;

/// The running counter.
pub(crate) struct Pit(());

impl Pit {
    /// Starts counting down from the largest value. It wraps around after 55 ms.
    pub(crate) fn start() -> Pit {
        // SAFETY: channel 2 only drives the speaker, which is kept off; nothing else uses it.
        unsafe {
            port::write_u8(GATE, port::read_u8(GATE) & !0b10 | 1);
            // Channel 2, low byte then high byte, mode 2 (counts again and again), binary.
            port::write_u8(COMMAND, 0b1011_0100);
            port::write_u8(CHANNEL2, 0);
            port::write_u8(CHANNEL2, 0);
        }
        Pit(())
    }

    /// What the counter has come down to.
    pub(crate) fn count(&self) -> u16 {
        // SAFETY: latches the counter of channel 2 and reads it.
        unsafe {
            port::write_u8(COMMAND, 0b1000_0000);
            let low = port::read_u8(CHANNEL2);
            let high = port::read_u8(CHANNEL2);
            u16::from_le_bytes([low, high])
        }
    }
}
