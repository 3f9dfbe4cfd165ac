//! The file system in memory (`tmpfs(5)`): the root, `/tmp`, `/dev/shm`, and what `memfd_create(2)` makes.
//!
//! Directories are tables of names, regular files are pages; the pages are also what is mapped. Every inode counts
//! against its file system's [`Account`], and gives back what it took when its last user lets go of it.

mod account;
mod content;
mod directory;
mod file;
mod inode;
mod options;
mod pages;

use alloc::string::String;
use alloc::sync::Arc;

use abi::Errno;
use abi::stat::{S_ISVTX, Statfs, TMPFS_MAGIC};

use super::{FileSystem, FileSystemType, Inode, NewNode, Ownership};
use account::Account;
pub use account::all_pages;
pub use content::Seals;
pub use inode::TmpInode;
use options::Options;

/// One instance of the file system.
pub struct TmpFs {
    type_name: &'static str,
    account: Arc<Account>,
    root: Arc<TmpInode>,
}

impl TmpFs {
    /// The file system the root is on: it may take three quarters of memory, so that filling it up leaves the system
    /// alive.
    #[must_use]
    pub fn for_root() -> Arc<Self> {
        let pages = machine::mem::stats().total as u64 / abi::PAGE_SIZE as u64 / 4 * 3;
        let ownership = Ownership {
            mode: 0o755,
            uid: 0,
            gid: 0,
        };
        Self::build("rootfs", Account::new(pages, u64::MAX), ownership)
    }

    /// An empty instance shown as `type_name`, without limits but memory, whose root directory belongs to root and
    /// has the permissions `mode`.
    #[must_use]
    pub fn new(type_name: &'static str, mode: u32) -> Arc<Self> {
        Self::build(
            type_name,
            Account::new(u64::MAX, u64::MAX),
            Ownership {
                mode,
                uid: 0,
                gid: 0,
            },
        )
    }

    fn build(type_name: &'static str, account: Account, ownership: Ownership) -> Arc<Self> {
        let account = Arc::new(account);
        let root = TmpInode::root(account.clone(), ownership);
        Arc::new(Self {
            type_name,
            account,
            root,
        })
    }

    /// Its root directory, for the kernel's own additions.
    #[must_use]
    pub fn root_directory(&self) -> &Arc<TmpInode> {
        &self.root
    }

    /// A regular file without a name (`memfd_create(2)`, `O_TMPFILE`).
    ///
    /// # Errors
    /// `ENOSPC` beyond the limit of inodes.
    pub fn unnamed_file(&self, ownership: Ownership) -> Result<Arc<TmpInode>, Errno> {
        TmpInode::new(self.account.clone(), NewNode::Regular, ownership, 0)
    }
}

impl FileSystem for TmpFs {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> Statfs {
        let blocks = self.account.pages();
        let files = self.account.inodes();
        Statfs {
            f_type: TMPFS_MAGIC,
            f_bsize: 4096,
            f_blocks: blocks.limit,
            f_bfree: blocks.free,
            f_bavail: blocks.free,
            f_files: files.limit,
            f_ffree: files.free,
            f_fsid: self.account.identity(),
            f_namelen: 255,
            f_frsize: 4096,
            ..Statfs::default()
        }
    }

    fn options(&self) -> String {
        options::describe(&self.account, &self.root.ownership())
    }

    fn remount(&self, options: &[u8]) -> Result<(), Errno> {
        let options = Options::parse(options)?;
        self.account.set_limits(options.pages, options.inodes)
    }
}

/// The type `tmpfs`, and under other names what differs only in its defaults.
struct TmpFsType {
    name: &'static str,
    limited: bool,
}

impl FileSystemType for TmpFsType {
    fn name(&self) -> &'static str {
        self.name
    }

    fn mount(&self, _source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno> {
        let options = Options::parse(options)?;
        let half = self
            .limited
            .then(|| machine::mem::stats().total as u64 / 2 / 4096);
        let pages = options.pages.or(half).unwrap_or(u64::MAX);
        let inodes = options.inodes.or(half).unwrap_or(u64::MAX);
        let default_mode = if self.limited { S_ISVTX | 0o777 } else { 0o755 };
        let ownership = Ownership {
            mode: options.mode.unwrap_or(default_mode),
            uid: options.uid,
            gid: options.gid,
        };
        Ok(TmpFs::build(
            self.name,
            Account::new(pages, inodes),
            ownership,
        ))
    }
}

/// Makes `tmpfs` and `ramfs` known to `mount(2)`.
pub fn register() {
    static TMPFS: TmpFsType = TmpFsType {
        name: "tmpfs",
        limited: true,
    };
    static RAMFS: TmpFsType = TmpFsType {
        name: "ramfs",
        limited: false,
    };
    super::mount::register(&TMPFS);
    super::mount::register(&RAMFS);
}
