//! `/dev/kmsg`: the kernel's log, a message at a time (`Documentation/ABI/testing/dev-kmsg` of Linux).

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;

use abi::Errno;
use abi::fcntl::{SEEK_DATA, SEEK_END, SEEK_SET};

use crate::fs::{FileOps, OpenFile, device};
use crate::log::{self, Cursor, Message};
use crate::memory::user::{Sink, Source};
use crate::process::sync::{Mutex, PollEvents, PollTable};
use crate::process::syscalls::SysResult;

/// The level of messages whose writer gives none (`KERN_WARNING`).
const DEFAULT_LEVEL: u8 = 4;

/// Registers the device.
pub fn init() {
    device::register_char(1, 11, "kmsg", 0o644, |_, _| {
        Ok(Arc::new(Kmsg {
            cursor: Mutex::new(log::oldest()),
        }))
    });
}

/// An open file, with its own place in the log.
struct Kmsg {
    cursor: Mutex<Cursor>,
}

/// `priority,sequence,microseconds,-;text`, with what is not printable as `\xNN`.
fn format_record(message: &Message) -> String {
    let Message {
        sequence,
        time,
        priority,
        text,
    } = message;
    let mut line = format!("{priority},{sequence},{},-;", time / 1000);
    for &byte in text {
        match byte {
            b'\\' => line.push_str("\\x5c"),
            b' '..=b'~' => line.push(byte.into()),
            _ => line.push_str(&format!("\\x{byte:02x}")),
        }
    }
    line.push('\n');
    line
}

/// Splits `<PRIORITY>` off a message; the facility of programs is never the kernel's.
fn parse(message: &[u8]) -> (u8, u8, &[u8]) {
    let default = (log::FACILITY_USER, DEFAULT_LEVEL, message);
    let Some(rest) = message.strip_prefix(b"<") else {
        return default;
    };
    let Some(end) = rest.iter().position(|&byte| byte == b'>') else {
        return default;
    };
    let (number, text) = (rest.get(..end), rest.get(end + 1..).unwrap_or_default());
    let number = number
        .and_then(|digits| core::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse::<u8>().ok());
    match number {
        Some(priority) => (
            if priority < 8 {
                log::FACILITY_USER
            } else {
                priority >> 3
            },
            priority & 7,
            text,
        ),
        None => default,
    }
}

impl Kmsg {
    /// The next message, with the cursor to keep once it has been delivered.
    fn peek(&self) -> Option<Result<(Message, Cursor), Errno>> {
        let mut cursor = *self.cursor.lock();
        let mut lost = false;
        let message = log::next(&mut cursor, &mut lost);
        if lost {
            *self.cursor.lock() = log::oldest();
            return Some(Err(Errno::EPIPE));
        }
        message.map(|message| Ok((message, cursor)))
    }
}

impl FileOps for Kmsg {
    fn is_seekable(&self) -> bool {
        true
    }

    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        loop {
            let Some(next) = self.peek() else {
                if file.is_nonblocking() {
                    return Err(Errno::EAGAIN);
                }
                let before = *self.cursor.lock();
                log::readers().wait_until(|| (log::end() > before).then_some(()))?;
                continue;
            };
            let (message, cursor) = next?;
            let line = format_record(&message);
            if line.len() > sink.remaining() {
                return Err(Errno::EINVAL);
            }
            let count = sink.put(line.as_bytes())?;
            *self.cursor.lock() = cursor;
            return Ok(count);
        }
    }

    fn write(&self, _file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        let len = source.remaining();
        if len > log::MESSAGE_MAX {
            return Err(Errno::EINVAL);
        }
        let mut bytes = vec![0; len];
        let count = source.take(&mut bytes)?;
        let (facility, level, text) = parse(bytes.get(..count).unwrap_or_default());
        log::append(
            facility,
            level,
            format_args!("{}", String::from_utf8_lossy(text)),
        );
        Ok(len)
    }

    fn seek(&self, _file: &OpenFile, offset: i64, whence: u32) -> Result<u64, Errno> {
        if offset != 0 {
            return Err(Errno::ESPIPE);
        }
        let target = match whence {
            SEEK_SET => log::oldest(),
            SEEK_END => log::end(),
            SEEK_DATA => log::cleared(),
            _ => return Err(Errno::EINVAL),
        };
        *self.cursor.lock() = target;
        Ok(0)
    }

    fn poll(&self, _file: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        if let Some(table) = table {
            table.register(log::readers());
        }
        let mut events = PollEvents::POLLOUT | PollEvents::POLLWRNORM;
        if log::end() > *self.cursor.lock() {
            events |= PollEvents::POLLIN | PollEvents::POLLRDNORM;
        }
        events
    }

    fn can_poll(&self) -> bool {
        true
    }
}
