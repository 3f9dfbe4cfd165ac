//! Memory's start-up: the kernel's own page tables, the frame records, and the first free frames.

use core::sync::atomic::{AtomicBool, Ordering};

use frames::Frame;

use super::kernel_map::{Builder, data_bits};
use super::layout::{
    DIRECT_MAP, DIRECT_MAP_END, KERNEL_BASE, PAGE_SIZE, frame_address, physical_address,
};
use super::table::{ACCESSED, DIRTY, GLOBAL, PRESENT, no_execute};
use super::{frame, tlb};
use crate::boot::{BootInfo, MemoryKind};
use crate::cpu;

/// The boot page tables reach this far.
const BOOT_MAPPED: u64 = 4 << 30;
/// The first MiB is left alone: firmware keeps data there, and CPUs start there.
const LOW_MEMORY: u64 = 1 << 20;
/// Beyond this, physical memory is not used.
const PHYSICAL_END: u64 = (DIRECT_MAP_END - DIRECT_MAP) as u64;
/// The most ranges that [`free_ranges`] leaves out.
const MAX_TAKEN: usize = 8;

unsafe extern "C" {
    static __text_start: [u8; 0];
    static __text_end: [u8; 0];
    static __rodata_start: [u8; 0];
    static __rodata_end: [u8; 0];
    static __data_start: [u8; 0];
    static __data_end: [u8; 0];
    static __boot_stack_guard: [u8; 0];
}

/// Physical ranges that are not free, though the memory map calls them usable.
struct Taken {
    ranges: [(u64, u64); MAX_TAKEN],
    count: usize,
}

impl Taken {
    fn add(&mut self, start: u64, end: u64) {
        let page = PAGE_SIZE as u64;
        self.ranges[self.count] = (start & !(page - 1), end.next_multiple_of(page));
        self.count += 1;
        self.ranges[..self.count].sort_unstable();
    }

    fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges[..self.count].iter().copied()
    }
}

/// Calls `f` for each range of whole free pages.
fn free_ranges(info: &BootInfo, taken: &Taken, mut f: impl FnMut(u64, u64)) {
    let page = PAGE_SIZE as u64;
    for region in info
        .memory_map()
        .iter()
        .filter(|region| region.kind == MemoryKind::Usable)
    {
        let mut at = region.start.next_multiple_of(page);
        let end = region.end.min(PHYSICAL_END) & !(page - 1);
        for (start, stop) in taken.iter() {
            if start < end && stop > at {
                if start > at {
                    f(at, start);
                }
                at = stop;
            }
        }
        if at < end {
            f(at, end);
        }
    }
}

/// The largest free range below `limit`.
fn largest_free(info: &BootInfo, taken: &Taken, limit: u64) -> (u64, u64) {
    let mut best = (0, 0);
    free_ranges(info, taken, |start, end| {
        let end = end.min(limit);
        if start < end && end - start > best.1 - best.0 {
            best = (start, end);
        }
    });
    best
}

/// Starts memory management: page tables with the rights each part of the kernel should have, the frame allocator,
/// and with it the heap.
///
/// # Panics
/// When called twice, or if there is not enough memory to start at all.
pub fn init(info: &BootInfo) {
    static ONCE: AtomicBool = AtomicBool::new(false);
    assert!(
        !ONCE.swap(true, Ordering::Relaxed),
        "mem::init called twice"
    );
    super::table::init(cpu::features().nx);
    let mut taken = Taken {
        ranges: [(0, 0); MAX_TAKEN],
        count: 0,
    };
    taken.add(0, LOW_MEMORY);
    info.reserved()
        .for_each(|(start, end)| taken.add(start, end));

    let (start, end) = largest_free(info, &taken, BOOT_MAPPED);
    let mut next = start;
    build_kernel_half(info, || {
        assert!(next < end, "not enough memory for the kernel's page tables");
        let frame = (next / PAGE_SIZE as u64) as u32;
        next += PAGE_SIZE as u64;
        // SAFETY: the frame is free and mapped by the boot page tables.
        unsafe { frame::zero(frame) };
        frame
    });
    taken.add(start, next);
    init_frames(info, &mut taken);
    super::page::init();
    crate::uaccess::init();
    crate::irq::set_tlb_handler(tlb::serve);
}

fn build_kernel_half(info: &BootInfo, next_frame: impl FnMut() -> u32) {
    let mut builder = Builder::new(next_frame);
    for region in info.memory_map() {
        if region.kind != MemoryKind::Reserved && region.start < PHYSICAL_END {
            builder.map_direct(region.start, region.end.min(PHYSICAL_END));
        }
    }
    let read_only = PRESENT | ACCESSED | DIRTY | GLOBAL;
    let mut map_image = |start: *const [u8; 0], end: *const [u8; 0], bits: u64| {
        for address in (start as usize..end as usize).step_by(PAGE_SIZE) {
            if address != (&raw const __boot_stack_guard) as usize {
                builder.map(address, (address - KERNEL_BASE) as u64, 1, bits);
            }
        }
    };
    map_image(&raw const __text_start, &raw const __text_end, read_only);
    map_image(
        &raw const __rodata_start,
        &raw const __rodata_end,
        read_only | no_execute(),
    );
    map_image(&raw const __data_start, &raw const __data_end, data_bits());
    // SAFETY: the image, which includes the boot stack, and all usable memory have just been mapped.
    unsafe { builder.finish() };
}

/// Places the frame records and hands all free frames to the allocator.
fn init_frames(info: &BootInfo, taken: &mut Taken) {
    let mut frames_end = 0;
    let mut usable = 0;
    free_ranges(info, taken, |start, end| {
        frames_end = frames_end.max(end);
        usable += end - start;
    });
    // The initial ramdisk's frames come later.
    frames_end = info
        .reserved()
        .map(|(_, end)| end)
        .fold(frames_end, u64::max);
    let count = frames_end.div_ceil(PAGE_SIZE as u64) as usize;
    let bytes = (count * size_of::<Frame>()) as u64;
    let (start, end) = largest_free(info, taken, PHYSICAL_END);
    assert!(
        end - start >= bytes,
        "not enough memory for the frame records"
    );
    taken.add(start, start + bytes);

    // SAFETY: the range is free and mapped; all-zero bytes are records of frames that are not free.
    let records = unsafe {
        let first = physical_address(start) as *mut Frame;
        core::ptr::write_bytes(first, 0, count);
        core::slice::from_raw_parts(first, count)
    };
    let reserve = (usable / 32).clamp(2 << 20, 64 << 20).min(usable / 8) as usize / PAGE_SIZE;
    // SAFETY: once, and the records' memory is never used for anything else.
    unsafe { frame::init(records, reserve) };
    free_ranges(info, taken, |start, end| {
        let page = PAGE_SIZE as u64;
        // SAFETY: the range is usable memory that nothing has taken.
        unsafe { frame::add((start / page) as u32, ((end - start) / page) as u32) };
    });
}

/// Gives back physical memory that was reserved at boot, such as the initial ramdisk's.
///
/// # Safety
/// The range must lie in usable memory, have been reserved in [`BootInfo`], and not be used any more.
pub(crate) unsafe fn free_reserved(start: u64, end: u64) {
    let page = PAGE_SIZE as u64;
    let (first, last) = (start / page, end.div_ceil(page));
    debug_assert!(frame_address(first as u32) >= DIRECT_MAP);
    // SAFETY: the caller's promise; partial pages at the ends were reserved whole.
    unsafe { frame::add(first as u32, (last - first) as u32) };
}
