//! File systems whose files are made up when they are read: what `/proc`, `/sys` and `/dev/pts` are built of.
//!
//! A directory is about something, its [`Subject`] (the system, a process), and is a table of [`Entry`]s: functions
//! that write a file's text, take what is written to it, or tell where a link leads. Entries that come and go
//! (processes, descriptors) are found by a [`Changing`] part.

mod directory;
mod file;
mod link;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use abi::Errno;
use abi::time::Timespec;

use super::inode::{Inode, Link};
use super::metadata::{FileType, Metadata, Ownership};

pub use directory::{Changing, Directory, Name};
pub use file::File;
pub use link::{Symlink, callers_root};

/// What a directory of generated files is about.
pub trait Subject: Clone + Send + Sync + 'static {
    /// User and group its files belong to.
    fn owner(&self) -> (u32, u32) {
        (0, 0)
    }

    /// The file system it is on, as a device number.
    fn device(&self) -> u64;

    /// The times of its files.
    fn time(&self) -> Timespec;

    /// Fails once it is gone.
    ///
    /// # Errors
    /// `ESRCH` for a process that was waited for.
    fn check(&self) -> Result<(), Errno> {
        Ok(())
    }
}

/// The text of a generated file. Writing with `write!` cannot fail.
#[derive(Default)]
pub struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.bytes.try_reserve(bytes.len()).is_ok() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Appends formatted text.
    pub fn format(&mut self, arguments: fmt::Arguments<'_>) {
        let _ = fmt::Write::write_fmt(self, arguments);
    }

    /// The bytes so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// Appends a formatted line, without its line feed, to a [`Text`].
#[macro_export]
macro_rules! line {
    ($text:expr, $($argument:tt)*) => {{
        $text.format(format_args!($($argument)*));
        $text.push(b"\n");
    }};
}

/// Writes a file's text.
pub type Show<S> = fn(&S, &mut Text) -> Result<(), Errno>;
/// Takes what was written to a file.
pub type Store<S> = fn(&S, &[u8]) -> Result<(), Errno>;
/// Tells where a link leads.
pub type Follow<S> = fn(&S) -> Result<Link, Errno>;
/// Makes an inode of its own kind, given its number.
pub type Make<S> = fn(&S, u64) -> Arc<dyn Inode>;

/// What a name stands for.
pub enum Node<S: 'static> {
    /// A file to read.
    Text(Show<S>),
    /// A file to read and write.
    Setting(Show<S>, Store<S>),
    /// A symbolic link.
    Link(Follow<S>),
    /// A directory about the same subject.
    Tree(&'static [Entry<S>]),
    /// Anything else, of a given type.
    Other(FileType, Make<S>),
}

/// One name of a directory.
pub struct Entry<S: 'static> {
    name: &'static str,
    mode: u32,
    node: Node<S>,
}

impl<S: Subject> Entry<S> {
    /// A file all may read.
    pub const fn text(name: &'static str, show: Show<S>) -> Self {
        Self {
            name,
            mode: 0o444,
            node: Node::Text(show),
        }
    }

    /// A file only its owner may read.
    pub const fn private(name: &'static str, show: Show<S>) -> Self {
        Self {
            name,
            mode: 0o400,
            node: Node::Text(show),
        }
    }

    /// A file all may read and the owner may write.
    pub const fn setting(name: &'static str, show: Show<S>, store: Store<S>) -> Self {
        Self {
            name,
            mode: 0o644,
            node: Node::Setting(show, store),
        }
    }

    /// A symbolic link.
    pub const fn link(name: &'static str, follow: Follow<S>) -> Self {
        Self {
            name,
            mode: 0o777,
            node: Node::Link(follow),
        }
    }

    /// A directory about the same subject.
    pub const fn tree(name: &'static str, entries: &'static [Entry<S>]) -> Self {
        Self {
            name,
            mode: 0o555,
            node: Node::Tree(entries),
        }
    }

    /// Anything else, of a given type.
    pub const fn other(name: &'static str, mode: u32, file_type: FileType, make: Make<S>) -> Self {
        Self {
            name,
            mode,
            node: Node::Other(file_type, make),
        }
    }

    fn file_type(&self) -> FileType {
        match &self.node {
            Node::Text(_) | Node::Setting(..) => FileType::Regular,
            Node::Link(_) => FileType::Symlink,
            Node::Tree(_) => FileType::Directory,
            Node::Other(file_type, _) => *file_type,
        }
    }

    fn inode(&self, subject: &S, number: u64) -> Arc<dyn Inode> {
        match &self.node {
            Node::Text(show) => File::inode(subject.clone(), number, self.mode, *show, None),
            Node::Setting(show, store) => {
                File::inode(subject.clone(), number, self.mode, *show, Some(*store))
            }
            Node::Link(follow) => Symlink::inode(subject.clone(), number, self.mode, *follow, None),
            Node::Tree(entries) => {
                Directory::inode(subject.clone(), number, self.mode, entries, None)
            }
            Node::Other(_, make) => make(subject, number),
        }
    }
}

/// The inode number of `name` in the directory numbered `directory`: a hash, since nobody keeps a table.
#[must_use]
pub fn number_of(directory: u64, name: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x100_0000_01b3;
    let bytes = directory.to_le_bytes();
    let hash = bytes.iter().chain(name).fold(OFFSET, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    (hash >> 24 ^ hash) & 0xff_ffff_ffff | 1 << 32
}

/// The attributes of a generated object.
fn metadata<S: Subject>(subject: &S, file_type: FileType, mode: u32, number: u64) -> Metadata {
    let (uid, gid) = subject.owner();
    let links = if file_type.is_directory() { 2 } else { 1 };
    Metadata {
        uid,
        gid,
        links,
        device: subject.device(),
        ..Metadata::new(file_type, mode, number, subject.time())
    }
}

/// The ownership of a generated object.
fn ownership<S: Subject>(subject: &S, mode: u32) -> Ownership {
    let (uid, gid) = subject.owner();
    Ownership { mode, uid, gid }
}
