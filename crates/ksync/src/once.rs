//! A value that is set one time and read ever after.

use core::mem::MaybeUninit;

use crate::primitives::atomic::{AtomicU8, Ordering};
use crate::primitives::{UnsafeCell, pause};

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const SET: u8 = 2;

/// A cell that is empty until the first initialisation and never changes afterwards.
#[derive(Debug)]
pub struct Once<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: owning the cell is owning the value.
unsafe impl<T: Send> Send for Once<T> {}
// SAFETY: one thread writes the value while `state` is BUSY, others only read it once it is SET (release/acquire).
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    /// An empty cell.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// An empty cell.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it has been set.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        if self.state.load(Ordering::Acquire) != SET {
            return None;
        }
        // SAFETY: SET was stored with release after the value was written, and nothing writes it again.
        Some(
            self.value
                .with(|value| unsafe { (*value).assume_init_ref() }),
        )
    }

    /// Sets the value; gives it back if the cell was set, or is being set, already.
    pub fn set(&self, value: T) -> Result<&T, T> {
        if self.claim() {
            Ok(self.publish(value))
        } else {
            Err(value)
        }
    }

    /// The value, made by `make` if the cell is empty; others spin while it runs.
    ///
    /// `make` must not use this cell: it would wait for itself.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        if self.claim() {
            return self.publish(make());
        }
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            pause();
        }
    }

    fn claim(&self) -> bool {
        self.state
            .compare_exchange(EMPTY, BUSY, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    fn publish(&self, value: T) -> &T {
        self.value.with_mut(|slot| {
            // SAFETY: this thread moved the state from EMPTY to BUSY, so nobody else reads or writes the slot yet.
            unsafe { (*slot).write(value) };
        });
        self.state.store(SET, Ordering::Release);
        // SAFETY: written just above, and never again.
        self.value
            .with(|value| unsafe { (*value).assume_init_ref() })
    }
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        if self.state.load(Ordering::Relaxed) == SET {
            self.value.with_mut(|value| {
                // SAFETY: SET says the value is there, and `&mut self` that nobody borrows it.
                unsafe { (*value).assume_init_drop() }
            });
        }
    }
}
