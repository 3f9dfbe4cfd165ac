//! The kernel heap, Rust's global allocator.
//!
//! Each CPU keeps a short list of free objects of each size class; taking from it and giving to it need a handful of
//! instructions with interrupts off and no lock. The lists are refilled from and emptied to the slabs in batches.
//! Larger allocations take whole frames. The heap may be used in any context, interrupts included; it fails only when
//! the reserve that user programs cannot touch is used up too.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::Ordering;

use super::frame::{self, Need};
use super::layout::{PAGE_SIZE, frame_address, frame_of};
use super::quick::QuickIrqOff;
use super::slab::{self, CLASS_COUNT, Link};
use super::stats::KERNEL_HEAP;
use crate::cpu::CachePadded;
use crate::{MAX_CPUS, percpu};

#[cfg_attr(target_os = "none", global_allocator)]
static HEAP: KernelHeap = KernelHeap;

/// The allocator of all of `alloc`'s types.
struct KernelHeap;

#[derive(Clone, Copy)]
struct FreeList {
    head: Link,
    length: u32,
}

struct Lists(UnsafeCell<[FreeList; CLASS_COUNT]>);

// SAFETY: a CPU uses only its own lists, with interrupts off (see `list`).
unsafe impl Sync for Lists {}

static LISTS: [CachePadded<Lists>; MAX_CPUS] = [const {
    CachePadded::new(Lists(UnsafeCell::new(
        [FreeList {
            head: core::ptr::null_mut(),
            length: 0,
        }; CLASS_COUNT],
    )))
}; MAX_CPUS];

/// The size whose class serves `layout`: objects of a power of two are aligned to it, others only to 16.
#[inline(always)]
fn slab_size(layout: Layout) -> usize {
    if layout.align() <= 16 {
        layout.size()
    } else {
        layout.size().max(layout.align()).next_power_of_two()
    }
}

/// Runs `f` on this CPU's list of a class, with interrupts off.
#[inline(always)]
fn with_list<R>(class: usize, f: impl FnOnce(&mut FreeList) -> R) -> R {
    let _irq = QuickIrqOff::new();
    let lists = LISTS[percpu::index() % MAX_CPUS].0.get();
    // SAFETY: interrupts are off, so nothing else on this CPU uses its lists meanwhile, and no other CPU does; `f` is
    // one of the closures below, which do not come back here. `class` is below `CLASS_COUNT`, as all that come from
    // `class_of` are.
    f(unsafe { (*lists).get_unchecked_mut(class) })
}

// SAFETY: `alloc` returns memory of the layout's size and alignment that nobody else has: an object of a class that
// is as large (`class_of`) and as aligned (`slab_size`), or whole frames.
unsafe impl GlobalAlloc for KernelHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = slab_size(layout);
        if size > slab::MAX_SIZE {
            return allocate_frames(layout);
        }
        let class = slab::class_of(size);
        with_list(class, |list| {
            let object = list.head;
            if object.is_null() {
                return refill(list, class);
            }
            // SAFETY: the list holds free objects, which begin with the link.
            list.head = unsafe { (*object).next };
            list.length -= 1;
            object.cast()
        })
    }

    #[inline]
    unsafe fn dealloc(&self, object: *mut u8, layout: Layout) {
        let size = slab_size(layout);
        if size > slab::MAX_SIZE {
            // SAFETY: a layout of this size was served with frames, which are the caller's to give.
            return unsafe { free_frames(object, layout) };
        }
        let class = slab::class_of(size);
        with_list(class, |list| {
            let object: Link = object.cast();
            // SAFETY: the object is free from now on, and large enough for the link.
            unsafe { (*object).next = list.head };
            list.head = object;
            list.length += 1;
            if list.length >= 2 * slab::batch_of(class) {
                drain(list, class);
            }
        });
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `new_size` is valid for this alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if capacity(layout) == capacity(new_layout) {
            return old;
        }
        // SAFETY: `new_size` is not zero, as the caller promises.
        let new = unsafe { self.alloc(new_layout) };
        if !new.is_null() {
            // SAFETY: both are valid for the smaller size and are different allocations.
            unsafe {
                core::ptr::copy_nonoverlapping(old, new, layout.size().min(new_size));
                self.dealloc(old, layout);
            }
        }
        new
    }
}

/// What distinguishes places for a layout: two layouts with the same value fit in the same place.
fn capacity(layout: Layout) -> (usize, usize) {
    match slab_size(layout) {
        size if size <= slab::MAX_SIZE => (0, slab::class_of(size)),
        _ => (1, frame_count(layout)),
    }
}

#[cold]
#[inline(never)]
fn refill(list: &mut FreeList, class: usize) -> *mut u8 {
    let (first, count) = slab::take(class, slab::batch_of(class));
    if first.is_null() {
        return core::ptr::null_mut();
    }
    // SAFETY: `take` returned a list of `count` objects, at least one.
    list.head = unsafe { (*first).next };
    list.length = count - 1;
    first.cast()
}

#[cold]
#[inline(never)]
fn drain(list: &mut FreeList, class: usize) {
    let count = slab::batch_of(class);
    let first = list.head;
    let mut rest = first;
    for _ in 0..count {
        // SAFETY: the list is twice as long as the batch.
        rest = unsafe { (*rest).next };
    }
    list.head = rest;
    list.length -= count;
    // SAFETY: the first `count` objects were just cut off the list of free objects of this class.
    unsafe { slab::give(class, first, count) };
}

fn frame_count(layout: Layout) -> usize {
    layout.size().div_ceil(PAGE_SIZE)
}

/// The order of the block that has room for `layout` and is aligned for it.
fn order_of(layout: Layout) -> usize {
    let frames = frame_count(layout).max(layout.align() / PAGE_SIZE);
    frames.next_power_of_two().trailing_zeros() as usize
}

#[cold]
#[inline(never)]
fn allocate_frames(layout: Layout) -> *mut u8 {
    let (order, wanted) = (order_of(layout), frame_count(layout).max(1));
    let Some(first) = frame::allocate_block(order, Need::Kernel) else {
        return core::ptr::null_mut();
    };
    let spare = (1 << order) - wanted;
    if spare > 0 {
        // SAFETY: the tail of the block that was just allocated; nobody has it.
        unsafe { frame::free_block(first + wanted as u32, spare as u32) };
    }
    KERNEL_HEAP.fetch_add(wanted * PAGE_SIZE, Ordering::Relaxed);
    frame_address(first) as *mut u8
}

/// # Safety
/// `start` must come from [`allocate_frames`] with the same layout.
#[cold]
#[inline(never)]
unsafe fn free_frames(start: *mut u8, layout: Layout) {
    let count = frame_count(layout).max(1);
    KERNEL_HEAP.fetch_sub(count * PAGE_SIZE, Ordering::Relaxed);
    // SAFETY: these are the frames that `allocate_frames` kept; the caller gives them up.
    unsafe { frame::free_block(frame_of(start as usize), count as u32) };
}
