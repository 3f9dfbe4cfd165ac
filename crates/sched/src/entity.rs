//! What a policy remembers of a task, kept within the task.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use alloc::sync::Arc;

use crate::{Params, Priority};

/// In [`Entity::place`]: on no run queue and not running.
pub(crate) const AWAY: u32 = u32::MAX;
/// In [`Entity::place`]: running, or about to.
pub(crate) const CURRENT: u32 = u32::MAX - 1;

/// The scheduling state of a task.
///
/// Its fields are only changed by the policy whose run queue the task belongs to, under that run queue's lock; they
/// are atomic so that others may read them at any time, and relaxed so that this costs nothing.
#[derive(Debug)]
pub struct Entity {
    params: AtomicU32,
    /// [`AWAY`], [`CURRENT`], or the slot in the slab of the queue it waits in.
    place: AtomicU32,
    /// What is left of its slice, in nanoseconds, as of when it last left the CPU.
    slice_left: AtomicU64,
}

impl Entity {
    /// A task that is on no run queue yet.
    #[must_use]
    pub const fn new(params: Params) -> Self {
        Self {
            params: AtomicU32::new(params.to_bits()),
            place: AtomicU32::new(AWAY),
            slice_left: AtomicU64::new(0),
        }
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Params {
        Params::from_bits(self.params.load(Relaxed))
    }

    /// Its priority.
    #[must_use]
    pub fn priority(&self) -> Priority {
        Priority::ALL[self.level()]
    }

    /// Whether it waits in a run queue.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        self.place() < CURRENT
    }

    /// Whether a policy has picked it and not got it back.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.place() == CURRENT
    }

    /// Sets the parameters of a task that is neither queued nor running, or is held by its run queue's lock; tasks in a
    /// queue are changed by [`crate::Policy::set_params`], which calls this.
    pub fn store_params(&self, params: Params) {
        self.params.store(params.to_bits(), Relaxed);
    }

    /// The index of its priority; the priority lies in the top byte, so this is one shift.
    pub(crate) fn level(&self) -> usize {
        ((self.params.load(Relaxed) >> 24) as usize).min(Priority::COUNT - 1)
    }

    pub(crate) fn place(&self) -> u32 {
        self.place.load(Relaxed)
    }

    pub(crate) fn set_place(&self, place: u32) {
        self.place.store(place, Relaxed);
    }

    pub(crate) fn slice_left(&self) -> u64 {
        self.slice_left.load(Relaxed)
    }

    pub(crate) fn set_slice_left(&self, nanos: u64) {
        self.slice_left.store(nanos, Relaxed);
    }
}

/// A handle of a task, or the task itself.
pub trait Task {
    /// Its scheduling state; always the same one.
    fn entity(&self) -> &Entity;
}

impl<T: Task + ?Sized> Task for Arc<T> {
    fn entity(&self) -> &Entity {
        (**self).entity()
    }
}

impl<T: Task + ?Sized> Task for &T {
    fn entity(&self) -> &Entity {
        (**self).entity()
    }
}
