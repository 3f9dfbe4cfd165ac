//! The bytes in a pipe: a ring of page slots, whose pages come when they are written and go when they are read.

use alloc::vec::Vec;

use abi::{Errno, PAGE_SIZE};
use machine::mem::Page;

use crate::memory::user::{Sink, Source};

/// A ring buffer. Its pages are filled and emptied straight from and to user memory.
///
/// The byte at ring position `p` is in slot `p / PAGE_SIZE`. An emptied buffer starts again at position 0 and keeps
/// its page, so that small messages always meet the same page; one page more is kept for the next slot.
pub(super) struct Buffer {
    slots: Vec<Option<Page>>,
    spare: Option<Page>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// An empty buffer for `capacity` bytes, a multiple of the page size.
    pub(super) fn new(capacity: usize) -> Result<Self, Errno> {
        let count = capacity / PAGE_SIZE;
        let mut slots = Vec::new();
        slots.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
        slots.resize_with(count, || None);
        Ok(Self {
            slots,
            spare: None,
            start: 0,
            len: 0,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len() * PAGE_SIZE
    }

    pub(super) fn room(&self) -> usize {
        self.capacity() - self.len
    }

    /// Moves as many bytes to `sink` as there are and fit.
    pub(super) fn read(&mut self, sink: &mut Sink<'_>) -> Result<(), Errno> {
        while self.len > 0 && sink.remaining() > 0 {
            let (slot, offset) = (self.start / PAGE_SIZE, self.start % PAGE_SIZE);
            let Some(Some(page)) = self.slots.get(slot) else {
                return Err(Errno::EIO);
            };
            let part = self.len.min(PAGE_SIZE - offset);
            let moved = sink.put_page(page, offset, part)?;
            if moved == 0 {
                break;
            }
            self.consume(slot, offset + moved, moved);
        }
        Ok(())
    }

    /// `moved` bytes of `slot` are read, up to offset `end`.
    fn consume(&mut self, slot: usize, end: usize, moved: usize) {
        self.len -= moved;
        if self.len == 0 {
            self.slots.swap(0, slot);
            self.start = 0;
            return;
        }
        self.start += moved;
        if end == PAGE_SIZE {
            // Unless the ring is so full that its end is in this page already.
            if self.len <= self.capacity() - PAGE_SIZE {
                self.spare = self.slots.get_mut(slot).and_then(Option::take);
            }
            if self.start == self.capacity() {
                self.start = 0;
            }
        }
    }

    /// Takes as many bytes from `source` as it has and fit. What cannot be read of a page's worth is not taken at all,
    /// as in Linux: a fault leaves nothing of the page in the pipe.
    pub(super) fn write(&mut self, source: &mut Source<'_>) -> Result<(), Errno> {
        while self.room() > 0 && source.remaining() > 0 {
            let mut end = self.start + self.len;
            if end >= self.capacity() {
                end -= self.capacity();
            }
            let part = self.room().min(PAGE_SIZE - end % PAGE_SIZE);
            let wanted = part.min(source.remaining());
            let page = self.page(end / PAGE_SIZE)?;
            if source.take_into_page(page, end % PAGE_SIZE, part)? < wanted {
                return Err(Errno::EFAULT);
            }
            self.len += wanted;
        }
        Ok(())
    }

    /// The page in `slot`, which gets one if it has none.
    fn page(&mut self, slot: usize) -> Result<&Page, Errno> {
        let entry = self.slots.get_mut(slot).ok_or(Errno::EIO)?;
        if entry.is_none() {
            let page = match self.spare.take() {
                Some(page) => page,
                None => Page::new_zeroed().map_err(|_| Errno::ENOMEM)?,
            };
            *entry = Some(page);
        }
        entry.as_ref().ok_or(Errno::EIO)
    }

    /// Changes the capacity, keeping the content. `EBUSY` if it does not fit.
    pub(super) fn resize(&mut self, capacity: usize) -> Result<(), Errno> {
        if self.len > capacity {
            return Err(Errno::EBUSY);
        }
        let mut new = Self::new(capacity)?;
        let mut chunk = [0; 512];
        let mut at = self.start;
        let mut left = self.len;
        while left > 0 {
            let part = left.min(chunk.len()).min(PAGE_SIZE - at % PAGE_SIZE);
            let (bytes, _) = chunk.split_at_mut(part);
            let Some(Some(page)) = self.slots.get(at / PAGE_SIZE) else {
                return Err(Errno::EIO);
            };
            page.read(at % PAGE_SIZE, bytes);
            new.write(&mut Source::kernel(bytes))?;
            at = (at + part) % self.capacity();
            left -= part;
        }
        *self = new;
        Ok(())
    }
}
