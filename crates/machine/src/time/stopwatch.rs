//! A sum of stretches of time that costs four instructions at either end of a stretch.

use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::{nanos_of, ticks};

/// Adds up stretches of time, exactly. One task starts and stops it, a stretch on one CPU; any may read it.
///
/// The word is the sum of the stretches in ticks, less, while it runs, the tick at which it was started. That is
/// negative then, because no sum is greater than the time since the counter was zero.
#[derive(Debug)]
pub struct Stopwatch(AtomicI64);

impl Stopwatch {
    /// One that has not run yet.
    pub const fn new() -> Stopwatch {
        Stopwatch(AtomicI64::new(0))
    }

    /// Begins a stretch now.
    #[inline(always)]
    pub fn start(&self) {
        self.start_at(ticks());
    }

    /// Ends the stretch now.
    #[inline(always)]
    pub fn stop(&self) {
        self.stop_at(ticks());
    }

    /// Begins a stretch at a moment of [`ticks`].
    #[inline(always)]
    pub fn start_at(&self, ticks: u64) {
        let sum = self.0.load(Relaxed).wrapping_sub_unsigned(ticks);
        self.0.store(sum, Relaxed);
    }

    /// Ends the stretch at a moment of [`ticks`].
    #[inline(always)]
    pub fn stop_at(&self, ticks: u64) {
        let sum = self.0.load(Relaxed).wrapping_add_unsigned(ticks);
        self.0.store(sum, Relaxed);
    }

    /// Nanoseconds in all stretches, the present one included, as of a moment of [`ticks`].
    pub fn nanos_at(&self, ticks: u64) -> u64 {
        let sum = self.0.load(Relaxed);
        let sum = if sum < 0 {
            sum.wrapping_add_unsigned(ticks)
        } else {
            sum
        };
        // The CPU it runs on may be a little ahead of this one.
        nanos_of(u64::try_from(sum).unwrap_or(0))
    }
}

impl Default for Stopwatch {
    fn default() -> Self {
        Stopwatch::new()
    }
}
