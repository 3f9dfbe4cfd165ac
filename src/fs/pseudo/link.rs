//! Generated symbolic links.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;

use super::{Follow, Subject, metadata, ownership};
use crate::fs::Path;
use crate::fs::inode::{Inode, Link};
use crate::fs::metadata::{FileType, Metadata, Ownership};
use crate::process::with_current_thread;

/// A link that leads to a path or to an object itself.
pub struct Symlink<S: 'static> {
    subject: S,
    number: u64,
    mode: u32,
    follow: Follow<S>,
    text: Option<Read<S>>,
}

/// Tells what `readlink(2)` shows.
pub type Read<S> = fn(&S) -> Result<Vec<u8>, Errno>;

impl<S: Subject> Symlink<S> {
    /// A link about `subject`, whose text is the path it leads to unless `text` says otherwise.
    pub fn inode(
        subject: S,
        number: u64,
        mode: u32,
        follow: Follow<S>,
        text: Option<Read<S>>,
    ) -> Arc<dyn Inode> {
        Arc::new(Self {
            subject,
            number,
            mode,
            follow,
            text,
        })
    }
}

impl<S: Subject> Inode for Symlink<S> {
    fn file_type(&self) -> FileType {
        FileType::Symlink
    }

    fn metadata(&self) -> Metadata {
        metadata(&self.subject, FileType::Symlink, self.mode, self.number)
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn ownership(&self) -> Ownership {
        ownership(&self.subject, self.mode)
    }

    fn read_link(&self) -> Result<Vec<u8>, Errno> {
        match self.text {
            Some(text) => text(&self.subject),
            None => text_of((self.follow)(&self.subject)?),
        }
    }

    fn follow_link(&self) -> Result<Link, Errno> {
        (self.follow)(&self.subject)
    }
}

/// A link's target as the caller, with its own root, sees it.
fn text_of(link: Link) -> Result<Vec<u8>, Errno> {
    match link {
        Link::Target(text) => Ok(text),
        Link::Object(path) => Ok(path.display(&callers_root()?)),
    }
}

/// The root directory of the caller.
///
/// # Errors
/// `ENOENT` if it has none any more.
pub fn callers_root() -> Result<Path, Errno> {
    with_current_thread(|thread| thread.fs().map(|fs| fs.root()))
        .flatten()
        .ok_or(Errno::ENOENT)
}
