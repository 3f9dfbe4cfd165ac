//! What mapped pages come from: the [`Backing`] of a mapping, and the reverse map from it to the address spaces.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::Range;

use abi::Errno;
use ksync::Level;
use machine::mem::Page;
use machine::sync::SpinLock;

use crate::memory::MemoryMap;

/// Why a [`Backing`] has no page to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackingError {
    /// The page lies wholly past the end of the file: `SIGBUS` with `BUS_ADRERR`.
    PastEnd,
    /// No memory for it now.
    NoMemory,
    /// The device could not read it: `SIGBUS` with `BUS_ADRERR`.
    Io,
}

/// Which object is mapped, as `/proc/PID/maps` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackingIdentity {
    /// The device number of the file system.
    pub device: u64,
    /// The inode number.
    pub inode: u64,
}

/// An object whose pages can be mapped: a file's page cache, or shared anonymous memory.
///
/// The methods are called with the [`MemoryMap`] locked. They may sleep, but a lock they take must never be held by
/// anyone over an access to user memory or over a call of [`MappingList::unmap_from`].
pub trait Backing: Send + Sync {
    /// The page at `index` (in pages from the start), made or read if it is not there yet. Never a private copy: all
    /// callers get handles of the same frame until it is truncated.
    fn page(&self, index: u64) -> Result<Page, BackingError>;

    /// Calls `found` for the pages in `range` that are at hand without sleeping or allocating, in ascending order;
    /// none is a correct answer. `found` only copies the handle, so it may be called under a spin lock.
    fn cached(&self, _range: Range<u64>, _found: &mut dyn FnMut(u64, &Page)) {}

    /// Which address spaces map this object.
    fn mappings(&self) -> &MappingList;

    /// How `/proc/PID/maps` identifies the object.
    fn identity(&self) -> BackingIdentity;

    /// Frees the pages in `pages`, which read as zeroes afterwards (`MADV_REMOVE`), and unmaps them
    /// ([`MappingList::unmap_range`]). Called without any lock. `EOPNOTSUPP` by default.
    fn remove(&self, _pages: Range<u64>) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    /// Waits until what was written to `pages` is stored for good (`MS_SYNC`). Called without any lock.
    fn sync(&self, _pages: Range<u64>) -> Result<(), Errno> {
        Ok(())
    }

    /// The name for `/proc/PID/maps` of an object that has no path, such as `/dev/zero (deleted)`.
    fn name(&self) -> Option<&'static str> {
        None
    }
}

/// The reverse map of a [`Backing`]: which address spaces map it, so that truncation can take the pages away.
pub struct MappingList {
    slots: SpinLock<Slots>,
}

struct Slots {
    entries: Vec<Slot>,
    free: Option<u32>,
    used: u32,
}

enum Slot {
    Free(Option<u32>),
    Used(Weak<MemoryMap>),
}

impl MappingList {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: SpinLock::new(
                Level::UNORDERED,
                Slots {
                    entries: Vec::new(),
                    free: None,
                    used: 0,
                },
            ),
        }
    }

    /// Whether nobody maps the object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.lock().used == 0
    }

    /// Takes all pages from number `first_page` on out of the address spaces that map `backing`, private copies
    /// included, as `truncate(2)` demands. To be called after the pages left the object (or a fault would map them
    /// again), and without a lock that [`Backing`]'s methods take.
    pub fn unmap_from(&self, backing: &dyn Backing, first_page: u64) {
        for map in self.maps() {
            map.unmap_backing(backing, first_page..u64::MAX, true);
        }
    }

    /// Like [`MappingList::unmap_from`] for a hole punched by `fallocate(2)` or `MADV_REMOVE`: private mappings keep
    /// what they have.
    pub fn unmap_range(&self, backing: &dyn Backing, pages: Range<u64>) {
        for map in self.maps() {
            map.unmap_backing(backing, pages.clone(), false);
        }
    }

    /// The address spaces, each once.
    fn maps(&self) -> Vec<Arc<MemoryMap>> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut maps: Vec<Arc<MemoryMap>> = Vec::new();
        loop {
            let slots = self.slots.lock();
            if maps.capacity() >= slots.entries.len() {
                maps.extend(slots.entries.iter().filter_map(|slot| match slot {
                    Slot::Used(map) => map.upgrade(),
                    Slot::Free(_) => None,
                }));
                break;
            }
            let wanted = slots.entries.len();
            drop(slots);
            maps.reserve(wanted);
        }
        maps.sort_unstable_by_key(Arc::as_ptr);
        maps.dedup_by_key(|map| Arc::as_ptr(map));
        maps
    }

    pub(super) fn insert(&self, map: Weak<MemoryMap>) -> u32 {
        let mut slots = self.slots.lock();
        slots.used += 1;
        let Some(index) = slots.free else {
            slots.entries.push(Slot::Used(map));
            return u32::try_from(slots.entries.len() - 1).unwrap_or(u32::MAX);
        };
        if let Some(slot) = slots.entries.get_mut(index as usize)
            && let Slot::Free(next) = core::mem::replace(slot, Slot::Used(map))
        {
            slots.free = next;
        }
        index
    }

    pub(super) fn remove(&self, index: u32) {
        let mut slots = self.slots.lock();
        let next = slots.free;
        let Some(slot) = slots.entries.get_mut(index as usize) else {
            return;
        };
        let old = core::mem::replace(slot, Slot::Free(next));
        slots.free = Some(index);
        slots.used -= 1;
        drop(slots);
        drop(old);
    }
}

impl Default for MappingList {
    fn default() -> Self {
        Self::new()
    }
}
