//! What one tmpfs has taken and may take: pages and inodes.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;

use crate::fs::metadata::anonymous_device;
use crate::fs::reserve;

/// Pages of all file systems together.
static ALL_PAGES: AtomicU64 = AtomicU64::new(0);

/// How many pages the files of all instances have (`Shmem` in `/proc/meminfo`).
#[must_use]
pub fn all_pages() -> u64 {
    ALL_PAGES.load(Ordering::Relaxed)
}

/// The account of one file system.
pub(super) struct Account {
    device: u64,
    pages: Budget,
    inodes: Budget,
    next_inode: AtomicU64,
}

struct Budget {
    limit: AtomicU64,
    used: AtomicU64,
}

/// A limit and how much of it is free.
pub(super) struct Room {
    /// The limit; 0 for none, as `statfs(2)` has it.
    pub(super) limit: u64,
    pub(super) free: u64,
}

impl Budget {
    fn new(limit: u64) -> Self {
        Self {
            limit: AtomicU64::new(limit),
            used: AtomicU64::new(0),
        }
    }

    fn take(&self, count: u64) -> Result<(), Errno> {
        let limit = self.limit.load(Ordering::Relaxed);
        let add = |used: u64| used.checked_add(count).filter(|&sum| sum <= limit);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.map(drop).map_err(|_| Errno::ENOSPC)
    }

    fn give_back(&self, count: u64) {
        self.used.fetch_sub(count, Ordering::Relaxed);
    }

    fn set_limit(&self, limit: u64) -> Result<(), Errno> {
        if limit < self.used.load(Ordering::Relaxed) {
            return Err(Errno::EINVAL);
        }
        self.limit.store(limit, Ordering::Relaxed);
        Ok(())
    }

    fn room(&self) -> Room {
        match self.limit.load(Ordering::Relaxed) {
            u64::MAX => Room { limit: 0, free: 0 },
            limit => Room {
                limit,
                free: limit.saturating_sub(self.used.load(Ordering::Relaxed)),
            },
        }
    }
}

impl Account {
    /// An account with these limits; `u64::MAX` is none.
    pub(super) fn new(pages: u64, inodes: u64) -> Self {
        Self {
            device: anonymous_device(),
            pages: Budget::new(pages),
            inodes: Budget::new(inodes),
            next_inode: AtomicU64::new(1),
        }
    }

    /// The file system's number, as `st_dev` has it.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// The file system's number, as `f_fsid` has it.
    pub(super) fn identity(&self) -> [i32; 2] {
        [abi::stat::minor(self.device).cast_signed(), 0]
    }

    /// Takes an inode, and gives its number. `ENOSPC`, `ENOMEM`.
    pub(super) fn take_inode(&self) -> Result<u64, Errno> {
        reserve::check()?;
        self.inodes.take(1)?;
        Ok(self.next_inode.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn give_back_inode(&self) {
        self.inodes.give_back(1);
    }

    /// Takes a page. `ENOSPC`.
    pub(super) fn take_page(&self) -> Result<(), Errno> {
        self.pages.take(1)?;
        ALL_PAGES.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn give_back_pages(&self, count: u64) {
        self.pages.give_back(count);
        ALL_PAGES.fetch_sub(count, Ordering::Relaxed);
    }

    pub(super) fn pages(&self) -> Room {
        self.pages.room()
    }

    pub(super) fn inodes(&self) -> Room {
        self.inodes.room()
    }

    /// Changes the limits that are given. `EINVAL` if more than that is used already.
    pub(super) fn set_limits(&self, pages: Option<u64>, inodes: Option<u64>) -> Result<(), Errno> {
        pages.map_or(Ok(()), |limit| self.pages.set_limit(limit))?;
        inodes.map_or(Ok(()), |limit| self.inodes.set_limit(limit))
    }
}
