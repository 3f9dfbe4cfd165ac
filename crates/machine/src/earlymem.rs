//! Stand-in for the memory subsystem until it lands: the boot mapping and a small heap that only grows.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

/// How device memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Every access reaches the device.
    Uncached,
}

/// Maps device registers.
pub(crate) fn map_physical(physical: u64, _length: usize, _caching: Caching) -> *mut u8 {
    (crate::boot::DIRECT_MAP + physical as usize) as *mut u8
}

/// Forgets memory that was reserved at boot.
///
/// # Safety
/// None is needed here.
pub(crate) unsafe fn free_reserved(_start: u64, _end: u64) {}

/// Kernel stacks.
pub(crate) mod stack {
    /// A kernel stack.
    pub(crate) struct KernelStack(usize);

    impl KernelStack {
        /// A stack.
        pub(crate) fn new() -> Result<KernelStack, ()> {
            Ok(KernelStack(
                alloc::vec![0_u128; 1024].leak().as_ptr_range().end as usize,
            ))
        }

        /// Its end.
        pub(crate) fn top(&self) -> usize {
            self.0
        }
    }
}

const SIZE: usize = 2 << 20;

#[repr(C, align(4096))]
struct Heap(UnsafeCell<[u8; SIZE]>, AtomicUsize);
// SAFETY: every byte is handed out once.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new([0; SIZE]), AtomicUsize::new(0));

// SAFETY: allocations do not overlap, as the position only grows.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size() + layout.align();
        let at = self.1.fetch_add(size, Ordering::Relaxed);
        if at + size > SIZE {
            return core::ptr::null_mut();
        }
        let start = self.0.get() as usize + at;
        start.next_multiple_of(layout.align()) as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
