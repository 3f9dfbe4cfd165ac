//! Mounting, moving and unmounting (`mount(2)`, `umount2(2)`, `pivot_root(2)`).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::system::{
    MNT_DETACH, MNT_EXPIRE, MNT_FORCE, MS_BIND, MS_MOVE, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT,
    MS_SHARED, MS_SLAVE,
};

use super::table::{self, Entry};
use super::{Mount, find_type};
use crate::fs::{Path, reserve};
use crate::process::sync::{Mutex, WaitQueue};

/// `MS_UNBINDABLE`: events do not propagate, and the mount cannot be bound.
const MS_UNBINDABLE: u32 = 1 << 17;

/// Held over each change of the tree of mounts that takes several steps.
static CHANGING: Mutex<()> = Mutex::with_waiters(WaitQueue::new(), ());

/// A call of `mount(2)`.
pub struct MountRequest<'a> {
    /// Where to mount.
    pub target: Path,
    /// What to mount: the text, as `/proc/mounts` will show it.
    pub source: &'a [u8],
    /// The place `source` names, for binding and moving.
    pub source_path: Option<Path>,
    /// The type of file system.
    pub kind: &'a [u8],
    /// `MS_*`.
    pub flags: u32,
    /// Options of the file system.
    pub options: &'a [u8],
}

/// `mount(2)` with everything looked up.
///
/// # Errors
/// `ENODEV` for an unknown type, `EINVAL`, `EBUSY`, `ENOTDIR`, `ELOOP`.
pub fn mount(request: &MountRequest<'_>) -> Result<(), Errno> {
    let _changing = CHANGING.lock();
    let flags = request.flags;
    if flags & MS_REMOUNT != 0 {
        return remount(request);
    }
    if flags & MS_BIND != 0 {
        return bind(request);
    }
    if flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE) != 0 {
        // There is one tree of mounts, so nothing propagates and every choice is the same.
        return if request.target.is_mount_root() {
            Ok(())
        } else {
            Err(Errno::EINVAL)
        };
    }
    if flags & MS_MOVE != 0 {
        let source = request.source_path.as_ref().ok_or(Errno::EINVAL)?;
        return move_mount(source, &request.target);
    }
    mount_new(request)
}

fn mount_new(request: &MountRequest<'_>) -> Result<(), Errno> {
    let kind = find_type(request.kind).ok_or(Errno::ENODEV)?;
    let file_system = kind.mount(request.source, request.options)?;
    let on = &request.target;
    if on.is_mount_root() && Arc::ptr_eq(on.mount().file_system(), &file_system) {
        return Err(Errno::EBUSY);
    }
    let top = table::top_of(&file_system);
    let source = String::from_utf8_lossy(request.source).into_owned();
    let mount = Mount::new(file_system, top.clone(), top, request.flags, source);
    attach(mount, on)
}

/// Puts `mount` on `on`: a directory on a directory, anything else on anything else.
fn attach(mount: Arc<Mount>, on: &Path) -> Result<(), Errno> {
    let directory = |path: &Path| path.inode().file_type().is_directory();
    if directory(on) != directory(&mount.root_path()) {
        return Err(Errno::ENOTDIR);
    }
    if on.dentry().is_removed() {
        return Err(Errno::ENOENT);
    }
    reserve::check()?;
    on.dentry().pin();
    table::with(|table| table.attach(mount, Some(on.clone())));
    Ok(())
}

fn remount(request: &MountRequest<'_>) -> Result<(), Errno> {
    let target = &request.target;
    if !target.is_mount_root() {
        return Err(Errno::EINVAL);
    }
    let mount = target.mount();
    if request.flags & MS_BIND == 0 {
        mount.file_system().remount(request.options)?;
    }
    mount.set_flags(request.flags);
    Ok(())
}

/// A mount of what is at `path`, on its own.
fn copy(path: &Path) -> Arc<Mount> {
    let from = path.mount();
    let source = String::from(from.source());
    Mount::new(
        from.file_system().clone(),
        path.dentry().clone(),
        from.top.clone(),
        from.flags(),
        source,
    )
}

fn bind(request: &MountRequest<'_>) -> Result<(), Errno> {
    let source = request.source_path.as_ref().ok_or(Errno::EINVAL)?;
    let mut copies = Vec::from([(source.mount().id(), copy(source), request.target.clone())]);
    if request.flags & MS_REC != 0 {
        copy_below(source, &mut copies);
    }
    for (_, mount, on) in copies {
        attach(mount, &on)?;
    }
    Ok(())
}

/// Copies the mounts below `source`, each with the place it will have in the copy of the one it is in.
fn copy_below(source: &Path, copies: &mut Vec<(u64, Arc<Mount>, Path)>) {
    let all = table::all();
    for id in table::with(|table| table.subtree(source.mount().id()))
        .into_iter()
        .skip(1)
    {
        let Some((mount, Some(on))) = all.iter().find(|(mount, _)| mount.id() == id) else {
            continue;
        };
        let inside =
            on.mount().id() != source.mount().id() || source.dentry().is_above(on.dentry());
        let outer = copies
            .iter()
            .find(|(original, ..)| *original == on.mount().id());
        if let (true, Some((_, outer, _))) = (inside, outer) {
            let place = Path::new(outer.clone(), on.dentry().clone());
            copies.push((id, copy(&mount.root_path()), place));
        }
    }
}

fn move_mount(source: &Path, target: &Path) -> Result<(), Errno> {
    let mount = source.mount().clone();
    if !source.is_mount_root() || table::mount_point(&mount).is_none() {
        return Err(Errno::EINVAL);
    }
    let directory = |path: &Path| path.inode().file_type().is_directory();
    if directory(source) != directory(target) {
        return Err(Errno::EINVAL);
    }
    let below = table::with(|table| table.subtree(mount.id()));
    if below.contains(&target.mount().id()) {
        return Err(Errno::ELOOP);
    }
    let old = table::with(|table| table.detach(mount.id()));
    let result = attach(mount.clone(), target);
    if let (Err(_), Some(Entry { mount, on })) = (result, old) {
        table::with(|table| table.attach(mount, on));
    }
    result
}

/// `umount2(2)` of the mount whose top is `target`.
///
/// # Errors
/// `EINVAL` if it is not the top of a mount, `EBUSY` while in use, unless `MNT_DETACH`, `EAGAIN` for `MNT_EXPIRE`.
pub fn unmount(target: Path, flags: u32) -> Result<(), Errno> {
    let _changing = CHANGING.lock();
    if flags & MNT_EXPIRE != 0 && flags & (MNT_DETACH | MNT_FORCE) != 0 {
        return Err(Errno::EINVAL);
    }
    let mount = target.mount().clone();
    if !target.is_mount_root() {
        return Err(Errno::EINVAL);
    }
    drop(target);
    if table::mount_point(&mount).is_none() {
        // The root of the tree stays.
        return Err(Errno::EBUSY);
    }
    let removed = table::with(|table| {
        if flags & MNT_DETACH != 0 {
            let ids = table.subtree(mount.id());
            return Ok(ids
                .into_iter()
                .rev()
                .filter_map(|id| table.detach(id))
                .collect());
        }
        // In use by the table's two references and this one, or by others too.
        if table.has_children(mount.id()) || Arc::strong_count(&mount) > 3 {
            return Err(Errno::EBUSY);
        }
        Ok(Vec::from_iter(table.detach(mount.id())))
    });
    removed.map(drop)
}

/// `pivot_root(2)`: makes the mount whose top is `new_root` the root and puts the old one on `put_old`; gives the old
/// root, for processes to leave.
///
/// # Errors
/// `EBUSY`, `EINVAL`, `ENOTDIR`.
pub fn pivot(root: &Path, new_root: &Path, put_old: &Path) -> Result<(), Errno> {
    let _changing = CHANGING.lock();
    let same = |a: &Path, b: &Path| Arc::ptr_eq(a.mount(), b.mount());
    if same(root, new_root) || same(root, put_old) {
        return Err(Errno::EBUSY);
    }
    if !new_root.is_mount_root() || !root.is_mount_root() {
        return Err(Errno::EINVAL);
    }
    let below = table::with(|table| table.subtree(new_root.mount().id()));
    if !below.contains(&put_old.mount().id()) {
        return Err(Errno::EINVAL);
    }
    if table::mount_point(new_root.mount()).is_none() {
        return Err(Errno::EINVAL);
    }
    let place = table::mount_point(root.mount()).ok_or(Errno::EINVAL)?;
    put_old.dentry().pin();
    let dropped = table::with(|table| {
        let new = table.detach(new_root.mount().id());
        let old = table.detach(root.mount().id());
        table.attach(new_root.mount().clone(), Some(place));
        table.attach(root.mount().clone(), Some(put_old.clone()));
        (new, old)
    });
    drop(dropped);
    Ok(())
}

/// Whether a mount's flags forbid changes, for `statfs(2)`: `ST_RDONLY` and its like have the values of `MS_*`.
#[must_use]
pub fn statfs_flags(mount: &Mount) -> i64 {
    const ST_VALID: u32 = 0x20;
    let flags = mount.flags();
    let kept = flags & (MS_RDONLY | 2 | 4 | 8);
    let relatime = if flags & abi::system::MS_NOATIME == 0 {
        0x1000
    } else {
        0x400
    };
    i64::from(kept | relatime | ST_VALID)
}
