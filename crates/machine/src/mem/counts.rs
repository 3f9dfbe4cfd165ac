//! References to frames that are in use: one count in each frame's record.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use frames::Frame;

use super::frame::{free, record, records_start};
use super::layout::{PAGE_SHIFT, PAGE_SIZE};

/// Counts from 2^31 on are taken for overflown: the frame is never freed. This is where such a count is put, so that
/// no run of increments or decrements leaves the upper half.
const PARKED: u32 = 3 << 30;

/// The records of all frames, for loops that count many references.
#[derive(Clone, Copy)]
pub(super) struct Counts(*const Frame);

impl Counts {
    #[inline(always)]
    pub(super) fn new() -> Counts {
        Counts(records_start())
    }

    #[inline(always)]
    fn of(self, address: u64) -> *const AtomicU32 {
        const { assert!(PAGE_SIZE / size_of::<Frame>() == 1 << 8) };
        const { assert!(core::mem::offset_of!(Frame, count) == 0) };
        self.0.wrapping_byte_add((address >> 8) as usize).cast()
    }

    /// Counts a reference to the frame at a physical address up. A count that overflows stays saturated, so the frame
    /// leaks instead of being freed under a reference.
    ///
    /// # Safety
    /// The caller must hold, or borrow, a reference to the frame.
    #[inline(always)]
    pub(super) unsafe fn reference(self, address: u64) {
        // SAFETY: a referenced frame is a managed one, so its record is in the array. One locked instruction, and
        // one branch for everything unusual; the compiler makes three of `fetch_add` and a comparison.
        unsafe {
            asm!(
                "lock inc dword ptr [{} + {}]",
                "jle {}",
                in(reg) self.0,
                in(reg) address >> 8,
                label { park(self.of(address)) },
                options(nostack),
            );
        }
    }

    /// Counts a reference down; true if it was the last, and the caller has to free the frame.
    ///
    /// # Safety
    /// Uses up one reference of the caller's.
    #[inline(always)]
    pub(super) unsafe fn release(self, address: u64) -> bool {
        let mut last = false;
        // SAFETY: as in `reference`.
        unsafe {
            asm!(
                "lock dec dword ptr [{} + {}]",
                "jle {}",
                in(reg) self.0,
                in(reg) address >> 8,
                label { last = !is_parked(self.of(address)) },
                options(nostack),
            );
        }
        last
    }
}

/// Puts a saturated count back in the middle of the saturated half.
#[cold]
#[inline(never)]
fn park(count: *const AtomicU32) {
    // SAFETY: the callers pass the count of a managed frame's record, which lives forever.
    unsafe { &*count }.store(PARKED, Ordering::Relaxed);
}

/// Tells a count that was decremented to 0 from a saturated one, which it puts back in place.
#[inline(always)]
fn is_parked(count: *const AtomicU32) -> bool {
    // SAFETY: as in `park`. Nobody else changes a count that has reached 0.
    if unsafe { &*count }.load(Ordering::Acquire) == 0 {
        return false;
    }
    park(count);
    true
}

/// Counts a reference to a frame up, as [`Counts::reference`].
///
/// # Safety
/// The caller must hold, or borrow, a reference to the frame.
#[inline(always)]
pub(crate) unsafe fn reference(frame: u32) {
    // SAFETY: passed on.
    unsafe { Counts::new().reference(u64::from(frame) << PAGE_SHIFT) };
}

/// Counts a reference down; frees the frame with the last one.
///
/// # Safety
/// Uses up one reference of the caller's. If it is the last, nothing may reach the frame any more, no TLB included.
#[inline(always)]
pub(crate) unsafe fn release(frame: u32) {
    // SAFETY: passed on.
    if unsafe { Counts::new().release(u64::from(frame) << PAGE_SHIFT) } {
        // SAFETY: that was the last reference.
        unsafe { free(frame) };
    }
}

/// Never frees the frame.
///
/// # Safety
/// As for [`reference`].
pub(super) unsafe fn immortalise(frame: u32) {
    // SAFETY: a referenced frame is a managed one.
    unsafe { record(frame).count.store(PARKED, Ordering::Relaxed) };
}
