//! Renaming (`rename(2)`).

use alloc::sync::Arc;

use abi::Errno;

use super::{check_may_add, check_may_remove, find};
use crate::fs::Path;
use crate::fs::dentry::{Dentry, NamesGuard};
use crate::fs::permission::Access;
use crate::fs::walk::{At, Parent};
use crate::process::sync::{Mutex, MutexGuard, WaitQueue};

bitflags::bitflags! {
    /// The flags of `renameat2(2)`, which exclude each other.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RenameFlags: u32 {
        /// Fail if the target exists.
        const NOREPLACE = abi::fcntl::RENAME_NOREPLACE;
        /// Exchange the two.
        const EXCHANGE = abi::fcntl::RENAME_EXCHANGE;
    }
}

/// Held while anything moves from one directory to another, so that no two moves make a circle.
static MOVING: Mutex<()> = Mutex::with_waiters(WaitQueue::new(), ());

/// The name locks of the two directories of a rename.
struct Locked<'a> {
    old: NamesGuard<'a>,
    /// None if both are the same directory.
    new: Option<NamesGuard<'a>>,
    _moving: Option<MutexGuard<'a, ()>>,
}

impl<'a> Locked<'a> {
    fn new(old: &'a Arc<Dentry>, new: &'a Arc<Dentry>) -> Result<Self, Errno> {
        if Arc::ptr_eq(old, new) {
            return Ok(Self {
                old: old.lock_names()?,
                new: None,
                _moving: None,
            });
        }
        let moving = MOVING.lock();
        let by_address = Arc::as_ptr(old) < Arc::as_ptr(new);
        let old_first = old.is_above(new) || (by_address && !new.is_above(old));
        let (old, new) = if old_first {
            let old = old.lock_names()?;
            (old, new.lock_names()?)
        } else {
            let new = new.lock_names()?;
            (old.lock_names()?, new)
        };
        Ok(Self {
            old,
            new: Some(new),
            _moving: Some(moving),
        })
    }

    fn new_names(&self) -> &NamesGuard<'a> {
        self.new.as_ref().unwrap_or(&self.old)
    }
}

/// The objects a rename is about.
struct Subjects {
    moved: Arc<Dentry>,
    target: Option<Arc<Dentry>>,
}

/// `renameat2(2)`.
///
/// # Errors
/// `ENOENT`, `EEXIST`, `EXDEV`, `EBUSY`, `EINVAL`, `ENOTEMPTY`, `ENOTDIR`, `EISDIR`, `EROFS`, `EACCES`, `EPERM`.
pub fn rename(old: &At<'_>, new: &At<'_>, flags: RenameFlags) -> Result<(), Errno> {
    let from = old.parent()?;
    let to = new.parent()?;
    if !Arc::ptr_eq(from.directory.mount(), to.directory.mount()) {
        return Err(Errno::EXDEV);
    }
    let old_name = from.name(Errno::EBUSY)?;
    let noreplace = flags.contains(RenameFlags::NOREPLACE);
    let new_name = to.name(if noreplace {
        Errno::EEXIST
    } else {
        Errno::EBUSY
    })?;
    from.directory.mount().check_writable()?;
    let locked = Locked::new(from.directory.dentry(), to.directory.dentry())?;
    let subjects = find_subjects(&from, &to, &locked, flags)?;
    if subjects
        .target
        .as_ref()
        .is_some_and(|target| same_inode(target, &subjects.moved))
    {
        return Ok(());
    }
    check_rights(old, &from.directory, &to.directory, &subjects, flags)?;
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    from.directory
        .inode()
        .rename(old_name, to.directory.inode(), new_name, exchange)?;
    update_dentries(
        &from.directory,
        &to.directory,
        &locked,
        &subjects,
        new_name,
        exchange,
    );
    drop(locked);
    Ok(())
}

fn same_inode(a: &Dentry, b: &Dentry) -> bool {
    Arc::ptr_eq(a.inode(), b.inode())
}

fn find_subjects(
    from: &Parent,
    to: &Parent,
    locked: &Locked<'_>,
    flags: RenameFlags,
) -> Result<Subjects, Errno> {
    let moved = find(from, &locked.old, from.name(Errno::EBUSY)?)?;
    let target = match find(to, locked.new_names(), to.name(Errno::EBUSY)?) {
        Ok(_) if flags.contains(RenameFlags::NOREPLACE) => return Err(Errno::EEXIST),
        Ok(target) => Some(target),
        Err(Errno::ENOENT) if !flags.contains(RenameFlags::EXCHANGE) => None,
        Err(error) => return Err(error),
    };
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    let target_is_file = target.as_ref().is_some_and(|target| !is_directory(target));
    if !is_directory(&moved) && (from.trailing_slash || (!exchange && to.trailing_slash)) {
        return Err(Errno::ENOTDIR);
    }
    if exchange && to.trailing_slash && target_is_file {
        return Err(Errno::ENOTDIR);
    }
    if moved.is_above(to.directory.dentry()) {
        return Err(Errno::EINVAL);
    }
    if target
        .as_ref()
        .is_some_and(|target| target.is_above(from.directory.dentry()))
    {
        return Err(if exchange {
            Errno::EINVAL
        } else {
            Errno::ENOTEMPTY
        });
    }
    Ok(Subjects { moved, target })
}

fn is_directory(dentry: &Dentry) -> bool {
    dentry.inode().file_type().is_directory()
}

fn check_rights(
    at: &At<'_>,
    from: &Path,
    to: &Path,
    subjects: &Subjects,
    flags: RenameFlags,
) -> Result<(), Errno> {
    let moved = &subjects.moved;
    check_may_remove(at, from, moved, is_directory(moved))?;
    let other_directory = !Arc::ptr_eq(from.dentry(), to.dentry());
    let check_parent_changes = |dentry: &Dentry| {
        if other_directory && is_directory(dentry) {
            at.check(&**dentry.inode(), Access::WRITE)
        } else {
            Ok(())
        }
    };
    match &subjects.target {
        None => check_may_add(at, to)?,
        Some(target) if flags.contains(RenameFlags::EXCHANGE) => {
            check_may_remove(at, to, target, is_directory(target))?;
            check_parent_changes(target)?;
        }
        Some(target) => check_may_remove(at, to, target, is_directory(moved))?,
    }
    check_parent_changes(moved)
}

fn update_dentries(
    from: &Path,
    to: &Path,
    locked: &Locked<'_>,
    subjects: &Subjects,
    new_name: &[u8],
    exchange: bool,
) {
    let cache = from.mount().file_system().caches_names();
    match &subjects.target {
        Some(target) if exchange => return Dentry::exchanged(&subjects.moved, target, cache),
        Some(target) => to.dentry().removed(locked.new_names(), target),
        None => {}
    }
    Dentry::moved(&subjects.moved, from.dentry(), to.dentry(), new_name, cache);
}
