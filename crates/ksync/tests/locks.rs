//! The locks on real threads: counts add up and guards do what their documentation says.
#![cfg(not(loom))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ksync::{Exclusion, Level, Once, RwSpinLock, SeqLock, SpinLock, Unprotected};

/// An exclusion that counts its guards, so that a test can see when one ends.
struct Counted;

static INSIDE: AtomicUsize = AtomicUsize::new(0);

struct CountedGuard;

impl Drop for CountedGuard {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Exclusion for Counted {
    type Guard = CountedGuard;

    fn enter() -> CountedGuard {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        CountedGuard
    }
}

#[test]
fn protection_lasts_as_long_as_the_guard() {
    let lock = SpinLock::<u32, Counted>::new(Level(1), 0);
    let guard = lock.lock();
    assert_eq!(INSIDE.load(Ordering::SeqCst), 1);
    assert!(lock.try_lock().is_none(), "a held lock was taken again");
    assert_eq!(
        INSIDE.load(Ordering::SeqCst),
        1,
        "a failed try leaves protection on"
    );
    drop(guard);
    assert_eq!(INSIDE.load(Ordering::SeqCst), 0);
    assert!(lock.try_lock().is_some());
}

#[test]
fn contended_counts_add_up() {
    let spin = Arc::new(SpinLock::<u64, Unprotected>::new(Level(1), 0));
    let rw = Arc::new(RwSpinLock::<(u64, u64), Unprotected>::new(Level(1), (0, 0)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (spin, rw) = (spin.clone(), rw.clone());
            thread::spawn(move || {
                for _ in 0..10_000 {
                    *spin.lock() += 1;
                    let mut pair = rw.write();
                    pair.0 += 1;
                    pair.1 += 1;
                    drop(pair);
                    let pair = rw.read();
                    assert_eq!(pair.0, pair.1);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(*spin.lock(), 40_000);
    assert_eq!(*rw.read(), (40_000, 40_000));
}

#[test]
fn once_drops_its_value() {
    let value = Arc::new(());
    let cell = Once::new();
    assert!(cell.get().is_none());
    assert!(cell.set(value.clone()).is_ok());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(cell);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn seq_lock_reads_what_was_written() {
    let lock = SeqLock::new([1, 2, 3]);
    assert_eq!(lock.read(), [1, 2, 3]);
    lock.write([4, 5, 6]);
    assert_eq!(lock.read(), [4, 5, 6]);
}
