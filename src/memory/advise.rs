//! Advice, residency and locking: `madvise(2)`, `mincore(2)`, `msync(2)`, `mlock(2)` and its like.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::Errno;
use abi::mman::*;
use machine::mem::PAGE_SIZE;
use vm::VmaFlags;

use super::Vma;
use super::fault::Access;
use super::map::{MemoryMap, State, no_room};
use super::mmap::{Limits, pages_in};
use super::object::Object;
use super::user::USER_TOP;

/// Rounds a range of `len` bytes out to pages. `EINVAL` for an unaligned start or overflow.
fn page_range(start: usize, len: usize) -> Result<Range<usize>, Errno> {
    if !start.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    let len = len
        .checked_next_multiple_of(PAGE_SIZE)
        .ok_or(Errno::EINVAL)?;
    Ok(start..start.checked_add(len).ok_or(Errno::EINVAL)?)
}

/// Pages of objects, noted under the lock of the map to be worked on without it.
type ObjectPages = Vec<(Arc<Object>, Range<u64>)>;

impl MemoryMap {
    /// `madvise(2)`. Advice about read-ahead and huge pages is taken and has no effect.
    ///
    /// # Errors
    /// `EINVAL` for unknown advice, an unaligned address or pages it cannot apply to; `ENOMEM` if part of the range
    /// is not mapped (the rest has been done); `EACCES`, `EFAULT` as the manual page says.
    pub fn madvise(&self, start: usize, len: usize, advice: i32) -> Result<(), Errno> {
        match advice {
            MADV_NORMAL..=MADV_DONTNEED | MADV_FREE..=MADV_DONTNEED_LOCKED => {}
            _ => return Err(Errno::EINVAL),
        }
        let range = page_range(start, len)?;
        if range.is_empty() {
            return Ok(());
        }
        let gap = !self.state().vmas.covers(range.clone());
        match advice {
            MADV_DONTNEED | MADV_FREE | MADV_DONTNEED_LOCKED => self.discard(range, advice)?,
            MADV_REMOVE => self.punch(range)?,
            MADV_POPULATE_READ => self.populate_for(range, Access::Read)?,
            MADV_POPULATE_WRITE => self.populate_for(range, Access::Write)?,
            MADV_PAGEOUT | MADV_COLD | MADV_WILLNEED => {}
            _ => self.state().note_advice(range, advice)?,
        }
        if gap { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Drops the pages of a range: they are read anew, or as zeroes, at the next access.
    fn discard(&self, range: Range<usize>, advice: i32) -> Result<(), Errno> {
        let mut state = self.state();
        for vma in state.vmas.overlapping(range.clone()) {
            let locked = vma.flags.contains(VmaFlags::LOCKED) && advice != MADV_DONTNEED_LOCKED;
            if locked || (advice == MADV_FREE && vma.object.is_some()) {
                return Err(Errno::EINVAL);
            }
            let mut table = self.space.lock();
            table.unmap(
                vma.start.max(range.start)..vma.end.min(range.end),
                |_, _| {},
            );
        }
        let resident = self.space.lock().resident_pages();
        state.peaks.resident = state.peaks.resident.max(resident);
        Ok(())
    }

    /// `MADV_REMOVE`: frees the pages of the objects.
    fn punch(&self, range: Range<usize>) -> Result<(), Errno> {
        let pages = {
            let state = self.state();
            for vma in state.vmas.overlapping(range.clone()) {
                if vma.flags.contains(VmaFlags::LOCKED) || vma.object.is_none() {
                    return Err(Errno::EINVAL);
                }
                if !vma.is_shared() || !vma.flags.contains(VmaFlags::MAY_WRITE) {
                    return Err(Errno::EACCES);
                }
            }
            state.object_pages(&range)
        };
        pages
            .into_iter()
            .try_for_each(|(object, pages)| object.backing.remove(pages))
    }

    /// `msync(2)`.
    ///
    /// # Errors
    /// `EINVAL` for wrong flags or an unaligned address, `EBUSY` for invalidating locked pages, `ENOMEM` if part of
    /// the range is not mapped, `EIO`.
    pub fn msync(&self, start: usize, len: usize, flags: u32) -> Result<(), Errno> {
        let wrong = flags & !(MS_ASYNC | MS_INVALIDATE | MS_SYNC) != 0;
        if wrong || (flags & MS_ASYNC != 0 && flags & MS_SYNC != 0) {
            return Err(Errno::EINVAL);
        }
        let range = page_range(start, len).map_err(|_| {
            if !start.is_multiple_of(PAGE_SIZE) {
                Errno::EINVAL
            } else {
                Errno::ENOMEM
            }
        })?;
        let (pages, gap) = {
            let state = self.state();
            let locked = |vma: &Vma| vma.flags.contains(VmaFlags::LOCKED);
            if flags & MS_INVALIDATE != 0
                && state.vmas.overlapping(range.clone()).iter().any(locked)
            {
                return Err(Errno::EBUSY);
            }
            let pages = if flags & MS_SYNC != 0 {
                state.object_pages(&range)
            } else {
                ObjectPages::new()
            };
            (pages, !state.vmas.covers(range))
        };
        pages
            .into_iter()
            .try_for_each(|(object, pages)| object.backing.sync(pages))?;
        if gap { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// `mincore(2)`: for each page 1 if it is in memory, else 0.
    ///
    /// # Errors
    /// `EINVAL` for an unaligned address, `ENOMEM` if part of the range is not mapped.
    pub fn mincore(&self, range: Range<usize>) -> Result<Vec<u8>, Errno> {
        let state = self.state();
        if !state.vmas.covers(range.clone()) {
            return Err(Errno::ENOMEM);
        }
        let mut result = Vec::new();
        result
            .try_reserve_exact(range.len() / PAGE_SIZE)
            .map_err(|_| Errno::ENOMEM)?;
        let table = self.space.lock();
        result.extend(
            range
                .clone()
                .step_by(PAGE_SIZE)
                .map(|page| u8::from(table.is_mapped(page))),
        );
        drop(table);
        for vma in state.vmas.overlapping(range.clone()) {
            let Some(mapped) = &vma.object else { continue };
            let (start, end) = (vma.start.max(range.start), vma.end.min(range.end));
            let first = vma.object_page(start);
            let at = (start - range.start) / PAGE_SIZE;
            let pages = first..first + ((end - start) / PAGE_SIZE) as u64;
            mapped.backing().cached(pages, &mut |index, _| {
                let offset = usize::try_from(index.saturating_sub(first)).unwrap_or(usize::MAX);
                if let Some(byte) = result.get_mut(at.saturating_add(offset)) {
                    *byte = 1;
                }
            });
        }
        Ok(result)
    }

    /// `mlock2(2)`: locks a range, which fills its page tables unless `on_fault`.
    ///
    /// # Errors
    /// `EPERM` without any right to lock, `ENOMEM` beyond the limit or if part of the range is not mapped, `EAGAIN`
    /// if not all could be brought into memory.
    pub fn mlock(
        &self,
        start: usize,
        len: usize,
        on_fault: bool,
        limits: &Limits,
    ) -> Result<(), Errno> {
        let range = unaligned_range(start, len)?;
        if limits.locked == 0 {
            return Err(Errno::EPERM);
        }
        let mut state = self.state();
        let already = state.locked_in(&range);
        let wanted = state.vmas.totals().locked + range.len() / PAGE_SIZE - already;
        if (wanted as u64).saturating_mul(PAGE_SIZE as u64) > limits.locked {
            return Err(Errno::ENOMEM);
        }
        let gap = !state.vmas.covers(range.clone());
        let lock = if on_fault {
            VmaFlags::LOCKED | VmaFlags::LOCK_ON_FAULT
        } else {
            VmaFlags::LOCKED
        };
        let change = |vma: &mut Vma| vma.flags = (vma.flags - VmaFlags::LOCK_ON_FAULT) | lock;
        state.vmas.update(range.clone(), change).map_err(no_room)?;
        drop(state);
        if gap {
            return Err(Errno::ENOMEM);
        }
        if !on_fault {
            self.populate(range);
        }
        Ok(())
    }

    /// `munlock(2)`.
    ///
    /// # Errors
    /// `ENOMEM` if part of the range is not mapped.
    pub fn munlock(&self, start: usize, len: usize) -> Result<(), Errno> {
        let range = unaligned_range(start, len)?;
        let mut state = self.state();
        let gap = !state.vmas.covers(range.clone());
        state
            .vmas
            .update(range, |vma| {
                vma.flags -= VmaFlags::LOCKED | VmaFlags::LOCK_ON_FAULT
            })
            .map_err(no_room)?;
        if gap { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// `mlockall(2)`: locks what is mapped (`current`) and what will be (`future`).
    ///
    /// # Errors
    /// `EPERM` without any right to lock, `ENOMEM` beyond the limit.
    pub fn mlockall(
        &self,
        current: bool,
        future: bool,
        on_fault: bool,
        limits: &Limits,
    ) -> Result<(), Errno> {
        if limits.locked == 0 {
            return Err(Errno::EPERM);
        }
        let lock = if on_fault {
            VmaFlags::LOCKED | VmaFlags::LOCK_ON_FAULT
        } else {
            VmaFlags::LOCKED
        };
        let mut state = self.state();
        let all = state.vmas.totals().all as u64;
        if current && all.saturating_mul(PAGE_SIZE as u64) > limits.locked {
            return Err(Errno::ENOMEM);
        }
        state.lock_future = if future { lock } else { VmaFlags::empty() };
        if current {
            state
                .vmas
                .update(0..USER_TOP, |vma| {
                    vma.flags = (vma.flags - VmaFlags::LOCK_ON_FAULT) | lock
                })
                .map_err(no_room)?;
            if !on_fault {
                let ranges: Vec<_> = state
                    .vmas
                    .as_slice()
                    .iter()
                    .map(|vma| vma.start..vma.end)
                    .collect();
                drop(state);
                ranges.into_iter().for_each(|range| self.populate(range));
            }
        }
        Ok(())
    }

    /// `munlockall(2)`.
    ///
    /// # Errors
    /// None in practice: nothing has to be cut.
    pub fn munlockall(&self) -> Result<(), Errno> {
        let mut state = self.state();
        state.lock_future = VmaFlags::empty();
        state
            .vmas
            .update(0..USER_TOP, |vma| {
                vma.flags -= VmaFlags::LOCKED | VmaFlags::LOCK_ON_FAULT
            })
            .map_err(no_room)
    }
}

/// The pages that hold any of `len` bytes from `start` on. `EINVAL` for overflow.
fn unaligned_range(start: usize, len: usize) -> Result<Range<usize>, Errno> {
    let end = start
        .checked_add(len)
        .and_then(|end| end.checked_next_multiple_of(PAGE_SIZE));
    Ok(start & !(PAGE_SIZE - 1)..end.ok_or(Errno::EINVAL)?)
}

impl State {
    /// Notes advice in the flags of the mappings.
    fn note_advice(&mut self, range: Range<usize>, advice: i32) -> Result<(), Errno> {
        let (add, drop) = match advice {
            MADV_NORMAL => (VmaFlags::empty(), VmaFlags::SEQUENTIAL | VmaFlags::RANDOM),
            MADV_RANDOM => (VmaFlags::RANDOM, VmaFlags::SEQUENTIAL),
            MADV_SEQUENTIAL => (VmaFlags::SEQUENTIAL, VmaFlags::RANDOM),
            MADV_DONTFORK => (VmaFlags::DONT_FORK, VmaFlags::empty()),
            MADV_DOFORK => (VmaFlags::empty(), VmaFlags::DONT_FORK),
            MADV_DONTDUMP => (VmaFlags::DONT_DUMP, VmaFlags::empty()),
            MADV_DODUMP => (VmaFlags::empty(), VmaFlags::DONT_DUMP),
            MADV_WIPEONFORK => (VmaFlags::WIPE_ON_FORK, VmaFlags::empty()),
            MADV_KEEPONFORK => (VmaFlags::empty(), VmaFlags::WIPE_ON_FORK),
            _ => return Ok(()),
        };
        let not_anonymous = |vma: &Vma| vma.object.is_some() || vma.is_shared();
        if advice == MADV_WIPEONFORK
            && self
                .vmas
                .overlapping(range.clone())
                .iter()
                .any(not_anonymous)
        {
            return Err(Errno::EINVAL);
        }
        self.vmas
            .update(range, |vma| vma.flags = (vma.flags - drop) | add)
            .map_err(no_room)
    }

    /// The objects mapped in a range, and which of their pages.
    fn object_pages(&self, range: &Range<usize>) -> ObjectPages {
        let pages = |vma: &Vma| {
            let object = Arc::clone(vma.object.as_ref()?.object());
            let (start, end) = (vma.start.max(range.start), vma.end.min(range.end));
            let first = vma.object_page(start);
            Some((object, first..first + ((end - start) / PAGE_SIZE) as u64))
        };
        self.vmas
            .overlapping(range.clone())
            .iter()
            .filter_map(pages)
            .collect()
    }

    /// How many pages of a range are locked.
    fn locked_in(&self, range: &Range<usize>) -> usize {
        let locked = |vma: &&Vma| vma.flags.contains(VmaFlags::LOCKED);
        let parts = self.vmas.overlapping(range.clone()).iter().filter(locked);
        parts
            .map(|vma| {
                pages_in(
                    &self.vmas,
                    vma.start.max(range.start)..vma.end.min(range.end),
                )
            })
            .sum()
    }
}
