//! Permissions and owners (`chmod(2)`, `chown(2)`, `access(2)`).

use alloc::sync::Arc;

use abi::Errno;
use abi::fcntl::{AT_EACCESS, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, F_OK, R_OK, W_OK, X_OK};
use abi::stat::S_ISGID;
use abi::system::MS_NOEXEC;

use super::{CURRENT, path_of};
use crate::fs::permission::{self, Access};
use crate::fs::{AttributeChange, FileType, Path, ResolveFlags};
use crate::memory::user::UserAddr;
use crate::process::Credentials;
use crate::process::credentials::capability;
use crate::process::syscalls::lookup::{PathArg, at_flags};
use crate::process::syscalls::{Call, Fd, SysResult};

/// `chmod(2)`
pub fn chmod(call: &mut Call<'_>, path: UserAddr, mode: u32) -> SysResult {
    fchmodat(call, CURRENT, path, mode)
}

/// `fchmodat(2)`, whose system call has no flags.
pub fn fchmodat(call: &mut Call<'_>, directory: Fd, path: UserAddr, mode: u32) -> SysResult {
    let arg = PathArg::new(call, directory, path)?;
    let path = arg.resolve(ResolveFlags::empty())?;
    change_mode(&path, &arg.credentials, mode)
}

/// `fchmodat2(2)`
pub fn fchmodat2(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    mode: u32,
    flags: u32,
) -> SysResult {
    let walk = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    let path = arg.resolve(walk)?;
    if path.inode().file_type() == FileType::Symlink {
        return Err(Errno::EOPNOTSUPP);
    }
    change_mode(&path, &arg.credentials, mode)
}

/// `fchmod(2)`
pub fn fchmod(call: &mut Call<'_>, fd: Fd, mode: u32) -> SysResult {
    let path = path_of(call, fd)?;
    change_mode(&path, &call.credentials(), mode)
}

fn change_mode(path: &Path, credentials: &Credentials, mode: u32) -> SysResult {
    path.mount().check_writable()?;
    let owner = path.inode().ownership();
    if !permission::is_owner(&owner, credentials) {
        return Err(Errno::EPERM);
    }
    let mut mode = mode & 0o7777;
    if !credentials.in_group(owner.gid) && !credentials.has(capability::FSETID) {
        mode &= !S_ISGID;
    }
    path.inode().set_attributes(&AttributeChange {
        mode: Some(mode),
        ..AttributeChange::default()
    })?;
    Ok(0)
}

/// `chown(2)`
pub fn chown(call: &mut Call<'_>, path: UserAddr, uid: u32, gid: u32) -> SysResult {
    fchownat(call, CURRENT, path, uid, gid, 0)
}

/// `lchown(2)`
pub fn lchown(call: &mut Call<'_>, path: UserAddr, uid: u32, gid: u32) -> SysResult {
    fchownat(call, CURRENT, path, uid, gid, AT_SYMLINK_NOFOLLOW)
}

/// `fchownat(2)`
pub fn fchownat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    uid: u32,
    gid: u32,
    flags: u32,
) -> SysResult {
    let walk = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    let path = arg.resolve(walk)?;
    change_owner(&path, &arg.credentials, uid, gid)
}

/// `fchown(2)`
pub fn fchown(call: &mut Call<'_>, fd: Fd, uid: u32, gid: u32) -> SysResult {
    let path = path_of(call, fd)?;
    change_owner(&path, &call.credentials(), uid, gid)
}

/// -1 leaves an id as it is.
fn change_owner(path: &Path, credentials: &Credentials, uid: u32, gid: u32) -> SysResult {
    path.mount().check_writable()?;
    let inode = path.inode();
    let owner = inode.ownership();
    let uid = (uid != u32::MAX).then_some(uid);
    let gid = (gid != u32::MAX).then_some(gid);
    let owns = credentials.fsuid() == owner.uid;
    let uid_allowed = uid.is_none_or(|uid| owns && uid == owner.uid);
    let gid_allowed = gid.is_none_or(|gid| owns && (gid == owner.gid || credentials.in_group(gid)));
    let allowed = uid_allowed && gid_allowed || credentials.has(capability::CHOWN);
    if !allowed {
        return Err(Errno::EPERM);
    }
    let mut mode = None;
    if !inode.file_type().is_directory() {
        let lost = permission::lost_set_id(&owner, credentials);
        mode = (lost != 0).then_some(owner.mode & !lost);
    }
    if mode.is_some() && !permission::is_owner(&owner, credentials) {
        return Err(Errno::EPERM);
    }
    inode.set_attributes(&AttributeChange {
        uid,
        gid,
        mode,
        ..AttributeChange::default()
    })?;
    Ok(0)
}

/// `access(2)`
pub fn access(call: &mut Call<'_>, path: UserAddr, mode: u32) -> SysResult {
    faccessat2(call, CURRENT, path, mode, 0)
}

/// `faccessat(2)`, whose system call has no flags.
pub fn faccessat(call: &mut Call<'_>, directory: Fd, path: UserAddr, mode: u32) -> SysResult {
    faccessat2(call, directory, path, mode, 0)
}

/// `faccessat2(2)`
pub fn faccessat2(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    mode: u32,
    flags: u32,
) -> SysResult {
    if mode & !(R_OK | W_OK | X_OK | F_OK) != 0 {
        return Err(Errno::EINVAL);
    }
    let walk = at_flags(flags, AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    let mut arg = PathArg::with_flags(call, directory, path, walk)?;
    if flags & AT_EACCESS == 0 {
        arg.credentials = Arc::new(with_real_ids(&arg.credentials));
    }
    let path = arg.resolve(walk)?;
    let access = Access::from_bits_truncate(mode);
    let inode = path.inode();
    let regular = inode.file_type() == FileType::Regular;
    if access.contains(Access::EXECUTE) && regular && path.mount().has(MS_NOEXEC) {
        return Err(Errno::EACCES);
    }
    permission::check(&**inode, &arg.credentials, access)?;
    let special = inode.file_type().is_device()
        || matches!(inode.file_type(), FileType::Fifo | FileType::Socket);
    if access.contains(Access::WRITE) && !special {
        path.mount().check_writable()?;
    }
    Ok(0)
}

/// The credentials `access(2)` checks with: the real ids, and capabilities as if they were the effective ones.
fn with_real_ids(credentials: &Credentials) -> Credentials {
    let mut real = credentials.clone();
    real.user.fs = real.user.real;
    real.group.fs = real.group.real;
    real.effective = if real.user.real == 0 {
        real.permitted
    } else {
        0
    };
    real
}
