//! A mutual-exclusion lock whose waiters spin.
//!
//! Test-and-test-and-set, not a ticket or queue lock: on a virtual machine with more CPUs than the host gives it, a
//! fair lock hands itself to a CPU that is not running and everybody waits. Sections are short, so the unfairness
//! is bounded in practice by the number of CPUs.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

use crate::exclusion::{Exclusion, Level};
use crate::primitives::UnsafeCell;
use crate::primitives::atomic::{AtomicBool, Ordering};

/// A value that one CPU at a time may use, under the protection `X`.
pub struct SpinLock<T: ?Sized, X: Exclusion> {
    exclusion: PhantomData<fn() -> X>,
    level: Level,
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out the value by move to one thread at a time, so `T: Send` is all it needs.
unsafe impl<T: ?Sized + Send, X: Exclusion> Send for SpinLock<T, X> {}
// SAFETY: `locked` admits one guard at a time, and only a guard reaches the value; see the loom tests.
unsafe impl<T: ?Sized + Send, X: Exclusion> Sync for SpinLock<T, X> {}

impl<T, X: Exclusion> SpinLock<T, X> {
    /// A free lock of `level` around `value`.
    #[cfg(not(loom))]
    pub const fn new(level: Level, value: T) -> Self {
        Self {
            exclusion: PhantomData,
            level,
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// A free lock of `level` around `value`.
    #[cfg(loom)]
    pub fn new(level: Level, value: T) -> Self {
        Self {
            exclusion: PhantomData,
            level,
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, when nobody else can hold the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, X: Exclusion> SpinLock<T, X> {
    /// Waits until the lock is free and takes it.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T, X> {
        let exclusion = X::enter();
        X::before_acquire(self.level, self.address());
        while !self.acquire() {
            self.wait();
        }
        self.guard(exclusion)
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T, X>> {
        let exclusion = X::enter();
        if !self.acquire() {
            return None;
        }
        X::after_try_acquire(self.level, self.address());
        Some(self.guard(exclusion))
    }

    /// Whether somebody held the lock at some moment during the call; a hint only.
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// The value, without locking: `&mut self` proves that nobody else holds the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the exclusive reference to the lock makes this the only path to the value.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    #[inline(always)]
    fn acquire(&self) -> bool {
        self.locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn wait(&self) {
        while self.locked.load(Ordering::Relaxed) {
            X::relax();
        }
    }

    #[inline(always)]
    fn guard(&self, exclusion: X::Guard) -> SpinLockGuard<'_, T, X> {
        SpinLockGuard {
            lock: self,
            exclusion: ManuallyDrop::new(exclusion),
            not_send: PhantomData,
        }
    }

    #[inline(always)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self).cast::<()>().addr()
    }
}

impl<T: ?Sized, X: Exclusion> fmt::Debug for SpinLock<T, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock")
            .field("level", &self.level)
            .field("locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}

/// The right to use the value of a [`SpinLock`]; dropping it frees the lock, then ends the protection.
#[must_use = "the lock is free again as soon as its guard is dropped"]
pub struct SpinLockGuard<'a, T: ?Sized, X: Exclusion> {
    lock: &'a SpinLock<T, X>,
    exclusion: ManuallyDrop<X::Guard>,
    // The protection belongs to the CPU that took it.
    not_send: PhantomData<*const ()>,
}

// SAFETY: sharing a guard shares `&T` and nothing else.
unsafe impl<T: ?Sized + Sync, X: Exclusion> Sync for SpinLockGuard<'_, T, X> {}

impl<T: ?Sized, X: Exclusion> SpinLockGuard<'_, T, X> {
    /// The proof that the lock's protection is on.
    #[inline(always)]
    pub fn exclusion(&self) -> &X::Guard {
        &self.exclusion
    }
}

impl<T: ?Sized, X: Exclusion> Deref for SpinLockGuard<'_, T, X> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock, so no `&mut T` exists but through it.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, X: Exclusion> DerefMut for SpinLockGuard<'_, T, X> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock and is borrowed exclusively, so this is the only reference.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, X: Exclusion> Drop for SpinLockGuard<'_, T, X> {
    #[inline(always)]
    fn drop(&mut self) {
        X::before_release(self.lock.level, self.lock.address());
        self.lock.locked.store(false, Ordering::Release);
        // SAFETY: dropped once, here, after the lock is free; nothing uses it later.
        unsafe { ManuallyDrop::drop(&mut self.exclusion) };
    }
}
