//! The kernel half of every address space.
//!
//! Its top-level entries are filled before the first user address space is made and never change afterwards, so that
//! every root can have a copy of them; below them, tables are added as the regions for stacks and devices grow.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ksync::{Level, SpinLock};

use super::frame::{self, Need, QuickOff};
use super::layout::{
    DEVICES, DEVICES_END, DIRECT_MAP, PAGE_SIZE, STACKS, frame_address, physical_address,
};
use super::table::{
    ACCESSED, CACHE_OFF, DIRTY, ENTRIES, GLOBAL, LARGE, PRESENT, Table, WRITABLE, WRITE_THROUGH,
    address_bits, frame_in, no_execute,
};
use super::{OutOfMemory, tlb};
use crate::cpu;

static ROOT: AtomicU32 = AtomicU32::new(0);
/// First byte behind the physical memory that the direct map covers without gaps in usable memory.
static DIRECT_END: AtomicU64 = AtomicU64::new(0);

/// The kernel's own top-level table.
pub(super) fn root() -> Table {
    // SAFETY: `Builder::finish` stored the frame of a table that is never freed.
    unsafe { Table::from_frame(ROOT.load(Ordering::Relaxed)) }
}

/// Bits of a mapping of kernel data.
pub(super) fn data_bits() -> u64 {
    PRESENT | WRITABLE | ACCESSED | DIRTY | GLOBAL | no_execute()
}

/// Builds the kernel half while there is no allocator yet.
pub(super) struct Builder<F> {
    root: u32,
    next_frame: F,
}

impl<F: FnMut() -> u32> Builder<F> {
    /// Starts with an empty tree, whose tables are in frames that `next_frame` gives: zeroed, in reach of the direct
    /// map as it is now, and never used for anything else.
    pub(super) fn new(mut next_frame: F) -> Builder<F> {
        let root = next_frame();
        let mut builder = Builder { root, next_frame };
        for address in [STACKS, DEVICES] {
            builder.table(address, 3);
        }
        builder
    }

    /// The table of `level` for an address, made if it is not there.
    fn table(&mut self, address: usize, level: usize) -> u32 {
        let mut table = self.root;
        for level in (level + 1..=4).rev() {
            let entry = slot(table, address, level);
            if entry.load(Ordering::Relaxed) & PRESENT == 0 {
                let new = (self.next_frame)();
                entry.store(
                    address_bits(new) | PRESENT | WRITABLE | ACCESSED,
                    Ordering::Relaxed,
                );
            }
            table = frame_in(entry.load(Ordering::Relaxed));
        }
        table
    }

    /// Maps the page of 4 KiB, 2 MiB or 1 GiB (level 1, 2 or 3) at `address` to `physical`.
    pub(super) fn map(&mut self, address: usize, physical: u64, level: usize, bits: u64) {
        let table = self.table(address, level);
        let large = if level > 1 { LARGE } else { 0 };
        slot(table, address, level).store(physical | bits | large, Ordering::Relaxed);
    }

    /// Maps physical memory from `start` to `end`, rounded outwards to 2 MiB, in the direct map.
    pub(super) fn map_direct(&mut self, start: u64, end: u64) {
        const MIB2: u64 = 2 << 20;
        const GIB1: u64 = 1 << 30;
        let gigabytes = cpu::features().pages_1gib;
        let (mut at, end) = (start & !(MIB2 - 1), end.next_multiple_of(MIB2));
        while at < end {
            let address = physical_address(at);
            let whole = gigabytes && at.is_multiple_of(GIB1) && end - at >= GIB1;
            let (level, size) = if whole { (3, GIB1) } else { (2, MIB2) };
            self.map(address, at, level, data_bits());
            at += size;
        }
        DIRECT_END.fetch_max(end, Ordering::Relaxed);
    }

    /// Makes the tree this CPU's, and the kernel's.
    ///
    /// # Safety
    /// The tree must map the code that runs, its stack and data, and all frames the direct map is used for.
    pub(super) unsafe fn finish(self) {
        ROOT.store(self.root, Ordering::Release);
        // SAFETY: the caller's promise.
        unsafe { tlb::load_root(self.root) };
        tlb::flush_global();
    }
}

/// The entry for `address` in the table of `level` in `table`.
fn slot(table: u32, address: usize, level: usize) -> &'static AtomicU64 {
    let index = super::editor::index_at(address, level);
    // SAFETY: `table` holds a table of the kernel half, none of which is ever freed.
    unsafe { &(&*(frame_address(table) as *const [AtomicU64; ENTRIES]))[index] }
}

/// Serialises changes of the kernel half.
static CHANGES: SpinLock<(), QuickOff> = SpinLock::new(Level::UNORDERED, ());

/// Maps a page of the kernel half in the regions for stacks and devices.
fn map_page(address: usize, entry: u64) -> Result<(), OutOfMemory> {
    let mut table = root().frame();
    for level in (2..=4).rev() {
        let entry = slot(table, address, level);
        if entry.load(Ordering::Relaxed) & PRESENT == 0 {
            let new = frame::allocate(Need::Kernel).ok_or(OutOfMemory)?;
            // SAFETY: nobody else has the frame.
            unsafe { frame::zero(new) };
            entry.store(
                address_bits(new) | PRESENT | WRITABLE | ACCESSED,
                Ordering::Release,
            );
        }
        table = frame_in(entry.load(Ordering::Relaxed));
    }
    slot(table, address, 1).store(entry, Ordering::Release);
    Ok(())
}

/// Maps frames of kernel data at `address`, which nothing has used since the last flush.
pub(super) fn map_frames(address: usize, frames: &[u32]) -> Result<(), OutOfMemory> {
    let _changes = CHANGES.lock();
    for (index, &frame) in frames.iter().enumerate() {
        map_page(
            address + index * PAGE_SIZE,
            address_bits(frame) | data_bits(),
        )?;
    }
    Ok(())
}

/// Removes the mappings of pages that [`map_frames`] made, and tells their frames. The caller flushes all CPUs.
pub(super) fn unmap_frames(address: usize, frames: &mut [u32]) {
    let _changes = CHANGES.lock();
    for (index, frame) in frames.iter_mut().enumerate() {
        let address = address + index * PAGE_SIZE;
        let mut table = root().frame();
        for level in (2..=4).rev() {
            table = frame_in(slot(table, address, level).load(Ordering::Relaxed));
        }
        *frame = frame_in(slot(table, address, 1).swap(0, Ordering::Relaxed));
    }
}

/// How device memory or firmware tables are accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// As memory.
    Cached,
    /// Every access reaches the device.
    Uncached,
}

/// Maps `length` bytes of physical addresses that are not ordinary memory, for good; returns where. Memory in the
/// direct map is found there, if caching is wanted.
///
/// # Panics
/// If the region for devices is used up, or there is no memory for tables.
pub(crate) fn map_physical(physical: u64, length: usize, caching: Caching) -> *mut u8 {
    static NEXT: AtomicU64 = AtomicU64::new(DEVICES as u64);
    let offset = physical as usize % PAGE_SIZE;
    let end = physical.saturating_add(length as u64);
    if caching == Caching::Cached && is_direct(physical, end) {
        return physical_address(physical) as *mut u8;
    }
    let pages = (offset + length).div_ceil(PAGE_SIZE);
    // A gap behind each region catches overruns.
    let bytes = ((pages + 1) * PAGE_SIZE) as u64;
    let address = NEXT.fetch_add(bytes, Ordering::Relaxed) as usize;
    assert!(
        address + bytes as usize <= DEVICES_END,
        "no room for device mappings"
    );
    let caching = if caching == Caching::Uncached {
        CACHE_OFF | WRITE_THROUGH
    } else {
        0
    };
    let _changes = CHANGES.lock();
    for page in 0..pages {
        let frame = physical - offset as u64 + (page * PAGE_SIZE) as u64;
        map_page(address + page * PAGE_SIZE, frame | data_bits() | caching)
            .expect("memory for a table");
    }
    (address + offset) as *mut u8
}

/// Whether the direct map covers a physical range.
fn is_direct(start: u64, end: u64) -> bool {
    if end > DIRECT_END.load(Ordering::Relaxed) {
        return false;
    }
    let covers = |physical: u64| {
        let address = DIRECT_MAP + physical as usize;
        let mut table = root().frame();
        for level in (2..=4).rev() {
            let entry = slot(table, address, level).load(Ordering::Relaxed);
            if entry & PRESENT == 0 {
                return false;
            }
            if level < 4 && entry & LARGE != 0 {
                return true;
            }
            table = frame_in(entry);
        }
        true
    };
    (start..end).step_by(2 << 20).all(covers) && covers(end - 1)
}
