//! Pages: counted handles to frames that user programs may see.

use core::fmt;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::frame::{self, Need};
use super::layout::{PAGE_SIZE, frame_address};
use super::string::copy_racy;
use super::{OutOfMemory, counts};
use crate::uaccess::{self, UserFault};

/// A counted handle to one frame of untyped memory.
///
/// A page may be mapped into address spaces while the kernel has it, and programs may write to it at any time. So
/// its bytes are only ever copied in and out, never lent. The handle counts references: [`Clone`] adds one, dropping
/// the last frees the frame. A count that would overflow (2^31 handles) is stuck, and the frame is never freed.
#[repr(transparent)]
pub struct Page(NonZeroU32);

/// The frame of the shared page of zeros; 0 before there is one.
static ZERO_FRAME: AtomicU32 = AtomicU32::new(0);

/// Whether a frame is the shared page of zeros.
#[inline(always)]
pub(super) fn is_zero_frame(frame: u32) -> bool {
    frame == ZERO_FRAME.load(Ordering::Relaxed)
}

/// Makes the shared page of zeros.
///
/// # Panics
/// If there is no memory for it.
pub(super) fn init() {
    let page = Page::new_zeroed().expect("there is memory when the kernel starts");
    // SAFETY: `page` references the frame, and is never dropped.
    unsafe { counts::immortalise(page.frame()) };
    ZERO_FRAME.store(page.into_frame(), Ordering::Relaxed);
}

impl Page {
    /// A page of zeros.
    ///
    /// # Errors
    /// When only the kernel's reserve of memory is left.
    #[inline]
    pub fn new_zeroed() -> Result<Page, OutOfMemory> {
        let page = Page::new_uninit()?;
        // SAFETY: nobody else has the frame.
        unsafe { frame::zero(page.frame()) };
        Ok(page)
    }

    /// A page with the contents of `source`. What programs write to the source meanwhile may be in it or not.
    ///
    /// # Errors
    /// When only the kernel's reserve of memory is left.
    #[inline]
    pub fn new_copy(source: &Page) -> Result<Page, OutOfMemory> {
        let page = Page::new_uninit()?;
        // SAFETY: both handles are referenced, and nobody else has the new frame.
        unsafe { frame::copy(source.frame(), page.frame()) };
        Ok(page)
    }

    /// A page with arbitrary contents, which must be overwritten before a program may see it.
    #[inline]
    fn new_uninit() -> Result<Page, OutOfMemory> {
        let frame = frame::allocate(Need::User).ok_or(OutOfMemory)?;
        // SAFETY: the frame is managed, and new: this is its first reference.
        unsafe {
            frame::record(frame).count.store(1, Ordering::Relaxed);
            Ok(Page::from_frame(frame))
        }
    }

    /// The page of zeros that all share; it must not be mapped writable, and [`Page::write`] panics on it.
    pub fn zero() -> Page {
        let frame = ZERO_FRAME.load(Ordering::Relaxed);
        assert!(frame != 0, "memory has not been started");
        // SAFETY: the frame is never freed, so a reference to it can be made at any time.
        unsafe {
            counts::reference(frame);
            Page::from_frame(frame)
        }
    }

    /// Whether this is the shared page of zeros.
    #[inline]
    pub fn is_zero(&self) -> bool {
        is_zero_frame(self.frame())
    }

    /// Makes a handle of a counted reference.
    ///
    /// # Safety
    /// The caller must own a reference to the frame, which the handle takes over.
    #[inline(always)]
    pub(super) unsafe fn from_frame(frame: u32) -> Page {
        // SAFETY: frame 0 is never managed.
        Page(unsafe { NonZeroU32::new_unchecked(frame) })
    }

    /// The frame, its reference being the caller's from now on.
    #[inline(always)]
    pub(super) fn into_frame(self) -> u32 {
        let frame = self.frame();
        core::mem::forget(self);
        frame
    }

    #[inline(always)]
    pub(super) fn frame(&self) -> u32 {
        self.0.get()
    }

    /// The number of the frame: physical address / [`PAGE_SIZE`]. The same for two handles of one page, so it can
    /// serve as a key while a handle is kept.
    #[inline]
    pub fn frame_number(&self) -> u32 {
        self.frame()
    }

    /// Whether there is more than this handle (a mapping counts as one).
    #[inline]
    pub fn is_shared(&self) -> bool {
        // SAFETY: the handle references the frame.
        unsafe { frame::record(self.frame()) }
            .count
            .load(Ordering::Acquire)
            != 1
    }

    /// Whether both are handles of the same page.
    #[inline]
    pub fn ptr_eq(&self, other: &Page) -> bool {
        self.0 == other.0
    }

    /// The address of byte `offset` in the direct map, of which `length` bytes are in the page.
    #[inline(always)]
    fn address(&self, offset: usize, length: usize) -> usize {
        let end = offset.checked_add(length);
        assert!(end.is_some_and(|end| end <= PAGE_SIZE), "outside the page");
        frame_address(self.frame()) + offset
    }

    #[inline(always)]
    fn writable_address(&self, offset: usize, length: usize) -> usize {
        assert!(!self.is_zero(), "write to the shared page of zeros");
        self.address(offset, length)
    }

    /// Copies out what stands at `offset`.
    ///
    /// # Panics
    /// If the range is not in the page.
    #[inline]
    pub fn read(&self, offset: usize, to: &mut [u8]) {
        let from = self.address(offset, to.len());
        // SAFETY: the source is memory of this page, the destination the caller's; the copy minds no concurrent writes.
        unsafe { copy_racy(from as *const u8, to.as_mut_ptr(), to.len()) };
    }

    /// Copies in, at `offset`.
    ///
    /// # Panics
    /// If the range is not in the page, or if this is the shared page of zeros.
    #[inline]
    pub fn write(&self, offset: usize, from: &[u8]) {
        let to = self.writable_address(offset, from.len());
        // SAFETY: the destination is memory of this page, of which nobody has a Rust reference.
        unsafe { copy_racy(from.as_ptr(), to as *mut u8, from.len()) };
    }

    /// Sets `length` bytes from `offset` on to `value`.
    ///
    /// # Panics
    /// If the range is not in the page, or if this is the shared page of zeros.
    pub fn fill(&self, offset: usize, length: usize, value: u8) {
        let to = self.writable_address(offset, length);
        // SAFETY: the range is in this page, of which nobody has a Rust reference.
        unsafe {
            core::arch::asm!(
                "rep stosq",
                "mov ecx, {rest:e}",
                "rep stosb",
                rest = in(reg) length % 8,
                inout("rcx") length / 8 => _,
                inout("rdi") to => _,
                in("rax") u64::from_ne_bytes([value; 8]),
                options(nostack, preserves_flags),
            );
        }
    }

    /// Copies `length` bytes from `offset` of `source` to `to` of this page.
    ///
    /// # Panics
    /// If a range is not in its page, or if this is the shared page of zeros.
    pub fn copy_from(&self, to: usize, source: &Page, offset: usize, length: usize) {
        let from = source.address(offset, length);
        let to = self.writable_address(to, length);
        // SAFETY: both ranges are in pages that are referenced; overlapping ranges yield mixed bytes, no more.
        unsafe { copy_racy(from as *const u8, to as *mut u8, length) };
    }

    /// Copies `length` bytes from `offset` to the running program's memory at `user`.
    ///
    /// # Errors
    /// As [`uaccess::copy_to_user`].
    ///
    /// # Panics
    /// If the range is not in the page.
    pub fn copy_to_user(&self, offset: usize, length: usize, user: usize) -> Result<(), UserFault> {
        let from = self.address(offset, length);
        // SAFETY: the source is memory of this page.
        unsafe { uaccess::copy_out(user, from, length) }
    }

    /// Copies `length` bytes of the running program's memory at `user` to `offset`.
    ///
    /// # Errors
    /// As [`uaccess::copy_from_user`].
    ///
    /// # Panics
    /// If the range is not in the page, or if this is the shared page of zeros.
    pub fn copy_from_user(
        &self,
        offset: usize,
        length: usize,
        user: usize,
    ) -> Result<(), UserFault> {
        let to = self.writable_address(offset, length);
        // SAFETY: the destination is memory of this page, of which nobody has a Rust reference.
        unsafe { uaccess::copy_in(to, user, length) }
    }

    /// The aligned word at `offset`, in one access.
    ///
    /// # Panics
    /// If `offset` is not aligned or not in the page.
    #[inline]
    pub fn load_u32(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::SeqCst)
    }

    /// Sets the aligned word at `offset` in one access.
    ///
    /// # Panics
    /// If `offset` is not aligned or not in the page, or if this is the shared page of zeros.
    pub fn store_u32(&self, offset: usize, value: u32) {
        assert!(!self.is_zero(), "write to the shared page of zeros");
        self.word(offset).store(value, Ordering::SeqCst);
    }

    /// Replaces the aligned word at `offset` if it is `old`; returns what was there.
    ///
    /// # Panics
    /// If `offset` is not aligned or not in the page, or if this is the shared page of zeros.
    pub fn compare_exchange_u32(&self, offset: usize, old: u32, new: u32) -> Result<u32, u32> {
        assert!(!self.is_zero(), "write to the shared page of zeros");
        self.word(offset)
            .compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst)
    }

    /// The aligned 64-bit word at `offset`, in one access.
    ///
    /// # Panics
    /// If `offset` is not aligned or not in the page.
    pub fn load_u64(&self, offset: usize) -> u64 {
        assert!(offset.is_multiple_of(8), "unaligned word");
        let address = self.address(offset, 8);
        // SAFETY: an aligned word of memory that is only ever accessed as untyped bytes or atomically.
        unsafe { AtomicU64::from_ptr(address as *mut u64) }.load(Ordering::SeqCst)
    }

    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4), "unaligned word");
        let address = self.address(offset, 4);
        // SAFETY: an aligned word of memory that is only ever accessed as untyped bytes or atomically, and that stays
        // while the page is borrowed.
        unsafe { AtomicU32::from_ptr(address as *mut u32) }
    }
}

impl Clone for Page {
    #[inline]
    fn clone(&self) -> Page {
        // SAFETY: this handle references the frame; the new reference becomes the new handle's.
        unsafe {
            counts::reference(self.frame());
            Page::from_frame(self.frame())
        }
    }
}

impl Drop for Page {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: gives up this handle's reference. Mappings hold references of their own until TLBs are flushed.
        unsafe { counts::release(self.frame()) };
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({:#x})", self.0)
    }
}
