//! Names of files (`link(2)`, `unlink(2)`, `rename(2)` and their kin), and below this module their attributes.

mod attributes;
mod times;

use abi::Errno;
use abi::fcntl::{AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW};

use super::lookup::{PathArg, at_flags};
use super::{Call, Fd, SysResult};
use crate::fs::names::{self, RenameFlags};
use crate::fs::{FileType, NewNode, Path, ResolveFlags};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;

pub use attributes::{
    access, chmod, chown, faccessat, faccessat2, fchmod, fchmodat, fchmodat2, fchown, fchownat,
    lchown,
};
pub use times::{futimesat, utime, utimensat, utimes};

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
    let flags = RenameFlags::from_bits(flags)
        .filter(|flags| !flags.is_all())
        .ok_or(Errno::EINVAL)?;
    let old = PathArg::new(call, old_directory, old)?;
    // What is wrong with the old path counts before what is wrong with the new one.
    let new = match PathArg::new(call, new_directory, new) {
        Ok(new) => new,
        Err(error) => return names::check_parent(&old.at()).and(Err(error)),
    };
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

/// The place of the open file `fd`. `EINVAL` for what is in no directory.
fn path_of(call: &Call<'_>, fd: Fd) -> Result<Path, Errno> {
    call.files()?.get(fd)?.path().cloned().ok_or(Errno::EINVAL)
}
