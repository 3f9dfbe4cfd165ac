//! A mutual-exclusion lock whose waiters sleep.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::primitives::UnsafeCell;
use crate::primitives::atomic::{AtomicBool, Ordering};

/// Where the waiters of a [`Mutex`] sleep.
pub trait Sleep {
    /// Sleeps until `ready` says so; it is asked again after each wake-up, and once after the caller can be found by
    /// [`wake_one`](Self::wake_one), so that no wake-up is lost.
    fn sleep_until(&self, ready: impl FnMut() -> bool);

    /// Wakes the waiter that has slept longest, if there is one. Orders what the caller wrote before against what it
    /// then reads of the waiters (a full fence, or as good).
    fn wake_one(&self);
}

/// A value that one thread at a time may use; the others sleep.
pub struct Mutex<T: ?Sized, S: Sleep> {
    locked: AtomicBool,
    waiters: S,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out the value to one thread at a time, so `T: Send` is all it needs.
unsafe impl<T: ?Sized + Send, S: Sleep + Send> Send for Mutex<T, S> {}
// SAFETY: `locked` admits one guard at a time, and only a guard reaches the value.
unsafe impl<T: ?Sized + Send, S: Sleep + Sync> Sync for Mutex<T, S> {}

impl<T, S: Sleep> Mutex<T, S> {
    /// A free lock around `value` whose waiters sleep in `waiters`.
    #[cfg(not(loom))]
    pub const fn with_waiters(waiters: S, value: T) -> Self {
        let locked = AtomicBool::new(false);
        let value = UnsafeCell::new(value);
        Self {
            locked,
            waiters,
            value,
        }
    }

    /// A free lock around `value` whose waiters sleep in `waiters`.
    #[cfg(loom)]
    pub fn with_waiters(waiters: S, value: T) -> Self {
        let locked = AtomicBool::new(false);
        let value = UnsafeCell::new(value);
        Self {
            locked,
            waiters,
            value,
        }
    }

    /// A free lock around `value`.
    pub fn new(value: T) -> Self
    where
        S: Default,
    {
        Self::with_waiters(S::default(), value)
    }

    /// The value, when nobody else can hold the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, S: Sleep> Mutex<T, S> {
    /// Takes the lock, sleeping until it is free.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T, S> {
        if !self.acquire() {
            self.lock_slow();
        }
        self.guard()
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T, S>> {
        self.acquire().then(|| self.guard())
    }

    /// The value, without locking: `&mut self` proves that nobody else holds the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the exclusive reference to the lock makes this the only path to the value.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    #[cold]
    fn lock_slow(&self) {
        self.waiters.sleep_until(|| self.acquire());
    }

    #[inline(always)]
    fn acquire(&self) -> bool {
        self.locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn guard(&self) -> MutexGuard<'_, T, S> {
        MutexGuard {
            lock: self,
            not_send: PhantomData,
        }
    }
}

impl<T: ?Sized, S: Sleep> fmt::Debug for Mutex<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex")
            .field("locked", &self.locked.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// The right to use the value of a [`Mutex`]; dropping it frees the lock and wakes a waiter.
#[must_use = "the lock is free again as soon as its guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized, S: Sleep> {
    lock: &'a Mutex<T, S>,
    not_send: PhantomData<*const ()>,
}

// SAFETY: sharing a guard shares `&T` and nothing else.
unsafe impl<T: ?Sized + Sync, S: Sleep> Sync for MutexGuard<'_, T, S> {}

impl<T: ?Sized, S: Sleep> Deref for MutexGuard<'_, T, S> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock, so no `&mut T` exists but through it.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, S: Sleep> DerefMut for MutexGuard<'_, T, S> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock and is borrowed exclusively, so this is the only reference.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, S: Sleep> Drop for MutexGuard<'_, T, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Release);
        self.lock.waiters.wake_one();
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::sync::{Arc, Condvar, Mutex as StdMutex};
    use loom::thread;

    /// Sleeps on loom's own condition variable; the fences are the ones the contract asks for.
    struct Queue {
        inner: StdMutex<()>,
        changed: Condvar,
    }

    impl Sleep for Queue {
        fn sleep_until(&self, mut ready: impl FnMut() -> bool) {
            let mut inner = self.inner.lock().unwrap();
            while !ready() {
                inner = self.changed.wait(inner).unwrap();
            }
        }

        fn wake_one(&self) {
            let _inner = self.inner.lock().unwrap();
            self.changed.notify_one();
        }
    }

    #[test]
    fn two_threads_exclude_each_other_and_none_is_forgotten() {
        loom::model(|| {
            let queue = Queue {
                inner: StdMutex::new(()),
                changed: Condvar::new(),
            };
            let lock = Arc::new(Mutex::with_waiters(queue, 0));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let lock = lock.clone();
                    thread::spawn(move || *lock.lock() += 1)
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(*lock.lock(), 2);
        });
    }
}
