//! Changing directories: making, linking, removing and renaming what paths lead to.
//!
//! Errors come in the order in which Linux finds them.

mod rename;

use alloc::sync::Arc;

use abi::Errno;
use abi::stat::{S_IFMT, S_ISVTX};

use super::Path;
use super::dentry::{Dentry, NamesGuard};
use super::inode::{Inode, NewNode};
use super::metadata::{FileType, Ownership};
use super::permission::{self, Access};
use super::walk::{At, Last, Parent};
use crate::process::credentials::{Credentials, capability};

pub use rename::{RenameFlags, rename};

/// Makes an object at `at` with the permissions `mode` (less the umask), and gives its place.
///
/// # Errors
/// `EEXIST`, `ENOENT`, `EROFS`, `EACCES`, `EPERM` for device files without privilege, and those of the file system.
pub fn make(at: &At<'_>, node: NewNode<'_>, mode: u32) -> Result<Path, Errno> {
    let parent = at.parent()?;
    let name = parent.name(Errno::EEXIST)?;
    let directory = parent.directory.dentry();
    let names = directory.lock_names()?;
    check_absent(&parent, &names, name)?;
    if parent.trailing_slash && !matches!(node, NewNode::Directory) {
        return Err(Errno::ENOENT);
    }
    check_may_add(at, &parent.directory)?;
    let device = matches!(node, NewNode::CharDevice(_) | NewNode::BlockDevice(_));
    if device && !at.credentials.has(capability::MKNOD) {
        return Err(Errno::EPERM);
    }
    let mode = match node {
        NewNode::Symlink(_) => 0o777,
        NewNode::Directory => mode & (0o777 | S_ISVTX) & !at.context.umask(),
        _ => mode & 0o7777 & !at.context.umask(),
    };
    let dentry = create(
        &parent.directory,
        &names,
        name,
        node,
        owned_by(at.credentials, mode),
    )?;
    Ok(Path::new(parent.directory.mount().clone(), dentry))
}

/// Checks that there is a directory in which the last component of a path could be.
///
/// # Errors
/// Those of the walk.
pub fn check_parent(at: &At<'_>) -> Result<(), Errno> {
    at.parent().map(drop)
}

/// The type and number `mknod(2)` asks for.
///
/// # Errors
/// `EPERM` for a directory, `EINVAL` for what cannot be made so.
pub fn node_for_mknod(mode: u32, device: u64) -> Result<NewNode<'static>, Errno> {
    if mode & S_IFMT == 0 {
        return Ok(NewNode::Regular);
    }
    match FileType::from_mode(mode) {
        Some(FileType::Regular) => Ok(NewNode::Regular),
        Some(FileType::Fifo) => Ok(NewNode::Fifo),
        Some(FileType::Socket) => Ok(NewNode::Socket),
        Some(FileType::CharDevice) => Ok(NewNode::CharDevice(device)),
        Some(FileType::BlockDevice) => Ok(NewNode::BlockDevice(device)),
        Some(FileType::Directory) => Err(Errno::EPERM),
        _ => Err(Errno::EINVAL),
    }
}

/// The ownership of what `credentials` create.
pub(super) fn owned_by(credentials: &Credentials, mode: u32) -> Ownership {
    Ownership {
        mode,
        uid: credentials.fsuid(),
        gid: credentials.fsgid(),
    }
}

/// Creates an object and its dentry; everything is checked.
pub(super) fn create(
    directory: &Path,
    names: &NamesGuard<'_>,
    name: &[u8],
    node: NewNode<'_>,
    ownership: Ownership,
) -> Result<Arc<Dentry>, Errno> {
    let inode = directory.inode().create(name, node, ownership)?;
    let cache = directory.mount().file_system().caches_names();
    Ok(directory.dentry().add_child(names, name, inode, cache))
}

/// `EEXIST` if the name is there.
fn check_absent(parent: &Parent, names: &NamesGuard<'_>, name: &[u8]) -> Result<(), Errno> {
    match find(parent, names, name) {
        Ok(_) => Err(Errno::EEXIST),
        Err(Errno::ENOENT) => Ok(()),
        Err(error) => Err(error),
    }
}

fn find(parent: &Parent, names: &NamesGuard<'_>, name: &[u8]) -> Result<Arc<Dentry>, Errno> {
    let cache = parent.directory.mount().file_system().caches_names();
    parent.directory.dentry().child_locked(names, name, cache)
}

/// Checks that names may be added to `directory`.
pub(super) fn check_may_add(at: &At<'_>, directory: &Path) -> Result<(), Errno> {
    directory.mount().check_writable()?;
    if directory.dentry().is_removed() {
        return Err(Errno::ENOENT);
    }
    at.check(&**directory.inode(), Access::WRITE | Access::EXECUTE)
}

/// Checks that `victim` may lose its name in `directory`; `as_directory` says what the caller takes it for.
fn check_may_remove(
    at: &At<'_>,
    directory: &Path,
    victim: &Dentry,
    as_directory: bool,
) -> Result<(), Errno> {
    let inode = victim.inode();
    at.check(&**directory.inode(), Access::WRITE | Access::EXECUTE)?;
    permission::check_sticky(&**directory.inode(), &**inode, at.credentials)?;
    match (as_directory, inode.file_type().is_directory()) {
        (true, false) => return Err(Errno::ENOTDIR),
        (false, true) => return Err(Errno::EISDIR),
        _ => {}
    }
    if victim.is_mount_point() {
        return Err(Errno::EBUSY);
    }
    Ok(())
}

/// `link(2)`: gives the object at `old` another name.
///
/// # Errors
/// `EEXIST`, `EXDEV`, `EPERM` for a directory, `ENOENT` if the last name is gone already, `EMLINK`, `EROFS`, `EACCES`.
pub fn link(old: &Path, at: &At<'_>) -> Result<(), Errno> {
    let parent = at.parent()?;
    let name = parent.name(Errno::EEXIST)?;
    let directory = parent.directory.dentry();
    let names = directory.lock_names()?;
    check_absent(&parent, &names, name)?;
    if parent.trailing_slash {
        return Err(Errno::ENOENT);
    }
    if !Arc::ptr_eq(old.mount(), parent.directory.mount()) {
        return Err(Errno::EXDEV);
    }
    check_linkable(old.inode(), at.credentials)?;
    check_may_add(at, &parent.directory)?;
    if old.inode().file_type().is_directory() {
        return Err(Errno::EPERM);
    }
    parent.directory.inode().link(name, old.inode())?;
    let cache = parent.directory.mount().file_system().caches_names();
    directory.add_child(&names, name, old.inode().clone(), cache);
    Ok(())
}

/// `EPERM` for links to files a user could not use himself (`fs.protected_hardlinks` in `proc(5)`).
fn check_linkable(inode: &Arc<dyn Inode>, credentials: &Credentials) -> Result<(), Errno> {
    let owner = inode.ownership();
    if permission::is_owner(&owner, credentials) {
        return Ok(());
    }
    let set_gid = owner.mode & 0o2010 == 0o2010;
    let plain = inode.file_type() == FileType::Regular && owner.mode & 0o4000 == 0 && !set_gid;
    let usable = permission::check(&**inode, credentials, Access::READ | Access::WRITE).is_ok();
    if plain && usable {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

/// `unlink(2)`.
///
/// # Errors
/// `ENOENT`, `EISDIR`, `ENOTDIR`, `EBUSY` for a mount point, `EROFS`, `EACCES`, `EPERM`.
pub fn unlink(at: &At<'_>) -> Result<(), Errno> {
    let parent = at.parent()?;
    let name = parent.name(Errno::EISDIR)?;
    let directory = parent.directory.dentry();
    parent.directory.mount().check_writable()?;
    let names = directory.lock_names()?;
    let victim = find(&parent, &names, name)?;
    if parent.trailing_slash {
        let is_directory = victim.inode().file_type().is_directory();
        return Err(if is_directory {
            Errno::EISDIR
        } else {
            Errno::ENOTDIR
        });
    }
    check_may_remove(at, &parent.directory, &victim, false)?;
    parent.directory.inode().unlink(name)?;
    directory.removed(&names, &victim);
    drop(names);
    Ok(())
}

/// `rmdir(2)`.
///
/// # Errors
/// `ENOENT`, `ENOTDIR`, `ENOTEMPTY`, `EINVAL` for `.`, `EBUSY` for a mount point, `EROFS`, `EACCES`, `EPERM`.
pub fn remove_directory(at: &At<'_>) -> Result<(), Errno> {
    let parent = at.parent()?;
    let name = match &parent.last {
        Last::Name(name) => name,
        Last::Root => return Err(Errno::EBUSY),
        Last::Dot => return Err(Errno::EINVAL),
        Last::DotDot => return Err(Errno::ENOTEMPTY),
    };
    let directory = parent.directory.dentry();
    parent.directory.mount().check_writable()?;
    let names = directory.lock_names()?;
    let victim = find(&parent, &names, name)?;
    check_may_remove(at, &parent.directory, &victim, true)?;
    parent.directory.inode().remove_directory(name)?;
    directory.removed(&names, &victim);
    drop(names);
    Ok(())
}
