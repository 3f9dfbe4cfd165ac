//! Names and attributes of files (`link(2)`, `unlink(2)`, `rename(2)`, `chmod(2)`, `utimensat(2)` and their kin).

use alloc::sync::Arc;

use abi::Errno;
use abi::fcntl::{
    AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW,
    F_OK, R_OK, W_OK, X_OK,
};
use abi::stat::{S_ISGID, S_ISUID};
use abi::system::MS_NOEXEC;
use abi::time::{Timespec, Timeval, UTIME_NOW, UTIME_OMIT, Utimbuf};

use super::lookup::{PathArg, at_flags};
use super::{Call, Fd, SysResult};
use crate::fs::metadata::{check_timespec, now};
use crate::fs::names::{self, RenameFlags};
use crate::fs::permission::{self, Access};
use crate::fs::{AttributeChange, FileType, NewNode, Path, ResolveFlags};
use crate::memory::user::UserAddr;
use crate::process::Credentials;
use crate::process::credentials::capability;

const CURRENT: Fd = Fd(AT_FDCWD);

/// `link(2)`
pub fn link(call: &mut Call<'_>, old: UserAddr, new: UserAddr) -> SysResult {
    linkat(call, CURRENT, old, CURRENT, new, 0)
}

/// `linkat(2)`
pub fn linkat(
    call: &mut Call<'_>,
    old_directory: Fd,
    old: UserAddr,
    new_directory: Fd,
    new: UserAddr,
    flags: u32,
) -> SysResult {
    let mut walk = at_flags(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)?;
    walk.set(ResolveFlags::NO_FOLLOW, flags & AT_SYMLINK_FOLLOW == 0);
    let old = PathArg::with_flags(call, old_directory, old, walk)?;
    if walk.contains(ResolveFlags::EMPTY_PATH) && !old.credentials.has(capability::DAC_READ_SEARCH)
    {
        return Err(Errno::ENOENT);
    }
    let path = old.resolve(walk)?;
    let new = PathArg::new(call, new_directory, new)?;
    names::link(&path, &new.at())?;
    Ok(0)
}

/// `symlink(2)`
pub fn symlink(call: &mut Call<'_>, target: UserAddr, path: UserAddr) -> SysResult {
    symlinkat(call, target, CURRENT, path)
}

/// `symlinkat(2)`
pub fn symlinkat(
    call: &mut Call<'_>,
    target: UserAddr,
    directory: Fd,
    path: UserAddr,
) -> SysResult {
    let target = target.read_path()?;
    if target.is_empty() {
        return Err(Errno::ENOENT);
    }
    let arg = PathArg::new(call, directory, path)?;
    names::make(&arg.at(), NewNode::Symlink(&target), 0o777)?;
    Ok(0)
}

/// `readlink(2)`
pub fn readlink(call: &mut Call<'_>, path: UserAddr, buffer: UserAddr, len: i32) -> SysResult {
    readlinkat(call, CURRENT, path, buffer, len)
}

/// `readlinkat(2)`: the text is cut to the buffer, and has no zero at its end.
pub fn readlinkat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    buffer: UserAddr,
    len: i32,
) -> SysResult {
    let len = usize::try_from(len)
        .ok()
        .filter(|&len| len > 0)
        .ok_or(Errno::EINVAL)?;
    let walk = ResolveFlags::NO_FOLLOW | ResolveFlags::EMPTY_PATH;
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    let empty = arg.at().path.is_empty();
    let path = arg.resolve(walk)?;
    if path.inode().file_type() != FileType::Symlink {
        return Err(if empty { Errno::ENOENT } else { Errno::EINVAL });
    }
    let text = path.inode().read_link()?;
    if !path.mount().has(abi::system::MS_NOATIME) {
        path.inode().touch_accessed();
    }
    let part = text.get(..len).unwrap_or(&text);
    buffer.write_bytes(part)?;
    Ok(part.len())
}

/// `unlink(2)`
pub fn unlink(call: &mut Call<'_>, path: UserAddr) -> SysResult {
    unlinkat(call, CURRENT, path, 0)
}

/// `unlinkat(2)`
pub fn unlinkat(call: &mut Call<'_>, directory: Fd, path: UserAddr, flags: u32) -> SysResult {
    if flags & !AT_REMOVEDIR != 0 {
        return Err(Errno::EINVAL);
    }
    let arg = PathArg::new(call, directory, path)?;
    if flags == AT_REMOVEDIR {
        names::remove_directory(&arg.at())?
    } else {
        names::unlink(&arg.at())?
    };
    Ok(0)
}

/// `rename(2)`
pub fn rename(call: &mut Call<'_>, old: UserAddr, new: UserAddr) -> SysResult {
    renameat2(call, CURRENT, old, CURRENT, new, 0)
}

/// `renameat(2)`
pub fn renameat(
    call: &mut Call<'_>,
    old_directory: Fd,
    old: UserAddr,
    new_directory: Fd,
    new: UserAddr,
) -> SysResult {
    renameat2(call, old_directory, old, new_directory, new, 0)
}

/// `renameat2(2)`
pub fn renameat2(
    call: &mut Call<'_>,
    old_directory: Fd,
    old: UserAddr,
    new_directory: Fd,
    new: UserAddr,
    flags: u32,
) -> SysResult {
    let flags = RenameFlags::from_bits(flags).ok_or(Errno::EINVAL)?;
    let old = PathArg::new(call, old_directory, old)?;
    let new = PathArg::new(call, new_directory, new)?;
    names::rename(&old.at(), &new.at(), flags)?;
    Ok(0)
}

/// `mknod(2)`
pub fn mknod(call: &mut Call<'_>, path: UserAddr, mode: u32, device: u32) -> SysResult {
    mknodat(call, CURRENT, path, mode, device)
}

/// `mknodat(2)`
pub fn mknodat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    mode: u32,
    device: u32,
) -> SysResult {
    let node = names::node_for_mknod(mode, u64::from(device))?;
    let arg = PathArg::new(call, directory, path)?;
    names::make(&arg.at(), node, mode)?;
    Ok(0)
}

/// `umask(2)`
pub fn umask(call: &mut Call<'_>, mask: u32) -> SysResult {
    let old = call.fs()?.set_umask(mask);
    usize::try_from(old).map_err(|_| Errno::EINVAL)
}

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

/// The place of the open file `fd`. `EINVAL` for what is in no directory.
fn path_of(call: &Call<'_>, fd: Fd) -> Result<Path, Errno> {
    call.files()?.get(fd)?.path().cloned().ok_or(Errno::EINVAL)
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
    if !(uid_allowed && gid_allowed) && !credentials.has(capability::CHOWN) {
        return Err(Errno::EPERM);
    }
    let mut mode = None;
    if !inode.file_type().is_directory() {
        let group_runs = owner.mode & 0o010 != 0;
        let lost = if group_runs {
            S_ISUID | S_ISGID
        } else {
            S_ISUID
        };
        mode = (owner.mode & lost != 0).then_some(owner.mode & !lost);
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

/// The new access and modification times; `None` is the current time for both.
type Times = Option<[Timespec; 2]>;

fn change_times(path: &Path, credentials: &Credentials, times: Times) -> SysResult {
    let [accessed, modified] = times.unwrap_or(
        [Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        }; 2],
    );
    if accessed.tv_nsec == UTIME_OMIT && modified.tv_nsec == UTIME_OMIT {
        return Ok(0);
    }
    path.mount().check_writable()?;
    let inode = path.inode();
    let owner = permission::is_owner(&inode.ownership(), credentials);
    let both_now = accessed.tv_nsec == UTIME_NOW && modified.tv_nsec == UTIME_NOW;
    if !owner && !both_now {
        return Err(Errno::EPERM);
    }
    if !owner {
        permission::check(&**inode, credentials, Access::WRITE)?;
    }
    let current = now();
    let choose = |time: Timespec| match time.tv_nsec {
        UTIME_NOW => Some(current),
        UTIME_OMIT => None,
        _ => Some(time),
    };
    inode.set_attributes(&AttributeChange {
        accessed: choose(accessed),
        modified: choose(modified),
        ..AttributeChange::default()
    })?;
    Ok(0)
}

/// `utimensat(2)`: without a path it is about `directory` itself.
pub fn utimensat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    times: UserAddr,
    flags: u32,
) -> SysResult {
    let times = if times.is_null() {
        None
    } else {
        Some(read_times(times)?)
    };
    let omitted = |times: &[Timespec; 2]| times.iter().all(|time| time.tv_nsec == UTIME_OMIT);
    if times.as_ref().is_some_and(omitted) {
        return Ok(0);
    }
    let walk = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    if path.is_null() && directory != CURRENT {
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        let path = path_of(call, directory)?;
        return change_times(&path, &call.credentials(), times);
    }
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    change_times(&arg.resolve(walk)?, &arg.credentials, times)
}

fn read_times(address: UserAddr) -> Result<[Timespec; 2], Errno> {
    let times: [Timespec; 2] = [
        address.read()?,
        address.offset(size_of::<Timespec>()).read()?,
    ];
    for time in times {
        if time.tv_nsec != UTIME_NOW && time.tv_nsec != UTIME_OMIT {
            check_timespec(time)?;
        }
    }
    Ok(times)
}

fn read_timevals(address: UserAddr) -> Result<Times, Errno> {
    if address.is_null() {
        return Ok(None);
    }
    let read = |index: usize| -> Result<Timespec, Errno> {
        let time: Timeval = address.offset(index * size_of::<Timeval>()).read()?;
        if !(0..1_000_000).contains(&time.tv_usec) {
            return Err(Errno::EINVAL);
        }
        Ok(Timespec {
            tv_sec: time.tv_sec,
            tv_nsec: time.tv_usec * 1000,
        })
    };
    Ok(Some([read(0)?, read(1)?]))
}

/// `utimes(2)`
pub fn utimes(call: &mut Call<'_>, path: UserAddr, times: UserAddr) -> SysResult {
    futimesat(call, CURRENT, path, times)
}

/// `futimesat(2)`
pub fn futimesat(call: &mut Call<'_>, directory: Fd, path: UserAddr, times: UserAddr) -> SysResult {
    let times = read_timevals(times)?;
    if path.is_null() && directory != CURRENT {
        let path = path_of(call, directory)?;
        return change_times(&path, &call.credentials(), times);
    }
    let arg = PathArg::new(call, directory, path)?;
    change_times(
        &arg.resolve(ResolveFlags::empty())?,
        &arg.credentials,
        times,
    )
}

/// `utime(2)`
pub fn utime(call: &mut Call<'_>, path: UserAddr, times: UserAddr) -> SysResult {
    let times = if times.is_null() {
        None
    } else {
        let times: Utimbuf = times.read()?;
        let at = |tv_sec| Timespec { tv_sec, tv_nsec: 0 };
        Some([at(times.actime), at(times.modtime)])
    };
    let arg = PathArg::current(call, path)?;
    change_times(
        &arg.resolve(ResolveFlags::empty())?,
        &arg.credentials,
        times,
    )
}
