//! Directories (`getdents64(2)`, `getcwd(2)`, `chdir(2)`, `mkdir(2)` and their kin).

use abi::Errno;
use abi::fcntl::AT_FDCWD;

use super::lookup::PathArg;
use super::{Call, Fd, SysResult};
use crate::fs::directory::{Layout, read_entries};
use crate::fs::permission::{self, Access};
use crate::fs::{NewNode, Path, ResolveFlags, names};
use crate::memory::user::{PATH_MAX, UserAddr};
use crate::process::credentials::{Credentials, capability};

/// The most bytes of entries given at a time, however big the caller's buffer is.
const MAX_ENTRIES: usize = 32 * 1024;

fn get_entries(call: &Call<'_>, fd: Fd, buffer: UserAddr, len: u32, layout: Layout) -> SysResult {
    let file = call.files()?.get(fd)?;
    let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
    buffer.check(len)?;
    read_entries(&file, len.min(MAX_ENTRIES), layout, |entries| {
        buffer.write_bytes(entries)
    })
}

/// `getdents64(2)`
pub fn getdents64(call: &mut Call<'_>, fd: Fd, buffer: UserAddr, len: u32) -> SysResult {
    get_entries(call, fd, buffer, len, Layout::Dirent64)
}

/// `getdents(2)`
pub fn getdents(call: &mut Call<'_>, fd: Fd, buffer: UserAddr, len: u32) -> SysResult {
    get_entries(call, fd, buffer, len, Layout::Dirent)
}

/// `getcwd(2)`: the length of the path with its zero, unlike the library's function.
pub fn getcwd(call: &mut Call<'_>, buffer: UserAddr, len: usize) -> SysResult {
    let context = call.fs()?;
    let directory = context.directory();
    if directory.dentry().is_removed() {
        return Err(Errno::ENOENT);
    }
    let (mut text, reached) = directory.text(&context.root());
    if !reached {
        text.splice(0..0, *b"(unreachable)");
    }
    text.push(0);
    if text.len() > PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if text.len() > len {
        return Err(Errno::ERANGE);
    }
    buffer.write_bytes(&text)?;
    Ok(text.len())
}

/// Checks that `path` is a directory the caller may enter.
fn check_enterable(path: &Path, credentials: &Credentials) -> Result<(), Errno> {
    if !path.inode().file_type().is_directory() {
        return Err(Errno::ENOTDIR);
    }
    permission::check(&**path.inode(), credentials, Access::EXECUTE)
}

/// `chdir(2)`
pub fn chdir(call: &mut Call<'_>, path: UserAddr) -> SysResult {
    let arg = PathArg::current(call, path)?;
    let path = arg.resolve(ResolveFlags::DIRECTORY)?;
    check_enterable(&path, &arg.credentials)?;
    arg.context.set_directory(path);
    Ok(0)
}

/// `fchdir(2)`
pub fn fchdir(call: &mut Call<'_>, fd: Fd) -> SysResult {
    let file = call.files()?.get_any(fd)?;
    let path = file.path().ok_or(Errno::ENOTDIR)?;
    check_enterable(path, &call.credentials())?;
    call.fs()?.set_directory(path.clone());
    Ok(0)
}

/// `chroot(2)`
pub fn chroot(call: &mut Call<'_>, path: UserAddr) -> SysResult {
    let arg = PathArg::current(call, path)?;
    let path = arg.resolve(ResolveFlags::DIRECTORY)?;
    check_enterable(&path, &arg.credentials)?;
    if !arg.credentials.has(capability::SYS_CHROOT) {
        return Err(Errno::EPERM);
    }
    arg.context.set_root(path);
    Ok(0)
}

/// `mkdir(2)`
pub fn mkdir(call: &mut Call<'_>, path: UserAddr, mode: u32) -> SysResult {
    mkdirat(call, Fd(AT_FDCWD), path, mode)
}

/// `mkdirat(2)`
pub fn mkdirat(call: &mut Call<'_>, directory: Fd, path: UserAddr, mode: u32) -> SysResult {
    let arg = PathArg::new(call, directory, path)?;
    names::make(&arg.at(), NewNode::Directory, mode)?;
    Ok(0)
}

/// `rmdir(2)`
pub fn rmdir(call: &mut Call<'_>, path: UserAddr) -> SysResult {
    let arg = PathArg::current(call, path)?;
    names::remove_directory(&arg.at())?;
    Ok(0)
}
