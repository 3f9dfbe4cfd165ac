//! Generated files.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;

use super::{Show, Store, Subject, Text, metadata, ownership};
use crate::fs::metadata::{AttributeChange, FileType, Metadata, Ownership};
use crate::fs::{FileOps, Inode, OpenFile};
use crate::memory::user::{Sink, Source};
use crate::process::sync::Mutex;
use crate::process::syscalls::SysResult;

/// The most one write to a setting may have.
const WRITE_MAX: usize = 4096;

/// A file whose text is made when it is read.
pub struct File<S: 'static> {
    subject: S,
    number: u64,
    mode: u32,
    show: Show<S>,
    store: Option<Store<S>>,
}

impl<S: Subject> File<S> {
    /// A file about `subject`.
    pub fn inode(
        subject: S,
        number: u64,
        mode: u32,
        show: Show<S>,
        store: Option<Store<S>>,
    ) -> Arc<dyn Inode> {
        Arc::new(Self {
            subject,
            number,
            mode,
            show,
            store,
        })
    }
}

impl<S: Subject> Inode for File<S> {
    fn file_type(&self) -> FileType {
        FileType::Regular
    }

    fn metadata(&self) -> Metadata {
        metadata(&self.subject, FileType::Regular, self.mode, self.number)
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn ownership(&self) -> Ownership {
        ownership(&self.subject, self.mode)
    }

    /// Opening with `O_TRUNC`, as `echo > FILE` does, changes nothing; other changes are refused.
    fn set_attributes(&self, change: &AttributeChange) -> Result<(), Errno> {
        let only_size = AttributeChange {
            size: None,
            modified: None,
            accessed: None,
            ..*change
        };
        if only_size.mode.is_some() || only_size.uid.is_some() || only_size.gid.is_some() {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
        if flags.writable() && self.store.is_none() {
            return Err(Errno::EACCES);
        }
        self.subject.check()?;
        Ok(Arc::new(Opened {
            file: self,
            text: Mutex::new(None),
        }))
    }
}

/// An open generated file: the text stays the same until it is read from the start again.
struct Opened<S: 'static> {
    file: Arc<File<S>>,
    text: Mutex<Option<Vec<u8>>>,
}

impl<S: Subject> FileOps for Opened<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn read_at(&self, _file: &OpenFile, position: u64, sink: &mut Sink<'_>) -> SysResult {
        let mut kept = self.text.lock();
        if position == 0 || kept.is_none() {
            self.file.subject.check()?;
            let mut text = Text::default();
            (self.file.show)(&self.file.subject, &mut text)?;
            *kept = Some(text.into_bytes());
        }
        let text = kept.as_deref().unwrap_or_default();
        let start = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(text.len());
        sink.put(text.get(start..).unwrap_or_default())
    }

    fn write_at(&self, _file: &OpenFile, _position: u64, source: &mut Source<'_>) -> SysResult {
        let store = self.file.store.ok_or(Errno::EINVAL)?;
        if source.remaining() > WRITE_MAX {
            return Err(Errno::EINVAL);
        }
        let mut bytes = vec![0; source.remaining()];
        let count = source.take(&mut bytes)?;
        self.file.subject.check()?;
        store(&self.file.subject, bytes.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}
