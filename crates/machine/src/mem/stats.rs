//! What memory is used for.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::frame;
use super::layout::PAGE_SIZE;

/// Bytes of the kernel heap.
pub(super) static KERNEL_HEAP: AtomicUsize = AtomicUsize::new(0);
/// Frames that are page tables of user address spaces, or kept for them.
pub(super) static PAGE_TABLES: AtomicUsize = AtomicUsize::new(0);
/// Bytes of kernel stacks, unused ones that are kept included.
pub(super) static KERNEL_STACKS: AtomicUsize = AtomicUsize::new(0);

/// How physical memory is used, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Memory the kernel manages: what the boot loader reported usable, less the kernel image and frame records.
    pub total: usize,
    /// Used by nobody.
    pub free: usize,
    /// The kernel heap.
    pub kernel_heap: usize,
    /// Page tables of user address spaces.
    pub page_tables: usize,
    /// Kernel stacks.
    pub kernel_stacks: usize,
}

/// How memory is used at this moment. The numbers are read one by one, so they need not add up to the last page.
pub fn stats() -> MemoryStats {
    MemoryStats {
        total: frame::total() * PAGE_SIZE,
        free: frame::free_count() * PAGE_SIZE,
        kernel_heap: KERNEL_HEAP.load(Ordering::Relaxed),
        page_tables: PAGE_TABLES.load(Ordering::Relaxed) * PAGE_SIZE,
        kernel_stacks: KERNEL_STACKS.load(Ordering::Relaxed),
    }
}

/// Whether more than the kernel's reserve is free, that is whether user programs can still get memory.
pub fn has_reserve() -> bool {
    frame::above_reserve()
}
