//! Page-table entries, and the frames that hold them.
//!
//! A table's frame record says how many of its 512 entries are used, and which groups of eight (one cache line) may
//! have used ones, so that walks over sparse tables need not look at every entry. Tables that are given back are
//! all zero; each CPU keeps some, which saves clearing them for the next process.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use frames::Frame;

use super::frame::{self, Need};
use super::layout::frame_address;
use super::quick::QuickIrqOff;
use super::stats::PAGE_TABLES;
use super::{OutOfMemory, Prot};
use crate::cpu::CachePadded;
use crate::{MAX_CPUS, percpu};

/// The entry is valid for the CPU.
pub(crate) const PRESENT: u64 = 1;
/// Stores are allowed.
pub(crate) const WRITABLE: u64 = 1 << 1;
/// Ring 3 may use it.
pub(crate) const USER: u64 = 1 << 2;
/// Accesses bypass the caches (with [`WRITE_THROUGH`]: strongly).
pub(crate) const CACHE_OFF: u64 = 1 << 4;
/// See [`CACHE_OFF`].
pub(crate) const WRITE_THROUGH: u64 = 1 << 3;
/// The CPU has used the entry.
pub(crate) const ACCESSED: u64 = 1 << 5;
/// The CPU has stored through the entry.
pub(crate) const DIRTY: u64 = 1 << 6;
/// The entry maps a large page (not in the lowest level).
pub(crate) const LARGE: u64 = 1 << 7;
/// The translation survives a change of the address space.
pub(crate) const GLOBAL: u64 = 1 << 8;
/// Ours: a page is here that programs may not access at all. Always with [`PRESENT`] clear.
pub(crate) const NO_ACCESS: u64 = 1 << 9;
/// Instructions must not be fetched.
pub(crate) const NO_EXECUTE: u64 = 1 << 63;
/// The frame's address.
pub(crate) const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// [`NO_EXECUTE`] if this CPU knows it; else the bit is reserved.
static NX: AtomicU64 = AtomicU64::new(0);

/// Chooses whether mappings can be made not executable.
pub(super) fn init(nx: bool) {
    NX.store(if nx { NO_EXECUTE } else { 0 }, Relaxed);
}

/// [`NO_EXECUTE`], or 0 on CPUs that do not know it.
#[inline(always)]
pub(crate) fn no_execute() -> u64 {
    NX.load(Relaxed)
}

/// The frame an entry refers to.
#[inline(always)]
pub(crate) fn frame_in(entry: u64) -> u32 {
    ((entry & ADDRESS) >> 12) as u32
}

/// The address part of an entry that refers to `frame`.
#[inline(always)]
pub(crate) fn address_bits(frame: u32) -> u64 {
    u64::from(frame) << 12
}

/// The bits of an entry that [`protection_bits`] determines.
pub(super) const PROTECTION: u64 = PRESENT | WRITABLE | USER | NO_ACCESS | NO_EXECUTE;

/// The entry bits of a protection. x86 cannot express "write only" or "execute only"; both include reading.
#[inline(always)]
pub(super) fn protection_bits(prot: Prot) -> u64 {
    if prot.is_empty() {
        return NO_ACCESS;
    }
    let mut bits = PRESENT | USER;
    if prot.contains(Prot::WRITE) {
        bits |= WRITABLE;
    }
    if !prot.contains(Prot::EXEC) {
        bits |= no_execute();
    }
    bits
}

/// What [`protection_bits`] made an entry of.
pub(super) fn protection_of(entry: u64) -> Prot {
    let mut prot = Prot::empty();
    if entry & PRESENT != 0 {
        prot |= Prot::READ;
        prot.set(Prot::WRITE, entry & WRITABLE != 0);
        prot.set(Prot::EXEC, entry & NO_EXECUTE == 0);
    }
    prot
}

/// Entries in a table.
pub(super) const ENTRIES: usize = 512;
/// Entries in a group of the occupancy map.
pub(super) const GROUP: usize = 8;

/// A table of a user address space, by the number of its frame.
///
/// The type is a plain number. Its methods are sound because a `Table` is only ever made of a frame that holds a
/// table, and kept only where that table cannot have been freed: under the lock of its address space.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(u32);

impl Table {
    /// # Safety
    /// `frame` must hold a page table, and the result must not be used after that has been freed.
    #[inline(always)]
    pub(super) unsafe fn from_frame(frame: u32) -> Table {
        Table(frame)
    }

    #[inline(always)]
    pub(super) fn frame(self) -> u32 {
        self.0
    }

    /// The table's entries. The CPUs' page walkers change accessed and dirty bits in them.
    #[inline(always)]
    pub(super) fn entries(self) -> &'static [AtomicU64; ENTRIES] {
        // SAFETY: by the type's promise the frame holds a table, which is 512 aligned words that are only accessed
        // atomically; it is not freed while the result is used.
        unsafe { &*(frame_address(self.0) as *const [AtomicU64; ENTRIES]) }
    }

    /// Entry `index`, which is taken modulo the table's size.
    #[inline(always)]
    pub(super) fn entry(self, index: usize) -> &'static AtomicU64 {
        &self.entries()[index % ENTRIES]
    }

    #[inline(always)]
    fn record(self) -> &'static Frame {
        // SAFETY: a table's frame is a managed one.
        unsafe { frame::record(self.0) }
    }

    /// How many entries are used.
    #[inline(always)]
    pub(super) fn used(self) -> u32 {
        self.record().state.load(Relaxed)
    }

    /// Notes a change of the number of used entries. The caller holds the lock of the address space.
    #[inline(always)]
    pub(super) fn add_used(self, change: i32) {
        let used = &self.record().state;
        used.store(used.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }

    /// The map of groups that may have used entries, in bit n entries 8n to 8n + 7.
    #[inline(always)]
    pub(super) fn occupancy(self) -> &'static AtomicU64 {
        let words: *const AtomicU32 = &self.record().next;
        // SAFETY: `next` and `previous` are two words at offset 8 of the aligned record; while the frame is a table
        // they are only used as this one.
        unsafe { &*words.cast::<AtomicU64>() }
    }

    /// Sets bits of the occupancy map. The caller holds the lock of the address space.
    #[inline(always)]
    pub(super) fn mark(self, groups: u64) {
        let map = self.occupancy();
        map.store(map.load(Relaxed) | groups, Relaxed);
    }

    /// Uses entry `index`, which was unused.
    #[inline(always)]
    pub(super) fn fill(self, index: usize, entry: u64) {
        self.mark(1 << (index % ENTRIES / GROUP));
        self.add_used(1);
        self.entry(index).store(entry, Relaxed);
    }

    /// The next table on the way down, if there is one.
    #[inline(always)]
    pub(super) fn child(self, index: usize) -> Option<Table> {
        let entry = self.entry(index).load(Relaxed);
        (entry & PRESENT != 0).then(|| Table(frame_in(entry)))
    }

    /// The next table on the way down, made if there is none.
    #[inline(always)]
    pub(super) fn child_or_new(self, index: usize) -> Result<Table, OutOfMemory> {
        match self.child(index) {
            Some(table) => Ok(table),
            None => self.new_child(index),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_child(self, index: usize) -> Result<Table, OutOfMemory> {
        let table = allocate()?;
        // Rights are restricted in the lowest level only.
        self.fill(
            index,
            address_bits(table.0) | PRESENT | WRITABLE | USER | ACCESSED,
        );
        Ok(table)
    }

    /// Links the table into a list of tables to be freed.
    #[inline]
    pub(super) fn chain(self, next: u32) {
        self.record().next.store(next, Relaxed);
    }

    /// What [`Table::chain`] linked to.
    #[inline]
    pub(super) fn chained(self) -> u32 {
        self.record().next.load(Relaxed)
    }
}

/// Empty tables a CPU keeps.
const KEPT: usize = 32;

struct Kept {
    length: UnsafeCell<usize>,
    frames: UnsafeCell<[u32; KEPT]>,
}

// SAFETY: used only by the CPU it belongs to, with interrupts off (see `with_kept`).
unsafe impl Sync for Kept {}

static TABLES: [CachePadded<Kept>; MAX_CPUS] = [const { CachePadded::new(Kept::new()) }; MAX_CPUS];
static ROOTS: [CachePadded<Kept>; MAX_CPUS] = [const { CachePadded::new(Kept::new()) }; MAX_CPUS];

impl Kept {
    const fn new() -> Kept {
        Kept {
            length: UnsafeCell::new(0),
            frames: UnsafeCell::new([0; KEPT]),
        }
    }
}

#[inline(always)]
fn with_kept<R>(
    kept: &[CachePadded<Kept>; MAX_CPUS],
    f: impl FnOnce(&mut usize, &mut [u32; KEPT]) -> R,
) -> R {
    let _irq = QuickIrqOff::new();
    let kept = &kept[percpu::index() % MAX_CPUS];
    // SAFETY: interrupts are off and this is this CPU's own; `f` (both uses are below) does not come back here.
    f(unsafe { &mut *kept.length.get() }, unsafe {
        &mut *kept.frames.get()
    })
}

fn pop(kept: &[CachePadded<Kept>; MAX_CPUS]) -> Option<u32> {
    with_kept(kept, |length, frames| {
        *length = length.checked_sub(1)?;
        Some(frames[*length])
    })
}

fn push(kept: &[CachePadded<Kept>; MAX_CPUS], frame: u32) -> bool {
    with_kept(kept, |length, frames| {
        if *length == KEPT {
            return false;
        }
        frames[*length] = frame;
        *length += 1;
        true
    })
}

/// A table with all entries unused.
#[inline]
pub(super) fn allocate() -> Result<Table, OutOfMemory> {
    if let Some(frame) = pop(&TABLES) {
        return Ok(Table(frame));
    }
    let frame = frame::allocate(Need::User).ok_or(OutOfMemory)?;
    // SAFETY: nobody else has the frame.
    unsafe { frame::zero(frame) };
    let table = Table(frame);
    table.record().state.store(0, Relaxed);
    table.occupancy().store(0, Relaxed);
    PAGE_TABLES.fetch_add(1, Relaxed);
    Ok(table)
}

/// Gives a table back.
///
/// # Safety
/// All its entries must be unused, and no CPU may have it in a paging-structure cache.
pub(super) unsafe fn free(table: Table) {
    debug_assert_eq!(table.used(), 0);
    table.occupancy().store(0, Relaxed);
    if push(&TABLES, table.0) {
        return;
    }
    PAGE_TABLES.fetch_sub(1, Relaxed);
    // SAFETY: the caller gives it up.
    unsafe { frame::free(table.0) };
}

/// A top-level table whose user half is unused and whose kernel half is the kernel's.
pub(super) fn allocate_root() -> Result<Table, OutOfMemory> {
    if let Some(frame) = pop(&ROOTS) {
        return Ok(Table(frame));
    }
    let root = allocate()?;
    let kernel = super::kernel_map::root();
    for index in ENTRIES / 2..ENTRIES {
        root.entry(index)
            .store(kernel.entry(index).load(Relaxed), Relaxed);
    }
    Ok(root)
}

/// Gives a top-level table back.
///
/// # Safety
/// As [`free`], for the entries of the user half.
pub(super) unsafe fn free_root(root: Table) {
    debug_assert_eq!(root.used(), 0);
    root.occupancy().store(0, Relaxed);
    if push(&ROOTS, root.0) {
        return;
    }
    PAGE_TABLES.fetch_sub(1, Relaxed);
    // SAFETY: the caller gives it up.
    unsafe { frame::free(root.0) };
}
