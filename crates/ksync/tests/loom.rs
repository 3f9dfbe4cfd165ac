//! Model checks: loom runs each test under every interleaving the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p ksync --release --test loom`
#![cfg(loom)]

use ksync::{Level, Once, RwSpinLock, SeqLock, SpinLock, Unprotected};
use loom::sync::Arc;
use loom::thread;

#[test]
fn spin_lock_excludes() {
    loom::model(|| {
        let lock = Arc::new(SpinLock::<u32, Unprotected>::new(Level(1), 0));
        let other = {
            let lock = lock.clone();
            thread::spawn(move || *lock.lock() += 1)
        };
        *lock.lock() += 1;
        other.join().unwrap();
        assert_eq!(*lock.lock(), 2);
    });
}

#[test]
fn try_lock_excludes() {
    loom::model(|| {
        let lock = Arc::new(SpinLock::<u32, Unprotected>::new(Level(1), 0));
        let other = {
            let lock = lock.clone();
            thread::spawn(move || lock.try_lock().map(|mut value| *value += 1).is_some())
        };
        let mine = lock.try_lock().map(|mut value| *value += 1).is_some();
        let theirs = other.join().unwrap();
        assert_eq!(*lock.lock(), u32::from(mine) + u32::from(theirs));
    });
}

#[test]
fn rw_lock_readers_see_whole_writes() {
    loom::model(|| {
        let lock = Arc::new(RwSpinLock::<(u32, u32), Unprotected>::new(Level(1), (0, 0)));
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || {
                let mut value = lock.write();
                value.0 += 1;
                value.1 += 1;
            })
        };
        {
            let value = lock.read();
            assert_eq!(value.0, value.1);
        }
        writer.join().unwrap();
        assert_eq!(*lock.read(), (1, 1));
    });
}

#[test]
fn rw_lock_writers_exclude() {
    loom::model(|| {
        let lock = Arc::new(RwSpinLock::<u32, Unprotected>::new(Level(1), 0));
        let other = {
            let lock = lock.clone();
            thread::spawn(move || *lock.write() += 1)
        };
        *lock.write() += 1;
        other.join().unwrap();
        assert_eq!(*lock.read(), 2);
    });
}

#[test]
fn once_is_initialised_once() {
    loom::model(|| {
        let cell = Arc::new(Once::new());
        let other = {
            let cell = cell.clone();
            thread::spawn(move || *cell.get_or_init(|| 1))
        };
        let mine = *cell.get_or_init(|| 2);
        assert_eq!(mine, other.join().unwrap());
        assert_eq!(cell.set(3), Err(3));
    });
}

#[test]
fn seq_lock_never_tears() {
    loom::model(|| {
        let lock = Arc::new(SeqLock::new([0, 0]));
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || lock.write([1, 1]))
        };
        let [a, b] = lock.read();
        assert_eq!(a, b);
        writer.join().unwrap();
        assert_eq!(lock.read(), [1, 1]);
    });
}

#[test]
fn seq_lock_writers_exclude() {
    loom::model(|| {
        let lock = Arc::new(SeqLock::new([0, 0]));
        let other = {
            let lock = lock.clone();
            thread::spawn(move || lock.write([1, 1]))
        };
        lock.write([2, 2]);
        other.join().unwrap();
        let [a, b] = lock.read();
        assert_eq!(a, b);
    });
}
