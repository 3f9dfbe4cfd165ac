//! Files: the virtual file system, its in-memory file system, descriptors and pipes.
//!
//! - [`Inode`] and [`FileSystem`] are what a file system implements; [`tmpfs`] is the one the root lives on.
//! - [`Dentry`] is a name in a directory, [`Mount`] a tree seen at a place, [`Path`] both together.
//! - [`resolve`] walks a path; [`names`] makes, removes and renames what paths lead to; [`open`] opens it.
//! - [`OpenFile`] is an open file, [`FileOps`] its behaviour, [`FdTable`] the numbers of a process.
//! - [`FsContext`] is a process's root, current directory and umask.
//!
//! Neighbours: `process/syscalls/` decodes the calls that end here; `memory/` maps files by their `Backing`;
//! `drivers/` registers its devices with [`device`].
//!
//! # Lock order
//! Sleeping locks, outermost first: the rename lock ([`names`]), a directory's name lock (parent before child,
//! otherwise by address under the rename lock), the mount lock ([`mount`]), an open file's position, a regular file's
//! write lock or a pipe's buffer, an address space (a copy to or from user memory can fault). The spin locks come
//! after all of these, in the order of [`levels`]; none is held over a copy to or from user memory.

mod context;
mod dentry;
pub mod devfs;
pub mod device;
pub mod devpts;
pub mod directory;
pub mod epoll;
pub mod eventfd;
mod fd_table;
mod file;
pub mod initramfs;
mod inode;
mod levels;
pub mod locks;
pub mod memfd;
pub mod metadata;
pub mod mount;
pub mod names;
mod open;
pub mod permission;
pub mod pipe;
pub mod procfs;
pub mod pseudo;
mod reserve;
mod start;
pub mod sysfs;
pub mod tmpfs;
mod walk;

pub use context::{FsContext, Path};
pub use dentry::Dentry;
pub use fd_table::{FdTable, Reservation};
pub use file::{FileOps, OpenFile, seek_by_size};
pub use inode::{
    DirectoryEntry, FIRST_ENTRY, FileSystem, FileSystemType, Inode, Link, NewNode, WriteGate,
    generated,
};
pub use metadata::{AttributeChange, FileType, Metadata, Ownership};
pub use mount::Mount;
pub use open::{OpenHow, open, open_for_exec};
pub use pipe::FifoSlot;
pub use start::{init, root_path};
pub use walk::{At, ResolveFlags, resolve};
