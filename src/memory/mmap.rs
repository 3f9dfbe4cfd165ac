//! Making, removing and protecting mappings: `mmap(2)`, `munmap(2)`, `mprotect(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::Errno;
use abi::mman::Prot;
use machine::mem::PAGE_SIZE;
use vm::{VmaFlags, VmaMap};

use super::Vma;
use super::fault::{Access, cautious_prot};
use super::map::{LOWEST, MemoryMap, STACK_GUARD, State, no_room};
use super::object::{Mapped, Object};
use super::user::USER_TOP;

/// What the caller may use at most; bytes, `u64::MAX` for no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `RLIMIT_AS`.
    pub address_space: u64,
    /// `RLIMIT_DATA`.
    pub data: u64,
    /// `RLIMIT_MEMLOCK`, unlimited for who may lock as much as there is.
    pub locked: u64,
    /// Whether the lowest addresses may be mapped (`CAP_SYS_RAWIO`).
    pub may_map_low: bool,
}

impl Limits {
    /// No limits: for the kernel's own mappings.
    pub const NONE: Self = Self {
        address_space: u64::MAX,
        data: u64::MAX,
        locked: u64::MAX,
        may_map_low: false,
    };
}

/// Where a new mapping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// At this address if there is room, else anywhere. 0 expresses no wish.
    Hint(usize),
    /// Anywhere below 2 GiB.
    Low,
    /// There, in place of whatever is there.
    Fixed(usize),
    /// There, if nothing is there.
    FixedNoReplace(usize),
}

/// A mapping to be made.
pub struct MmapRequest {
    /// Where.
    pub placement: Placement,
    /// Bytes; rounded up to pages.
    pub len: usize,
    /// The protection: read, write and execute bits.
    pub prot: Prot,
    /// The flags, `MAY_*` included.
    pub flags: VmaFlags,
    /// What to map; nothing means fresh zeroes.
    pub object: Option<Arc<Object>>,
    /// The first page of the object to map.
    pub offset: u64,
    /// Whether to fill the page tables at once.
    pub populate: bool,
}

/// What was unmapped and may close a file when dropped: to be dropped without the lock of the map.
pub(super) type Removed = Vec<Mapped>;

impl MemoryMap {
    /// Makes a mapping and returns its address.
    ///
    /// # Errors
    /// `EINVAL` for an empty length or an unaligned fixed address, `ENOMEM` for no room, too many mappings or beyond
    /// the limits, `EPERM` for a low address, `EEXIST` for an occupied [`Placement::FixedNoReplace`], `EOVERFLOW` for
    /// an offset too great, `EAGAIN` for too much locked memory.
    pub fn mmap(&self, request: MmapRequest, limits: &Limits) -> Result<usize, Errno> {
        let len = page_align(request.len)?;
        if request
            .offset
            .checked_add((len / PAGE_SIZE) as u64)
            .is_none_or(|end| end > MAX_PAGE)
        {
            return Err(Errno::EOVERFLOW);
        }
        let populate = request.populate;
        let mut removed = Removed::new();
        let (start, locked) = {
            let mut state = self.state();
            let start = state.place(request.placement, len, limits)?;
            let flags = request.flags | state.lock_future;
            let object = request
                .object
                .map(|object| Mapped::new(object, self.this.clone()));
            let offset = if object.is_some() { request.offset } else { 0 };
            let vma = Vma {
                start,
                end: start + len,
                prot: request.prot,
                flags,
                offset,
                object,
            };
            state.add(self, vma, limits, &mut removed)?;
            (
                start,
                flags.contains(VmaFlags::LOCKED) && !flags.contains(VmaFlags::LOCK_ON_FAULT),
            )
        };
        drop(removed);
        if populate || locked {
            self.populate(start..start + len);
        }
        Ok(start)
    }

    /// Removes the mappings of a range, or parts of them.
    ///
    /// # Errors
    /// `EINVAL` for an unaligned address, an empty length or a range beyond the user half; `ENOMEM` if cutting
    /// a mapping in two makes too many.
    pub fn munmap(&self, start: usize, len: usize) -> Result<(), Errno> {
        if !start.is_multiple_of(PAGE_SIZE) || start > USER_TOP || len > USER_TOP - start {
            return Err(Errno::EINVAL);
        }
        let len = page_align(len).map_err(|_| Errno::EINVAL)?;
        let mut removed = Removed::new();
        let result = self.state().unmap(self, start..start + len, &mut removed);
        drop(removed);
        result
    }

    /// Changes the protection of a range; `grows_down` extends it to the start of the stack it begins in.
    ///
    /// # Errors
    /// `EINVAL` for an unaligned address, `ENOMEM` for a range with a gap (what is before the gap has changed) or
    /// beyond the limits, `EACCES` for a protection the object does not allow.
    pub fn mprotect(
        &self,
        start: usize,
        len: usize,
        prot: Prot,
        grows_down: bool,
        limits: &Limits,
    ) -> Result<(), Errno> {
        if !start.is_multiple_of(PAGE_SIZE) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let len = page_align(len)?;
        let mut range = start..start.checked_add(len).ok_or(Errno::ENOMEM)?;
        let mut state = self.state();
        if grows_down {
            let vma = state
                .vmas
                .find_from(range.start)
                .filter(|vma| vma.start < range.end)
                .ok_or(Errno::ENOMEM)?;
            if !vma.flags.contains(VmaFlags::GROWS_DOWN) {
                return Err(Errno::EINVAL);
            }
            range.start = range.start.min(vma.start);
        }
        state.protect(self, range, prot, limits)
    }

    /// Fills the page tables of a range as far as that is possible: for writing where a private mapping can be
    /// written, else for reading. Stops at what cannot be accessed.
    pub(super) fn populate(&self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let found = self
                .state()
                .vmas
                .find(at)
                .map(|vma| (vma.end, vma.prot, vma.is_shared()));
            let Some((end, prot, shared)) = found else {
                return;
            };
            let access = if prot.contains(Prot::PROT_WRITE) && !shared {
                Access::Write
            } else {
                Access::Read
            };
            let end = end.min(range.end);
            if self.populate_for(at..end, access).is_err() {
                return;
            }
            at = end;
        }
    }

    /// Fills the page tables of a range for one kind of access. `ENOMEM` where nothing is mapped, `EFAULT` where the
    /// access is not allowed or has no page, `EINTR` when the current thread is to be killed.
    pub(super) fn populate_for(&self, range: Range<usize>, access: Access) -> Result<(), Errno> {
        for page in range.step_by(PAGE_SIZE) {
            let needs_fault = match self.space.lock().get(page) {
                None => true,
                Some(mapped) => {
                    access == Access::Write && !mapped.prot.contains(machine::mem::Prot::WRITE)
                }
            };
            if needs_fault {
                self.handle_fault(page, access)
                    .map_err(|signal| signal.to_errno())?;
            }
        }
        Ok(())
    }
}

/// Rounds up to whole pages. `EINVAL` for 0, `ENOMEM` for more than fits the user half.
pub(super) fn page_align(len: usize) -> Result<usize, Errno> {
    if len == 0 {
        return Err(Errno::EINVAL);
    }
    if len > USER_TOP {
        return Err(Errno::ENOMEM);
    }
    Ok(len.next_multiple_of(PAGE_SIZE))
}

/// The greatest page number a mapping of an object may reach.
const MAX_PAGE: u64 = i64::MAX as u64 / PAGE_SIZE as u64;
/// The end of what [`Placement::Low`] may use.
const LOW_END: usize = 1 << 31;

impl State {
    /// Chooses the address of a new mapping.
    fn place(&self, placement: Placement, len: usize, limits: &Limits) -> Result<usize, Errno> {
        match placement {
            Placement::Hint(hint) => {
                let hint = hint & !(PAGE_SIZE - 1);
                if hint >= LOWEST
                    && hint <= USER_TOP - len
                    && self.vmas.is_free(hint, len, STACK_GUARD)
                {
                    return Ok(hint);
                }
                self.gap(len, self.mmap_bounds.clone())
            }
            Placement::Low => self.gap(len, LOWEST..LOW_END),
            Placement::Fixed(start) | Placement::FixedNoReplace(start) => {
                if start > USER_TOP - len {
                    return Err(Errno::ENOMEM);
                }
                if !start.is_multiple_of(PAGE_SIZE) {
                    return Err(Errno::EINVAL);
                }
                if start < LOWEST && !limits.may_map_low {
                    return Err(Errno::EPERM);
                }
                let occupied = || !self.vmas.overlapping(start..start + len).is_empty();
                if matches!(placement, Placement::FixedNoReplace(_)) && occupied() {
                    return Err(Errno::EEXIST);
                }
                Ok(start)
            }
        }
    }

    /// Room for `len` bytes: the highest in `bounds`, or else anywhere.
    pub(super) fn gap(&self, len: usize, bounds: Range<usize>) -> Result<usize, Errno> {
        let low_only = bounds.end <= LOW_END;
        let above = || {
            self.vmas
                .gap_from_bottom(len, bounds.end..USER_TOP, STACK_GUARD)
                .filter(|_| !low_only)
        };
        self.vmas
            .gap_from_top(len, bounds.clone(), STACK_GUARD)
            .or_else(above)
            .ok_or(Errno::ENOMEM)
    }

    /// Puts in a mapping, in place of whatever is in its range.
    pub(super) fn add(
        &mut self,
        map: &MemoryMap,
        vma: Vma,
        limits: &Limits,
        removed: &mut Removed,
    ) -> Result<(), Errno> {
        let range = vma.start..vma.end;
        let replaced = pages_in(&self.vmas, range.clone());
        self.check_limits(&vma, replaced, limits)?;
        if replaced > 0 {
            self.unmap(map, range, removed)?;
        }
        self.vmas.insert(vma).map_err(no_room)?;
        self.peaks.mapped = self.peaks.mapped.max(self.vmas.totals().all);
        Ok(())
    }

    /// Whether a mapping may be added when `replaced` pages go.
    pub(super) fn check_limits(
        &self,
        vma: &Vma,
        replaced: usize,
        limits: &Limits,
    ) -> Result<(), Errno> {
        let totals = self.vmas.totals();
        let pages = vma.pages();
        let bytes = |pages: usize| (pages as u64).saturating_mul(PAGE_SIZE as u64);
        if bytes((totals.all + pages).saturating_sub(replaced)) > limits.address_space {
            return Err(Errno::ENOMEM);
        }
        if vma.is_data() {
            if bytes(totals.data + pages) > limits.data {
                return Err(Errno::ENOMEM);
            }
            if !vma.flags.contains(VmaFlags::NO_RESERVE) && exceeds_memory(pages) {
                return Err(Errno::ENOMEM);
            }
        }
        if vma.flags.contains(VmaFlags::LOCKED) && bytes(totals.locked + pages) > limits.locked {
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Takes out what is mapped in a range.
    pub(super) fn unmap(
        &mut self,
        map: &MemoryMap,
        range: Range<usize>,
        removed: &mut Removed,
    ) -> Result<(), Errno> {
        let mut pieces = self.vmas.remove(range.clone()).map_err(no_room)?.peekable();
        if pieces.peek().is_none() {
            return Ok(());
        }
        removed.extend(pieces.filter_map(|vma| vma.object));
        let mut table = map.space.lock();
        self.peaks.resident = self.peaks.resident.max(table.resident_pages());
        table.unmap(range, |_, _| {});
        Ok(())
    }

    fn protect(
        &mut self,
        map: &MemoryMap,
        range: Range<usize>,
        prot: Prot,
        limits: &Limits,
    ) -> Result<(), Errno> {
        let mut reached = range.start;
        let mut data = 0;
        let mut refused = None;
        for vma in self.vmas.overlapping(range.clone()) {
            if vma.start > reached {
                break;
            }
            if !vma.flags.permits(prot) {
                refused = Some(Errno::EACCES);
                break;
            }
            reached = vma.end.min(range.end);
            if prot.contains(Prot::PROT_WRITE) && !vma.is_data() && !vma.is_shared() {
                data += reached - vma.start.max(range.start);
            }
        }
        let wanted = (self.vmas.totals().data * PAGE_SIZE + data) as u64;
        if data > 0 && wanted > limits.data {
            return Err(Errno::ENOMEM);
        }
        if reached > range.start {
            self.vmas
                .update(range.start..reached, |vma| vma.prot = prot)
                .map_err(no_room)?;
            let mut table = map.space.lock();
            for vma in self.vmas.overlapping(range.start..reached) {
                let part = vma.start.max(range.start)..vma.end.min(reached);
                table.protect(part, cautious_prot(vma));
            }
        }
        match refused {
            Some(errno) => Err(errno),
            None if reached < range.end => Err(Errno::ENOMEM),
            None => Ok(()),
        }
    }
}

/// How many pages of a range are mapped.
pub(super) fn pages_in(vmas: &VmaMap<Mapped>, range: Range<usize>) -> usize {
    let overlap = |vma: &Vma| vma.end.min(range.end) - vma.start.max(range.start);
    vmas.overlapping(range.clone())
        .iter()
        .map(overlap)
        .sum::<usize>()
        / PAGE_SIZE
}

/// The overcommit heuristic: only what can never fit is refused (`/proc/sys/vm/overcommit_memory` 0).
pub(super) fn exceeds_memory(pages: usize) -> bool {
    pages > machine::mem::stats().total / PAGE_SIZE
}
