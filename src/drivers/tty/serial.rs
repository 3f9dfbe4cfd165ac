//! The serial ports `ttyS0` and `ttyS1`.
//!
//! The interrupt handler moves received bytes into a ring and leaves what does not fit in the port, whose sender then
//! has to wait; the drivers' thread feeds the line discipline from the ring. Output is written while the port has
//! room, waiting for it in between.

use alloc::format;
use alloc::sync::Arc;

use abi::Errno;
use abi::stat::{makedev, minor};
use abi::termios::Winsize;
use machine::dev::Uart;
use machine::dev::serial::FIFO_SIZE;
use machine::sync::{IrqSpinLock, Once};

use super::{Driver, Kind, Tty, file::TtyFile};
use crate::drivers::worker::{self, Work};
use crate::drivers::{levels, random};
use crate::fs::device;

/// Linux's major number of serial ports; `ttyS0` is minor 64.
const MAJOR: u32 = 4;
const FIRST_MINOR: u32 = 64;
const RING_SIZE: usize = 512;

/// Bytes received and not yet looked at.
struct Ring {
    bytes: [u8; RING_SIZE],
    start: usize,
    len: usize,
}

impl Ring {
    const fn new() -> Ring {
        Ring {
            bytes: [0; RING_SIZE],
            start: 0,
            len: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.len == RING_SIZE
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut((self.start + self.len) % RING_SIZE) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// The oldest bytes that lie together.
    fn front(&self) -> &[u8] {
        let end = (self.start + self.len).min(RING_SIZE);
        self.bytes.get(self.start..end).unwrap_or(&[])
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.len);
        self.start = (self.start + count) % RING_SIZE;
        self.len -= count;
    }
}

/// One serial port.
struct Port {
    uart: Uart,
    received: IrqSpinLock<Ring>,
    /// Held while bytes are written. Whether the last one ended a line: a message of the kernel then needs no new one.
    sending: IrqSpinLock<bool>,
    tty: Once<Arc<Tty>>,
}

impl Port {
    const fn new(uart: Uart) -> Port {
        Port {
            uart,
            received: IrqSpinLock::new(levels::RECEIVED, Ring::new()),
            sending: IrqSpinLock::new(levels::SENDING, true),
            tty: Once::new(),
        }
    }

    /// Writes up to a FIFO's worth of bytes, after waiting until the FIFO is empty.
    fn burst(&self, bytes: &[u8], line_ended: &mut bool) {
        let mut rest = bytes.iter();
        if let Some(&first) = rest.next() {
            self.uart.write_byte_waiting(first);
        }
        rest.for_each(|&byte| self.uart.write_byte(byte));
        if let Some(&last) = bytes.last() {
            *line_ended = last == b'\n';
        }
    }

    /// Moves what the port has received to the ring, while there is room.
    fn drain(&self) {
        let mut ring = self.received.lock();
        while !ring.is_full()
            && let Some(byte) = self.uart.try_read_byte()
        {
            ring.push(byte);
        }
    }
}

static PORTS: [Port; 2] = [Port::new(Uart::COM1), Port::new(Uart::COM2)];
const WORK: [Work; 2] = [Work::SERIAL0, Work::SERIAL1];
const NAMES: [&str; 2] = ["ttyS0", "ttyS1"];

fn interrupt(line: usize) {
    if let (Some(port), Some(work)) = (PORTS.get(line), WORK.get(line)) {
        port.drain();
        random::stir(line as u64);
        worker::request(*work);
    }
}

fn interrupt0() {
    interrupt(0);
}

fn interrupt1() {
    interrupt(1);
}

/// Makes terminals of the serial ports that are there.
pub fn init() {
    for (index, handler) in [interrupt0 as fn(), interrupt1].into_iter().enumerate() {
        let (Some(port), Some(name), Ok(line)) =
            (PORTS.get(index), NAMES.get(index), u32::try_from(index))
        else {
            continue;
        };
        if !port.uart.probe() {
            continue;
        }
        let device = makedev(MAJOR, FIRST_MINOR + line);
        let window = Winsize {
            ws_row: 0,
            ws_col: 0,
            ..Winsize::default()
        };
        let tty = Tty::new(
            device,
            format!("ttyS{line}"),
            Arc::new(Line { line }),
            window,
        );
        if port.tty.set(tty).is_ok() {
            device::register_char(MAJOR, FIRST_MINOR + line, name, 0o660, |number, flags| {
                let line = minor(number).wrapping_sub(FIRST_MINOR);
                TtyFile::open(self::tty(line).ok_or(Errno::ENXIO)?, flags, false)
            });
            port.uart.enable_rx_irq(handler);
            // What arrived before the interrupt was on would never raise one.
            interrupt(index);
        }
    }
}

/// The terminal `ttySLINE`.
pub fn tty(line: u32) -> Option<Arc<Tty>> {
    port(line)?.tty.get().cloned()
}

fn port(line: u32) -> Option<&'static Port> {
    PORTS.get(usize::try_from(line).ok()?)
}

/// Feeds the line discipline with what was received.
pub fn receive(line: u32) {
    let Some((port, tty)) = port(line).and_then(|port| Some((port, port.tty.get()?))) else {
        return;
    };
    loop {
        // After a full ring the port may hold bytes it will raise no further interrupt for.
        port.drain();
        let mut piece = [0; 64];
        let ring = port.received.lock();
        let len = ring.front().len().min(piece.len());
        for (to, from) in piece.iter_mut().zip(ring.front()) {
            *to = *from;
        }
        drop(ring);
        let bytes = piece.get(..len).unwrap_or(&[]);
        let taken = tty.receive(bytes);
        port.received.lock().consume(taken);
        if bytes.is_empty() || taken < len {
            return;
        }
    }
}

/// Writes to the port of `ttySLINE`, all of it, waiting for room.
fn send(line: u32, bytes: &[u8]) {
    if let Some(port) = port(line) {
        for burst in bytes.chunks(FIFO_SIZE) {
            port.burst(burst, &mut port.sending.lock());
        }
    }
}

/// Writes a message of the kernel to `ttySLINE` in one piece, on a line of its own.
pub fn print(line: u32, message: &str) {
    let Some(port) = port(line) else {
        return;
    };
    let mut line_ended = port.sending.lock();
    if !*line_ended {
        port.burst(b"\r\n", &mut line_ended);
    }
    for line in message.split_inclusive('\n') {
        let (text, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |text| (text, "\r\n"));
        for burst in text.as_bytes().chunks(FIFO_SIZE) {
            port.burst(burst, &mut line_ended);
        }
        port.burst(end.as_bytes(), &mut line_ended);
    }
}

/// The driver of one port.
struct Line {
    line: u32,
}

impl Driver for Line {
    fn send(&self, bytes: &[u8]) {
        send(self.line, bytes);
    }

    fn resume(&self) {
        if let Some(work) = usize::try_from(self.line)
            .ok()
            .and_then(|line| WORK.get(line))
        {
            worker::request(*work);
        }
    }

    fn kind(&self) -> Kind {
        let (port, irq) = if self.line == 0 {
            (0x3f8, 4)
        } else {
            (0x2f8, 3)
        };
        Kind::Serial {
            line: self.line,
            port,
            irq,
        }
    }
}
