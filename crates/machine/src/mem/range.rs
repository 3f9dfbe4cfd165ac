//! Operations on ranges of pages: unmapping, protecting, forking, moving, looking.

use core::mem::ManuallyDrop;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::counts::Counts;
use super::editor::{Mapped, PageTable, describe, index_at};
use super::frame::FreeBatch;
use super::layout::{PAGE_SIZE, USER_TOP};
use super::page::Page;
use super::table::{ACCESSED, ADDRESS, DIRTY, PRESENT, Table, WRITABLE, frame_in};
use super::walk::{Part, pages_of};
use super::{OutOfMemory, Prot};

/// What a child gets of its parent's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkMode {
    /// The same pages with the same rights: a shared mapping.
    Share,
    /// The same pages, which neither may write to until it has a copy: a private mapping.
    CopyOnWrite,
}

impl PageTable<'_> {
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
        let mut batch = FreeBatch::new();
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
        let part = part.of(to);
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
    let counts = Counts::new();
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
fn clear_part(part: Part, batch: &mut FreeBatch) -> i32 {
    let counts = Counts::new();
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
