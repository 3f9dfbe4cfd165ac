//! The locked page tables of an address space, and operations on single pages.
//!
//! A translation may live on in a TLB after its entry is gone. So pages (and tables) that are removed wait in
//! [`Pending`] until every CPU that has the space active has flushed; only then are they let go.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::sync::atomic::Ordering;

use super::frame;
use super::layout::{PAGE_SHIFT, PAGE_SIZE, USER_TOP};
use super::page::{self, Page};
use super::space::AddressSpace;
use super::table::{
    self, DIRTY, PRESENT, PROTECTION, Table, WRITABLE, address_bits, frame_in, protection_bits,
};
use super::{OutOfMemory, Prot, counts, tlb};
use crate::percpu;
use crate::sync::SpinLockGuard;

/// Pages that wait for a flush at most; then it is done at once.
const WAITING: usize = 64;

/// What was removed from the tables and may still be in a TLB.
pub(super) struct Pending {
    count: usize,
    frames: [MaybeUninit<u32>; WAITING],
    /// First of a list of tables, linked through their records; 0 if there is none.
    tables: u32,
    /// The addresses whose translations have to be forgotten; `0..0` if there are none.
    flush: Range<usize>,
    /// The table of the lowest level that was used last, for addresses whose [`leaf_number`] is this one.
    last_leaf: Option<(usize, Table)>,
}

impl Pending {
    pub(super) const fn new() -> Pending {
        Pending {
            count: 0,
            frames: [MaybeUninit::uninit(); WAITING],
            tables: 0,
            flush: 0..0,
            last_leaf: None,
        }
    }
}

/// What stands in a page table for one address.
#[derive(Debug)]
pub struct Mapped {
    /// The page.
    pub page: Page,
    /// What programs may do with it.
    pub prot: Prot,
    /// Whether it was written to through this mapping.
    pub dirty: bool,
    /// Whether it was used through this mapping.
    pub accessed: bool,
}

/// The locked page tables of an [`AddressSpace`]. Dropping it flushes what has to be flushed, on this CPU and on
/// others, and then lets go of the pages that were removed.
///
/// Addresses need not be aligned; the page they lie in is meant. Ranges are rounded outwards to pages.
pub struct PageTable<'a> {
    pub(super) space: &'a AddressSpace,
    pub(super) pending: SpinLockGuard<'a, Pending>,
}

/// The number of the lowest-level table that an address belongs to.
#[inline(always)]
fn leaf_number(address: usize) -> usize {
    address >> 21
}

/// The index into the table of `level` (1 is the lowest) for an address.
#[inline(always)]
pub(super) fn index_at(address: usize, level: usize) -> usize {
    address >> (PAGE_SHIFT + 9 * (level - 1)) & (table::ENTRIES - 1)
}

/// The entry that maps `page`; it takes over the handle's reference.
#[inline(always)]
fn entry_of(page: Page, prot: Prot) -> u64 {
    let mut bits = protection_bits(prot);
    if page.is_zero() {
        bits &= !WRITABLE;
    }
    address_bits(page.into_frame()) | bits | table::ACCESSED
}

impl<'a> PageTable<'a> {
    #[inline(always)]
    pub(super) fn new(space: &'a AddressSpace) -> PageTable<'a> {
        PageTable {
            space,
            pending: space.lock.lock(),
        }
    }

    /// The lowest-level table for an address, if it is there.
    #[inline(always)]
    fn leaf(&self, address: usize) -> Option<Table> {
        if address >= USER_TOP {
            return None;
        }
        match self.pending.last_leaf {
            Some((number, table)) if number == leaf_number(address) => Some(table),
            _ => (self.space.root.child(index_at(address, 4)))?
                .child(index_at(address, 3))?
                .child(index_at(address, 2)),
        }
    }

    /// The lowest-level table for an address below [`USER_TOP`], made if it is not there.
    #[inline(always)]
    pub(super) fn leaf_or_new(&mut self, address: usize) -> Result<Table, OutOfMemory> {
        if let Some((number, table)) = self.pending.last_leaf
            && number == leaf_number(address)
        {
            return Ok(table);
        }
        let table = (self.space.root.child_or_new(index_at(address, 4)))?
            .child_or_new(index_at(address, 3))?
            .child_or_new(index_at(address, 2))?;
        self.pending.last_leaf = Some((leaf_number(address), table));
        Ok(table)
    }

    /// The entry for an address, 0 if there is none.
    #[inline(always)]
    fn entry(&self, address: usize) -> u64 {
        match self.leaf(address) {
            Some(leaf) => leaf.entry(index_at(address, 1)).load(Ordering::Relaxed),
            None => 0,
        }
    }

    /// Maps `page` at `address` with `prot`; what was there is removed. Nothing is flushed if nothing was there.
    ///
    /// The shared page of zeros is never mapped writable, whatever `prot` says.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none for the tables, or if `address` is not a user address.
    #[inline]
    pub fn map(&mut self, address: usize, page: Page, prot: Prot) -> Result<(), OutOfMemory> {
        if address >= USER_TOP {
            return Err(OutOfMemory);
        }
        let leaf = self.leaf_or_new(address)?;
        let index = index_at(address, 1);
        let slot = leaf.entry(index);
        let entry = entry_of(page, prot);
        if slot.load(Ordering::Relaxed) == 0 {
            leaf.fill(index, entry);
            self.add_resident(1);
        } else {
            let old = slot.swap(entry, Ordering::Relaxed);
            self.removed(address, old);
        }
        Ok(())
    }

    /// What is mapped at `address`.
    pub fn get(&self, address: usize) -> Option<Mapped> {
        let entry = self.entry(address);
        (entry != 0).then(|| describe(entry))
    }

    /// Whether a page is mapped at `address`, accessible or not.
    #[inline]
    pub fn is_mapped(&self, address: usize) -> bool {
        self.entry(address) != 0
    }

    /// After a write fault on a page that is mapped without the right to write: if nobody else has the page, maps it
    /// with `prot` in place and returns true; otherwise does nothing. The first thing to try for copy-on-write.
    #[inline]
    pub fn make_writable_if_sole(&mut self, address: usize, prot: Prot) -> bool {
        let Some(leaf) = self.leaf(address) else {
            return false;
        };
        let slot = leaf.entry(index_at(address, 1));
        let entry = slot.load(Ordering::Relaxed);
        if entry == 0 {
            return false;
        }
        // SAFETY: an entry that is used refers to a managed frame.
        let count = unsafe { &frame::record(frame_in(entry)).count };
        if count.load(Ordering::Acquire) != 1 {
            return false;
        }
        self.change(slot, address, prot);
        true
    }

    /// Replaces the page at `address` by a copy of its own, mapped with `prot`: the other half of copy-on-write.
    /// Nothing is done if nothing is mapped there, or if it can be written already: another thread has been faster, and
    /// may be writing while a copy is made.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none for the copy.
    #[inline]
    pub fn replace_with_copy(&mut self, address: usize, prot: Prot) -> Result<(), OutOfMemory> {
        let Some(leaf) = self.leaf(address) else {
            return Ok(());
        };
        let slot = leaf.entry(index_at(address, 1));
        let old = slot.load(Ordering::Relaxed);
        if old == 0 || old & WRITABLE != 0 {
            return Ok(());
        }
        // SAFETY: the entry keeps its reference until the swap below, under the lock.
        let source = core::mem::ManuallyDrop::new(unsafe { Page::from_frame(frame_in(old)) });
        let copy = if source.is_zero() {
            Page::new_zeroed()?
        } else {
            Page::new_copy(&source)?
        };
        let old = slot.swap(entry_of(copy, prot), Ordering::Relaxed);
        self.removed(address, old);
        Ok(())
    }

    /// Gives an entry that is used a new protection, keeping what the CPUs note in it.
    #[inline(always)]
    pub(super) fn change(
        &mut self,
        slot: &core::sync::atomic::AtomicU64,
        address: usize,
        prot: Prot,
    ) {
        let mut entry = slot.load(Ordering::Relaxed);
        let mut bits = protection_bits(prot);
        if bits & WRITABLE != 0 && page::is_zero_frame(frame_in(entry)) {
            bits &= !WRITABLE;
        }
        loop {
            let new = entry & !PROTECTION | bits;
            match slot.compare_exchange_weak(entry, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => entry = now,
            }
        }
        // Wider rights need no flush: a CPU that still has the narrower ones faults, and faults forget.
        let narrower = entry & PRESENT != 0
            && (bits & PRESENT == 0
                || entry & WRITABLE > bits & WRITABLE
                || bits & table::NO_EXECUTE > entry & table::NO_EXECUTE);
        if narrower {
            self.note_flush(address, address + PAGE_SIZE);
        }
    }

    /// Number of pages mapped.
    #[inline]
    pub fn resident_pages(&self) -> usize {
        self.space.resident_pages()
    }

    #[inline(always)]
    pub(super) fn add_resident(&mut self, change: isize) {
        let resident = &self.space.resident;
        resident.store(
            resident.load(Ordering::Relaxed).wrapping_add_signed(change),
            Ordering::Relaxed,
        );
    }

    /// Takes over the page of an entry that has been removed from the tables.
    #[inline]
    pub(super) fn removed(&mut self, address: usize, entry: u64) {
        if entry & PRESENT != 0 {
            self.note_flush(address, address + PAGE_SIZE);
        }
        self.removed_from(&(address..address + PAGE_SIZE), entry);
    }

    /// Takes over the page of an entry that has been removed from somewhere in `range`, for which
    /// [`PageTable::note_flush`] has been called.
    #[inline(always)]
    pub(super) fn removed_from(&mut self, range: &Range<usize>, entry: u64) {
        if self.pending.count == WAITING {
            self.finish();
            self.note_flush(range.start, range.end);
        }
        let pending = &mut *self.pending;
        let count = pending.count;
        pending.frames[count % WAITING] = MaybeUninit::new(frame_in(entry));
        pending.count = count + 1;
    }

    /// Takes over a table that has been removed from the tree; all its entries are unused.
    pub(super) fn removed_table(&mut self, table: Table, address: usize) {
        table.chain(self.pending.tables);
        self.pending.tables = table.frame();
        self.pending.last_leaf = None;
        // Caches of the upper levels go with any INVLPG (SDM vol. 3, 4.10.4.1).
        self.note_flush(address, address + PAGE_SIZE);
    }

    /// Notes that the translations of a range have to be forgotten.
    #[inline(always)]
    pub(super) fn note_flush(&mut self, start: usize, end: usize) {
        let page = start & !(PAGE_SIZE - 1);
        let flush = &mut self.pending.flush;
        if flush.end == 0 {
            *flush = page..end;
        } else {
            *flush = flush.start.min(page)..flush.end.max(end);
        }
    }

    /// Flushes what has to be flushed, then lets go of what was removed.
    #[inline(never)]
    pub(super) fn finish(&mut self) {
        let flush = core::mem::replace(&mut self.pending.flush, 0..0);
        if flush.end != 0 {
            tlb::publish();
            let active = self.space.active.load(Ordering::Relaxed);
            let this = 1 << percpu::index();
            if active & this != 0 {
                tlb::flush_range(flush.start, flush.end);
            }
            if active & !this != 0 {
                tlb::shoot(active & !this, false);
            }
        }
        self.release_pages();
        self.release_tables();
    }

    fn release_pages(&mut self) {
        let pending = &mut *self.pending;
        let count = core::mem::take(&mut pending.count);
        if count == 0 {
            return;
        }
        let counts = counts::Counts::new();
        let mut batch = frame::FreeBatch::new();
        for frame in &pending.frames[..count] {
            // SAFETY: the first `count` elements are set; each is a reference that a removed entry held, and no CPU
            // has a translation to it any more.
            unsafe {
                let frame = frame.assume_init();
                if counts.release(table::address_bits(frame)) {
                    batch.add(frame);
                }
            }
        }
    }

    fn release_tables(&mut self) {
        let mut next = core::mem::take(&mut self.pending.tables);
        while next != 0 {
            // SAFETY: the list holds tables that were emptied and taken out of the tree, and no CPU walks them.
            unsafe {
                let table = Table::from_frame(next);
                next = table.chained();
                table::free(table);
            }
        }
    }
}

impl Drop for PageTable<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.pending.count | self.pending.tables as usize | self.pending.flush.end != 0 {
            self.finish();
        }
    }
}

/// What an entry that is used says.
pub(super) fn describe(entry: u64) -> Mapped {
    // SAFETY: the entry holds a reference; the handle gets one of its own.
    let page = unsafe {
        counts::reference(frame_in(entry));
        Page::from_frame(frame_in(entry))
    };
    Mapped {
        page,
        prot: table::protection_of(entry),
        dirty: entry & DIRTY != 0,
        accessed: entry & table::ACCESSED != 0,
    }
}

impl core::fmt::Debug for PageTable<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PageTable")
            .field("resident", &self.resident_pages())
            .finish_non_exhaustive()
    }
}
