//! The content of regular files of a tmpfs: storing, cutting, sealing.

use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::resource::{RLIM_INFINITY, RLIMIT_FSIZE};
use abi::{Errno, PAGE_SIZE};
use machine::mem::Page;
use machine::sync::SpinLock;

use super::TmpInode;
use super::pages::Pages;
use crate::fs::file::raise;
use crate::fs::{WriteGate, levels};
use crate::memory::MappingList;
use crate::memory::user::Source;
use crate::process::sync::Mutex;
use crate::process::with_current_thread;

/// The largest size of a file (Linux's `MAX_LFS_FILESIZE`).
const MAX_SIZE: u64 = i64::MAX as u64;
/// Bytes of a page.
pub(super) const PAGE: u64 = PAGE_SIZE as u64;

bitflags::bitflags! {
    /// What a file must never suffer again (`fcntl(F_ADD_SEALS)`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Seals: u32 {
        /// `F_SEAL_SEAL`: further seals.
        const SEAL = 1;
        /// `F_SEAL_SHRINK`: becoming shorter.
        const SHRINK = 2;
        /// `F_SEAL_GROW`: becoming longer.
        const GROW = 4;
        /// `F_SEAL_WRITE`: being written.
        const WRITE = 8;
        /// `F_SEAL_FUTURE_WRITE`: being written but by mappings there are.
        const FUTURE_WRITE = 16;
    }
}

/// The content of a regular file.
pub(super) struct Content {
    /// Held over each change of the content, so that appends are whole and cuts do not meet writes.
    writing: Mutex<()>,
    pub(super) stored: SpinLock<Stored>,
    gate: WriteGate,
    pub(super) mappings: MappingList,
    seals: AtomicU32,
}

pub(super) struct Stored {
    pub(super) size: u64,
    pub(super) pages: Pages,
}

impl Content {
    pub(super) fn new() -> Self {
        let stored = Stored {
            size: 0,
            pages: Pages::new(),
        };
        Self {
            writing: Mutex::new(()),
            stored: SpinLock::new(levels::PAGES, stored),
            gate: WriteGate::new(),
            mappings: MappingList::new(),
            seals: AtomicU32::new(Seals::SEAL.bits()),
        }
    }

    pub(super) fn gate(&self) -> &WriteGate {
        &self.gate
    }

    /// Bytes, and pages in store.
    pub(super) fn size_and_pages(&self) -> (u64, u64) {
        let stored = self.stored.lock();
        (stored.size, stored.pages.count())
    }

    pub(super) fn page_count(&mut self) -> u64 {
        self.stored.get_mut().pages.count()
    }

    pub(super) fn size(&self) -> u64 {
        self.stored.lock().size
    }

    fn sealed(&self, seals: Seals) -> bool {
        Seals::from_bits_retain(self.seals.load(Ordering::Acquire)).intersects(seals)
    }
}

impl TmpInode {
    /// The seals of the file.
    ///
    /// # Errors
    /// `EINVAL` if not a regular file.
    pub fn seals(&self) -> Result<Seals, Errno> {
        let bits = self.content()?.seals.load(Ordering::Acquire);
        Ok(Seals::from_bits_truncate(bits))
    }

    /// Allows seals to be added (`memfd_create(MFD_ALLOW_SEALING)`).
    pub fn allow_seals(&self) {
        if let Ok(content) = self.content() {
            content.seals.store(0, Ordering::Release);
        }
    }

    /// `fcntl(F_ADD_SEALS)`.
    ///
    /// # Errors
    /// `EPERM` if no seals may be added, `EINVAL` if not a regular file.
    pub fn add_seals(&self, seals: Seals) -> Result<(), Errno> {
        let content = self.content()?;
        let _writing = content.writing.lock();
        if content.sealed(Seals::SEAL) {
            return Err(Errno::EPERM);
        }
        content.seals.fetch_or(seals.bits(), Ordering::AcqRel);
        Ok(())
    }

    /// The page at `index`, which is made if there is none and `index` is below `limit`, given the size then.
    pub(super) fn page_or_new(
        &self,
        index: u64,
        limit: impl Fn(u64) -> u64,
    ) -> Result<Option<Page>, Errno> {
        let content = self.content()?;
        let find = |stored: &Stored| {
            let inside = index < limit(stored.size);
            inside.then(|| stored.pages.get(index).cloned())
        };
        match find(&content.stored.lock()) {
            None => return Ok(None),
            Some(Some(page)) => return Ok(Some(page)),
            Some(None) => {}
        }
        self.account().take_page()?;
        let new = Page::new_zeroed().map_err(|_| Errno::ENOMEM);
        let result = new.map(|page| {
            let mut stored = content.stored.lock();
            match find(&stored) {
                None => (None, false),
                Some(Some(other)) => (Some(other), false),
                Some(None) => {
                    stored.pages.insert(index, page.clone());
                    (Some(page), true)
                }
            }
        });
        match result {
            Ok((page, true)) => Ok(page),
            other => {
                self.account().give_back_pages(1);
                other.map(|(page, _)| page)
            }
        }
    }

    /// Writes at `position`, or at the end; the count and the position after it.
    pub(super) fn write_content(
        &self,
        position: Option<u64>,
        source: &mut Source<'_>,
    ) -> Result<(usize, u64), Errno> {
        let content = self.content()?;
        let _writing = content.writing.lock();
        if content.sealed(Seals::WRITE | Seals::FUTURE_WRITE) {
            return Err(Errno::EPERM);
        }
        let size = content.size();
        let start = position.unwrap_or(size);
        if source.remaining() == 0 {
            return Ok((0, start));
        }
        let end = self.write_limit(start, source.remaining(), size)?;
        if start > size {
            self.zero_after(size);
        }
        let result = self.fill_pages(start, end, source);
        let count = source.result(result)?;
        let after = start + count as u64;
        {
            let mut stored = content.stored.lock();
            stored.size = stored.size.max(after);
        }
        self.touch_modified();
        Ok((count, after))
    }

    /// The end of a write of `count` bytes at `start`: limits may cut it. `EFBIG`, `EPERM` by a seal.
    fn write_limit(&self, start: u64, count: usize, size: u64) -> Result<u64, Errno> {
        let mut limit = MAX_SIZE;
        let allowed = file_size_limit();
        if allowed < limit {
            if start >= allowed {
                raise(abi::signal::SIGXFSZ);
                return Err(Errno::EFBIG);
            }
            limit = allowed;
        }
        if start >= limit {
            return Err(Errno::EFBIG);
        }
        let end = start.saturating_add(count as u64).min(limit);
        if end > size && self.content()?.sealed(Seals::GROW) {
            return Err(Errno::EPERM);
        }
        Ok(end)
    }

    fn fill_pages(&self, start: u64, end: u64, source: &mut Source<'_>) -> Result<(), Errno> {
        let mut at = start;
        while at < end {
            let Some(page) = self.page_or_new(at / PAGE, |_| u64::MAX)? else {
                return Err(Errno::EFBIG);
            };
            let offset = offset_in_page(at);
            let part = clamp(end - at).min(PAGE_SIZE - offset);
            let moved = source.take_into_page(&page, offset, part)?;
            if moved == 0 {
                break;
            }
            at += moved as u64;
        }
        Ok(())
    }

    /// Clears what the page with the end of the file holds after it: a mapping or a failed write can have left bytes
    /// there that must not become part of the file.
    fn zero_after(&self, size: u64) {
        let offset = offset_in_page(size);
        let Ok(content) = self.content() else {
            return;
        };
        if offset == 0 {
            return;
        }
        let page = content.stored.lock().pages.get(size / PAGE).cloned();
        if let Some(page) = page {
            page.fill(offset, PAGE_SIZE - offset, 0);
        }
    }

    /// Sets the size.
    pub(super) fn truncate(&self, size: u64) -> Result<(), Errno> {
        let content = self.content()?;
        if size > MAX_SIZE {
            return Err(Errno::EFBIG);
        }
        let _writing = content.writing.lock();
        let old = content.size();
        let sealed = if size < old {
            Seals::SHRINK
        } else {
            Seals::GROW
        };
        if size != old && content.sealed(sealed) {
            return Err(Errno::EPERM);
        }
        if size > old && size > file_size_limit() {
            raise(abi::signal::SIGXFSZ);
            return Err(Errno::EFBIG);
        }
        self.zero_after(size.min(old));
        content.stored.lock().size = size;
        // Also at the same size: storage may have been reserved behind the end.
        if size <= old {
            self.drop_pages(size.div_ceil(PAGE)..u64::MAX);
        }
        Ok(())
    }

    /// Takes pages out of the file and of all address spaces that map them.
    fn drop_pages(&self, range: Range<u64>) {
        let Ok(content) = self.content() else {
            return;
        };
        let taken = content.stored.lock().pages.take(range.clone());
        content.mappings.unmap_range(self, range);
        self.account().give_back_pages(taken.count());
    }

    /// `fallocate(2)`: makes sure of storage for the `len` bytes at `start`. `ENOSPC`, `EFBIG`, `EPERM` by a seal.
    pub(super) fn allocate_range(
        &self,
        start: u64,
        len: u64,
        keep_size: bool,
    ) -> Result<(), Errno> {
        let content = self.content()?;
        let end = start
            .checked_add(len)
            .filter(|&end| end <= MAX_SIZE)
            .ok_or(Errno::EFBIG)?;
        let _writing = content.writing.lock();
        let size = content.size();
        if end > size && !keep_size {
            if end > file_size_limit() {
                raise(abi::signal::SIGXFSZ);
                return Err(Errno::EFBIG);
            }
            if content.sealed(Seals::GROW) {
                return Err(Errno::EPERM);
            }
            self.zero_after(size);
        }
        for index in start / PAGE..end.div_ceil(PAGE) {
            self.page_or_new(index, |_| u64::MAX)?;
        }
        if end > size && !keep_size {
            content.stored.lock().size = end;
        }
        self.touch_modified();
        Ok(())
    }

    /// `fallocate(FALLOC_FL_PUNCH_HOLE)`: makes the range read as zeros and frees what it can. `EPERM` by a seal.
    pub(super) fn punch_hole(&self, start: u64, len: u64) -> Result<(), Errno> {
        let content = self.content()?;
        let _writing = content.writing.lock();
        if content.sealed(Seals::WRITE | Seals::FUTURE_WRITE) {
            return Err(Errno::EPERM);
        }
        let end = start.saturating_add(len);
        let mut at = start;
        while at < end && (offset_in_page(at) != 0 || end - at < PAGE) {
            at += self.zero_part(at, end);
        }
        let tail = end - offset_in_page(end) as u64;
        if tail > at {
            self.drop_pages(at / PAGE..tail / PAGE);
            self.zero_part(tail, end);
        }
        self.touch_modified();
        Ok(())
    }

    /// Clears from `at` to `end` or to the end of the page, whichever is nearer; how many bytes that are.
    fn zero_part(&self, at: u64, end: u64) -> u64 {
        let offset = offset_in_page(at);
        let part = clamp(end - at).min(PAGE_SIZE - offset);
        let page = self
            .content()
            .ok()
            .and_then(|content| content.stored.lock().pages.get(at / PAGE).cloned());
        if let (Some(page), true) = (page, part > 0) {
            page.fill(offset, part, 0);
        }
        part as u64
    }
}

pub(super) fn offset_in_page(position: u64) -> usize {
    clamp(position % PAGE)
}

pub(super) fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// `RLIMIT_FSIZE` of the running process; unlimited for the kernel's own writes.
fn file_size_limit() -> u64 {
    let limit = with_current_thread(|thread| {
        thread
            .process()
            .map(|process| process.limits().soft(RLIMIT_FSIZE))
    });
    limit.flatten().unwrap_or(RLIM_INFINITY)
}
