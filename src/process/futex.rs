//! Futexes: threads asleep on words of user memory (futex(7)).
//!
//! Invariant against lost wake-ups: a waiter enters its bucket, then reads the word; a waker changes the word (in user
//! mode), then looks into the bucket. A waiter that finds the word changed after a waker has already counted it takes
//! the wake-up as its own.

mod robust;
mod word;

pub use robust::release_robust_list;
pub use word::{apply, compare};

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;
use abi::futex::FUTEX_BITSET_MATCH_ANY;
use machine::sync::IrqSpinLock;

use super::integration::timers::WakeTimer;
use super::state::Sleep;
use super::sync::{Parked, levels, park};
use super::syscalls::Call;
use super::{ThreadRef, scheduler};
use crate::memory::FutexIdentity;
use crate::memory::user::UserAddr;

/// What a word is known by: private words by address space and address, shared ones by object and offset, so that
/// processes that map them elsewhere meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(FutexIdentity);

impl Key {
    /// The key of the word at `address` in the caller's memory.
    ///
    /// # Errors
    /// `EINVAL` if it is not aligned, `EFAULT` if it is not mapped.
    pub fn new(call: &Call<'_>, address: UserAddr, private: bool) -> Result<Self, Errno> {
        Self::in_memory_of(call.thread, address, private)
    }

    fn in_memory_of(thread: &ThreadRef, address: UserAddr, private: bool) -> Result<Self, Errno> {
        if !address.get().is_multiple_of(size_of::<u32>()) {
            return Err(Errno::EINVAL);
        }
        address.check(size_of::<u32>())?;
        let memory = thread.memory().ok_or(Errno::EFAULT)?;
        memory.futex_identity(address.get(), private).map(Self)
    }

    fn bucket(&self) -> &'static IrqSpinLock<Bucket> {
        let (space, offset) = self.0.hash_words();
        let hash = (space ^ offset.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = usize::try_from(hash >> (u64::BITS - BUCKET_BITS)).unwrap_or(0);
        &BUCKETS[index % BUCKETS.len()]
    }
}

const BUCKET_BITS: u32 = 8;

type Bucket = Vec<Arc<Waiter>>;

static BUCKETS: [IrqSpinLock<Bucket>; 1 << BUCKET_BITS] =
    [const { IrqSpinLock::new(levels::FUTEX, Vec::new()) }; 1 << BUCKET_BITS];

struct Waiter {
    thread: ThreadRef,
    /// Changed with the bucket of the old and of the new key locked.
    key: IrqSpinLock<Key>,
    bits: u32,
    woken: AtomicBool,
}

impl Waiter {
    /// Takes itself out of its bucket; false if a waker has done so.
    fn withdraw(self: &Arc<Self>) -> bool {
        loop {
            let key = self.key.lock().clone();
            let mut bucket = key.bucket().lock();
            // It may have been moved between the look and the lock.
            if *self.key.lock() != key {
                continue;
            }
            let place = bucket.iter().position(|other| Arc::ptr_eq(other, self));
            if let Some(place) = place {
                bucket.remove(place);
            }
            return place.is_some();
        }
    }

    fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        scheduler::wake(&self.thread);
    }
}

/// Sleeps until woken, if the word still has the `expected` value.
///
/// # Errors
/// `EAGAIN` if it has another, `ETIMEDOUT`, `ERESTARTSYS` on a signal, `EFAULT`.
pub fn wait(
    thread: &ThreadRef,
    key: Key,
    word: UserAddr,
    expected: u32,
    deadline: Option<u64>,
    bits: u32,
) -> Result<(), Errno> {
    let waiter = Arc::new(Waiter {
        thread: thread.clone(),
        key: IrqSpinLock::new(levels::FUTEX_KEY, key.clone()),
        bits,
        woken: AtomicBool::new(false),
    });
    key.bucket().lock().push(waiter.clone());
    let found = word.read::<u32>();
    let result = match found {
        Ok(value) if value == expected => sleep(&waiter, deadline),
        Ok(_) => Err(Errno::EAGAIN),
        Err(error) => Err(error),
    };
    if result.is_err() && !waiter.withdraw() {
        return Ok(());
    }
    result
}

fn sleep(waiter: &Arc<Waiter>, deadline: Option<u64>) -> Result<(), Errno> {
    let timer = deadline.map(|at| WakeTimer::start(at, &waiter.thread));
    let mut woken = || waiter.woken.load(Ordering::Acquire).then_some(());
    loop {
        match park(
            &waiter.thread,
            Sleep::Interruptible,
            timer.as_ref(),
            || (),
            &mut woken,
        ) {
            Parked::Slept => {}
            Parked::Ready(()) => return Ok(()),
            Parked::Ended(error) => return Err(error),
        }
    }
}

/// Wakes up to `most` waiters whose bits overlap; returns how many.
pub fn wake(key: &Key, most: usize, bits: u32) -> usize {
    let mut woken = 0;
    let mut bucket = key.bucket().lock();
    let mut index = 0;
    while woken < most
        && let Some(waiter) = bucket.get(index)
    {
        if waiter.bits & bits != 0 && *waiter.key.lock() == *key {
            bucket.remove(index).wake();
            woken += 1;
        } else {
            index += 1;
        }
    }
    woken
}

/// Wakes one waiter on a word of a thread's memory, as the end of a thread does (`set_tid_address(2)`).
pub fn wake_address(thread: &ThreadRef, address: UserAddr) {
    if let Ok(key) = Key::in_memory_of(thread, address, false) {
        wake(&key, 1, FUTEX_BITSET_MATCH_ANY);
    }
}

/// How many waiters to wake, and how many of the rest to move.
#[derive(Clone, Copy, Debug)]
pub struct Wakes {
    /// To wake.
    pub wake: usize,
    /// To move, or to wake on the second word.
    pub requeue: usize,
}

/// Wakes some waiters and moves others to another word. `expected`: only if a word has this value.
///
/// # Errors
/// `EAGAIN` if it has another.
pub fn requeue(
    from: &Key,
    to: &Key,
    wakes: Wakes,
    expected: Option<(UserAddr, u32)>,
) -> Result<usize, Errno> {
    if let Some((word, value)) = expected
        && word.read::<u32>()? != value
    {
        return Err(Errno::EAGAIN);
    }
    let woken = wake(from, wakes.wake, FUTEX_BITSET_MATCH_ANY);
    let moved = take(from, wakes.requeue);
    let count = moved.len();
    for waiter in moved {
        move_to(waiter, to);
    }
    Ok(woken + if expected.is_some() { count } else { 0 })
}

fn take(from: &Key, most: usize) -> Vec<Arc<Waiter>> {
    let bucket = from.bucket().lock();
    let matching = bucket.iter().filter(|waiter| *waiter.key.lock() == *from);
    matching.take(most).cloned().collect()
}

/// Moves one waiter between buckets, which are locked in the order of their addresses.
fn move_to(waiter: Arc<Waiter>, to: &Key) {
    let from = waiter.key.lock().clone();
    let (source, target) = (from.bucket(), to.bucket());
    if core::ptr::eq(source, target) {
        let _bucket = source.lock();
        *waiter.key.lock() = to.clone();
        return;
    }
    let source_first = core::ptr::from_ref(source) < core::ptr::from_ref(target);
    let (mut first, mut second) = if source_first {
        let first = source.lock();
        (first, target.lock())
    } else {
        let first = target.lock();
        (first, source.lock())
    };
    let (source, target) = if source_first {
        (&mut first, &mut second)
    } else {
        (&mut second, &mut first)
    };
    let Some(place) = source.iter().position(|other| Arc::ptr_eq(other, &waiter)) else {
        return;
    };
    source.remove(place);
    *waiter.key.lock() = to.clone();
    target.push(waiter);
}
