//! The ring of messages: records of varying length in a fixed buffer, the oldest given up for the newest.

use alloc::vec;
use alloc::vec::Vec;

/// Bytes in the buffer.
pub const SIZE: usize = 1 << 17;
/// Bytes before the text of a record: length, priority, sequence number, time.
const HEADER: usize = 2 + 1 + 8 + 8;

/// A place in the stream of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Bytes of records since boot before it.
    position: u64,
}

impl Cursor {
    pub(super) const fn at(position: u64) -> Cursor {
        Cursor { position }
    }

    pub(super) const fn position(self) -> u64 {
        self.position
    }
}

/// A message as it was kept.
#[derive(Clone, Debug)]
pub struct Message {
    /// Counts messages since boot.
    pub sequence: u64,
    /// Nanoseconds since boot.
    pub time: u64,
    /// Facility << 3 | level, as in `syslog(3)`.
    pub priority: u8,
    /// The text, without a line feed.
    pub text: Vec<u8>,
}

/// The buffer; positions count bytes since boot, the buffer holds those from `oldest` to `end`.
pub(super) struct Ring {
    bytes: [u8; SIZE],
    oldest: u64,
    end: u64,
    sequence: u64,
}

/// The place of a position in the buffer.
const fn index(position: u64) -> usize {
    (position % SIZE as u64) as usize
}

impl Ring {
    pub(super) const fn new() -> Ring {
        Ring {
            bytes: [0; SIZE],
            oldest: 0,
            end: 0,
            sequence: 0,
        }
    }

    pub(super) fn oldest(&self) -> Cursor {
        Cursor {
            position: self.oldest,
        }
    }

    pub(super) fn end(&self) -> Cursor {
        Cursor { position: self.end }
    }

    /// Adds a record, giving up old ones for it.
    pub(super) fn push(&mut self, priority: u8, time: u64, text: &[u8]) {
        let Ok(len) = u16::try_from(text.len()) else {
            return;
        };
        let size = (HEADER + text.len()) as u64;
        while self.end + size - self.oldest > SIZE as u64 {
            let record = u16::from_le_bytes(self.read(self.oldest));
            self.oldest += HEADER as u64 + u64::from(record);
        }
        self.write(&len.to_le_bytes());
        self.write(&[priority]);
        self.write(&self.sequence.to_le_bytes());
        self.write(&time.to_le_bytes());
        self.write(text);
        self.sequence += 1;
    }

    /// The record at `cursor`, which then stands behind it; `lost` if that place was given up.
    pub(super) fn next(&self, cursor: &mut Cursor, lost: &mut bool) -> Option<Message> {
        if cursor.position < self.oldest {
            *lost = true;
            cursor.position = self.oldest;
        }
        if cursor.position >= self.end {
            return None;
        }
        let at = cursor.position;
        let len = u16::from_le_bytes(self.read(at));
        let [priority] = self.read(at + 2);
        let sequence = u64::from_le_bytes(self.read(at + 3));
        let time = u64::from_le_bytes(self.read(at + 11));
        let mut text = vec![0; len.into()];
        self.copy(at + HEADER as u64, &mut text);
        cursor.position = at + HEADER as u64 + u64::from(len);
        Some(Message {
            sequence,
            time,
            priority,
            text,
        })
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(slot) = self.bytes.get_mut(index(self.end)) {
                *slot = byte;
            }
            self.end += 1;
        }
    }

    fn read<const N: usize>(&self, position: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.copy(position, &mut bytes);
        bytes
    }

    fn copy(&self, position: u64, to: &mut [u8]) {
        for (position, to) in (position..).zip(to) {
            *to = self.bytes.get(index(position)).copied().unwrap_or(0);
        }
    }
}
