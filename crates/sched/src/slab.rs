//! Doubly linked lists of tasks over one preallocated array, so that queues neither allocate nor scan.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// The storage of a run queue: an array of slots, each in one list or free.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    used: u32,
}

#[derive(Debug)]
struct Slot<T> {
    task: Option<T>,
    prev: u32,
    next: u32,
}

/// The two ends of a list in a [`Slab`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self {
        head: NONE,
        tail: NONE,
    };

    pub(crate) const fn is_empty(self) -> bool {
        self.head == NONE
    }
}

impl<T> Slab<T> {
    /// A slab without storage.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NONE,
            used: 0,
        }
    }

    /// A slab for this many tasks.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn with_capacity(tasks: usize) -> Result<Self, TryReserveError> {
        let mut slab = Self::new();
        slab.slots.try_reserve_exact(tasks)?;
        Ok(slab)
    }

    /// How many tasks it holds without an allocation.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    pub(crate) fn len(&self) -> usize {
        self.used as usize
    }

    /// The slot that the next task added will get.
    pub(crate) fn next_slot(&self) -> u32 {
        if self.free == NONE {
            self.slots.len() as u32
        } else {
            self.free
        }
    }

    fn insert(&mut self, slot: Slot<T>) -> u32 {
        self.used += 1;
        if let Some(free) = self.slots.get_mut(self.free as usize) {
            let index = self.free;
            self.free = free.next;
            *free = slot;
            return index;
        }
        let index = self.slots.len() as u32;
        self.slots.push(slot);
        index
    }

    /// Adds a task at the end of a list, in [`Self::next_slot`].
    pub(crate) fn push_back(&mut self, list: &mut List, task: T) {
        let index = self.insert(Slot {
            task: Some(task),
            prev: list.tail,
            next: NONE,
        });
        match self.slots.get_mut(list.tail as usize) {
            Some(tail) => tail.next = index,
            None => list.head = index,
        }
        list.tail = index;
    }

    /// Adds a task at the front of a list, in [`Self::next_slot`].
    pub(crate) fn push_front(&mut self, list: &mut List, task: T) {
        let index = self.insert(Slot {
            task: Some(task),
            prev: NONE,
            next: list.head,
        });
        match self.slots.get_mut(list.head as usize) {
            Some(head) => head.prev = index,
            None => list.tail = index,
        }
        list.head = index;
    }

    /// Takes the first task of a list.
    pub(crate) fn pop_front(&mut self, list: &mut List) -> Option<T> {
        let slot = self.slots.get_mut(list.head as usize)?;
        let task = slot.task.take();
        let next = slot.next;
        slot.next = self.free;
        self.free = list.head;
        self.used -= 1;
        list.head = next;
        match self.slots.get_mut(next as usize) {
            Some(head) => head.prev = NONE,
            None => list.tail = NONE,
        }
        task
    }

    /// Takes the task in this slot out of the list it is in.
    pub(crate) fn remove(&mut self, list: &mut List, index: u32) -> Option<T> {
        let slot = self.slots.get_mut(index as usize)?;
        let task = slot.task.take()?;
        let (prev, next) = (slot.prev, slot.next);
        slot.next = self.free;
        self.free = index;
        self.used -= 1;
        match self.slots.get_mut(prev as usize) {
            Some(slot) => slot.next = next,
            None => list.head = next,
        }
        match self.slots.get_mut(next as usize) {
            Some(slot) => slot.prev = prev,
            None => list.tail = prev,
        }
        Some(task)
    }

    /// The task in a slot.
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.task.as_ref()
    }

    /// The slots and tasks of a list, from its front.
    pub(crate) fn iter(&self, list: List) -> impl Iterator<Item = (u32, &T)> {
        let mut index = list.head;
        core::iter::from_fn(move || {
            let slot = self.slots.get(index as usize)?;
            let here = index;
            index = slot.next;
            slot.task.as_ref().map(|task| (here, task))
        })
    }

    /// Moves every slot, in place, to `larger`, so that slot numbers and lists stay valid; returns the old storage.
    pub(crate) fn move_to(&mut self, mut larger: Self) -> Self {
        if larger.capacity() <= self.capacity() {
            return larger;
        }
        larger.slots.append(&mut self.slots);
        larger.free = core::mem::replace(&mut self.free, NONE);
        larger.used = core::mem::take(&mut self.used);
        core::mem::replace(self, larger)
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}
