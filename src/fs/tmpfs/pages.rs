//! The pages of a regular file of a tmpfs: sparse, found by index.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::ops::Range;

use machine::mem::Page;

/// Pages in a chunk.
const CHUNK: usize = 64;

type Chunk = [Option<Page>; CHUNK];

/// A sparse array of pages: chunks of slots, by the index of their first page divided by [`CHUNK`].
pub(super) struct Pages {
    chunks: BTreeMap<u64, Box<Chunk>>,
    count: u64,
}

fn split(index: u64) -> (u64, usize) {
    let slot = index % CHUNK as u64;
    (index / CHUNK as u64, usize::try_from(slot).unwrap_or(0))
}

impl Pages {
    pub(super) const fn new() -> Self {
        Self {
            chunks: BTreeMap::new(),
            count: 0,
        }
    }

    /// How many pages there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn get(&self, index: u64) -> Option<&Page> {
        let (chunk, slot) = split(index);
        self.chunks.get(&chunk)?.get(slot)?.as_ref()
    }

    /// Puts `page` at `index`, where none is.
    pub(super) fn insert(&mut self, index: u64, page: Page) {
        let (chunk, slot) = split(index);
        let chunk = self
            .chunks
            .entry(chunk)
            .or_insert_with(|| Box::new([const { None }; CHUNK]));
        if let Some(entry) = chunk.get_mut(slot) {
            *entry = Some(page);
            self.count += 1;
        }
    }

    /// Takes out the pages in `range`, to be dropped when no lock is held.
    pub(super) fn take(&mut self, range: Range<u64>) -> Self {
        let mut taken = Self::new();
        let (first, first_slot) = split(range.start);
        let (last, last_slot) = split(range.end);
        // Chunks that lie in the range as a whole move as a whole.
        let whole = if first_slot == 0 { first } else { first + 1 };
        if whole < last {
            taken.chunks = self.chunks.split_off(&whole);
            self.chunks.append(&mut taken.chunks.split_off(&last));
        }
        taken.count = taken.chunks.values().map(|chunk| used(&**chunk)).sum();
        self.count -= taken.count;
        let mut take_part = |number: u64, slots: Range<usize>| {
            let Some(chunk) = self.chunks.get_mut(&number) else {
                return;
            };
            let Some(part) = chunk.get_mut(slots.clone()) else {
                return;
            };
            for (slot, page) in slots.zip(part) {
                if let Some(page) = page.take() {
                    self.count -= 1;
                    taken.insert(number * CHUNK as u64 + slot as u64, page);
                }
            }
            if used(&**chunk) == 0 {
                self.chunks.remove(&number);
            }
        };
        if first == last {
            take_part(first, first_slot..last_slot.max(first_slot));
        } else {
            if first_slot != 0 {
                take_part(first, first_slot..CHUNK);
            }
            take_part(last, 0..last_slot);
        }
        taken
    }

    /// Calls `found` for the pages in `range`, in order.
    pub(super) fn each(&self, range: Range<u64>, found: &mut dyn FnMut(u64, &Page)) {
        if range.is_empty() {
            return;
        }
        let (first, _) = split(range.start);
        let (last, _) = split(range.end - 1);
        for (&number, chunk) in self.chunks.range(first..=last) {
            for (slot, page) in chunk.iter().enumerate() {
                let index = number * CHUNK as u64 + slot as u64;
                if let (Some(page), true) = (page, range.contains(&index)) {
                    found(index, page);
                }
            }
        }
    }

    /// The first index in `range` where a page is, or is not.
    pub(super) fn find(&self, range: Range<u64>, present: bool) -> Option<u64> {
        if present {
            let mut found = None;
            let mut next = range.start;
            while found.is_none() && next < range.end {
                let (number, _) = split(next);
                let (&number, _) = self.chunks.range(number..).next()?;
                let end = (number + 1).saturating_mul(CHUNK as u64).min(range.end);
                let start = next.max(number * CHUNK as u64);
                found = (start..end).find(|&index| self.get(index).is_some());
                next = end;
            }
            return found;
        }
        // A hole is at most one page behind the last page there is.
        let mut range = range;
        range.find(|&index| self.get(index).is_none())
    }
}

fn used(chunk: &[Option<Page>]) -> u64 {
    chunk.iter().flatten().count() as u64
}
