//! A lock that many readers or one writer may hold; waiters spin.
//!
//! A waiting writer announces itself, and readers that come later let it go first, so writers do not starve. A
//! CPU must therefore not take the read side twice: a writer between the two would wait for it and it for the writer.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

use crate::exclusion::{Exclusion, Level};
use crate::primitives::UnsafeCell;
use crate::primitives::atomic::{AtomicU32, Ordering};

/// A writer holds the lock.
const WRITER: u32 = 1 << 31;
/// A writer waits; readers keep out.
const WRITER_WAITS: u32 = 1 << 30;
/// The number of readers inside.
const READERS: u32 = WRITER_WAITS - 1;

/// A value that many CPUs may read or one may change, under the protection `X`.
pub struct RwSpinLock<T: ?Sized, X: Exclusion> {
    exclusion: PhantomData<fn() -> X>,
    level: Level,
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: owning the lock is owning the value.
unsafe impl<T: ?Sized + Send, X: Exclusion> Send for RwSpinLock<T, X> {}
// SAFETY: readers share `&T` (hence `Sync`), a writer has `&mut T` alone (hence `Send`); see the loom tests.
unsafe impl<T: ?Sized + Send + Sync, X: Exclusion> Sync for RwSpinLock<T, X> {}

impl<T, X: Exclusion> RwSpinLock<T, X> {
    /// A free lock of `level` around `value`.
    #[cfg(not(loom))]
    pub const fn new(level: Level, value: T) -> Self {
        Self {
            exclusion: PhantomData,
            level,
            state: AtomicU32::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// A free lock of `level` around `value`.
    #[cfg(loom)]
    pub fn new(level: Level, value: T) -> Self {
        Self {
            exclusion: PhantomData,
            level,
            state: AtomicU32::new(0),
            value: UnsafeCell::new(value),
        }
    }
}

impl<T: ?Sized, X: Exclusion> RwSpinLock<T, X> {
    /// Waits until no writer is inside or waiting, and joins the readers.
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, T, X> {
        let exclusion = ManuallyDrop::new(X::enter());
        X::before_acquire(self.level, self.address());
        while !self.try_enter_reader() {
            X::relax();
        }
        ReadGuard {
            lock: self,
            exclusion,
            not_send: PhantomData,
        }
    }

    /// Waits until nobody is inside, and takes the lock for writing.
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, T, X> {
        let exclusion = ManuallyDrop::new(X::enter());
        X::before_acquire(self.level, self.address());
        while !self.try_enter_writer() {
            X::relax();
        }
        WriteGuard {
            lock: self,
            exclusion,
            not_send: PhantomData,
        }
    }

    #[inline(always)]
    fn try_enter_reader(&self) -> bool {
        let state = self.state.load(Ordering::Relaxed);
        if state & (WRITER | WRITER_WAITS) != 0 {
            return false;
        }
        assert!(state < READERS, "too many readers of one lock");
        self.state
            .compare_exchange(state, state + 1, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[inline(always)]
    fn try_enter_writer(&self) -> bool {
        let state = self.state.load(Ordering::Relaxed);
        if state & (WRITER | READERS) == 0 {
            // Entering clears the announcement; other waiting writers renew theirs.
            return self
                .state
                .compare_exchange(state, WRITER, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        }
        if state & WRITER_WAITS == 0 {
            self.state.fetch_or(WRITER_WAITS, Ordering::Relaxed);
        }
        false
    }

    #[inline(always)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self).cast::<()>().addr()
    }
}

impl<T: ?Sized, X: Exclusion> fmt::Debug for RwSpinLock<T, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwSpinLock")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// The right to read the value of an [`RwSpinLock`].
#[must_use = "the lock is left as soon as its guard is dropped"]
pub struct ReadGuard<'a, T: ?Sized, X: Exclusion> {
    lock: &'a RwSpinLock<T, X>,
    exclusion: ManuallyDrop<X::Guard>,
    not_send: PhantomData<*const ()>,
}

impl<T: ?Sized, X: Exclusion> Deref for ReadGuard<'_, T, X> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this guard is counted as a reader, so no writer is inside.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, X: Exclusion> Drop for ReadGuard<'_, T, X> {
    #[inline(always)]
    fn drop(&mut self) {
        X::before_release(self.lock.level, self.lock.address());
        self.lock.state.fetch_sub(1, Ordering::Release);
        // SAFETY: dropped once, here, after the lock has been left.
        unsafe { ManuallyDrop::drop(&mut self.exclusion) };
    }
}

/// The right to change the value of an [`RwSpinLock`].
#[must_use = "the lock is left as soon as its guard is dropped"]
pub struct WriteGuard<'a, T: ?Sized, X: Exclusion> {
    lock: &'a RwSpinLock<T, X>,
    exclusion: ManuallyDrop<X::Guard>,
    not_send: PhantomData<*const ()>,
}

impl<T: ?Sized, X: Exclusion> Deref for WriteGuard<'_, T, X> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one; it lends the value shared.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, X: Exclusion> DerefMut for WriteGuard<'_, T, X> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard is the only one and is borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, X: Exclusion> Drop for WriteGuard<'_, T, X> {
    #[inline(always)]
    fn drop(&mut self) {
        X::before_release(self.lock.level, self.lock.address());
        // Keeps the announcement of a writer that came to wait meanwhile.
        self.lock.state.fetch_and(!WRITER, Ordering::Release);
        // SAFETY: dropped once, here, after the lock has been left.
        unsafe { ManuallyDrop::drop(&mut self.exclusion) };
    }
}

// SAFETY: sharing either guard shares `&T` and nothing else.
unsafe impl<T: ?Sized + Sync, X: Exclusion> Sync for ReadGuard<'_, T, X> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync, X: Exclusion> Sync for WriteGuard<'_, T, X> {}
