//! The bytes that have been typed and not yet read.

use alloc::collections::VecDeque;

/// The most bytes kept, a line end included (`N_TTY_BUF_SIZE`).
pub const CAPACITY: usize = 4096;

/// What a byte means beyond its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An ordinary byte.
    None,
    /// It ends a line and belongs to it.
    LineEnd,
    /// It ends the input and is not read.
    EndOfFile,
}

/// A queue of bytes. Its front part consists of whole lines, in canonical mode the only part that may be read; the
/// rest is the line being edited.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: VecDeque<(u8, Mark)>,
    /// How many bytes belong to whole lines.
    complete: usize,
    /// How many of these are end-of-file marks.
    ends: usize,
}

impl Input {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: VecDeque::new(),
            complete: 0,
            ends: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is a whole line.
    pub(crate) fn has_line(&self) -> bool {
        self.complete > 0
    }

    /// Bytes of whole lines that can be read.
    pub(crate) fn complete(&self) -> usize {
        self.complete - self.ends
    }

    /// The bytes of the line being edited.
    pub(crate) fn editing(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.bytes.range(self.complete..).map(|&(byte, _)| byte)
    }

    /// Length of the line being edited.
    pub(crate) fn editing_len(&self) -> usize {
        self.bytes.len() - self.complete
    }

    /// Adds a byte unless that makes more than `limit`, or there is no memory; returns whether it did.
    pub(crate) fn push(&mut self, byte: u8, limit: usize) -> bool {
        let fits = self.bytes.len() < limit && self.bytes.try_reserve(1).is_ok();
        if fits {
            self.bytes.push_back((byte, Mark::None));
        }
        fits
    }

    /// Adds the byte that completes the line being edited; returns whether there was room.
    pub(crate) fn push_end(&mut self, byte: u8, mark: Mark) -> bool {
        let fits = self.push(byte, CAPACITY);
        if fits {
            self.mark_last(mark);
        }
        fits
    }

    fn mark_last(&mut self, mark: Mark) {
        if let Some(last) = self.bytes.back_mut() {
            last.1 = mark;
            self.complete = self.bytes.len();
            self.ends += usize::from(mark == Mark::EndOfFile);
        }
    }

    /// Removes the last bytes of the line being edited.
    pub(crate) fn truncate_editing(&mut self, len: usize) {
        self.bytes.truncate(self.complete + len);
    }

    /// Switches between lines and plain bytes: what is there becomes one line, or loses its lines. An end of file becomes
    /// a zero byte, and a zero byte at the end becomes an end of file, as Linux cannot tell them apart.
    pub(crate) fn switch(&mut self, canonical: bool) {
        self.complete = 0;
        self.ends = 0;
        self.bytes
            .iter_mut()
            .for_each(|(_, mark)| *mark = Mark::None);
        if canonical {
            let ends_input = matches!(self.bytes.back(), Some((0, _)));
            self.mark_last(if ends_input {
                Mark::EndOfFile
            } else {
                Mark::LineEnd
            });
        }
    }

    /// Reads at most one line. An end of file right behind the last byte that fits goes with it.
    pub(crate) fn read_line(&mut self, buffer: &mut [u8]) -> usize {
        let mut count = 0;
        while self.complete > 0 {
            let Some(&(byte, mark)) = self.bytes.front() else {
                break;
            };
            if mark != Mark::EndOfFile {
                let Some(place) = buffer.get_mut(count) else {
                    break;
                };
                *place = byte;
                count += 1;
            }
            self.bytes.pop_front();
            self.complete -= 1;
            self.ends -= usize::from(mark == Mark::EndOfFile);
            if mark != Mark::None {
                break;
            }
        }
        count
    }

    /// Reads whatever is there.
    pub(crate) fn read_bytes(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.bytes.len());
        for (place, (byte, _)) in buffer.iter_mut().zip(self.bytes.drain(..count)) {
            *place = byte;
        }
        count
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.complete = 0;
        self.ends = 0;
    }
}
