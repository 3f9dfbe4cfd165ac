//! Operations on ranges of pages: unmapping, protecting, forking, moving, looking.

use core::mem::ManuallyDrop;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::editor::{Mapped, PageTable, describe, index_at};
use super::frame;
use super::layout::{PAGE_SHIFT, PAGE_SIZE, USER_TOP};
use super::page::Page;
use super::table::{ACCESSED, ADDRESS, DIRTY, GROUP, PRESENT, Table, WRITABLE, frame_in};
use super::{OutOfMemory, Prot};

/// What a child gets of its parent's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkMode {
    /// The same pages with the same rights: a shared mapping.
    Share,
    /// The same pages, which neither may write to until it has a copy: a private mapping.
    CopyOnWrite,
}

/// A part of a lowest-level table: entries `first` to `last`.
#[derive(Clone, Copy)]
struct Part {
    leaf: Table,
    /// Address of entry 0.
    base: usize,
    first: usize,
    last: usize,
}

/// The groups that entries `first` to `last` are in, as a map of a table's occupancy.
#[inline(always)]
fn groups_of(first: usize, last: usize) -> u64 {
    (u64::MAX << (first / GROUP)) & (u64::MAX >> (63 - last / GROUP))
}

impl Part {
    /// The groups that may have used entries.
    #[inline(always)]
    fn groups(&self) -> u64 {
        self.leaf.occupancy().load(Relaxed) & groups_of(self.first, self.last)
    }

    /// Calls `f` with the number of each entry that may be used.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut(usize, &AtomicU64)) {
        let mut map = self.groups();
        while map != 0 {
            let group = map.trailing_zeros() as usize * GROUP;
            map &= map - 1;
            let entries = &self.leaf.entries()[group..group + GROUP];
            if self.first <= group && group + GROUP - 1 <= self.last {
                for (offset, slot) in entries.iter().enumerate() {
                    f(group + offset, slot);
                }
            } else {
                for index in self.first.max(group)..=self.last.min(group + GROUP - 1) {
                    f(index, &entries[index % GROUP]);
                }
            }
        }
    }

    /// Forgets those groups of the occupancy map that are in this part as a whole. They must be unused.
    fn forget_groups(&self) {
        let inner = (
            self.first.next_multiple_of(GROUP),
            (self.last + 1) / GROUP * GROUP,
        );
        if inner.0 < inner.1 {
            let map = self.leaf.occupancy();
            map.store(
                map.load(Relaxed) & !groups_of(inner.0, inner.1 - 1),
                Relaxed,
            );
        }
    }

    #[inline(always)]
    fn address(&self, index: usize) -> usize {
        self.base + (index << PAGE_SHIFT)
    }

    /// The addresses of the part.
    fn range(&self) -> Range<usize> {
        self.address(self.first)..self.address(self.last + 1)
    }
}

/// The whole pages of the user half that `range` touches.
fn pages_of(range: Range<usize>) -> Range<usize> {
    let end = range.end.min(USER_TOP).next_multiple_of(PAGE_SIZE);
    range.start.min(end) & !(PAGE_SIZE - 1)..end
}

/// Bytes that an entry of a table of `level` stands for.
const fn span(level: usize) -> usize {
    1 << (PAGE_SHIFT + 9 * (level - 1))
}

/// The way to a lowest-level table, below the root.
struct Path {
    third: Table,
    second: Table,
    leaf: Table,
    /// The first address that is looked for and lies in the table.
    at: usize,
}

/// The first lowest-level table with entries for `at..end`.
#[inline]
fn find(root: Table, mut at: usize, end: usize) -> Option<Path> {
    while at < end {
        let Some(third) = root.child(index_at(at, 4)) else {
            at = next_used(root, 4, at)?;
            continue;
        };
        let Some(second) = third.child(index_at(at, 3)) else {
            at = next_used(third, 3, at)?;
            continue;
        };
        let Some(leaf) = second.child(index_at(at, 2)) else {
            at = next_used(second, 2, at)?;
            continue;
        };
        return Some(Path {
            third,
            second,
            leaf,
            at,
        });
    }
    None
}

/// The first address behind `at`, whose entry in a table of `level` is unused, that may have a used one: in the same
/// table, or else the first one that belongs to another table. `None` at the end of the address space.
#[inline(never)]
fn next_used(table: Table, level: usize, at: usize) -> Option<usize> {
    let base = at & !(span(level + 1) - 1);
    let first = index_at(at, level) + 1;
    let behind = u64::MAX.checked_shl((first / GROUP) as u32).unwrap_or(0);
    let mut map = table.occupancy().load(Relaxed) & behind;
    while map != 0 {
        let group = map.trailing_zeros() as usize * GROUP;
        map &= map - 1;
        let used = (first.max(group)..group + GROUP).find(|&index| table.child(index).is_some());
        if let Some(index) = used {
            return Some(base + index * span(level));
        }
    }
    if level == 4 {
        None
    } else {
        Some(base + span(level + 1))
    }
}

impl PageTable<'_> {
    /// Calls `f` with each part of a lowest-level table that has entries for a range of whole pages. With `PRUNE`,
    /// tables that are empty then are taken out of the tree.
    #[inline(always)]
    fn visit<const PRUNE: bool>(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, Part) -> Result<(), OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        let root = self.space.root;
        let mut from = range.start;
        while let Some(path) = find(root, from, range.end) {
            let base = path.at & !(span(2) - 1);
            from = base + span(2);
            let part = Part {
                leaf: path.leaf,
                base,
                first: index_at(path.at, 1),
                last: index_at(range.end.min(from) - 1, 1),
            };
            f(self, part)?;
            if PRUNE && path.leaf.used() == 0 {
                self.prune(&path);
                if root.used() == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes a lowest-level table that is empty out of the tree, and tables above it that are empty then.
    fn prune(&mut self, path: &Path) {
        let root = self.space.root;
        let steps = [
            (path.leaf, path.second, 2),
            (path.second, path.third, 3),
            (path.third, root, 4),
        ];
        for (table, parent, level) in steps {
            if table.used() != 0 {
                break;
            }
            parent.entry(index_at(path.at, level)).store(0, Relaxed);
            parent.add_used(-1);
            self.removed_table(table, path.at);
        }
    }

    /// [`PageTable::visit`] with an `f` that cannot fail.
    #[inline(always)]
    fn visit_all<const PRUNE: bool>(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, Part),
    ) {
        let visited = self.visit::<PRUNE>(range, |this, part| {
            f(this, part);
            Ok(())
        });
        debug_assert_eq!(visited, Ok(()));
    }

    /// Removes the pages of a range. Calls `on_dirty` for each page that was written to through its mapping; it
    /// runs with the tables locked, and must not sleep.
    pub fn unmap(&mut self, range: Range<usize>, mut on_dirty: impl FnMut(usize, &Page)) {
        self.visit_all::<true>(pages_of(range), |this, part| {
            let range = part.range();
            this.note_flush(range.start, range.end);
            this.take_entries(part, |this, address, entry| {
                if entry & DIRTY != 0 {
                    // SAFETY: the entry's reference is given up below only.
                    let page = ManuallyDrop::new(unsafe { Page::from_frame(frame_in(entry)) });
                    on_dirty(address, &page);
                }
                this.removed_from(&range, entry);
            });
        });
    }

    /// Takes the used entries of a part out of its table and hands them to `take`.
    #[inline(always)]
    fn take_entries(&mut self, part: Part, mut take: impl FnMut(&mut Self, usize, u64)) {
        let mut gone = 0;
        part.each(|index, slot| {
            if slot.load(Relaxed) != 0 {
                // One access, so that a CPU cannot note a store between the reading and the clearing.
                let entry = slot.swap(0, Relaxed);
                gone += 1;
                take(self, part.address(index), entry);
            }
        });
        self.note_taken(part, gone);
    }

    fn note_taken(&mut self, part: Part, gone: i32) {
        part.forget_groups();
        part.leaf.add_used(-gone);
        self.add_resident(-(gone as isize));
    }

    /// Removes all pages of a space that no CPU has active or ever will have again.
    pub(super) fn clear_unused_space(&mut self) {
        let mut batch = frame::FreeBatch::new();
        self.visit_all::<true>(0..USER_TOP, |this, part| {
            let gone = clear_part(part, &mut batch);
            this.note_taken(part, gone);
        });
    }

    /// Gives the pages of a range a new protection, exactly as told but for one thing: the shared page of zeros never
    /// becomes writable. For a private mapping, leave [`Prot::WRITE`] out and let faults decide about copies.
    pub fn protect(&mut self, range: Range<usize>, prot: Prot) {
        self.for_each_entry(range, |this, address, slot| {
            this.change(slot, address, prot)
        });
    }

    /// Calls `f` for each page mapped in a range, in the order of addresses. Do not sleep in it.
    pub fn for_each(&mut self, range: Range<usize>, mut f: impl FnMut(usize, Mapped)) {
        self.for_each_entry(range, |_, address, slot| {
            f(address, describe(slot.load(Relaxed)));
        });
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
                let page = ManuallyDrop::new(unsafe { Page::from_frame(frame_in(entry)) });
                f(address, &page);
            }
        });
    }

    #[inline(always)]
    fn for_each_entry(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, usize, &AtomicU64),
    ) {
        self.visit_all::<false>(pages_of(range), |this, part| {
            part.each(|index, slot| {
                if slot.load(Relaxed) != 0 {
                    f(this, part.address(index), slot);
                }
            });
        });
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
        self.visit::<false>(pages_of(range), |this, part| {
            if part.groups() == 0 {
                return Ok(());
            }
            let to = child.leaf_or_new(part.base)?;
            child.clear_occupied(part, to);
            let (copied, protected) = match mode {
                ForkMode::Share => copy_part::<false>(part, to),
                ForkMode::CopyOnWrite => copy_part::<true>(part, to),
            };
            to.mark(part.groups());
            to.add_used(copied);
            child.add_resident(copied as isize);
            if protected {
                this.note_flush(part.range().start, part.range().end);
            }
            Ok(())
        })
    }

    /// Removes what is mapped in `to` where the groups of `part` are. Keeps the table.
    #[inline]
    fn clear_occupied(&mut self, part: Part, to: Table) {
        let part = Part { leaf: to, ..part };
        part.each(|index, slot| {
            let old = slot.swap(0, Relaxed);
            if old != 0 {
                to.add_used(-1);
                self.add_resident(-1);
                self.removed(part.address(index), old);
            }
        });
    }

    /// Moves the pages of a range so that the first lies at `to`; what was mapped there is removed. The two ranges
    /// must not overlap, or it is unspecified what is mapped where afterwards.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none for tables, or if the new range is not one of user addresses; nothing has
    /// been moved then.
    pub fn move_range(&mut self, from: Range<usize>, to: usize) -> Result<(), OutOfMemory> {
        let from = pages_of(from);
        let start = from.start;
        let to = to & !(PAGE_SIZE - 1);
        if to.checked_add(from.len()).is_none_or(|end| end > USER_TOP) {
            return Err(OutOfMemory);
        }
        // First the tables: a part's pages come to lie in at most two.
        self.visit::<false>(from.clone(), |this, part| {
            let range = part.range();
            this.leaf_or_new(to + (range.start - start))?;
            this.leaf_or_new(to + (range.end - PAGE_SIZE - start))?;
            Ok(())
        })?;
        self.visit_all::<true>(from, |this, part| {
            this.take_entries(part, |this, address, entry| {
                if entry & PRESENT != 0 {
                    this.note_flush(address, address + PAGE_SIZE);
                }
                this.put_moved(to + (address - start), entry);
            });
        });
        Ok(())
    }

    /// Puts an entry where [`PageTable::move_range`] has made a table.
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
                self.add_resident(1);
            }
            // Cannot be: the table was made before. If it were, the page is gone rather than mapped twice.
            Err(OutOfMemory) => self.removed(address, entry),
        }
    }
}

/// Copies the entries of `part` to `to`, whose entries there are unused, and takes the right to write away on both
/// sides if told so. Returns how many there were, and whether that changed an entry of `part`.
#[inline(never)]
fn copy_part<const COPY_ON_WRITE: bool>(part: Part, to: Table) -> (i32, bool) {
    let counts = frame::Counts::new();
    let distance = (to.entries().as_ptr() as isize) - (part.leaf.entries().as_ptr() as isize);
    let mut count = 0;
    let mut writable = 0;
    part.each(|_, slot| {
        let mut entry = slot.load(Relaxed);
        if entry == 0 {
            return;
        }
        if COPY_ON_WRITE && entry & WRITABLE != 0 {
            // Keeps a dirty bit that a CPU sets at this moment.
            slot.fetch_and(!WRITABLE, Relaxed);
            writable |= entry;
            entry &= !WRITABLE;
        }
        // SAFETY: the parent's entry holds a reference, under its lock; the new one becomes the child's entry's.
        unsafe { counts.reference(entry & ADDRESS) };
        // SAFETY: the entry of `to` with the same number: both tables are arrays of the same type, `distance` apart.
        let target = unsafe { &*core::ptr::from_ref(slot).wrapping_byte_offset(distance) };
        target.store(entry & !(DIRTY | ACCESSED), Relaxed);
        count += 1;
    });
    (count, writable & WRITABLE != 0)
}

/// Clears the entries of a part of a table that no CPU uses, and lets go of their pages; returns how many there were.
#[inline(never)]
fn clear_part(part: Part, batch: &mut frame::FreeBatch) -> i32 {
    let counts = frame::Counts::new();
    let mut gone = 0;
    part.each(|_, slot| {
        let entry = slot.load(Relaxed);
        if entry == 0 {
            return;
        }
        slot.store(0, Relaxed);
        gone += 1;
        // SAFETY: gives up the entry's reference. No CPU has a translation to the page: all of them have loaded
        // another root since they last had this table's.
        unsafe {
            if counts.release(entry & ADDRESS) {
                batch.add(frame_in(entry));
            }
        }
    });
    gone
}
