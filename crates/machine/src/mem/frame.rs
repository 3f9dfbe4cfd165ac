//! Page frames: the record of each, and per-CPU caches of free ones.
//!
//! Single frames come from and go to a small stack of the CPU, refilled and emptied in batches from the buddy
//! allocator, so that the common case takes no lock. Allocations on behalf of user programs stop while the free
//! memory is below a reserve; what the kernel itself needs may use the reserve up.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use frames::{Buddy, Frame};
use ksync::{Level, SpinLock, SpinLockGuard};

use super::layout::{PAGE_SIZE, frame_address};
use super::quick::QuickIrqOff;
use crate::cpu::CachePadded;
use crate::{MAX_CPUS, percpu};

/// Who asks for memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The kernel, which may use the reserve.
    Kernel,
    /// A user program, which is refused when only the reserve is left.
    User,
}

/// Keeps interrupts off, like [`QuickIrqOff`], for the lock of the buddy allocator.
pub(crate) struct QuickOff;

impl ksync::Exclusion for QuickOff {
    type Guard = QuickIrqOff;

    #[inline(always)]
    fn enter() -> QuickIrqOff {
        QuickIrqOff::new()
    }

    fn relax() {
        super::tlb::relax();
    }
}

static RECORDS: AtomicPtr<Frame> = AtomicPtr::new(core::ptr::null_mut());
static RECORD_COUNT: AtomicUsize = AtomicUsize::new(0);
static BUDDY: SpinLock<Buddy, QuickOff> = SpinLock::new(Level::UNORDERED, Buddy::new());
/// Frames in the buddy allocator, for those who do not hold its lock.
static FREE: AtomicUsize = AtomicUsize::new(0);
/// Frames that were ever given to the allocator.
static TOTAL: AtomicUsize = AtomicUsize::new(0);
/// Frames kept back from user programs.
static RESERVE: AtomicUsize = AtomicUsize::new(0);

/// Frames moved between a CPU's cache and the buddy allocator at a time.
const BATCH: usize = 32;
/// Frames in a CPU's cache at most.
const CACHED: usize = 2 * BATCH;

struct Cache {
    length: AtomicU32,
    frames: UnsafeCell<[u32; CACHED]>,
}

// SAFETY: `frames` is used only by the cache's own CPU with interrupts off (see `with_cache`); `length` is atomic.
unsafe impl Sync for Cache {}

static CACHES: [CachePadded<Cache>; MAX_CPUS] = [const {
    CachePadded::new(Cache {
        length: AtomicU32::new(0),
        frames: UnsafeCell::new([0; CACHED]),
    })
}; MAX_CPUS];

/// Tells where the records are.
///
/// # Safety
/// Once, before any other use of this module; `records` must live forever.
pub(super) unsafe fn init(records: &'static [Frame], reserve: usize) {
    RECORD_COUNT.store(records.len(), Ordering::Relaxed);
    RESERVE.store(reserve, Ordering::Relaxed);
    RECORDS.store(records.as_ptr().cast_mut(), Ordering::Release);
}

/// All records, by frame number.
#[inline(always)]
fn records() -> &'static [Frame] {
    let length = RECORD_COUNT.load(Ordering::Relaxed);
    let start = RECORDS.load(Ordering::Relaxed);
    if start.is_null() {
        return &[];
    }
    // SAFETY: `init` stored the parts of a slice that lives forever.
    unsafe { core::slice::from_raw_parts(start, length) }
}

/// The record of frame 0, which the others follow.
#[inline(always)]
pub(super) fn records_start() -> *const Frame {
    RECORDS.load(Ordering::Relaxed)
}

/// The record of a frame.
///
/// # Safety
/// `frame` must be the number of a managed frame, as every number that came from this module is.
#[inline(always)]
pub(crate) unsafe fn record(frame: u32) -> &'static Frame {
    debug_assert!((frame as usize) < RECORD_COUNT.load(Ordering::Relaxed));
    // SAFETY: the caller promises that the number is in range of the array `init` got.
    unsafe { &*RECORDS.load(Ordering::Relaxed).add(frame as usize) }
}

/// Gives frames to the allocator: what the boot loader left free, or what was reserved for a time.
///
/// # Safety
/// The frames must be memory that nothing uses, now and later, except through this module.
pub(crate) unsafe fn add(first: u32, count: u32) {
    TOTAL.fetch_add(count as usize, Ordering::Relaxed);
    let mut buddy = BUDDY.lock();
    buddy.free_range(records(), first, count);
    note_free(&buddy);
}

fn note_free(buddy: &SpinLockGuard<'_, Buddy, QuickOff>) {
    FREE.store(buddy.free_frames(), Ordering::Relaxed);
}

/// Takes one frame. Its record's `count` is 0 or left over from earlier; its contents are arbitrary.
#[inline]
pub(crate) fn allocate(need: Need) -> Option<u32> {
    let irq = QuickIrqOff::new();
    with_cache(&irq, |length, frames| {
        if *length == 0 {
            *length = refill(frames, need);
            if *length == 0 {
                return None;
            }
        }
        *length -= 1;
        // SAFETY: the length never exceeds the array's.
        Some(unsafe { *frames.get_unchecked(*length as usize) })
    })
}

/// Gives one frame back.
///
/// # Safety
/// The frame must come from [`allocate`] and be used by nobody any more, hardware included.
#[inline]
pub(crate) unsafe fn free(frame: u32) {
    let irq = QuickIrqOff::new();
    with_cache(&irq, |length, frames| {
        if *length as usize == CACHED {
            *length -= drain(frames);
        }
        // SAFETY: just made sure that there is room.
        unsafe { *frames.get_unchecked_mut(*length as usize) = frame };
        *length += 1;
    });
}

/// Runs `f` on this CPU's cache.
#[inline(always)]
fn with_cache<R>(_irq: &QuickIrqOff, f: impl FnOnce(&mut u32, &mut [u32; CACHED]) -> R) -> R {
    let cache = &CACHES[percpu::index() % MAX_CPUS];
    let mut length = cache.length.load(Ordering::Relaxed);
    // SAFETY: interrupts are off, so nothing else on this CPU uses its cache meanwhile, and no other CPU does. `f` is
    // one of the functions of this module, none of which comes back here.
    let result = f(&mut length, unsafe { &mut *cache.frames.get() });
    cache.length.store(length, Ordering::Relaxed);
    result
}

#[cold]
#[inline(never)]
fn refill(out: &mut [u32; CACHED], need: Need) -> u32 {
    let mut buddy = BUDDY.lock();
    if need == Need::User && buddy.free_frames() <= RESERVE.load(Ordering::Relaxed) {
        return 0;
    }
    let got = buddy.allocate_batch(records(), &mut out[..BATCH]);
    note_free(&buddy);
    got as u32
}

#[cold]
#[inline(never)]
fn drain(frames: &mut [u32; CACHED]) -> u32 {
    let mut buddy = BUDDY.lock();
    // The oldest, which the CPU's caches know least about.
    for &frame in &frames[..BATCH] {
        buddy.free(records(), frame, 0);
    }
    note_free(&buddy);
    frames.copy_within(BATCH.., 0);
    BATCH as u32
}

/// Takes a block of 2^order frames aligned to its size.
pub(crate) fn allocate_block(order: usize, need: Need) -> Option<u32> {
    let mut buddy = BUDDY.lock();
    let reserve = RESERVE.load(Ordering::Relaxed);
    if need == Need::User && buddy.free_frames() < reserve.saturating_add(1 << order) {
        return None;
    }
    let block = buddy.allocate(records(), order);
    note_free(&buddy);
    block
}

/// Gives back frames that came from [`allocate_block`], whole blocks or parts.
///
/// # Safety
/// As for [`free`].
pub(crate) unsafe fn free_block(first: u32, count: u32) {
    let mut buddy = BUDDY.lock();
    buddy.free_range(records(), first, count);
    note_free(&buddy);
}

/// Frames that are being freed together.
pub(super) struct FreeBatch {
    length: usize,
    frames: [MaybeUninit<u32>; BATCH],
}

impl FreeBatch {
    #[inline(always)]
    pub(super) fn new() -> FreeBatch {
        FreeBatch {
            length: 0,
            frames: [MaybeUninit::uninit(); BATCH],
        }
    }

    /// Frees a frame, soon.
    ///
    /// # Safety
    /// As [`free`].
    #[inline(always)]
    pub(super) unsafe fn add(&mut self, frame: u32) {
        if self.length == BATCH {
            self.flush();
        }
        self.frames[self.length % BATCH] = MaybeUninit::new(frame);
        self.length += 1;
    }

    #[inline(never)]
    fn flush(&mut self) {
        let count = core::mem::take(&mut self.length);
        let irq = QuickIrqOff::new();
        with_cache(&irq, |length, cached| {
            if *length as usize + count > CACHED {
                *length -= drain(cached);
            }
            let to = &mut cached[*length as usize..][..count];
            for (slot, frame) in to.iter_mut().zip(&self.frames) {
                // SAFETY: the first `count` elements have been set.
                *slot = unsafe { frame.assume_init() };
            }
            *length += count as u32;
        });
    }
}

impl Drop for FreeBatch {
    #[inline(always)]
    fn drop(&mut self) {
        if self.length != 0 {
            self.flush();
        }
    }
}

/// Whether user programs can still get memory.
pub(super) fn above_reserve() -> bool {
    FREE.load(Ordering::Relaxed) > RESERVE.load(Ordering::Relaxed)
}

/// Frames managed in total.
pub(super) fn total() -> usize {
    TOTAL.load(Ordering::Relaxed)
}

/// Frames nobody has, those in the CPUs' caches included.
pub(super) fn free_count() -> usize {
    let cached: u32 = CACHES
        .iter()
        .map(|cache| cache.length.load(Ordering::Relaxed))
        .sum();
    FREE.load(Ordering::Relaxed) + cached as usize
}

/// Fills a frame with zeros.
///
/// # Safety
/// Nobody else may rely on the frame's contents.
#[inline(always)]
pub(crate) unsafe fn zero(frame: u32) {
    // SAFETY: a managed frame is mapped, writable, in the direct map.
    unsafe {
        asm!(
            "rep stosq",
            inout("rcx") PAGE_SIZE / 8 => _,
            inout("rdi") frame_address(frame) => _,
            in("rax") 0,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies a frame's contents to another.
///
/// # Safety
/// The caller must hold references to both, and nobody may rely on the contents of `to`.
#[inline(always)]
pub(crate) unsafe fn copy(from: u32, to: u32) {
    // SAFETY: managed frames are mapped in the direct map. The bytes may change meanwhile (user mode writes to them),
    // which the instruction does not mind.
    unsafe {
        asm!(
            "rep movsq",
            inout("rcx") PAGE_SIZE / 8 => _,
            inout("rsi") frame_address(from) => _,
            inout("rdi") frame_address(to) => _,
            options(nostack, preserves_flags),
        );
    }
}
