//! The kernel's log: every message goes into a ring, and those important enough to the consoles.
//!
//! Messages come through the `log` facade ([`machine::logger`] passes them on), or from programs that write to
//! `/dev/kmsg`. Logging works anywhere, in interrupt handlers too, except under the locks of run queues, wait queues
//! and timers: it may have to wake somebody who waits for messages.

mod ring;

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use alloc::sync::Arc;
use log::{Level, LevelFilter, Log, Metadata, Record};
use machine::logger::EarlyConsole;
use machine::sync::{IrqSpinLock, Once};

use crate::drivers::levels;
use crate::drivers::tty::console;
use crate::process::sync::WaitQueue;

use ring::Ring;
pub use ring::{Cursor, Message, SIZE};

static RING: IrqSpinLock<Ring> = IrqSpinLock::new(levels::LOG, Ring::new());
/// Made when the first reader waits.
static READERS: Once<Arc<WaitQueue>> = Once::new();
/// Messages below this level (that is, more important) go to the consoles.
static CONSOLE_LEVEL: AtomicU8 = AtomicU8::new(DEFAULT_CONSOLE_LEVEL);

/// The position [`clear`] has set.
static CLEARED: AtomicU64 = AtomicU64::new(0);

/// Shows all but debugging messages.
pub const DEFAULT_CONSOLE_LEVEL: u8 = 7;
/// With the option `quiet`: errors only.
const QUIET_CONSOLE_LEVEL: u8 = 4;
/// The longest message; more is cut off.
pub const MESSAGE_MAX: usize = 976;
/// `LOG_USER` of `syslog(3)`: messages of programs.
pub const FACILITY_USER: u8 = 1;

struct Sink;

impl Log for Sink {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug | Level::Trace => 7,
        };
        append(0, level, *record.args());
    }

    fn flush(&self) {}
}

/// Takes the log over from the machine, with the level the command line asks for (`quiet`, `loglevel=N`, `debug`).
pub fn init(command_line: &str) {
    for word in command_line
        .split_ascii_whitespace()
        .take_while(|&word| word != "--")
    {
        let level = match word {
            "quiet" => Some(QUIET_CONSOLE_LEVEL),
            "debug" => Some(10),
            _ => word
                .strip_prefix("loglevel=")
                .and_then(|level| level.parse().ok()),
        };
        if let Some(level) = level {
            set_console_level(level);
        }
    }
    machine::logger::set_max_level(LevelFilter::Debug);
    machine::logger::set_sink(&Sink);
}

/// Adds a message to the log; several lines become several messages.
pub fn append(facility: u8, level: u8, text: fmt::Arguments<'_>) {
    let mut buffer = Buffer {
        bytes: [0; MESSAGE_MAX],
        len: 0,
    };
    let _ = buffer.write_fmt(text);
    let text = buffer.as_str();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        let time = machine::time::now();
        RING.lock()
            .push(facility << 3 | level & 7, time, line.as_bytes());
        if level & 7 < CONSOLE_LEVEL.load(Ordering::Relaxed) {
            print(time, line);
        }
    }
    if let Some(readers) = READERS.get() {
        readers.wake_all();
    }
}

/// Shows a message on the consoles, or on the first serial port before there are any.
fn print(time: u64, line: &str) {
    let buffer = console_line(time, line);
    if !console::print(buffer.as_str()) {
        let _ = EarlyConsole.write_str(buffer.as_str());
    }
}

fn console_line(time: u64, line: &str) -> Buffer<{ MESSAGE_MAX + 32 }> {
    let mut buffer = Buffer {
        bytes: [0; MESSAGE_MAX + 32],
        len: 0,
    };
    let _ = writeln!(buffer, "[{}] {line}", Seconds(time));
    buffer
}

/// Shows what has been logged so far by `show`, for a console that comes late.
pub fn replay(show: impl Fn(&str)) {
    let (mut cursor, mut lost) = (oldest(), false);
    while let Some(message) = next(&mut cursor, &mut lost) {
        if message.priority & 7 < console_level() {
            let text = alloc::string::String::from_utf8_lossy(&message.text);
            show(console_line(message.time, &text).as_str());
        }
    }
}

/// A time since boot as the log shows it: seconds with six places, at least 12 wide.
pub struct Seconds(pub u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:5}.{:06}",
            self.0 / 1_000_000_000,
            self.0 / 1000 % 1_000_000
        )
    }
}

/// The messages still kept, oldest first, from `cursor` on: gives the next one and moves the cursor behind it.
///
/// `lost` tells whether messages at the cursor were overwritten before they could be read.
pub fn next(cursor: &mut Cursor, lost: &mut bool) -> Option<Message> {
    RING.lock().next(cursor, lost)
}

/// The place of the oldest message kept.
#[must_use]
pub fn oldest() -> Cursor {
    RING.lock().oldest()
}

/// The place behind the newest message.
#[must_use]
pub fn end() -> Cursor {
    RING.lock().end()
}

/// The place behind what was cleared last (`dmesg -C`), if it is still kept, or of the oldest message.
#[must_use]
pub fn cleared() -> Cursor {
    Cursor::at(CLEARED.load(Ordering::Relaxed)).max(oldest())
}

/// Leaves all messages so far out of what [`cleared`] begins.
pub fn clear() {
    CLEARED.store(end().position(), Ordering::Relaxed);
}

/// Where those who wait for messages sleep.
#[must_use]
pub fn readers() -> &'static Arc<WaitQueue> {
    READERS.get_or_init(|| Arc::new(WaitQueue::new()))
}

/// Which messages go to the consoles: those with a level below this.
#[must_use]
pub fn console_level() -> u8 {
    CONSOLE_LEVEL.load(Ordering::Relaxed)
}

/// Sets [`console_level`], 1 to 15.
pub fn set_console_level(level: u8) {
    CONSOLE_LEVEL.store(level.clamp(1, 15), Ordering::Relaxed);
}

/// Text of limited length without the heap; what does not fit is dropped.
struct Buffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Buffer<N> {
    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            // Cut in the middle of a character.
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                core::str::from_utf8(valid).unwrap_or_default()
            }
        }
    }
}

impl<const N: usize> Write for Buffer<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            let Some(slot) = self.bytes.get_mut(self.len) else {
                break;
            };
            *slot = byte;
            self.len += 1;
        }
        Ok(())
    }
}
