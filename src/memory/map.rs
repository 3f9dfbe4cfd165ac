//! One address space: its mappings, its page tables, its heap, and what it remembers of the program in it.

use alloc::sync::{Arc, Weak};
use core::ops::Range;

use abi::Errno;
use machine::mem::{AddressSpace, ForkMode, OutOfMemory, PAGE_SIZE};
use vm::{Full, VmaFlags, VmaMap};

use super::backing::Backing;
use super::object::Mapped;
use super::{Vma, user};
use crate::fs::OpenFile;
use crate::process::sync::{Mutex, MutexGuard};

pub(super) use vm::layout::{MMAP_MIN_ADDR as LOWEST, STACK_GUARD_GAP as STACK_GUARD};

/// How much of an address space fork copies under one hold of the page-table locks.
const FORK_STRIDE: usize = 64 << 20;

/// An address space, shared by the threads of a process (and by `vfork(2)` for a while).
pub struct MemoryMap {
    pub(super) space: Arc<AddressSpace>,
    pub(super) this: Weak<MemoryMap>,
    state: Mutex<State>,
}

/// What the lock of a [`MemoryMap`] protects.
pub(super) struct State {
    pub(super) vmas: VmaMap<Mapped>,
    /// Where `mmap(2)` without an address looks for room, from the top.
    pub(super) mmap_bounds: Range<usize>,
    /// The heap: its fixed start, and what `brk(2)` set last.
    pub(super) heap: Range<usize>,
    /// `LOCKED` and `LOCK_ON_FAULT` for mappings to come (`mlockall(2)`).
    pub(super) lock_future: VmaFlags,
    /// Faults resolved.
    pub(super) faults: u64,
    /// The most pages mapped and resident so far.
    pub(super) peaks: Peaks,
    pub(super) image: Arc<ImageInfo>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Peaks {
    pub(super) mapped: usize,
    pub(super) resident: usize,
}

/// What an address space remembers of the program that `execve(2)` put into it.
#[derive(Clone, Default)]
pub struct ImageInfo {
    /// The program's file; cannot be written while this is alive.
    pub executable: Option<Arc<OpenFile>>,
    /// Its code.
    pub code: Range<usize>,
    /// Its data.
    pub data: Range<usize>,
    /// The initial stack pointer.
    pub stack_start: usize,
    /// The strings of the arguments.
    pub arguments: Range<usize>,
    /// The strings of the environment.
    pub environment: Range<usize>,
    /// The auxiliary vector.
    pub auxiliary: Range<usize>,
}

impl MemoryMap {
    /// An address space without mappings. `ENOMEM` if there is no memory for its page tables.
    pub fn new() -> Result<Arc<Self>, Errno> {
        let space = AddressSpace::new().map_err(|OutOfMemory| Errno::ENOMEM)?;
        let state = State {
            vmas: VmaMap::new(),
            mmap_bounds: LOWEST..user::USER_TOP,
            heap: 0..0,
            lock_future: VmaFlags::empty(),
            faults: 0,
            peaks: Peaks::default(),
            image: Arc::default(),
        };
        Ok(Arc::new_cyclic(|this| Self {
            space,
            this: this.clone(),
            state: Mutex::new(state),
        }))
    }

    /// Makes this the address space that the CPU translates user addresses with.
    #[inline]
    pub fn activate(&self) {
        self.space.activate();
    }

    #[inline]
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Tells what program is in it.
    pub fn set_image(&self, image: ImageInfo) {
        let new = Arc::new(image);
        let old = core::mem::replace(&mut self.state().image, new);
        drop(old);
    }

    /// What program is in it.
    #[must_use]
    pub fn image(&self) -> Arc<ImageInfo> {
        Arc::clone(&self.state().image)
    }

    /// Bounds for `mmap(2)` without an address, and the start of the heap: what `execve(2)` decides.
    pub fn set_layout(&self, mmap_bounds: Range<usize>, heap_start: usize) {
        let mut state = self.state();
        state.mmap_bounds = mmap_bounds;
        state.heap = heap_start..heap_start;
    }

    /// Where `len` bytes would be put by a mapping without a wish.
    ///
    /// # Errors
    /// `ENOMEM` if there is no room.
    pub fn find_gap(&self, len: usize) -> Result<usize, Errno> {
        let state = self.state();
        state.gap(len, state.mmap_bounds.clone())
    }

    /// The copy for a child of fork: the same mappings; private pages are shared until either side writes.
    /// `ENOMEM` if memory runs out; the parent is as before then.
    pub fn fork(&self) -> Result<Arc<Self>, Errno> {
        let child = Self::new()?;
        {
            let parent = self.state();
            let mut state = child.state();
            let inherit = |vma: &Vma| {
                if vma.flags.contains(VmaFlags::DONT_FORK) {
                    return None;
                }
                let owner = || child.this.clone();
                let object = vma.object.as_ref().map(|mapped| mapped.for_owner(owner()));
                let flags = vma.flags - VmaFlags::LOCKED - VmaFlags::LOCK_ON_FAULT;
                Some(Vma {
                    object,
                    flags,
                    ..*vma
                })
            };
            state.vmas = parent.vmas.fork(inherit).map_err(no_room)?;
            state.mmap_bounds = parent.mmap_bounds.clone();
            state.heap = parent.heap.clone();
            state.image = Arc::clone(&parent.image);
            fork_pages(self, &child, &parent.vmas).map_err(|OutOfMemory| Errno::ENOMEM)?;
        }
        Ok(child)
    }

    /// Takes some pages of an object away: private copies too if they are `and_copies`.
    pub(super) fn unmap_backing(&self, backing: &dyn Backing, pages: Range<u64>, and_copies: bool) {
        let state = self.state();
        for vma in state.vmas.as_slice() {
            let affected = and_copies || vma.is_shared();
            if affected
                && vma
                    .object
                    .as_ref()
                    .is_some_and(|mapped| mapped.is_of(backing))
            {
                let range = addresses_of(vma, &pages);
                if !range.is_empty() {
                    self.space.lock().unmap(range, |_, _| {});
                }
            }
        }
    }
}

/// No room for another mapping is `ENOMEM` to programs.
pub(super) fn no_room(_: Full) -> Errno {
    Errno::ENOMEM
}

/// Where in `vma` the given pages of its object are.
fn addresses_of(vma: &Vma, pages: &Range<u64>) -> Range<usize> {
    let at = |page: u64| {
        let skipped = usize::try_from(page.saturating_sub(vma.offset)).unwrap_or(usize::MAX);
        vma.start + skipped.min(vma.pages()) * PAGE_SIZE
    };
    at(pages.start)..at(pages.end)
}

/// Shares the pages of all mappings with the child, a stretch at a time so that no lock is held for long.
fn fork_pages(
    parent: &MemoryMap,
    child: &MemoryMap,
    vmas: &VmaMap<Mapped>,
) -> Result<(), OutOfMemory> {
    let mut tables = (parent.space.lock(), child.space.lock());
    let mut covered = 0;
    for vma in vmas.as_slice() {
        if vma
            .flags
            .intersects(VmaFlags::DONT_FORK | VmaFlags::WIPE_ON_FORK)
        {
            continue;
        }
        let mode = if vma.is_shared() {
            ForkMode::Share
        } else {
            ForkMode::CopyOnWrite
        };
        let mut start = vma.start;
        while start < vma.end {
            let end = vma.end.min(start.saturating_add(FORK_STRIDE));
            tables.0.fork_range(&mut tables.1, start..end, mode)?;
            covered += end - start;
            if covered >= FORK_STRIDE {
                drop(tables);
                tables = (parent.space.lock(), child.space.lock());
                covered = 0;
            }
            start = end;
        }
    }
    Ok(())
}
