//! Spinning lock algorithms, generic over what a holder is protected from, and model-checked with loom.
//!
//! [`SpinLock`] and [`RwSpinLock`] take an [`Exclusion`]: the kernel's says "preemption off" or "interrupts off",
//! the tests' says nothing. [`Once`] initialises a value one time, [`SeqLock`] publishes a few words to readers
//! that never write. Nothing here sleeps; locks that sleep are built above, from wait queues and these.
#![cfg_attr(not(test), no_std)]

mod exclusion;
mod mutex;
mod once;
mod primitives;
mod rw;
mod seq;
mod spin;

pub use exclusion::{Exclusion, Level, Unprotected};
pub use mutex::{Mutex, MutexGuard, Sleep};
pub use once::Once;
pub use rw::{ReadGuard, RwSpinLock, WriteGuard};
pub use seq::SeqLock;
pub use spin::{SpinLock, SpinLockGuard};
