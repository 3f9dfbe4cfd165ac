//! Which numbers are taken, and by what.

use alloc::boxed::Box;
use alloc::vec::Vec;

use abi::Errno;

use crate::pid::{PID_MAX_DEFAULT, PID_MAX_LIMIT, Pid};
use crate::tree::Node;

/// Numbers below this are not given out again once all have been used (as Linux keeps them for daemons).
const RESERVED: u32 = 300;

/// What goes by one number.
pub(crate) struct Slot<P, T> {
    /// Given out, but nothing is there yet.
    pub reserved: bool,
    pub process: Option<Node<P>>,
    pub thread: Option<T>,
    /// The first process of the group with this number.
    pub first_member: Option<Pid>,
    /// Processes in the session with this number.
    pub session_members: usize,
}

impl<P, T> Slot<P, T> {
    const EMPTY: Self = Slot {
        reserved: false,
        process: None,
        thread: None,
        first_member: None,
        session_members: 0,
    };

    fn is_free(&self) -> bool {
        !self.reserved
            && self.process.is_none()
            && self.thread.is_none()
            && self.first_member.is_none()
            && self.session_members == 0
    }
}

/// The numbers; the table grows to the greatest one ever given out.
pub(crate) struct Slots<P, T> {
    slots: Vec<Option<Box<Slot<P, T>>>>,
    taken: usize,
    last: u32,
    max: u32,
}

impl<P, T> Slots<P, T> {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            taken: 0,
            last: 0,
            max: PID_MAX_DEFAULT,
        }
    }

    pub const fn max(&self) -> u32 {
        self.max
    }

    /// Numbers already given out above `max` stay valid.
    pub fn set_max(&mut self, max: u32) -> Result<(), Errno> {
        if !(RESERVED + 1..=PID_MAX_LIMIT).contains(&max) {
            return Err(Errno::EINVAL);
        }
        self.max = max;
        Ok(())
    }

    /// Gives out the next free number after the last one, beginning again at the end.
    pub fn reserve(&mut self) -> Result<Pid, Errno> {
        let number = self.next_free().ok_or(Errno::EAGAIN)?;
        let index = number as usize;
        if index >= self.slots.len() {
            let missing = index + 1 - self.slots.len();
            self.slots.try_reserve(missing).map_err(|_| Errno::ENOMEM)?;
            self.slots.resize_with(index + 1, || None);
        }
        let pid = Pid::new(number).ok_or(Errno::EAGAIN)?;
        let slot = Slot {
            reserved: true,
            ..Slot::EMPTY
        };
        self.slots[index] = Some(Box::new(slot));
        self.taken += 1;
        self.last = number;
        Ok(pid)
    }

    fn next_free(&self) -> Option<u32> {
        let is_free = |number: &u32| !matches!(self.slots.get(*number as usize), Some(Some(_)));
        let first = self.last.saturating_add(1);
        let again = if first > RESERVED { RESERVED } else { 1 };
        (first..self.max)
            .find(is_free)
            .or_else(|| (again..first.min(self.max)).find(is_free))
    }

    pub fn get(&self, pid: Pid) -> Option<&Slot<P, T>> {
        self.slots.get(pid.index())?.as_deref()
    }

    pub fn get_mut(&mut self, pid: Pid) -> Option<&mut Slot<P, T>> {
        self.slots.get_mut(pid.index())?.as_deref_mut()
    }

    /// Frees the number if nothing goes by it any more.
    pub fn free_if_unused(&mut self, pid: Pid) {
        let Some(entry) = self.slots.get_mut(pid.index()) else {
            return;
        };
        if entry.as_deref().is_some_and(Slot::is_free) {
            *entry = None;
            self.taken -= 1;
        }
    }

    pub const fn taken(&self) -> usize {
        self.taken
    }

    pub const fn last(&self) -> u32 {
        self.last
    }

    pub fn iter(&self) -> impl Iterator<Item = &Slot<P, T>> {
        self.slots.iter().filter_map(Option::as_deref)
    }
}
