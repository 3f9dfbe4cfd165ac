//! The object behind a mapping, as each mapping of it holds it.

use alloc::sync::{Arc, Weak};

use super::backing::Backing;
use super::map::MemoryMap;
use crate::fs::OpenFile;

/// Something that is mapped: the pages, and the open file they were mapped through, if it was one.
pub struct Object {
    /// Where the pages come from.
    pub backing: Arc<dyn Backing>,
    /// Where the name in `/proc/PID/maps` comes from.
    pub file: Option<Arc<OpenFile>>,
}

/// One mapping's handle of its object: stands in the object's list of mappings as long as it lives.
pub struct Mapped {
    object: Arc<Object>,
    owner: Weak<MemoryMap>,
    slot: u32,
}

impl Mapped {
    /// The object is mapped by `owner`.
    #[must_use]
    pub fn new(object: Arc<Object>, owner: Weak<MemoryMap>) -> Self {
        let slot = object.backing.mappings().insert(owner.clone());
        Self {
            object,
            owner,
            slot,
        }
    }

    /// The same object, mapped by another address space.
    #[must_use]
    pub fn for_owner(&self, owner: Weak<MemoryMap>) -> Self {
        Self::new(Arc::clone(&self.object), owner)
    }

    /// What is mapped.
    #[must_use]
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Where the pages come from.
    #[must_use]
    pub fn backing(&self) -> &dyn Backing {
        &*self.object.backing
    }

    /// Whether the pages come from `backing`.
    #[must_use]
    pub fn is_of(&self, backing: &dyn Backing) -> bool {
        core::ptr::addr_eq(Arc::as_ptr(&self.object.backing), backing)
    }
}

impl Clone for Mapped {
    fn clone(&self) -> Self {
        self.for_owner(self.owner.clone())
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.object.backing.mappings().remove(self.slot);
    }
}

impl PartialEq for Mapped {
    fn eq(&self, other: &Self) -> bool {
        let file = |mapped: &Self| mapped.object.file.as_ref().map(Arc::as_ptr);
        Arc::ptr_eq(&self.object, &other.object)
            || (self.is_of(other.backing()) && file(self) == file(other))
    }
}
