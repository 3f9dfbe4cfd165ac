//! Shared anonymous memory: pages without a file, for `mmap(MAP_SHARED | MAP_ANONYMOUS)` and System V segments.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use ksync::Level;
use machine::mem::{OutOfMemory, PAGE_SIZE, Page};
use machine::sync::SpinLock;

use super::backing::{Backing, BackingError, BackingIdentity, MappingList};

/// The device that shared anonymous memory is said to be on.
const DEVICE: u64 = 1;

/// The inode number of the next one: programs know shared futexes by it, so it must not repeat.
static NEXT_INODE: AtomicU64 = AtomicU64::new(1024);

/// Memory of a fixed size that several address spaces can map; its pages are made when first touched.
pub struct SharedMemory {
    pages: SpinLock<BTreeMap<u64, Page>>,
    count: u64,
    inode: u64,
    mappings: MappingList,
    name: &'static str,
}

impl SharedMemory {
    /// Memory of `bytes`, rounded up to pages, that shows as `name` in `/proc/PID/maps`.
    #[must_use]
    pub fn new(bytes: usize, name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            pages: SpinLock::new(Level::UNORDERED, BTreeMap::new()),
            count: bytes.div_ceil(PAGE_SIZE) as u64,
            inode: NEXT_INODE.fetch_add(1, Ordering::Relaxed),
            mappings: MappingList::new(),
            name,
        })
    }

    /// How many pages have been made.
    #[must_use]
    pub fn resident(&self) -> usize {
        self.pages.lock().len()
    }
}

impl Backing for SharedMemory {
    fn page(&self, index: u64) -> Result<Page, BackingError> {
        if index >= self.count {
            return Err(BackingError::PastEnd);
        }
        if let Some(page) = self.pages.lock().get(&index) {
            return Ok(page.clone());
        }
        let new = Page::new_zeroed().map_err(|OutOfMemory| BackingError::NoMemory)?;
        Ok(self.pages.lock().entry(index).or_insert(new).clone())
    }

    fn cached(&self, range: Range<u64>, found: &mut dyn FnMut(u64, &Page)) {
        for (&index, page) in self.pages.lock().range(range) {
            found(index, page);
        }
    }

    fn mappings(&self) -> &MappingList {
        &self.mappings
    }

    fn identity(&self) -> BackingIdentity {
        BackingIdentity {
            device: DEVICE,
            inode: self.inode,
        }
    }

    fn name(&self) -> Option<&'static str> {
        Some(self.name)
    }

    fn remove(&self, pages: Range<u64>) -> Result<(), Errno> {
        let removed = {
            let mut all = self.pages.lock();
            let mut rest = all.split_off(&pages.start);
            let mut kept = rest.split_off(&pages.end);
            all.append(&mut kept);
            rest
        };
        drop(removed);
        self.mappings.unmap_range(self, pages);
        Ok(())
    }
}
