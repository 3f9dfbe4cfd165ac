//! File status: the structures and numbers of `stat(2)`, `statx(2)`, `statfs(2)` and `getdents64(2)`.

use crate::time::Timespec;

c_struct! {
    /// `struct stat`.
    pub struct Stat {
        /// Device the file is on.
        pub st_dev: u64,
        /// Inode number.
        pub st_ino: u64,
        /// Hard links.
        pub st_nlink: u64,
        /// Type and permissions, see [`S_IFMT`].
        pub st_mode: u32,
        /// Owner.
        pub st_uid: u32,
        /// Group.
        pub st_gid: u32,
        #[doc(hidden)]
        pub __pad0: u32,
        /// Device the file stands for, if it is a device.
        pub st_rdev: u64,
        /// Bytes in the file.
        pub st_size: i64,
        /// Good size of a transfer, in bytes.
        pub st_blksize: i64,
        /// Storage in units of 512 bytes.
        pub st_blocks: i64,
        /// Last access.
        pub st_atim: Timespec,
        /// Last modification of the content.
        pub st_mtim: Timespec,
        /// Last change of the inode.
        pub st_ctim: Timespec,
        #[doc(hidden)]
        pub __unused: [i64; 3],
    }
}

c_struct! {
    /// `struct statfs`.
    pub struct Statfs {
        /// Kind of file system, such as [`TMPFS_MAGIC`].
        pub f_type: i64,
        /// Bytes in a block.
        pub f_bsize: i64,
        /// Blocks in all.
        pub f_blocks: u64,
        /// Free blocks.
        pub f_bfree: u64,
        /// Free blocks an ordinary user may have.
        pub f_bavail: u64,
        /// Inodes in all.
        pub f_files: u64,
        /// Free inodes.
        pub f_ffree: u64,
        /// Identifies the file system.
        pub f_fsid: [i32; 2],
        /// Longest name.
        pub f_namelen: i64,
        /// Bytes in a fragment; the unit of the block counts.
        pub f_frsize: i64,
        /// Mount flags, `ST_*`.
        pub f_flags: i64,
        #[doc(hidden)]
        pub f_spare: [i64; 4],
    }
}

c_struct! {
    /// `struct statx_timestamp`.
    pub struct StatxTimestamp {
        /// Seconds since 1970.
        pub tv_sec: i64,
        /// Nanoseconds of the second.
        pub tv_nsec: u32,
        #[doc(hidden)]
        pub __reserved: i32,
    }
}

impl From<Timespec> for StatxTimestamp {
    fn from(time: Timespec) -> Self {
        Self {
            tv_sec: time.tv_sec,
            tv_nsec: time.tv_nsec as u32,
            __reserved: 0,
        }
    }
}

c_struct! {
    /// `struct statx`.
    pub struct Statx {
        /// Which fields are filled, `STATX_*`.
        pub stx_mask: u32,
        /// Good size of a transfer, in bytes.
        pub stx_blksize: u32,
        /// `STATX_ATTR_*` set.
        pub stx_attributes: u64,
        /// Hard links.
        pub stx_nlink: u32,
        /// Owner.
        pub stx_uid: u32,
        /// Group.
        pub stx_gid: u32,
        /// Type and permissions.
        pub stx_mode: u16,
        #[doc(hidden)]
        pub __spare0: u16,
        /// Inode number.
        pub stx_ino: u64,
        /// Bytes in the file.
        pub stx_size: u64,
        /// Storage in units of 512 bytes.
        pub stx_blocks: u64,
        /// `STATX_ATTR_*` that the file system knows.
        pub stx_attributes_mask: u64,
        /// Last access.
        pub stx_atime: StatxTimestamp,
        /// Creation.
        pub stx_btime: StatxTimestamp,
        /// Last change of the inode.
        pub stx_ctime: StatxTimestamp,
        /// Last modification of the content.
        pub stx_mtime: StatxTimestamp,
        /// Major number of the device the file stands for.
        pub stx_rdev_major: u32,
        /// Minor number of the device the file stands for.
        pub stx_rdev_minor: u32,
        /// Major number of the device the file is on.
        pub stx_dev_major: u32,
        /// Minor number of the device the file is on.
        pub stx_dev_minor: u32,
        /// Mount the file was reached through.
        pub stx_mnt_id: u64,
        /// Alignment of memory for direct I/O.
        pub stx_dio_mem_align: u32,
        /// Alignment of file offsets for direct I/O.
        pub stx_dio_offset_align: u32,
        #[doc(hidden)]
        pub __spare3: [u64; 12],
    }
}

/// Bytes of `struct linux_dirent64` before the name: `d_ino` u64, `d_off` i64, `d_reclen` u16, `d_type` u8.
pub const DIRENT64_HEADER: usize = 19;

/// Writes one `struct linux_dirent64` to the start of `out` and returns its length, a multiple of 8; none if it does
/// not fit. `next` is the position of the entry after this one.
#[must_use]
pub fn write_dirent64(out: &mut [u8], ino: u64, next: i64, kind: u8, name: &[u8]) -> Option<usize> {
    let len = (DIRENT64_HEADER + name.len() + 1).next_multiple_of(8);
    let record = out.get_mut(..len)?;
    let reclen = u16::try_from(len).ok()?;
    record[..8].copy_from_slice(&ino.to_ne_bytes());
    record[8..16].copy_from_slice(&next.to_ne_bytes());
    record[16..18].copy_from_slice(&reclen.to_ne_bytes());
    record[18] = kind;
    let (text, rest) = record[DIRENT64_HEADER..].split_at_mut(name.len());
    text.copy_from_slice(name);
    rest.fill(0);
    Some(len)
}

constants! { u32;
    S_IFMT = 0o170000, "Mask of the file type within a mode.";
    S_IFSOCK = 0o140000, "Socket.";
    S_IFLNK = 0o120000, "Symbolic link.";
    S_IFREG = 0o100000, "Regular file.";
    S_IFBLK = 0o060000, "Block device.";
    S_IFDIR = 0o040000, "Directory.";
    S_IFCHR = 0o020000, "Character device.";
    S_IFIFO = 0o010000, "FIFO.";
    S_ISUID = 0o4000, "Run as the owner.";
    S_ISGID = 0o2000, "Run as the group; of a directory: new files take its group.";
    S_ISVTX = 0o1000, "Of a directory: only owners remove their files.";
    S_IRWXU = 0o700, "All permissions of the owner.";
    S_IRUSR = 0o400, "The owner may read.";
    S_IWUSR = 0o200, "The owner may write.";
    S_IXUSR = 0o100, "The owner may execute.";
    S_IRWXG = 0o070, "All permissions of the group.";
    S_IRGRP = 0o040, "The group may read.";
    S_IWGRP = 0o020, "The group may write.";
    S_IXGRP = 0o010, "The group may execute.";
    S_IRWXO = 0o007, "All permissions of others.";
    S_IROTH = 0o004, "Others may read.";
    S_IWOTH = 0o002, "Others may write.";
    S_IXOTH = 0o001, "Others may execute.";
    STATX_TYPE = 0x1, "The type bits of `stx_mode`.";
    STATX_MODE = 0x2, "The permission bits of `stx_mode`.";
    STATX_NLINK = 0x4, "`stx_nlink`.";
    STATX_UID = 0x8, "`stx_uid`.";
    STATX_GID = 0x10, "`stx_gid`.";
    STATX_ATIME = 0x20, "`stx_atime`.";
    STATX_MTIME = 0x40, "`stx_mtime`.";
    STATX_CTIME = 0x80, "`stx_ctime`.";
    STATX_INO = 0x100, "`stx_ino`.";
    STATX_SIZE = 0x200, "`stx_size`.";
    STATX_BLOCKS = 0x400, "`stx_blocks`.";
    STATX_BASIC_STATS = 0x7ff, "Everything `struct stat` has.";
    STATX_BTIME = 0x800, "`stx_btime`.";
    STATX_MNT_ID = 0x1000, "`stx_mnt_id`.";
    STATX__RESERVED = 0x8000_0000, "Not to be set by a caller (`EINVAL`).";
}

constants! { u8;
    DT_UNKNOWN = 0, "Entry of unknown type.";
    DT_FIFO = 1, "Entry is a FIFO.";
    DT_CHR = 2, "Entry is a character device.";
    DT_DIR = 4, "Entry is a directory.";
    DT_BLK = 6, "Entry is a block device.";
    DT_REG = 8, "Entry is a regular file.";
    DT_LNK = 10, "Entry is a symbolic link.";
    DT_SOCK = 12, "Entry is a socket.";
}

constants! { i64;
    TMPFS_MAGIC = 0x0102_1994, "`f_type` of tmpfs.";
    RAMFS_MAGIC = 0x8584_58f6, "`f_type` of ramfs, which an initramfs is.";
    PROC_SUPER_MAGIC = 0x9fa0, "`f_type` of procfs.";
    SYSFS_MAGIC = 0x6265_6572, "`f_type` of sysfs.";
    DEVPTS_SUPER_MAGIC = 0x1cd1, "`f_type` of devpts.";
    PIPEFS_MAGIC = 0x5049_5045, "`f_type` of the file system pipes live on.";
    ANON_INODE_FS_MAGIC = 0x0904_1934, "`f_type` of the file system of descriptors without a file.";
    CGROUP2_SUPER_MAGIC = 0x6367_7270, "`f_type` of cgroup2.";
    EXT4_SUPER_MAGIC = 0xef53, "`f_type` of ext4.";
}

/// The directory-entry type (`DT_*`) of a mode.
#[must_use]
pub const fn dirent_type(mode: u32) -> u8 {
    ((mode & S_IFMT) >> 12) as u8
}

/// The device number with this major (12 bits) and minor (20 bits), as `stat(2)` reports it and `mknod(2)` takes it.
#[must_use]
pub const fn makedev(major: u32, minor: u32) -> u64 {
    ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12)) as u64
}

/// The major number of a device number.
#[must_use]
pub const fn major(dev: u64) -> u32 {
    ((dev >> 8) & 0xfff) as u32
}

/// The minor number of a device number.
#[must_use]
pub const fn minor(dev: u64) -> u32 {
    ((dev & 0xff) | ((dev >> 12) & 0xf_ff00)) as u32
}
