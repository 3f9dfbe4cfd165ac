//! The initial ramdisk, in the memory where the boot loader put it.

use core::ops::{Deref, Range};
use core::sync::atomic::{AtomicBool, Ordering};

use super::DIRECT_MAP;

/// The initial ramdisk's bytes; its memory is freed when this is dropped.
#[derive(Debug)]
pub struct Initrd {
    /// Physical addresses.
    range: Range<u64>,
}

/// The initial ramdisk, if the boot loader gave one, to whoever asks first. Needs `mem::init`.
pub fn take_initrd() -> Option<Initrd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let (start, end) = super::info().initrd?;
    (!TAKEN.swap(true, Ordering::Relaxed)).then_some(Initrd { range: start..end })
}

impl Deref for Initrd {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let length = (self.range.end - self.range.start) as usize;
        // SAFETY: the range was kept out of the frame allocator at boot, is in the direct map as memory, and there is
        // only one `Initrd`, so nothing writes to it.
        unsafe {
            core::slice::from_raw_parts(
                (DIRECT_MAP + self.range.start as usize) as *const u8,
                length,
            )
        }
    }
}

impl Drop for Initrd {
    fn drop(&mut self) {
        // SAFETY: the range was reserved at boot and, as this was the only `Initrd`, is not used any more.
        unsafe { crate::mem::free_reserved(self.range.start, self.range.end) };
    }
}
