//! Paths as arguments of system calls: a directory descriptor and a text in user memory.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::AT_FDCWD;
use abi::resource::RLIMIT_NOFILE;

use super::{Call, Fd};
use crate::fs::{At, FsContext, Path, ResolveFlags};
use crate::memory::user::UserAddr;
use crate::process::Credentials;

/// A path a program gave, with everything a walk along it needs.
pub(super) struct PathArg {
    pub(super) context: Arc<FsContext>,
    pub(super) credentials: Arc<Credentials>,
    start: Option<Path>,
    text: Vec<u8>,
}

impl PathArg {
    /// The path at `address`, relative to `directory`.
    ///
    /// # Errors
    /// `EFAULT`, `ENAMETOOLONG`, `ENOENT` if empty, `EBADF`, `ENOTDIR`.
    pub(super) fn new(call: &Call<'_>, directory: Fd, address: UserAddr) -> Result<Self, Errno> {
        Self::read(call, directory, address, false)
    }

    /// Like [`new`](Self::new), but the path may be empty and then stands for `directory` itself, if `flags` hold
    /// [`ResolveFlags::EMPTY_PATH`].
    pub(super) fn with_flags(
        call: &Call<'_>,
        directory: Fd,
        address: UserAddr,
        flags: ResolveFlags,
    ) -> Result<Self, Errno> {
        Self::read(
            call,
            directory,
            address,
            flags.contains(ResolveFlags::EMPTY_PATH),
        )
    }

    fn read(
        call: &Call<'_>,
        directory: Fd,
        address: UserAddr,
        may_be_empty: bool,
    ) -> Result<Self, Errno> {
        let text = address.read_path()?;
        if text.is_empty() && !may_be_empty {
            return Err(Errno::ENOENT);
        }
        let start = match text.first() {
            Some(b'/') => None,
            _ => start(call, directory)?,
        };
        Ok(Self {
            context: call.fs()?,
            credentials: call.credentials(),
            start,
            text,
        })
    }

    /// A path relative to the current directory.
    pub(super) fn current(call: &Call<'_>, address: UserAddr) -> Result<Self, Errno> {
        Self::new(call, Fd(AT_FDCWD), address)
    }

    /// For the file system.
    pub(super) fn at(&self) -> At<'_> {
        At {
            context: &self.context,
            credentials: &self.credentials,
            start: self.start.as_ref(),
            path: &self.text,
        }
    }

    /// The place it names.
    pub(super) fn resolve(&self, flags: ResolveFlags) -> Result<Path, Errno> {
        self.at().resolve(flags)
    }
}

/// Where a relative path begins; none for the current directory.
fn start(call: &Call<'_>, directory: Fd) -> Result<Option<Path>, Errno> {
    if directory.0 == AT_FDCWD {
        return Ok(None);
    }
    let file = call.files()?.get_any(directory)?;
    file.path().cloned().map(Some).ok_or(Errno::ENOTDIR)
}

/// How many descriptors the caller may have (`RLIMIT_NOFILE`).
pub(super) fn descriptor_limit(call: &Call<'_>) -> Result<usize, Errno> {
    let limit = call.process()?.limits().soft(RLIMIT_NOFILE);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The walk flags for a call with `AT_SYMLINK_NOFOLLOW` and `AT_EMPTY_PATH` among `allowed` flags.
///
/// # Errors
/// `EINVAL` for other flags.
pub(super) fn at_flags(flags: u32, allowed: u32) -> Result<ResolveFlags, Errno> {
    if flags & !allowed != 0 {
        return Err(Errno::EINVAL);
    }
    let mut walk = ResolveFlags::empty();
    walk.set(
        ResolveFlags::NO_FOLLOW,
        flags & abi::fcntl::AT_SYMLINK_NOFOLLOW != 0,
    );
    walk.set(
        ResolveFlags::EMPTY_PATH,
        flags & abi::fcntl::AT_EMPTY_PATH != 0,
    );
    Ok(walk)
}
