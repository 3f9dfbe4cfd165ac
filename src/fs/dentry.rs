//! The tree of names: each dentry is one name in one directory, and the cache of names already looked up.
//!
//! A dentry holds its parent; a directory's dentry holds its cached children. Names of file systems that do not cache
//! (procfs) get a new dentry at each walk, unless something is mounted below them ([`Dentry::pin`]).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use abi::Errno;
use hashbrown::HashMap;
use machine::sync::SpinLock;

use super::inode::Inode;
use super::levels;
use crate::process::sync::{Mutex, MutexGuard};

/// Held while the shape of the tree changes (rename, unlink) or is read as a whole (making a path).
static TREE: SpinLock<()> = SpinLock::new(levels::TREE, ());

/// How often the shape of the tree has changed.
static VERSION: AtomicUsize = AtomicUsize::new(0);

/// A name in a directory and the inode it stands for.
pub struct Dentry {
    inode: Arc<dyn Inode>,
    location: SpinLock<Location>,
    /// Only directories have children.
    directory: Option<Box<Directory>>,
    /// How many mounts sit on this dentry.
    mounts: AtomicU32,
    /// The name is gone: unlinked, removed or replaced.
    removed: AtomicBool,
}

struct Location {
    parent: Option<Arc<Dentry>>,
    name: Arc<[u8]>,
}

struct Directory {
    children: SpinLock<HashMap<Arc<[u8]>, Arc<Dentry>>>,
    names: Mutex<()>,
}

impl Dentry {
    fn new(inode: Arc<dyn Inode>, parent: Option<Arc<Self>>, name: Arc<[u8]>) -> Arc<Self> {
        let directory = inode.file_type().is_directory().then(|| {
            Box::new(Directory {
                children: SpinLock::new(levels::CHILDREN, HashMap::new()),
                names: Mutex::new(()),
            })
        });
        Arc::new(Self {
            inode,
            location: SpinLock::new(levels::LOCATION, Location { parent, name }),
            directory,
            mounts: AtomicU32::new(0),
            removed: AtomicBool::new(false),
        })
    }

    /// The top of a file system's tree.
    #[must_use]
    pub fn root(inode: Arc<dyn Inode>) -> Arc<Self> {
        Self::new(inode, None, Arc::from(&b"/"[..]))
    }

    /// A dentry for an object without a name in `parent`'s file system (`O_TMPFILE`).
    pub(super) fn unnamed(inode: Arc<dyn Inode>, parent: &Arc<Self>, name: &[u8]) -> Arc<Self> {
        let dentry = Self::new(inode, Some(parent.clone()), Arc::from(name));
        dentry.removed.store(true, Ordering::Relaxed);
        dentry
    }

    /// What the name stands for.
    #[must_use]
    pub fn inode(&self) -> &Arc<dyn Inode> {
        &self.inode
    }

    /// The directory the name is in; none for the top of a file system.
    #[must_use]
    pub fn parent(&self) -> Option<Arc<Self>> {
        self.location.lock().parent.clone()
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> Arc<[u8]> {
        self.location.lock().name.clone()
    }

    /// Whether the name is gone while the object is still in use.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    pub(super) fn is_mount_point(&self) -> bool {
        self.mounts.load(Ordering::Relaxed) != 0
    }

    pub(super) fn count_mount(&self, added: bool) {
        if added {
            self.mounts.fetch_add(1, Ordering::Relaxed);
        } else {
            self.mounts.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The directory's name lock: held over every lookup in and change of the directory.
    ///
    /// # Errors
    /// `ENOTDIR`.
    pub(super) fn lock_names(&self) -> Result<NamesGuard<'_>, Errno> {
        let directory = self.directory.as_ref().ok_or(Errno::ENOTDIR)?;
        Ok(NamesGuard(directory.names.lock()))
    }

    /// The child called `name` if it is in the cache.
    pub(super) fn cached_child(&self, name: &[u8]) -> Option<Arc<Self>> {
        self.directory.as_ref()?.children.lock().get(name).cloned()
    }

    /// The child called `name`, asking the file system if it is not cached.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, or the file system's.
    pub(super) fn child(self: &Arc<Self>, name: &[u8], cache: bool) -> Result<Arc<Self>, Errno> {
        if let Some(child) = self.cached_child(name) {
            return Ok(child);
        }
        let names = self.lock_names()?;
        self.child_locked(&names, name, cache)
    }

    /// [`child`](Self::child) for the holder of the name lock.
    pub(super) fn child_locked(
        self: &Arc<Self>,
        names: &NamesGuard<'_>,
        name: &[u8],
        cache: bool,
    ) -> Result<Arc<Self>, Errno> {
        if let Some(child) = self.cached_child(name) {
            return Ok(child);
        }
        let inode = self.inode.lookup(name)?;
        Ok(self.add_child(names, name, inode, cache))
    }

    /// A new child for `inode`, which the file system has under `name`.
    pub(super) fn add_child(
        self: &Arc<Self>,
        _names: &NamesGuard<'_>,
        name: &[u8],
        inode: Arc<dyn Inode>,
        cache: bool,
    ) -> Arc<Self> {
        let child = Self::new(inode, Some(self.clone()), Arc::from(name));
        if cache {
            self.remember(&child);
        }
        child
    }

    /// Puts `child` into the cache, unless memory is short: a cache may forget.
    fn remember(&self, child: &Arc<Self>) {
        let Some(directory) = &self.directory else {
            return;
        };
        let name = child.name();
        let mut children = directory.children.lock();
        let replaced = match children.try_reserve(1) {
            Ok(()) => children.insert(name, child.clone()),
            Err(_) => None,
        };
        drop(children);
        drop(replaced);
    }

    fn forget(&self, name: &[u8]) -> Option<Arc<Self>> {
        let mut children = self.directory.as_ref()?.children.lock();
        let child = children.remove(name);
        if children.is_empty() {
            *children = HashMap::new();
        }
        child
    }

    /// Keeps this dentry and all above it in the cache, because a mount refers to them.
    pub(super) fn pin(self: &Arc<Self>) {
        let mut dentry = self.clone();
        while let Some(parent) = dentry.parent() {
            if !dentry.is_removed() && parent.cached_child(&dentry.name()).is_none() {
                parent.remember(&dentry);
            }
            dentry = parent;
        }
    }

    /// `name` is gone from this directory.
    pub(super) fn removed(&self, _names: &NamesGuard<'_>, child: &Self) {
        let tree = TREE.lock();
        child.removed.store(true, Ordering::Release);
        let name = child.location.lock().name.clone();
        let forgotten = self.forget(&name);
        VERSION.fetch_add(1, Ordering::Release);
        drop(tree);
        drop(forgotten);
    }

    /// `child` has moved from `from` to the name `name` in `to`. Both name locks are held.
    pub(super) fn moved(child: &Arc<Self>, from: &Self, to: &Arc<Self>, name: &[u8], cache: bool) {
        let name: Arc<[u8]> = Arc::from(name);
        let tree = TREE.lock();
        let old_name = child.location.lock().name.clone();
        let forgotten = from.forget(&old_name);
        let old = {
            let mut location = child.location.lock();
            location.name = name;
            location.parent.replace(to.clone())
        };
        VERSION.fetch_add(1, Ordering::Release);
        drop(tree);
        drop((forgotten, old));
        if cache {
            to.remember(child);
        }
    }

    /// `left` and `right` have exchanged their places. All name locks concerned are held.
    pub(super) fn exchanged(left: &Arc<Self>, right: &Arc<Self>, cache: bool) {
        let (Some(left_parent), Some(right_parent)) = (left.parent(), right.parent()) else {
            return;
        };
        let (left_name, right_name) = (left.name(), right.name());
        Self::moved(left, &left_parent, &right_parent, &right_name, false);
        Self::moved(right, &right_parent, &left_parent, &left_name, false);
        if cache {
            right_parent.remember(left);
            left_parent.remember(right);
        }
    }

    /// Whether `self` is `other` or above it.
    pub(super) fn is_above(self: &Arc<Self>, other: &Arc<Self>) -> bool {
        let _tree = TREE.lock();
        let mut current = Some(other.clone());
        while let Some(dentry) = current {
            if Arc::ptr_eq(&dentry, self) {
                return true;
            }
            current = dentry.parent();
        }
        false
    }

    /// Empties the cache below this dentry, when its file system is unmounted for good.
    pub(super) fn forget_all(self: &Arc<Self>) {
        let mut pending = Vec::from([self.clone()]);
        while let Some(dentry) = pending.pop() {
            let Some(directory) = &dentry.directory else {
                continue;
            };
            let children = core::mem::take(&mut *directory.children.lock());
            pending.extend(children.into_values());
        }
    }

    /// Counts the changes of the tree's shape: whoever reads it in steps can tell whether it stayed the same.
    pub(super) fn tree_version() -> usize {
        VERSION.load(Ordering::Acquire)
    }
}

impl Drop for Dentry {
    /// Lets go of the parents one by one: a chain of them can be longer than the kernel's stack allows to recurse.
    fn drop(&mut self) {
        let mut parent = self.location.get_mut().parent.take();
        while let Some(mut dentry) = parent.and_then(Arc::into_inner) {
            parent = dentry.location.get_mut().parent.take();
        }
    }
}

/// A directory's names, locked.
pub(super) struct NamesGuard<'a>(
    #[expect(dead_code, reason = "held for its Drop")] MutexGuard<'a, ()>,
);
