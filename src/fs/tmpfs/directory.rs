//! Directories of a tmpfs: tables of names.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use hashbrown::HashMap;

use super::TmpInode;
use crate::fs::{DirectoryEntry, FIRST_ENTRY, Inode};

/// The names in one directory.
pub(super) struct Directory {
    names: HashMap<Arc<[u8]>, Entry>,
    /// The names by position, for reading the directory while it changes: a name keeps its position.
    order: BTreeMap<u64, Arc<[u8]>>,
    next: u64,
    /// The directory itself was removed: nothing can be created in it any more.
    removed: bool,
}

struct Entry {
    inode: Arc<TmpInode>,
    position: u64,
}

impl Directory {
    pub(super) fn new() -> Self {
        Self {
            names: HashMap::new(),
            order: BTreeMap::new(),
            next: FIRST_ENTRY,
            removed: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&Arc<TmpInode>> {
        self.names.get(name).map(|entry| &entry.inode)
    }

    /// Adds a name. `ENOENT` in a removed directory, `EEXIST`, `ENOSPC` if memory is short.
    pub(super) fn insert(&mut self, name: &[u8], inode: Arc<TmpInode>) -> Result<(), Errno> {
        if self.removed {
            return Err(Errno::ENOENT);
        }
        if self.names.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        self.names.try_reserve(1).map_err(|_| Errno::ENOSPC)?;
        let name: Arc<[u8]> = Arc::from(name);
        let position = self.next;
        self.next += 1;
        self.order.insert(position, name.clone());
        self.names.insert(name, Entry { inode, position });
        Ok(())
    }

    /// Takes a name out.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Arc<TmpInode>> {
        let entry = self.names.remove(name)?;
        self.order.remove(&entry.position);
        if self.names.is_empty() {
            // What was a large directory does not keep the memory of a large table.
            self.names = HashMap::new();
        }
        Some(entry.inode)
    }

    /// Makes `name`, which is there, stand for `inode`, and gives what it stood for.
    pub(super) fn replace(&mut self, name: &[u8], inode: Arc<TmpInode>) -> Option<Arc<TmpInode>> {
        let entry = self.names.get_mut(name)?;
        Some(core::mem::replace(&mut entry.inode, inode))
    }

    /// Marks this directory removed. `ENOTEMPTY` if there are names in it.
    pub(super) fn mark_removed(&mut self) -> Result<(), Errno> {
        if !self.names.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.removed = true;
        Ok(())
    }

    /// Calls `emit` for the names from `position` on, until it returns false.
    pub(super) fn read(&self, position: u64, emit: &mut dyn FnMut(DirectoryEntry<'_>) -> bool) {
        for (&position, name) in self.order.range(position..) {
            let Some(entry) = self.names.get(name) else {
                continue;
            };
            let going_on = emit(DirectoryEntry {
                name,
                inode: entry.inode.number(),
                file_type: entry.inode.file_type(),
                next: position + 1,
            });
            if !going_on {
                return;
            }
        }
    }

    /// Empties the table, for a directory that is going away with all below it.
    pub(super) fn take_all(&mut self) -> Vec<Arc<TmpInode>> {
        self.order.clear();
        let names = core::mem::take(&mut self.names);
        names.into_values().map(|entry| entry.inode).collect()
    }
}
