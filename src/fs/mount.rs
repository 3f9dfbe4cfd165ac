//! Mounts: which file system's tree is seen where, and the types of file system there are.

mod calls;
mod table;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use abi::Errno;
use abi::system::{MS_NOATIME, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME};
use machine::sync::SpinLock;

use super::dentry::Dentry;
use super::inode::{FileSystem, FileSystemType};
use super::{Path, levels};

pub use calls::{MountRequest, mount, pivot, statfs_flags, unmount};
pub use table::{all, attach_root};
pub(super) use table::{covering, mount_point};

/// A file system's tree, or a part of it, seen at a place.
pub struct Mount {
    id: u64,
    file_system: Arc<dyn FileSystem>,
    /// The top of what is seen.
    root: Arc<Dentry>,
    /// The top of the file system's whole tree: `root`, except for bind mounts.
    top: Arc<Dentry>,
    /// `MS_RDONLY` and the other flags of a mount.
    flags: AtomicU32,
    /// What was mounted, as `/proc/mounts` shows it.
    source: String,
}

/// The flags that belong to a mount.
pub(super) const MOUNT_FLAGS: u32 =
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_RELATIME;

impl Mount {
    pub(super) fn new(
        file_system: Arc<dyn FileSystem>,
        root: Arc<Dentry>,
        top: Arc<Dentry>,
        flags: u32,
        source: String,
    ) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            file_system,
            root,
            top,
            flags: AtomicU32::new(flags & MOUNT_FLAGS),
            source,
        })
    }

    /// A mount of the whole of `file_system` that is nowhere in the tree, for objects the kernel itself opens.
    #[must_use]
    pub fn detached(file_system: Arc<dyn FileSystem>, source: &str) -> Arc<Self> {
        let top = table::top_of(&file_system);
        Self::new(file_system, top.clone(), top, 0, String::from(source))
    }

    /// A number unique among all mounts ever made.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What is mounted.
    #[must_use]
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.file_system
    }

    /// The top of what is seen, as a path.
    #[must_use]
    pub fn root_path(self: &Arc<Self>) -> Path {
        Path::new(self.clone(), self.root.clone())
    }

    /// The top of what is seen.
    #[must_use]
    pub fn root(&self) -> &Arc<Dentry> {
        &self.root
    }

    /// What was mounted, as `/proc/mounts` shows it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `MS_RDONLY` and the other flags of a mount.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    pub(super) fn set_flags(&self, flags: u32) {
        self.flags.store(flags & MOUNT_FLAGS, Ordering::Relaxed);
    }

    /// Whether a flag such as `MS_NOSUID` is set.
    #[must_use]
    pub fn has(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    /// Checks that files may be changed through this mount.
    ///
    /// # Errors
    /// `EROFS`.
    pub fn check_writable(&self) -> Result<(), Errno> {
        if self.has(MS_RDONLY) {
            Err(Errno::EROFS)
        } else {
            Ok(())
        }
    }

    /// The mount's and the file system's options, as `/proc/mounts` shows them.
    #[must_use]
    pub fn options(&self) -> String {
        let mut text = String::from(if self.has(MS_RDONLY) { "ro" } else { "rw" });
        let names = [
            (MS_NOSUID, ",nosuid"),
            (MS_NODEV, ",nodev"),
            (MS_NOEXEC, ",noexec"),
            (MS_NOATIME, ",noatime"),
        ];
        for (flag, name) in names {
            if self.has(flag) {
                text.push_str(name);
            }
        }
        if !self.has(MS_NOATIME) {
            text.push_str(",relatime");
        }
        text.push_str(&self.file_system.options());
        text
    }
}

impl Drop for Mount {
    /// The cache of names holds a file system's tree together; with its last mount that must go too.
    fn drop(&mut self) {
        if !table::is_seen_elsewhere(&self.top) {
            self.top.forget_all();
        }
    }
}

static TYPES: SpinLock<Vec<&'static dyn FileSystemType>> =
    SpinLock::new(levels::REGISTRY, Vec::new());

/// Makes a type of file system known to `mount(2)`.
pub fn register(file_system_type: &'static dyn FileSystemType) {
    TYPES.lock().push(file_system_type);
}

/// The types of file system there are, as `/proc/filesystems` lists them.
#[must_use]
pub fn types() -> Vec<&'static dyn FileSystemType> {
    TYPES.lock().clone()
}

/// The type of file system called `name`.
pub(super) fn find_type(name: &[u8]) -> Option<&'static dyn FileSystemType> {
    TYPES
        .lock()
        .iter()
        .copied()
        .find(|kind| kind.name().as_bytes() == name)
}
