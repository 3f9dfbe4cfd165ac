//! Operations on ranges of pages: unmapping, protecting, forking, moving, looking.

use core::mem::ManuallyDrop;
use core::ops::{Range, RangeInclusive};
use core::sync::atomic::Ordering::Relaxed;

use super::editor::{Mapped, PageTable, describe, index_at};
use super::frame;
use super::layout::{PAGE_SHIFT, PAGE_SIZE, USER_TOP};
use super::page::Page;
use super::table::{ACCESSED, DIRTY, ENTRIES, GROUP, PRESENT, Table, WRITABLE, frame_in};
use super::{OutOfMemory, Prot};

/// What a child gets of its parent's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkMode {
    /// The same pages with the same rights: a shared mapping.
    Share,
    /// The same pages, which neither may write to until it has a copy: a private mapping.
    CopyOnWrite,
}

/// Bytes that one lowest-level table maps.
const LEAF_SIZE: usize = ENTRIES << PAGE_SHIFT;

/// A part of a lowest-level table.
#[derive(Clone)]
struct Part {
    leaf: Table,
    /// Address of entry 0.
    base: usize,
    indices: RangeInclusive<usize>,
}

impl Part {
    /// The groups that may have used entries, by the numbers of their entries in this part.
    #[inline(always)]
    fn groups(&self) -> impl Iterator<Item = RangeInclusive<usize>> + use<> {
        let (first, last) = (*self.indices.start(), *self.indices.end());
        let wanted = (u64::MAX << (first / GROUP)) & (u64::MAX >> (63 - last / GROUP));
        let mut map = self.leaf.occupancy().load(Relaxed) & wanted;
        core::iter::from_fn(move || {
            if map == 0 {
                return None;
            }
            let group = map.trailing_zeros() as usize * GROUP;
            map &= map - 1;
            Some(first.max(group)..=last.min(group + GROUP - 1))
        })
    }

    #[inline(always)]
    fn address(&self, index: usize) -> usize {
        self.base + (index << PAGE_SHIFT)
    }

    /// The addresses of the part.
    fn range(&self) -> Range<usize> {
        self.address(*self.indices.start())..self.address(*self.indices.end() + 1)
    }
}

/// The first lowest-level table for an address of `from..end` in the tree under `table`, and that address.
fn find_leaf(table: Table, level: usize, from: usize, end: usize) -> Option<(usize, Table)> {
    let size = 1 << (PAGE_SHIFT + 9 * (level - 1));
    let first = index_at(from, level);
    let mut map = table.occupancy().load(Relaxed) & (u64::MAX << (first / GROUP));
    while map != 0 {
        let group = map.trailing_zeros() as usize * GROUP;
        map &= map - 1;
        for index in first.max(group)..group + GROUP {
            let Some(child) = table.child(index) else {
                continue;
            };
            let at = if index == first {
                from
            } else {
                (from & !(size - 1)) + (index - first) * size
            };
            if at >= end {
                return None;
            }
            let found = if level == 2 {
                Some((at, child))
            } else {
                find_leaf(child, level - 1, at, end)
            };
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// The whole pages of the user half that `range` touches.
fn pages_of(range: Range<usize>) -> (usize, usize) {
    let end = range.end.min(USER_TOP).next_multiple_of(PAGE_SIZE);
    (range.start.min(end) & !(PAGE_SIZE - 1), end)
}

impl PageTable<'_> {
    /// The part of the first lowest-level table that has entries for `from..end`.
    #[inline]
    fn next_part(&self, from: usize, end: usize) -> Option<Part> {
        if from >= end {
            return None;
        }
        let (at, leaf) = find_leaf(self.space.root, 4, from, end)?;
        let base = at & !(LEAF_SIZE - 1);
        let last = end.min(base + LEAF_SIZE) - 1;
        Some(Part {
            leaf,
            base,
            indices: index_at(at, 1)..=index_at(last, 1),
        })
    }

    /// Removes the pages of a range. Calls `on_dirty` for each page that was written to through its mapping; it
    /// runs with the tables locked, and must not sleep.
    pub fn unmap(&mut self, range: Range<usize>, mut on_dirty: impl FnMut(usize, &Page)) {
        let (start, end) = pages_of(range);
        self.unmap_parts(start, end, |this, address, entry| {
            if entry & DIRTY != 0 {
                // SAFETY: the entry's reference is given up below only.
                let page = ManuallyDrop::new(unsafe { Page::from_frame(frame_in(entry)) });
                on_dirty(address, &page);
            }
            this.removed(address, entry);
        });
    }

    /// Removes all pages of a space that no CPU has active or ever will have again.
    pub(super) fn clear_unused_space(&mut self) {
        self.unmap_parts(0, USER_TOP, |_, _, entry| {
            // SAFETY: gives up the entry's reference. No CPU has a translation to the page: all of them have loaded
            // another root since they last had this one.
            unsafe { frame::release(frame_in(entry)) };
        });
    }

    /// Takes the used entries of a range out of the tables and hands them to `take`.
    #[inline(always)]
    fn unmap_parts(
        &mut self,
        start: usize,
        end: usize,
        mut take: impl FnMut(&mut Self, usize, u64),
    ) {
        let mut from = start;
        while let Some(part) = self.next_part(from, end) {
            from = part.base + LEAF_SIZE;
            let mut gone = 0;
            let mut emptied = 0u64;
            for group in part.groups() {
                if group.end() - group.start() == GROUP - 1 {
                    emptied |= 1 << (group.start() / GROUP);
                }
                for index in group {
                    let slot = part.leaf.entry(index);
                    if slot.load(Relaxed) != 0 {
                        // One access, so that a CPU cannot note a store between the reading and the clearing.
                        let entry = slot.swap(0, Relaxed);
                        gone += 1;
                        take(self, part.address(index), entry);
                    }
                }
            }
            let map = part.leaf.occupancy();
            map.store(map.load(Relaxed) & !emptied, Relaxed);
            part.leaf.add_used(-gone);
            self.add_resident(-(gone as isize));
            if part.leaf.used() == 0 {
                self.prune(part.base);
            }
        }
    }

    /// Takes the lowest-level table for `address`, which is empty, out of the tree, and tables that are empty then.
    fn prune(&mut self, address: usize) {
        let root = self.space.root;
        let Some(third) = root.child(index_at(address, 4)) else {
            return;
        };
        let Some(second) = third.child(index_at(address, 3)) else {
            return;
        };
        let Some(first) = second.child(index_at(address, 2)) else {
            return;
        };
        for (table, parent, level) in [(first, second, 2), (second, third, 3), (third, root, 4)] {
            if table.used() != 0 {
                break;
            }
            parent.entry(index_at(address, level)).store(0, Relaxed);
            parent.add_used(-1);
            self.removed_table(table, address);
        }
    }

    /// Gives the pages of a range a new protection, exactly as told but for one thing: the shared page of zeros never
    /// becomes writable. For a private mapping, leave [`Prot::WRITE`] out and let faults decide about copies.
    pub fn protect(&mut self, range: Range<usize>, prot: Prot) {
        self.for_each_entry(range, |this, address, slot| {
            this.change(slot, address, prot)
        });
    }

    /// Calls `f` for each page mapped in a range, in the order of addresses. Do not sleep in it.
    pub fn for_each(&self, range: Range<usize>, mut f: impl FnMut(usize, Mapped)) {
        let (mut from, end) = pages_of(range);
        while let Some(part) = self.next_part(from, end) {
            from = part.base + LEAF_SIZE;
            for index in part.groups().flatten() {
                let entry = part.leaf.entry(index).load(Relaxed);
                if entry != 0 {
                    f(part.address(index), describe(entry));
                }
            }
        }
    }

    /// Forgets which pages of a range were used; returns how many were.
    pub fn clear_accessed(&mut self, range: Range<usize>) -> usize {
        let mut count = 0;
        self.for_each_entry(range, |this, address, slot| {
            if slot.load(Relaxed) & ACCESSED != 0 {
                slot.fetch_and(!ACCESSED, Relaxed);
                this.note_flush(address, address + PAGE_SIZE);
                count += 1;
            }
        });
        count
    }

    /// Calls `f` for each page of a range that was written to, and forgets that it was. Do not sleep in it.
    pub fn clean(&mut self, range: Range<usize>, mut f: impl FnMut(usize, &Page)) {
        self.for_each_entry(range, |this, address, slot| {
            if slot.load(Relaxed) & DIRTY != 0 {
                let entry = slot.fetch_and(!DIRTY, Relaxed);
                this.note_flush(address, address + PAGE_SIZE);
                // SAFETY: the entry keeps its reference.
                f(
                    address,
                    &ManuallyDrop::new(unsafe { Page::from_frame(frame_in(entry)) }),
                );
            }
        });
    }

    fn for_each_entry(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, usize, &core::sync::atomic::AtomicU64),
    ) {
        let (mut from, end) = pages_of(range);
        while let Some(part) = self.next_part(from, end) {
            from = part.base + LEAF_SIZE;
            for index in part.groups().flatten() {
                let slot = part.leaf.entry(index);
                if slot.load(Relaxed) != 0 {
                    f(self, part.address(index), slot);
                }
            }
        }
    }

    /// Maps the pages of a range in the child too, at the same addresses; what the child had there is removed.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none for tables; the child has then a part of the pages, and should be dropped.
    pub fn fork_range(
        &mut self,
        child: &mut PageTable<'_>,
        range: Range<usize>,
        mode: ForkMode,
    ) -> Result<(), OutOfMemory> {
        let (mut from, end) = pages_of(range);
        while let Some(part) = self.next_part(from, end) {
            from = part.base + LEAF_SIZE;
            let to = child.leaf_or_new(part.base)?;
            child.clear_occupied(&Part {
                leaf: to,
                ..part.clone()
            });
            let protected = match mode {
                ForkMode::Share => child.copy_part::<false>(&part, to),
                ForkMode::CopyOnWrite => child.copy_part::<true>(&part, to),
            };
            if protected {
                self.note_flush(part.range().start, part.range().end);
            }
        }
        Ok(())
    }

    /// Removes what is mapped where the groups of `part` may have used entries. Keeps the table.
    #[inline]
    fn clear_occupied(&mut self, part: &Part) {
        for group in part.groups() {
            for index in group {
                let old = part.leaf.entry(index).swap(0, Relaxed);
                if old != 0 {
                    part.leaf.add_used(-1);
                    self.add_resident(-1);
                    self.removed(part.address(index), old);
                }
            }
        }
    }

    /// Copies the entries of `part` to `to`, whose entries there are unused, and takes the right to write away on
    /// both sides if told so. True if that changed an entry of `part`.
    #[inline(always)]
    fn copy_part<const COPY_ON_WRITE: bool>(&mut self, part: &Part, to: Table) -> bool {
        let mut count = 0;
        let mut groups = 0u64;
        let mut protected = false;
        for group in part.groups() {
            groups |= 1 << (group.start() / GROUP);
            for index in group {
                let slot = part.leaf.entry(index);
                let mut entry = slot.load(Relaxed);
                if entry == 0 {
                    continue;
                }
                if COPY_ON_WRITE && entry & WRITABLE != 0 {
                    // Keeps a dirty bit that a CPU sets at this moment.
                    slot.fetch_and(!WRITABLE, Relaxed);
                    entry &= !WRITABLE;
                    protected = true;
                }
                // SAFETY: the parent's entry holds a reference, under its lock; the new one becomes the child's entry's.
                unsafe { frame::reference(frame_in(entry)) };
                to.entry(index).store(entry & !(DIRTY | ACCESSED), Relaxed);
                count += 1;
            }
        }
        to.mark(groups);
        to.add_used(count);
        self.add_resident(count as isize);
        protected
    }

    /// Moves the pages of a range so that the first lies at `to`; what was mapped there is removed. The two ranges
    /// must not overlap, or it is unspecified what is mapped where afterwards.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none for tables, or if the new range is not one of user addresses; nothing has
    /// been moved then.
    pub fn move_range(&mut self, from: Range<usize>, to: usize) -> Result<(), OutOfMemory> {
        let (start, end) = pages_of(from);
        let to = to & !(PAGE_SIZE - 1);
        if to.checked_add(end - start).is_none_or(|end| end > USER_TOP) {
            return Err(OutOfMemory);
        }
        self.make_tables(start, end, to)?;
        let mut at = start;
        while let Some(part) = self.next_part(at, end) {
            at = part.base + LEAF_SIZE;
            for index in part.groups().flatten() {
                let address = part.address(index);
                let entry = part.leaf.entry(index).swap(0, Relaxed);
                if entry == 0 {
                    continue;
                }
                part.leaf.add_used(-1);
                if entry & PRESENT != 0 {
                    self.note_flush(address, address + PAGE_SIZE);
                }
                self.put_moved(to + (address - start), entry);
            }
            if part.leaf.used() == 0 {
                self.prune(part.base);
            }
        }
        Ok(())
    }

    /// Makes the tables for what is mapped in `start..end` to be moved to `to`.
    fn make_tables(&mut self, start: usize, end: usize, to: usize) -> Result<(), OutOfMemory> {
        let mut at = start;
        while let Some(part) = self.next_part(at, end) {
            at = part.base + LEAF_SIZE;
            let range = part.range();
            // A table's pages come to lie in at most two.
            self.leaf_or_new(to + (range.start - start))?;
            self.leaf_or_new(to + (range.end - PAGE_SIZE - start))?;
        }
        Ok(())
    }

    /// Puts an entry where [`PageTable::make_tables`] has made room. The page stays counted as resident.
    fn put_moved(&mut self, address: usize, entry: u64) {
        let index = index_at(address, 1);
        match self.leaf_or_new(address) {
            Ok(leaf) => {
                let old = leaf.entry(index).swap(0, Relaxed);
                if old != 0 {
                    leaf.add_used(-1);
                    self.add_resident(-1);
                    self.removed(address, old);
                }
                leaf.fill(index, entry);
            }
            // Cannot be: the table was made before. If it were, the page is gone rather than mapped twice.
            Err(OutOfMemory) => {
                self.add_resident(-1);
                self.removed(address, entry);
            }
        }
    }
}
