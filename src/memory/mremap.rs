//! Resizing and moving mappings: `mremap(2)`.

use core::ops::Range;

use abi::Errno;
use machine::mem::PAGE_SIZE;
use vm::VmaFlags;

use super::Vma;
use super::map::{MemoryMap, STACK_GUARD, State, no_room};
use super::mmap::{Limits, Removed, page_align};
use super::user::USER_TOP;

/// A decoded call of `mremap(2)`.
#[derive(Clone, Copy, Debug)]
pub struct MremapRequest {
    /// Start of the old range.
    pub old: usize,
    /// Its length; 0 makes a second mapping of the same shared pages.
    pub old_len: usize,
    /// The length wanted.
    pub new_len: usize,
    /// Whether the mapping may move (`MREMAP_MAYMOVE`).
    pub may_move: bool,
    /// Where to move it (`MREMAP_FIXED`).
    pub fixed: Option<usize>,
    /// Whether the old range stays mapped, empty (`MREMAP_DONTUNMAP`).
    pub keep_old: bool,
}

impl MemoryMap {
    /// Resizes a mapping in place or moves it, and returns its address.
    ///
    /// # Errors
    /// `EINVAL` for contradictory or unaligned arguments and overlapping ranges, `EFAULT` for a range that is not
    /// within one mapping, `ENOMEM` for no room or beyond the limits, `EAGAIN` for too much locked memory.
    pub fn mremap(&self, mut request: MremapRequest, limits: &Limits) -> Result<usize, Errno> {
        if !request.old.is_multiple_of(PAGE_SIZE)
            || request.old > USER_TOP
            || request.old_len > USER_TOP - request.old
        {
            return Err(Errno::EINVAL);
        }
        request.old_len = request.old_len.next_multiple_of(PAGE_SIZE);
        request.new_len = page_align(request.new_len).map_err(|_| Errno::EINVAL)?;
        if let Some(target) = request.fixed {
            check_target(&request, target)?;
        }
        let mut removed = Removed::new();
        let result = self.state().remap(self, request, limits, &mut removed);
        drop(removed);
        let (start, grown) = result?;
        self.populate(grown);
        Ok(start)
    }
}

fn check_target(request: &MremapRequest, target: usize) -> Result<(), Errno> {
    let overlaps = target < request.old + request.old_len
        && request.old < target.saturating_add(request.new_len);
    if !target.is_multiple_of(PAGE_SIZE) || target > USER_TOP - request.new_len || overlaps {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

impl State {
    /// The new address, and the range to be filled because it is locked.
    fn remap(
        &mut self,
        map: &MemoryMap,
        request: MremapRequest,
        limits: &Limits,
        removed: &mut Removed,
    ) -> Result<(usize, Range<usize>), Errno> {
        let MremapRequest {
            old,
            old_len,
            new_len,
            ..
        } = request;
        let moves = request.fixed.is_some() || request.keep_old;
        if new_len <= old_len && !moves {
            self.vmas.find(old).ok_or(Errno::EFAULT)?;
            self.unmap(map, old + new_len..old + old_len, removed)?;
            return Ok((old, 0..0));
        }
        let vma = self.vmas.find(old).ok_or(Errno::EFAULT)?;
        if old_len == 0 && !vma.is_shared() {
            return Err(Errno::EINVAL);
        }
        if request.keep_old && (vma.object.is_some() && vma.is_shared()) {
            return Err(Errno::EINVAL);
        }
        if old_len > vma.end - old {
            return Err(Errno::EFAULT);
        }
        let vma = vma.clone();
        let grown = Vma {
            start: old + old_len,
            end: old + new_len,
            ..vma.clone()
        };
        let locked = vma.flags.contains(VmaFlags::LOCKED);
        let to_fill = |start: usize| {
            if locked {
                start + old_len..start + new_len
            } else {
                0..0
            }
        };
        if new_len > old_len {
            self.check_limits(&grown, 0, limits)?;
        }
        if !moves && old_len > 0 && old + old_len == vma.end && self.extend(&vma, old + new_len)? {
            return Ok((old, to_fill(old)));
        }
        if !request.may_move {
            return Err(Errno::ENOMEM);
        }
        let start = self.relocate(map, &vma, request, removed)?;
        Ok((start, to_fill(start)))
    }

    /// Extends a mapping up to `end` if there is room.
    fn extend(&mut self, vma: &Vma, end: usize) -> Result<bool, Errno> {
        if end > USER_TOP || !self.vmas.is_free(vma.end, end - vma.end, STACK_GUARD) {
            return Ok(false);
        }
        let offset = if vma.object.is_some() {
            vma.object_page(vma.end)
        } else {
            0
        };
        self.vmas
            .insert(Vma {
                start: vma.end,
                end,
                offset,
                ..vma.clone()
            })
            .map_err(no_room)?;
        Ok(true)
    }

    /// Moves the pages of the old range to a new mapping elsewhere.
    fn relocate(
        &mut self,
        map: &MemoryMap,
        vma: &Vma,
        request: MremapRequest,
        removed: &mut Removed,
    ) -> Result<usize, Errno> {
        let MremapRequest {
            old,
            old_len,
            new_len,
            ..
        } = request;
        let start = match request.fixed {
            Some(start) => {
                self.unmap(map, start..start + new_len, removed)?;
                start
            }
            None => self.gap(new_len, self.mmap_bounds.clone())?,
        };
        let offset = if vma.object.is_some() {
            vma.object_page(old)
        } else {
            0
        };
        self.vmas
            .insert(Vma {
                start,
                end: start + new_len,
                offset,
                ..vma.clone()
            })
            .map_err(no_room)?;
        let moved = old_len.min(new_len);
        let result = map.space.lock().move_range(old..old + moved, start);
        if result.is_err() {
            self.unmap(map, start..start + new_len, removed)?;
            return Err(Errno::ENOMEM);
        }
        if request.keep_old {
            self.vmas
                .update(old..old + old_len, |vma| {
                    vma.flags -= VmaFlags::LOCKED | VmaFlags::LOCK_ON_FAULT
                })
                .map_err(no_room)?;
        } else if old_len > 0 {
            self.unmap(map, old..old + old_len, removed)?;
        }
        Ok(start)
    }
}
