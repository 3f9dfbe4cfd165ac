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
        let inner = (self.first.next_multiple_of(GROUP), (self.last + 1) / GROUP * GROUP);
        if inner.0 < inner.1 {
            let map = self.leaf.occupancy();
            map.store(map.load(Relaxed) & !groups_of(inner.0, inner.1 - 1), Relaxed);
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

impl PageTable<'_> {
    /// Calls `f` with each part of a lowest-level table that has entries for a range of whole pages. With `PRUNE`,
    /// tables that are empty then are taken out of the tree.
    #[inline]
    fn visit<const PRUNE: bool>(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, Part) -> Result<(), OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        if range.is_empty() {
            return Ok(());
        }
        self.visit_table::<PRUNE, _>(self.space.root, 4, range, &mut f)
    }

    /// [`PageTable::visit`] for the tree under `table`, of which `range` is a part.
    fn visit_table<const PRUNE: bool, F: FnMut(&mut Self, Part) -> Result<(), OutOfMemory>>(
        &mut self,
        table: Table,
        level: usize,
        range: Range<usize>,
        f: &mut F,
    ) -> Result<(), OutOfMemory> {
        let shift = PAGE_SHIFT + 9 * (level - 1);
        let (first, last) = (index_at(range.start, level), index_at(range.end - 1, level));
        let base = range.start >> shift << shift;
        let mut map = table.occupancy().load(Relaxed) & groups_of(first, last);
        let mut left = table.used();
        while map != 0 && left != 0 {
            let group = map.trailing_zeros() as usize * GROUP;
            map &= map - 1;
            for index in first.max(group)..=last.min(group + GROUP - 1) {
                let Some(child) = table.child(index) else {
                    continue;
                };
                let start = base + ((index - first) << shift);
                let part = range.start.max(start)..range.end.min(start + (1 << shift));
                if level > 2 {
                    self.visit_table::<PRUNE, F>(child, level - 1, part, f)?;
                } else {
                    f(
                        self,
                        Part {
                            leaf: child,
                            base: start,
                            first: index_at(part.start, 1),
                            last: index_at(part.end - 1, 1),
                        },
                    )?;
                }
                if PRUNE && child.used() == 0 {
                    table.entry(index).store(0, Relaxed);
                    table.add_used(-1);
                    self.removed_table(child, start);
                }
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// [`PageTable::visit`] with an `f` that cannot fail.
    #[inline]
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
            this.take_entries(part, |this, address, entry| {
                if entry & DIRTY != 0 {
                    // SAFETY: the entry's reference is given up below only.
                    let page = ManuallyDrop::new(unsafe { Page::from_frame(frame_in(entry)) });
                    on_dirty(address, &page);
                }
                this.removed_from(part.range(), entry);
            });
        });
    }

    /// Removes all pages of a space that no CPU has active or ever will have again.
    pub(super) fn clear_unused_space(&mut self) {
        let mut batch = frame::FreeBatch::new();
        self.visit_all::<true>(0..USER_TOP, |this, part| {
            this.take_entries(part, |_, _, entry| {
                // SAFETY: gives up the entry's reference. No CPU has a translation to the page: all of them have
                // loaded another root since they last had this one.
                unsafe { batch.release(frame_in(entry)) };
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
        part.forget_groups();
        part.leaf.add_used(-gone);
        self.add_resident(-(gone as isize));
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
            let protected = match mode {
                ForkMode::Share => child.copy_part::<false>(part, to),
                ForkMode::CopyOnWrite => child.copy_part::<true>(part, to),
            };
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

    /// Copies the entries of `part` to `to`, whose entries there are unused, and takes the right to write away on
    /// both sides if told so. True if that changed an entry of `part`.
    #[inline(always)]
    fn copy_part<const COPY_ON_WRITE: bool>(&mut self, part: Part, to: Table) -> bool {
        let counts = frame::Counts::new();
        let targets = to.entries();
        let mut count = 0;
        let mut writable = 0;
        part.each(|index, slot| {
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
            targets[index].store(entry & !(DIRTY | ACCESSED), Relaxed);
            count += 1;
        });
        to.mark(part.groups());
        to.add_used(count);
        self.add_resident(count as isize);
        writable & WRITABLE != 0
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
