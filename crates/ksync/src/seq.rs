//! A few words that readers copy without ever writing to shared memory.
//!
//! The words are atomics, so a reader that races with a writer reads stale words, never undefined ones, and then
//! sees from the sequence number that it must try again. (Boehm, "Can seqlocks get along with programming language
//! memory models?", MSPC 2012.)

use crate::primitives::atomic::{AtomicU64, Ordering, fence};
use crate::primitives::pause;

/// `N` words published together by writers that exclude each other.
#[derive(Debug)]
pub struct SeqLock<const N: usize> {
    /// Odd while a writer is at work.
    sequence: AtomicU64,
    words: [AtomicU64; N],
}

impl<const N: usize> SeqLock<N> {
    /// A lock around `words`.
    #[cfg(not(loom))]
    pub const fn new(words: [u64; N]) -> Self {
        // An array of atomics cannot be mapped from `words` in a constant, but it can be filled.
        let mut this = Self {
            sequence: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; N],
        };
        let mut i = 0;
        while i < N {
            this.words[i] = AtomicU64::new(words[i]);
            i += 1;
        }
        this
    }

    /// A lock around `words`.
    #[cfg(loom)]
    pub fn new(words: [u64; N]) -> Self {
        Self {
            sequence: AtomicU64::new(0),
            words: words.map(AtomicU64::new),
        }
    }

    /// A copy of the words as one writer left them.
    #[inline]
    pub fn read(&self) -> [u64; N] {
        loop {
            let before = self.sequence.load(Ordering::Acquire);
            let copy = core::array::from_fn(|i| self.words[i].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            let after = self.sequence.load(Ordering::Relaxed);
            if before == after && before.is_multiple_of(2) {
                return copy;
            }
            pause();
        }
    }

    /// Publishes new words. Writers that race wait for each other; a writer must not be interrupted by a reader or
    /// writer of the same lock on its own CPU.
    #[inline]
    pub fn write(&self, words: [u64; N]) {
        let mut before = self.sequence.load(Ordering::Relaxed);
        loop {
            if before.is_multiple_of(2) {
                match self.sequence.compare_exchange(
                    before,
                    before + 1,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => break,
                    Err(now) => before = now,
                }
            } else {
                pause();
                before = self.sequence.load(Ordering::Relaxed);
            }
        }
        fence(Ordering::Release);
        for (slot, word) in self.words.iter().zip(words) {
            slot.store(word, Ordering::Relaxed);
        }
        self.sequence.store(before + 2, Ordering::Release);
    }
}
