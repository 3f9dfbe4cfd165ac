//! Opening and controlling files: the flags of `open(2)`, the commands of `fcntl(2)`, and the `*at` calls.

bitflags::bitflags! {
    /// The flags of `open(2)`; the two lowest bits are the access mode, see [`OpenFlags::readable`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct OpenFlags: u32 {
        /// Write only.
        const O_WRONLY = 0o1;
        /// Read and write.
        const O_RDWR = 0o2;
        /// Create the file if it does not exist.
        const O_CREAT = 0o100;
        /// Fail with `EEXIST` if it does.
        const O_EXCL = 0o200;
        /// Do not make a terminal the controlling one.
        const O_NOCTTY = 0o400;
        /// Empty the file.
        const O_TRUNC = 0o1000;
        /// Each write goes to the end.
        const O_APPEND = 0o2000;
        /// Fail with `EAGAIN` instead of waiting.
        const O_NONBLOCK = 0o4000;
        /// Writes wait until the data are stored.
        const O_DSYNC = 0o10000;
        /// Send `SIGIO` when I/O is possible.
        const FASYNC = 0o20000;
        /// Go around the page cache; of a pipe: packet mode.
        const O_DIRECT = 0o40000;
        /// Large files; without meaning on x86-64, yet shown.
        const O_LARGEFILE = 0o100000;
        /// Fail with `ENOTDIR` unless it is a directory.
        const O_DIRECTORY = 0o200000;
        /// Fail with `ELOOP` if the last component is a symbolic link.
        const O_NOFOLLOW = 0o400000;
        /// Do not update the access time.
        const O_NOATIME = 0o1000000;
        /// Close on `execve(2)`; a property of the descriptor, not of the open file.
        const O_CLOEXEC = 0o2000000;
        /// `O_SYNC` without `O_DSYNC`; use [`OpenFlags::O_SYNC`].
        const __O_SYNC = 0o4000000;
        /// Only a place in the tree: no reading, no writing.
        const O_PATH = 0o10000000;
        /// `O_TMPFILE` without `O_DIRECTORY`.
        const __O_TMPFILE = 0o20000000;
        /// Writes wait until data and metadata are stored.
        const O_SYNC = 0o4010000;
        /// A file without a name in the directory given.
        const O_TMPFILE = 0o20200000;
        /// The mask of the access mode.
        const O_ACCMODE = 0o3;
    }
}

impl OpenFlags {
    /// Read only: the access mode without a bit.
    pub const O_RDONLY: Self = Self::empty();
    /// The flags `fcntl(F_SETFL)` can change.
    pub const SETFL_MASK: Self =
        Self::from_bits_retain(0o2000 | 0o4000 | 0o20000 | 0o40000 | 0o1000000);

    /// Whether the access mode allows reading.
    #[must_use]
    pub const fn readable(self) -> bool {
        (self.bits() + 1) & 1 != 0
    }

    /// Whether the access mode allows writing.
    #[must_use]
    pub const fn writable(self) -> bool {
        (self.bits() + 1) & 2 != 0
    }
}

c_struct! {
    /// `struct flock` of `fcntl(F_SETLK)`.
    pub struct Flock {
        /// [`F_RDLCK`], [`F_WRLCK`] or [`F_UNLCK`].
        pub l_type: i16,
        /// What `l_start` counts from, `SEEK_*`.
        pub l_whence: i16,
        #[doc(hidden)]
        pub __pad: u32,
        /// First byte.
        pub l_start: i64,
        /// Bytes; 0 up to the end of the file.
        pub l_len: i64,
        /// Owner of the lock that is in the way.
        pub l_pid: i32,
        #[doc(hidden)]
        pub __pad2: u32,
    }
}

c_struct! {
    /// `struct open_how` of `openat2(2)`.
    pub struct OpenHow {
        /// `O_*`.
        pub flags: u64,
        /// Permissions of a new file.
        pub mode: u64,
        /// `RESOLVE_*`.
        pub resolve: u64,
    }
}

constants! { u32;
    F_DUPFD = 0, "Duplicate to the lowest descriptor not below the argument.";
    F_GETFD = 1, "Descriptor flags.";
    F_SETFD = 2, "Set descriptor flags.";
    F_GETFL = 3, "Status flags of the open file.";
    F_SETFL = 4, "Set status flags of the open file.";
    F_GETLK = 5, "Test for a record lock.";
    F_SETLK = 6, "Set a record lock.";
    F_SETLKW = 7, "Set a record lock, waiting.";
    F_SETOWN = 8, "Set who gets `SIGIO`.";
    F_GETOWN = 9, "Who gets `SIGIO`.";
    F_SETSIG = 10, "Set the signal sent instead of `SIGIO`.";
    F_GETSIG = 11, "The signal sent instead of `SIGIO`.";
    F_OFD_GETLK = 36, "`F_GETLK` with locks owned by the open file.";
    F_OFD_SETLK = 37, "`F_SETLK` with locks owned by the open file.";
    F_OFD_SETLKW = 38, "`F_SETLKW` with locks owned by the open file.";
    F_DUPFD_CLOEXEC = 1030, "`F_DUPFD`, and set close-on-exec.";
    F_SETPIPE_SZ = 1031, "Set a pipe's capacity in bytes.";
    F_GETPIPE_SZ = 1032, "A pipe's capacity in bytes.";
    F_ADD_SEALS = 1033, "Add seals to a memfd.";
    F_GET_SEALS = 1034, "The seals of a memfd.";
    FD_CLOEXEC = 1, "Descriptor flag: close on `execve(2)`.";
    LOCK_SH = 1, "`flock`: shared.";
    LOCK_EX = 2, "`flock`: exclusive.";
    LOCK_NB = 4, "`flock`: do not wait.";
    LOCK_UN = 8, "`flock`: unlock.";
    SEEK_SET = 0, "From the start.";
    SEEK_CUR = 1, "From the current position.";
    SEEK_END = 2, "From the end.";
    SEEK_DATA = 3, "To the next data.";
    SEEK_HOLE = 4, "To the next hole.";
    AT_SYMLINK_NOFOLLOW = 0x100, "Do not follow a symbolic link at the end.";
    AT_EACCESS = 0x200, "`faccessat2`: check with effective ids.";
    AT_REMOVEDIR = 0x200, "`unlinkat`: remove a directory.";
    AT_SYMLINK_FOLLOW = 0x400, "Follow a symbolic link at the end.";
    AT_NO_AUTOMOUNT = 0x800, "Do not trigger an automount.";
    AT_EMPTY_PATH = 0x1000, "An empty path means the descriptor itself.";
    AT_STATX_FORCE_SYNC = 0x2000, "`statx`: synchronise with a server.";
    AT_STATX_DONT_SYNC = 0x4000, "`statx`: do not synchronise with a server.";
    F_OK = 0, "`access`: exists.";
    X_OK = 1, "`access`: may execute.";
    W_OK = 2, "`access`: may write.";
    R_OK = 4, "`access`: may read.";
    RENAME_NOREPLACE = 1, "`renameat2`: fail if the target exists.";
    RENAME_EXCHANGE = 2, "`renameat2`: exchange the two.";
    RENAME_WHITEOUT = 4, "`renameat2`: leave a whiteout behind.";
    FALLOC_FL_KEEP_SIZE = 1, "`fallocate`: leave the size.";
    FALLOC_FL_PUNCH_HOLE = 2, "`fallocate`: free the range.";
    FALLOC_FL_ZERO_RANGE = 16, "`fallocate`: zero the range.";
    CLOSE_RANGE_UNSHARE = 2, "`close_range`: with a descriptor table of its own.";
    CLOSE_RANGE_CLOEXEC = 4, "`close_range`: set close-on-exec instead.";
    MFD_CLOEXEC = 1, "`memfd_create`: close on exec.";
    MFD_ALLOW_SEALING = 2, "`memfd_create`: seals may be added.";
    EFD_SEMAPHORE = 1, "`eventfd2`: each read takes one.";
    GRND_NONBLOCK = 1, "`getrandom`: do not wait for entropy.";
    GRND_RANDOM = 2, "`getrandom`: from the pool of `/dev/random`.";
    GRND_INSECURE = 4, "`getrandom`: without waiting for the first seeding.";
    SPLICE_F_MOVE = 1, "`splice`: move pages if possible.";
    SPLICE_F_NONBLOCK = 2, "`splice`: do not wait.";
    SPLICE_F_MORE = 4, "`splice`: more data will come.";
    SPLICE_F_GIFT = 8, "`vmsplice`: the pages are given away.";
}

constants! { i16;
    F_RDLCK = 0, "Read lock.";
    F_WRLCK = 1, "Write lock.";
    F_UNLCK = 2, "No lock.";
}

/// In place of a directory's descriptor: the current directory.
pub const AT_FDCWD: i32 = -100;
