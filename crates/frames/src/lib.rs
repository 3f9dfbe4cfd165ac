//! A buddy allocator of page frames (Knuth, TAOCP vol. 1, 2.5), working on an array of frame records.
//!
//! Blocks of 2^order frames, aligned to their size, hang in one free list per order; the lists run through the
//! [`Frame`] records, so the allocator needs no memory but them. A block whose buddy is free too is merged with it.
//! [`Buddy`] does not lock: its owner does. The records' other words belong to whoever has the frame.
#![cfg_attr(not(test), no_std)]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The largest block is 2^18 frames: 1 GiB of 4 KiB frames.
pub const MAX_ORDER: usize = 18;
const ORDERS: usize = MAX_ORDER + 1;

/// Ends a list; frame 0 is never managed.
const NONE: u32 = 0;
/// In [`Frame::state`]: the frame is the first of a free block, whose order stands in the low bits.
const FREE: u32 = 1 << 31;

/// What is known of one page frame. While the frame is allocated, its owner may use all four words, provided that
/// `state` is below 2^31 whenever the allocator runs.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct Frame {
    /// References to an allocated frame; the allocator does not touch it.
    pub count: AtomicU32,
    /// Bit 31 marks a free block; else the owner's.
    pub state: AtomicU32,
    /// Next in the free list; else the owner's.
    pub next: AtomicU32,
    /// Previous in the free list; else the owner's.
    pub previous: AtomicU32,
}

impl Frame {
    /// The record of a frame that is not free.
    pub const fn new() -> Frame {
        Frame {
            count: AtomicU32::new(0),
            state: AtomicU32::new(0),
            next: AtomicU32::new(0),
            previous: AtomicU32::new(0),
        }
    }
}

impl Default for Frame {
    fn default() -> Self {
        Frame::new()
    }
}

/// The free lists.
#[derive(Debug)]
pub struct Buddy {
    heads: [u32; ORDERS],
    /// Bit n is set when the list of order n is not empty.
    occupied: u32,
    free: usize,
}

impl Default for Buddy {
    fn default() -> Self {
        Buddy::new()
    }
}

impl Buddy {
    /// An allocator that has no frame yet; [`Buddy::free_range`] gives it some.
    pub const fn new() -> Buddy {
        Buddy {
            heads: [NONE; ORDERS],
            occupied: 0,
            free: 0,
        }
    }

    /// Number of free frames.
    pub fn free_frames(&self) -> usize {
        self.free
    }

    /// The order of the largest free block.
    pub fn largest(&self) -> Option<usize> {
        self.occupied.checked_ilog2().map(|order| order as usize)
    }

    /// Takes a block of 2^order frames, aligned to its size; returns its first frame's number.
    pub fn allocate(&mut self, frames: &[Frame], order: usize) -> Option<u32> {
        if order > MAX_ORDER {
            return None;
        }
        let candidates = self.occupied & (u32::MAX << order);
        if candidates == 0 {
            return None;
        }
        let mut found = candidates.trailing_zeros() as usize;
        let block = self.pop(frames, found);
        while found > order {
            found -= 1;
            self.push(frames, block + (1 << found), found);
        }
        self.free -= 1 << order;
        Some(block)
    }

    /// Takes up to `out.len()` single frames, smallest blocks first so that large ones stay whole; returns how many.
    pub fn allocate_batch(&mut self, frames: &[Frame], out: &mut [u32]) -> usize {
        let mut filled = 0;
        while filled < out.len() && self.occupied != 0 {
            let room = (out.len() - filled).ilog2() as usize;
            let order = room.min(self.occupied.trailing_zeros() as usize);
            let Some(first) = self.allocate(frames, order) else {
                break;
            };
            // Highest first: whoever pops from the end gets ascending numbers.
            for (slot, frame) in out[filled..]
                .iter_mut()
                .zip((first..first + (1 << order)).rev())
            {
                *slot = frame;
            }
            filled += 1 << order;
        }
        filled
    }

    /// Gives back the block of 2^order frames that begins at `first`.
    ///
    /// # Panics
    /// If the block is not aligned, or if it is free already (as far as the record of its first frame shows).
    pub fn free(&mut self, frames: &[Frame], first: u32, order: usize) {
        assert!(
            first.is_multiple_of(1 << order) && first != 0,
            "block {first} of order {order} is not aligned"
        );
        assert!(
            frames[first as usize].state.load(Relaxed) & FREE == 0,
            "frame {first} freed twice"
        );
        let (mut block, mut order) = (first, order);
        self.free += 1 << order;
        while order < MAX_ORDER {
            let buddy = block ^ (1 << order);
            if !is_free_block(frames, buddy, order) {
                break;
            }
            self.unlink(frames, buddy, order);
            block &= !(1 << order);
            order += 1;
        }
        self.push(frames, block, order);
    }

    /// Gives `count` frames from `first` on, which need not be a block.
    pub fn free_range(&mut self, frames: &[Frame], first: u32, count: u32) {
        let (mut at, end) = (first, first + count);
        while at < end {
            let order = (at.trailing_zeros())
                .min((end - at).ilog2())
                .min(MAX_ORDER as u32) as usize;
            self.free(frames, at, order);
            at += 1 << order;
        }
    }

    fn push(&mut self, frames: &[Frame], block: u32, order: usize) {
        let head = self.heads[order];
        let record = &frames[block as usize];
        record.state.store(FREE | order as u32, Relaxed);
        record.next.store(head, Relaxed);
        record.previous.store(NONE, Relaxed);
        if head != NONE {
            frames[head as usize].previous.store(block, Relaxed);
        }
        self.heads[order] = block;
        self.occupied |= 1 << order;
    }

    fn pop(&mut self, frames: &[Frame], order: usize) -> u32 {
        let block = self.heads[order];
        self.unlink(frames, block, order);
        block
    }

    fn unlink(&mut self, frames: &[Frame], block: u32, order: usize) {
        let record = &frames[block as usize];
        let (next, previous) = (record.next.load(Relaxed), record.previous.load(Relaxed));
        record.state.store(0, Relaxed);
        if next != NONE {
            frames[next as usize].previous.store(previous, Relaxed);
        }
        if previous == NONE {
            self.heads[order] = next;
            if next == NONE {
                self.occupied &= !(1 << order);
            }
        } else {
            frames[previous as usize].next.store(next, Relaxed);
        }
    }
}

fn is_free_block(frames: &[Frame], block: u32, order: usize) -> bool {
    frames
        .get(block as usize)
        .is_some_and(|record| record.state.load(Relaxed) == FREE | order as u32)
}
