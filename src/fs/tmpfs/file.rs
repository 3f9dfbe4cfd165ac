//! Regular files of a tmpfs as open files and as something to map.

use alloc::sync::Arc;
use core::ops::Range;

use abi::fcntl::{FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, OpenFlags, SEEK_DATA, SEEK_HOLE};
use abi::{Errno, PAGE_SIZE};
use machine::mem::Page;

use super::TmpInode;
use super::content::{Content, PAGE, clamp, offset_in_page};
use crate::fs::{FileOps, Inode, OpenFile, seek_by_size};
use crate::memory::user::{Sink, Source};
use crate::memory::{Backing, BackingError, BackingIdentity, MappingList};
use crate::process::syscalls::SysResult;

impl TmpInode {
    fn read_content(&self, position: u64, sink: &mut Sink<'_>) -> Result<(), Errno> {
        let content = self.content()?;
        let mut at = position;
        while sink.remaining() > 0 {
            let (size, page) = {
                let stored = content.stored.lock();
                (stored.size, stored.pages.get(at / PAGE).cloned())
            };
            if at >= size {
                break;
            }
            let offset = offset_in_page(at);
            let part = clamp(size - at).min(PAGE_SIZE - offset);
            let moved = match page {
                Some(page) => sink.put_page(&page, offset, part)?,
                None => sink.put_zeros(part)?,
            };
            if moved == 0 {
                break;
            }
            at += moved as u64;
        }
        Ok(())
    }
}

impl FileOps for TmpInode {
    fn is_seekable(&self) -> bool {
        true
    }

    fn read_at(&self, file: &OpenFile, position: u64, sink: &mut Sink<'_>) -> SysResult {
        let result = self.read_content(position, sink);
        let count = sink.result(result)?;
        if file.updates_access_time() {
            self.touch_accessed();
        }
        Ok(count)
    }

    fn write_at(&self, _file: &OpenFile, position: u64, source: &mut Source<'_>) -> SysResult {
        self.write_content(Some(position), source)
            .map(|(count, _)| count)
    }

    fn append(&self, _file: &OpenFile, source: &mut Source<'_>) -> Result<(usize, u64), Errno> {
        self.write_content(None, source)
    }

    fn size(&self, _file: &OpenFile) -> u64 {
        self.content().map_or(0, Content::size)
    }

    fn seek(&self, file: &OpenFile, offset: i64, whence: u32) -> Result<u64, Errno> {
        let content = self.content()?;
        let size = content.size();
        let target = match (whence, u64::try_from(offset)) {
            (SEEK_DATA | SEEK_HOLE, Ok(start)) if start < size => {
                let range = start / PAGE..size.div_ceil(PAGE);
                let found = content.stored.lock().pages.find(range, whence == SEEK_DATA);
                let found = found.map(|index| (index * PAGE).max(start));
                match whence {
                    SEEK_DATA => found.filter(|&at| at < size).ok_or(Errno::ENXIO)?,
                    _ => found.unwrap_or(size).min(size),
                }
            }
            (SEEK_DATA | SEEK_HOLE, _) => return Err(Errno::ENXIO),
            _ => return seek_by_size(size, file, offset, whence),
        };
        seek_by_size(size, file, target.cast_signed(), abi::fcntl::SEEK_SET)
    }

    fn allocate(&self, _file: &OpenFile, mode: u32, start: u64, len: u64) -> Result<(), Errno> {
        const HOLE: u32 = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
        match mode {
            HOLE => self.punch_hole(start, len),
            0 | FALLOC_FL_KEEP_SIZE => self.allocate_range(start, len, mode != 0),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    fn backing(self: Arc<Self>, _file: &OpenFile) -> Result<Arc<dyn Backing>, Errno> {
        Ok(self)
    }
}

impl Backing for TmpInode {
    fn page(&self, index: u64) -> Result<Page, BackingError> {
        match self.page_or_new(index, |size| size.div_ceil(PAGE)) {
            Ok(Some(page)) => Ok(page),
            Ok(None) => Err(BackingError::PastEnd),
            Err(Errno::ENOMEM) => Err(BackingError::NoMemory),
            Err(_) => Err(BackingError::Io),
        }
    }

    fn cached(&self, range: Range<u64>, found: &mut dyn FnMut(u64, &Page)) {
        if let Ok(content) = self.content() {
            let stored = content.stored.lock();
            let end = range.end.min(stored.size.div_ceil(PAGE));
            stored.pages.each(range.start..end, found);
        }
    }

    fn mappings(&self) -> &MappingList {
        static NONE: MappingList = MappingList::new();
        self.content().map_or(&NONE, |content| &content.mappings)
    }

    fn identity(&self) -> BackingIdentity {
        BackingIdentity {
            device: self.account().device(),
            inode: self.number(),
        }
    }
}

impl OpenFile {
    /// Whether reading through this file counts as an access.
    fn updates_access_time(&self) -> bool {
        let noatime = self
            .path()
            .is_some_and(|path| path.mount().has(abi::system::MS_NOATIME));
        !noatime && !self.flags().contains(OpenFlags::O_NOATIME)
    }
}
