//! Generated directories.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;

use super::{Entry, Subject, metadata, number_of, ownership};
use crate::fs::FileOps;
use crate::fs::inode::{DirectoryEntry, FIRST_ENTRY, Inode, NewNode};
use crate::fs::metadata::{FileType, Metadata, Ownership};

/// A name of the changing part of a directory.
pub struct Name {
    /// Where it stands in the order of names: ascending, and the same as long as the name exists.
    pub key: u64,
    /// The name.
    pub name: Vec<u8>,
    /// Its type.
    pub file_type: FileType,
}

/// The part of a directory that comes and goes.
pub trait Changing<S>: Send + Sync {
    /// The names whose key is at least `from`, ascending; not necessarily all, but at least one if there is one.
    ///
    /// # Errors
    /// `EACCES`, `ENOENT` where the directory itself is not to be listed.
    fn names(&self, subject: &S, from: u64) -> Result<Vec<Name>, Errno>;

    /// What a name stands for; `number` is its inode number.
    ///
    /// # Errors
    /// `ENOENT` if there is no such name.
    fn find(&self, subject: &S, name: &[u8], number: u64) -> Result<Arc<dyn Inode>, Errno>;
}

/// A generated directory.
pub struct Directory<S: 'static> {
    subject: S,
    number: u64,
    mode: u32,
    entries: &'static [Entry<S>],
    changing: Option<&'static dyn Changing<S>>,
}

impl<S: Subject> Directory<S> {
    /// A directory about `subject`.
    pub fn inode(
        subject: S,
        number: u64,
        mode: u32,
        entries: &'static [Entry<S>],
        changing: Option<&'static dyn Changing<S>>,
    ) -> Arc<dyn Inode> {
        Arc::new(Self {
            subject,
            number,
            mode,
            entries,
            changing,
        })
    }

    /// The position behind the fixed entries, where the changing ones begin.
    fn changing_base(&self) -> u64 {
        FIRST_ENTRY + self.entries.len() as u64
    }
}

impl<S: Subject> Inode for Directory<S> {
    fn file_type(&self) -> FileType {
        FileType::Directory
    }

    fn metadata(&self) -> Metadata {
        metadata(&self.subject, FileType::Directory, self.mode, self.number)
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn ownership(&self) -> Ownership {
        ownership(&self.subject, self.mode)
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        self.subject.check()?;
        let number = number_of(self.number, name);
        if let Some(entry) = self
            .entries
            .iter()
            .find(|entry| entry.name.as_bytes() == name)
        {
            return Ok(entry.inode(&self.subject, number));
        }
        self.changing
            .ok_or(Errno::ENOENT)?
            .find(&self.subject, name, number)
    }

    /// As on Linux, where not even a name to be can be looked up here.
    fn create(
        &self,
        _name: &[u8],
        _node: NewNode<'_>,
        _ownership: Ownership,
    ) -> Result<Arc<dyn Inode>, Errno> {
        Err(Errno::ENOENT)
    }

    fn link(&self, _name: &[u8], _target: &Arc<dyn Inode>) -> Result<(), Errno> {
        Err(Errno::ENOENT)
    }

    fn read_directory(
        &self,
        position: u64,
        emit: &mut dyn FnMut(DirectoryEntry<'_>) -> bool,
    ) -> Result<(), Errno> {
        self.subject.check()?;
        for (at, entry) in (FIRST_ENTRY..)
            .zip(self.entries)
            .filter(|&(at, _)| at >= position)
        {
            let name = entry.name.as_bytes();
            let inode = number_of(self.number, name);
            if !emit(DirectoryEntry {
                name,
                inode,
                file_type: entry.file_type(),
                next: at + 1,
            }) {
                return Ok(());
            }
        }
        let Some(changing) = self.changing else {
            return Ok(());
        };
        let base = self.changing_base();
        let mut from = position.saturating_sub(base);
        loop {
            let names = changing.names(&self.subject, from)?;
            let Some(last) = names.last() else {
                return Ok(());
            };
            from = last.key + 1;
            for Name {
                key,
                name,
                file_type,
            } in &names
            {
                let inode = number_of(self.number, name);
                let next = base + key + 1;
                if !emit(DirectoryEntry {
                    name,
                    inode,
                    file_type: *file_type,
                    next,
                }) {
                    return Ok(());
                }
            }
        }
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
        Ok(Arc::new(Opened))
    }
}

/// An open directory; the VFS reads its names.
struct Opened;

impl FileOps for Opened {
    fn is_seekable(&self) -> bool {
        true
    }
}
