//! The table of mounts: what is mounted where.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use hashbrown::HashMap;
use machine::sync::SpinLock;

use super::Mount;
use crate::fs::dentry::Dentry;
use crate::fs::inode::FileSystem;
use crate::fs::{Path, levels};

/// Where a mount sits: the mount it is in, and the dentry there.
type Place = (u64, usize);

/// One mount in the tree.
pub(super) struct Entry {
    pub(super) mount: Arc<Mount>,
    /// Where it is mounted; none for the root of the tree.
    pub(super) on: Option<Path>,
}

pub(super) struct Table {
    /// All mounts, by id, in the order they were made.
    pub(super) entries: Vec<Entry>,
    places: HashMap<Place, Arc<Mount>>,
}

static MOUNTS: SpinLock<Option<Table>> = SpinLock::new(levels::MOUNTS, None);

fn place(path: &Path) -> Place {
    (path.mount().id(), Arc::as_ptr(path.dentry()).addr())
}

/// Runs `f` on the table. What `f` takes out of it must be returned, to be dropped after the lock.
pub(super) fn with<R>(f: impl FnOnce(&mut Table) -> R) -> R {
    let mut table = MOUNTS.lock();
    f(table.get_or_insert_with(|| Table {
        entries: Vec::new(),
        places: HashMap::new(),
    }))
}

impl Table {
    /// Puts `mount` on `on`, on top of what is mounted there already.
    pub(super) fn attach(&mut self, mount: Arc<Mount>, on: Option<Path>) {
        if let Some(path) = &on {
            path.dentry().count_mount(true);
            self.places.insert(place(path), mount.clone());
        }
        self.entries.push(Entry { mount, on });
    }

    /// Takes the mount with this id out of the tree.
    pub(super) fn detach(&mut self, id: u64) -> Option<Entry> {
        let index = self
            .entries
            .iter()
            .position(|entry| entry.mount.id() == id)?;
        let entry = self.entries.remove(index);
        if let Some(path) = &entry.on {
            path.dentry().count_mount(false);
            self.places.remove(&place(path));
        }
        Some(entry)
    }

    /// The entry of the mount with this id.
    pub(super) fn entry(&self, id: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.mount.id() == id)
    }

    /// Whether a mount sits somewhere in the mount with this id.
    pub(super) fn has_children(&self, id: u64) -> bool {
        let inside = |entry: &Entry| entry.on.as_ref().is_some_and(|on| on.mount().id() == id);
        self.entries.iter().any(inside)
    }

    /// The ids of the mount `id` and all below it, from the top down.
    pub(super) fn subtree(&self, id: u64) -> Vec<u64> {
        let mut ids = Vec::from([id]);
        let mut next = 0;
        while let Some(&parent) = ids.get(next) {
            let below = self.entries.iter().filter(|entry| {
                entry
                    .on
                    .as_ref()
                    .is_some_and(|on| on.mount().id() == parent)
            });
            ids.extend(below.map(|entry| entry.mount.id()));
            next += 1;
        }
        ids
    }
}

/// The mount directly on `path`, if there is one.
pub fn covering(path: &Path) -> Option<Arc<Mount>> {
    let key = place(path);
    with(|table| table.places.get(&key).cloned())
}

/// Where `mount` is mounted; none for the root of the tree and for what is not in it.
pub fn mount_point(mount: &Mount) -> Option<Path> {
    with(|table| table.entry(mount.id()).and_then(|entry| entry.on.clone()))
}

/// Makes `file_system` the root of the whole tree, at start-up, and gives its root directory.
///
/// # Errors
/// `EBUSY` if there is a root already.
pub fn attach_root(file_system: Arc<dyn FileSystem>, source: &str) -> Result<Path, Errno> {
    let mount = Mount::detached(file_system, source);
    let path = mount.root_path();
    with(|table| {
        if table.entries.is_empty() {
            table.attach(mount, None);
            Ok(path)
        } else {
            Err(Errno::EBUSY)
        }
    })
}

/// All mounts and where they are, oldest first.
#[must_use]
pub fn all() -> Vec<(Arc<Mount>, Option<Path>)> {
    with(|table| {
        let entries = table.entries.iter();
        entries
            .map(|entry| (entry.mount.clone(), entry.on.clone()))
            .collect()
    })
}

/// The top dentry of `file_system`: the one in use if it is mounted somewhere, so that all mounts share one cache.
pub(super) fn top_of(file_system: &Arc<dyn FileSystem>) -> Arc<Dentry> {
    let same = |entry: &&Entry| Arc::ptr_eq(entry.mount.file_system(), file_system);
    let known = with(|table| {
        table
            .entries
            .iter()
            .find(same)
            .map(|entry| entry.mount.top.clone())
    });
    known.unwrap_or_else(|| Dentry::root(file_system.root()))
}

/// Whether a mount in the tree shows the tree whose top is `top`.
pub(super) fn is_seen_elsewhere(top: &Arc<Dentry>) -> bool {
    with(|table| {
        table
            .entries
            .iter()
            .any(|entry| Arc::ptr_eq(&entry.mount.top, top))
    })
}
