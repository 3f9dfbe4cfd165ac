//! The wall clock: the monotonic clock of the machine plus an offset that can be set.

use core::sync::atomic::{AtomicU64, Ordering};

use machine::time;

/// Nanoseconds from 1970 to the zero of the monotonic clock.
static OFFSET: AtomicU64 = AtomicU64::new(0);

/// Takes the time from the real-time clock.
pub fn init() {
    OFFSET.store(time::boot_wall_clock(), Ordering::Relaxed);
}

/// Nanoseconds since 1970.
#[must_use]
pub fn realtime() -> u64 {
    OFFSET.load(Ordering::Relaxed).wrapping_add(time::now())
}

/// Sets the wall clock to so many nanoseconds since 1970.
pub fn set_realtime(nanos: u64) {
    OFFSET.store(nanos.wrapping_sub(time::now()), Ordering::Relaxed);
}

/// Nanoseconds from 1970 to boot, by the wall clock as it stands.
#[must_use]
pub fn boot_time() -> u64 {
    OFFSET.load(Ordering::Relaxed)
}
