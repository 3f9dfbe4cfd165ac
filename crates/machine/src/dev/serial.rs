//! The 16550 serial ports COM1 and COM2.
//!
//! Every operation is a few port accesses without state of its own, so it needs no lock and works in a panic; a
//! driver that shares a port among tasks serialises them itself.

use super::port;
use crate::irq;

const DATA: u16 = 0;
const INTERRUPT_ENABLE: u16 = 1;
const FIFO_CONTROL: u16 = 2;
const LINE_CONTROL: u16 = 3;
const MODEM_CONTROL: u16 = 4;
const LINE_STATUS: u16 = 5;
const SCRATCH: u16 = 7;

const RECEIVED: u8 = 1;
const TRANSMIT_EMPTY: u8 = 1 << 5;

/// Bytes that the transmit FIFO takes once [`Uart::can_write`] says that it is empty.
pub const FIFO_SIZE: usize = 16;

/// A serial port.
#[derive(Clone, Copy, Debug)]
pub struct Uart {
    base: u16,
    line: u8,
}

impl Uart {
    /// The first port: 0x3f8, IRQ 4.
    pub const COM1: Uart = Uart {
        base: 0x3f8,
        line: 4,
    };
    /// The second port: 0x2f8, IRQ 3.
    pub const COM2: Uart = Uart {
        base: 0x2f8,
        line: 3,
    };

    fn read(self, register: u16) -> u8 {
        // SAFETY: the registers of a UART do not reach memory; where there is no UART nothing answers.
        unsafe { port::read_u8(self.base + register) }
    }

    fn write(self, register: u16, value: u8) {
        // SAFETY: as in `read`.
        unsafe { port::write_u8(self.base + register, value) }
    }

    /// Whether there is a UART: its scratch register keeps what is written.
    pub fn probe(self) -> bool {
        [0x5a, 0xa5].into_iter().all(|pattern| {
            self.write(SCRATCH, pattern);
            self.read(SCRATCH) == pattern
        })
    }

    /// Sets 115200 baud, 8 data bits, no parity, one stop bit; FIFOs on, interrupts off.
    pub fn init(self) {
        self.write(INTERRUPT_ENABLE, 0);
        self.write(LINE_CONTROL, 0x80);
        self.write(DATA, 1);
        self.write(INTERRUPT_ENABLE, 0);
        self.write(LINE_CONTROL, 0x03);
        self.write(FIFO_CONTROL, 0xc7);
        // DTR, RTS, and OUT2, which connects the interrupt line.
        self.write(MODEM_CONTROL, 0x0b);
    }

    /// The next received byte, if there is one.
    pub fn try_read_byte(self) -> Option<u8> {
        (self.read(LINE_STATUS) & RECEIVED != 0).then(|| self.read(DATA))
    }

    /// Whether the transmit FIFO is empty: then up to [`FIFO_SIZE`] bytes may be written at once.
    pub fn can_write(self) -> bool {
        self.read(LINE_STATUS) & TRANSMIT_EMPTY != 0
    }

    /// Hands a byte to the transmitter; lost unless there is room, see [`Uart::can_write`].
    pub fn write_byte(self, byte: u8) {
        self.write(DATA, byte);
    }

    /// Waits for room and writes a byte. Gives up after a while, so that a dead port cannot hang the kernel.
    pub fn write_byte_waiting(self, byte: u8) {
        for _ in 0..100_000 {
            if self.can_write() {
                break;
            }
            core::hint::spin_loop();
        }
        self.write_byte(byte);
    }

    /// Writes text, with a carriage return before each line feed, waiting for room.
    pub fn write_text(self, text: &str) {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.write_byte_waiting(b'\r');
            }
            self.write_byte_waiting(byte);
        }
    }

    /// The ISA interrupt line of the port.
    pub fn line(self) -> u8 {
        self.line
    }

    /// Calls `handler` in interrupt context when bytes have been received.
    pub fn enable_rx_irq(self, handler: fn()) {
        irq::register(self.line, handler);
        self.write(INTERRUPT_ENABLE, 1);
    }
}
