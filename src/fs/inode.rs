//! The interface a file system implements: inodes, and the file system they are on.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicI32, Ordering};

use abi::Errno;
use abi::fcntl::OpenFlags;

use super::metadata::{AttributeChange, FileType, Metadata, Ownership, now};
use super::{FifoSlot, FileOps, Path};

/// A new object in a directory.
#[derive(Clone, Copy, Debug)]
pub enum NewNode<'a> {
    /// An empty regular file.
    Regular,
    /// An empty directory.
    Directory,
    /// A symbolic link with this target.
    Symlink(&'a [u8]),
    /// A named pipe.
    Fifo,
    /// A socket's name.
    Socket,
    /// A character device with this number.
    CharDevice(u64),
    /// A block device with this number.
    BlockDevice(u64),
}

impl NewNode<'_> {
    /// The type the object will have.
    #[must_use]
    pub const fn file_type(&self) -> FileType {
        match self {
            Self::Regular => FileType::Regular,
            Self::Directory => FileType::Directory,
            Self::Symlink(_) => FileType::Symlink,
            Self::Fifo => FileType::Fifo,
            Self::Socket => FileType::Socket,
            Self::CharDevice(_) => FileType::CharDevice,
            Self::BlockDevice(_) => FileType::BlockDevice,
        }
    }
}

/// One name in a directory, as [`Inode::read_directory`] reports it.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryEntry<'a> {
    /// The name.
    pub name: &'a [u8],
    /// Its inode number.
    pub inode: u64,
    /// Its type.
    pub file_type: FileType,
    /// The position after this entry: what a later call passes to go on behind it. At least [`FIRST_ENTRY`].
    pub next: u64,
}

/// The position of the first entry [`Inode::read_directory`] reports; 0 and 1 are `.` and `..`, which the VFS adds.
pub const FIRST_ENTRY: u64 = 2;

/// What a symbolic link leads to.
pub enum Link {
    /// A path to be walked on from the directory the link is in.
    Target(Vec<u8>),
    /// An object itself, as the links of `/proc/PID/fd` do.
    Object(Path),
}

/// One object of a file system.
///
/// The VFS checks permissions, read-only mounts, name lengths and types before it calls; calls that change a
/// directory are made with the directory's (for [`rename`](Inode::rename) both directories') name lock held, so they
/// never race with each other or with [`lookup`](Inode::lookup) on the same directory. The names `.` and `..` are
/// never passed. Everything but the type and the metadata has a default, which refuses.
/// File systems get their own type back from a `&dyn Inode` by upcasting to [`Any`].
pub trait Inode: Send + Sync + Any {
    /// The type; never changes.
    fn file_type(&self) -> FileType;

    /// All attributes.
    fn metadata(&self) -> Metadata;

    /// Inode number; cheap.
    fn number(&self) -> u64 {
        self.metadata().inode
    }

    /// What permission checks need; cheap.
    fn ownership(&self) -> Ownership {
        self.metadata().ownership()
    }

    /// Changes attributes. Permissions have been checked. A change of size reaches regular files only.
    ///
    /// # Errors
    /// `EPERM` by default; `EFBIG`, `ENOSPC` for a size.
    fn set_attributes(&self, change: &AttributeChange) -> Result<(), Errno> {
        let _ = change;
        Err(Errno::EPERM)
    }

    /// The object called `name` in this directory.
    ///
    /// # Errors
    /// `ENOENT` if there is none.
    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let _ = name;
        Err(Errno::ENOENT)
    }

    /// Creates an object in this directory with the ownership given.
    ///
    /// # Errors
    /// `EPERM` by default; `EEXIST`, `ENOSPC`, `ENOMEM`.
    fn create(
        &self,
        name: &[u8],
        node: NewNode<'_>,
        ownership: Ownership,
    ) -> Result<Arc<dyn Inode>, Errno> {
        let _ = (name, node, ownership);
        Err(Errno::EPERM)
    }

    /// Creates a regular file without a name on this directory's file system (`O_TMPFILE`).
    ///
    /// # Errors
    /// `EOPNOTSUPP` by default.
    fn create_unnamed(&self, ownership: Ownership) -> Result<Arc<dyn Inode>, Errno> {
        let _ = ownership;
        Err(Errno::EOPNOTSUPP)
    }

    /// Gives `target`, which is no directory and on the same file system, another name in this directory.
    ///
    /// # Errors
    /// `EPERM` by default; `EEXIST`, `EMLINK`, `ENOSPC`.
    fn link(&self, name: &[u8], target: &Arc<dyn Inode>) -> Result<(), Errno> {
        let _ = (name, target);
        Err(Errno::EPERM)
    }

    /// Takes `name`, which is no directory, out of this directory.
    ///
    /// # Errors
    /// `EPERM` by default; `ENOENT`.
    fn unlink(&self, name: &[u8]) -> Result<(), Errno> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Removes the directory `name`.
    ///
    /// # Errors
    /// `EPERM` by default; `ENOENT`, `ENOTEMPTY`.
    fn remove_directory(&self, name: &[u8]) -> Result<(), Errno> {
        let _ = name;
        Err(Errno::EPERM)
    }

    /// Moves `old` in this directory to `new` in `target`, a directory on the same file system (perhaps this one).
    /// An object called `new` is replaced, or exchanged with `old`. The VFS has checked that types fit and that no
    /// directory moves below itself.
    ///
    /// # Errors
    /// `EPERM` by default; `ENOENT`, `ENOTEMPTY`, `ENOSPC`.
    fn rename(
        &self,
        old: &[u8],
        target: &Arc<dyn Inode>,
        new: &[u8],
        exchange: bool,
    ) -> Result<(), Errno> {
        let _ = (old, target, new, exchange);
        Err(Errno::EPERM)
    }

    /// Reports the names in this directory from `position` on until `emit` returns false. `emit` neither sleeps nor
    /// calls back into the file system.
    ///
    /// # Errors
    /// `ENOTDIR` by default.
    fn read_directory(
        &self,
        position: u64,
        emit: &mut dyn FnMut(DirectoryEntry<'_>) -> bool,
    ) -> Result<(), Errno> {
        let _ = (position, emit);
        Err(Errno::ENOTDIR)
    }

    /// The target of this symbolic link, as `readlink(2)` shows it.
    ///
    /// # Errors
    /// `EINVAL` if it is none.
    fn read_link(&self) -> Result<Vec<u8>, Errno> {
        Err(Errno::EINVAL)
    }

    /// Where this symbolic link leads when a path goes through it.
    ///
    /// # Errors
    /// Those of [`read_link`](Inode::read_link).
    fn follow_link(&self) -> Result<Link, Errno> {
        self.read_link().map(Link::Target)
    }

    /// Opens this regular file. Everything else is opened by the VFS: directories, devices by their number
    /// ([`Metadata::rdev`]), FIFOs by their [`fifo`](Inode::fifo).
    ///
    /// # Errors
    /// `ENXIO` by default.
    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
        let _ = flags;
        Err(Errno::ENXIO)
    }

    /// The pipe behind this FIFO's name.
    fn fifo(&self) -> Option<&FifoSlot> {
        None
    }

    /// Who writes to this file and who runs it; none if its content is not what programs are loaded from.
    fn write_gate(&self) -> Option<&WriteGate> {
        None
    }

    /// Notes a read for the access time (under the `relatime` rule). Does nothing by default.
    fn touch_accessed(&self) {}
}

/// A mounted or mountable file system (Linux's super block).
pub trait FileSystem: Send + Sync {
    /// Its type's name, as in `/proc/filesystems`.
    fn type_name(&self) -> &'static str;

    /// Its root directory; always the same one.
    fn root(&self) -> Arc<dyn Inode>;

    /// What `statfs(2)` reports, except for the flags of the mount.
    fn statistics(&self) -> abi::stat::Statfs;

    /// Whether names once looked up stay true until changed through the VFS. If not (procfs), each walk asks
    /// [`Inode::lookup`].
    fn caches_names(&self) -> bool {
        true
    }

    /// Its own options as `/proc/mounts` shows them, without the flags of the mount; empty or starting with a comma.
    fn options(&self) -> String {
        String::new()
    }

    /// Changes its options (`mount -o remount,...`).
    ///
    /// # Errors
    /// `EINVAL` for options it does not know.
    fn remount(&self, options: &[u8]) -> Result<(), Errno> {
        let _ = options;
        Ok(())
    }
}

/// A type of file system `mount(2)` knows, see [`super::mount::register`].
pub trait FileSystemType: Send + Sync {
    /// The name, as in `/proc/filesystems`.
    fn name(&self) -> &'static str;

    /// Whether it needs a block device (`/proc/filesystems` says `nodev` if not).
    fn needs_device(&self) -> bool {
        false
    }

    /// Makes an instance, or gives the only one there is.
    ///
    /// # Errors
    /// `EINVAL` for options it does not know.
    fn mount(&self, source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno>;
}

/// Keeps a file from being written while it runs, and from being run while it is open for writing (`ETXTBSY`).
///
/// Positive: how many have it open for writing; negative: how many run it.
#[derive(Debug, Default)]
pub struct WriteGate(AtomicI32);

impl WriteGate {
    /// Nobody writes or runs the file.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicI32::new(0))
    }

    /// Comes to write. `ETXTBSY` while it runs.
    pub fn begin_write(&self) -> Result<(), Errno> {
        self.step(1, |users| users >= 0)
    }

    /// The end of what [`begin_write`](Self::begin_write) began.
    pub fn end_write(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }

    /// Comes to run. `ETXTBSY` while it is open for writing.
    pub fn begin_run(&self) -> Result<(), Errno> {
        self.step(-1, |users| users <= 0)
    }

    /// The end of what [`begin_run`](Self::begin_run) began.
    pub fn end_run(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn step(&self, by: i32, allowed: impl Fn(i32) -> bool) -> Result<(), Errno> {
        let next = |users| {
            if allowed(users) {
                users.checked_add(by)
            } else {
                None
            }
        };
        let updated = self
            .0
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, next);
        updated.map(drop).map_err(|_| Errno::ETXTBSY)
    }
}

/// Attributes for a generated inode, stamped with the current time.
#[must_use]
pub fn generated(file_type: FileType, mode: u32, inode: u64) -> Metadata {
    Metadata::new(file_type, mode, inode, now())
}
