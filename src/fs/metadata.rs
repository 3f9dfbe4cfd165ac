//! What is known of a file without looking into it: type, owner, permissions, size, times.

use abi::Errno;
use abi::stat::{self, S_IFMT};
use abi::time::{NSEC_PER_SEC, Timespec};
use core::sync::atomic::{AtomicU64, Ordering};

/// The type of a file; the values are those of `d_type` in `getdents64(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileType {
    /// A named pipe.
    Fifo = stat::DT_FIFO,
    /// A character device.
    CharDevice = stat::DT_CHR,
    /// A directory.
    Directory = stat::DT_DIR,
    /// A block device.
    BlockDevice = stat::DT_BLK,
    /// A regular file.
    Regular = stat::DT_REG,
    /// A symbolic link.
    Symlink = stat::DT_LNK,
    /// A socket.
    Socket = stat::DT_SOCK,
}

impl FileType {
    /// The type in the upper bits of a mode; none if they hold no type.
    #[must_use]
    pub const fn from_mode(mode: u32) -> Option<Self> {
        Some(match mode & S_IFMT {
            stat::S_IFIFO => Self::Fifo,
            stat::S_IFCHR => Self::CharDevice,
            stat::S_IFDIR => Self::Directory,
            stat::S_IFBLK => Self::BlockDevice,
            stat::S_IFREG => Self::Regular,
            stat::S_IFLNK => Self::Symlink,
            stat::S_IFSOCK => Self::Socket,
            _ => return None,
        })
    }

    /// The type as the upper bits of a mode (`S_IFREG` and its like).
    #[must_use]
    pub const fn mode_bits(self) -> u32 {
        (self as u32) << 12
    }

    /// Whether this is a directory.
    #[must_use]
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory)
    }

    /// Whether the node stands for a device.
    #[must_use]
    pub const fn is_device(self) -> bool {
        matches!(self, Self::CharDevice | Self::BlockDevice)
    }
}

/// What `stat(2)` reports of a file.
#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    /// The file system it is on, as a device number.
    pub device: u64,
    /// Inode number, unique on the file system.
    pub inode: u64,
    /// Type.
    pub file_type: FileType,
    /// Permission bits, `07777` at most.
    pub mode: u32,
    /// Hard links.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The device a device file stands for, 0 otherwise.
    pub rdev: u64,
    /// Bytes.
    pub size: u64,
    /// Good size of a transfer, in bytes.
    pub block_size: u32,
    /// Storage taken, in units of 512 bytes.
    pub blocks: u64,
    /// Last access.
    pub accessed: Timespec,
    /// Last modification of the content.
    pub modified: Timespec,
    /// Last change of content or attributes.
    pub changed: Timespec,
    /// Creation.
    pub created: Timespec,
}

impl Metadata {
    /// Attributes of a generated file: owned by root, one link, empty, all times `time`.
    #[must_use]
    pub const fn new(file_type: FileType, mode: u32, inode: u64, time: Timespec) -> Self {
        Self {
            device: 0,
            inode,
            file_type,
            mode,
            links: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            size: 0,
            block_size: 4096,
            blocks: 0,
            accessed: time,
            modified: time,
            changed: time,
            created: time,
        }
    }

    /// Type and permissions together, as `st_mode` has them.
    #[must_use]
    pub const fn full_mode(&self) -> u32 {
        self.file_type.mode_bits() | self.mode
    }

    /// The part of the attributes that permission checks need.
    #[must_use]
    pub const fn ownership(&self) -> Ownership {
        Ownership {
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
        }
    }
}

/// Who owns a file and who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Permission bits, `07777` at most.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Attributes to be changed; what is `None` stays. The change time is always set to now by the file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttributeChange {
    /// New permission bits.
    pub mode: Option<u32>,
    /// New owner.
    pub uid: Option<u32>,
    /// New group.
    pub gid: Option<u32>,
    /// New size: cuts the file or extends it by zeros.
    pub size: Option<u64>,
    /// New access time.
    pub accessed: Option<Timespec>,
    /// New modification time.
    pub modified: Option<Timespec>,
}

impl AttributeChange {
    /// A change of the size alone.
    #[must_use]
    pub fn to_size(size: u64) -> Self {
        Self {
            size: Some(size),
            ..Self::default()
        }
    }
}

/// The wall-clock time, for the time stamps of files.
#[must_use]
pub fn now() -> Timespec {
    Timespec::from_nanos(crate::clock::realtime())
}

/// Whether the access time should be written again under the `relatime` rule: it is older than a change of the
/// file, or a day has gone by.
#[must_use]
pub fn access_time_is_stale(
    accessed: Timespec,
    modified: Timespec,
    changed: Timespec,
    now: Timespec,
) -> bool {
    const DAY: i64 = 24 * 60 * 60;
    accessed <= modified || accessed <= changed || now.tv_sec - accessed.tv_sec >= DAY
}

/// A number for a file system that is on no device, as `st_dev` reports it (major 0).
#[must_use]
pub fn anonymous_device() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let minor = NEXT.fetch_add(1, Ordering::Relaxed);
    stat::makedev(0, (minor & 0xf_ffff) as u32)
}

/// A fresh inode number for objects that are on no file system: pipes, event descriptors.
#[must_use]
pub fn anonymous_inode() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// `EINVAL` unless the nanoseconds are within a second.
pub fn check_timespec(time: Timespec) -> Result<Timespec, Errno> {
    let second = NSEC_PER_SEC.cast_signed();
    if (0..second).contains(&time.tv_nsec) {
        Ok(time)
    } else {
        Err(Errno::EINVAL)
    }
}
