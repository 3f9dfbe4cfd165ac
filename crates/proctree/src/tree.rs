//! Parents and children.

use abi::Errno;

use crate::pid::Pid;
use crate::slots::{Slot, Slots};

/// A process in the tree.
pub struct Node<P> {
    pub(crate) payload: P,
    pub(crate) pid: Pid,
    pub(crate) parent: Option<Pid>,
    pub(crate) first_child: Option<Pid>,
    pub(crate) previous_sibling: Option<Pid>,
    pub(crate) next_sibling: Option<Pid>,
    pub(crate) group: Pid,
    pub(crate) previous_member: Option<Pid>,
    pub(crate) next_member: Option<Pid>,
    pub(crate) session: Pid,
    pub(crate) zombie: bool,
    pub(crate) has_execed: bool,
    pub(crate) subreaper: bool,
}

impl<P> Node<P> {
    /// What hangs at the process.
    pub const fn payload(&self) -> &P {
        &self.payload
    }

    /// Its id.
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Its parent; the first process has none.
    pub const fn parent(&self) -> Option<Pid> {
        self.parent
    }

    /// Its process group.
    pub const fn group(&self) -> Pid {
        self.group
    }

    /// Its session.
    pub const fn session(&self) -> Pid {
        self.session
    }

    /// Whether it has ended and waits to be reaped.
    pub const fn is_zombie(&self) -> bool {
        self.zombie
    }
}

/// All processes and threads.
pub struct ProcTree<P, T> {
    pub(crate) slots: Slots<P, T>,
    processes: usize,
    threads: usize,
}

impl<P, T> Default for ProcTree<P, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P, T> ProcTree<P, T> {
    /// An empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: Slots::new(),
            processes: 0,
            threads: 0,
        }
    }

    /// One more than the greatest number given out.
    #[must_use]
    pub const fn pid_max(&self) -> u32 {
        self.slots.max()
    }

    /// Sets [`pid_max`](Self::pid_max).
    ///
    /// # Errors
    /// `EINVAL` outside 301 to 4194304.
    pub fn set_pid_max(&mut self, max: u32) -> Result<(), Errno> {
        self.slots.set_max(max)
    }

    /// Takes a number for a process or thread about to be created.
    ///
    /// # Errors
    /// `EAGAIN` if all are taken, `ENOMEM` if the table cannot grow.
    pub fn reserve_pid(&mut self) -> Result<Pid, Errno> {
        self.slots.reserve()
    }

    /// Gives back a number from [`reserve_pid`](Self::reserve_pid) that was not used after all.
    pub fn release_pid(&mut self, pid: Pid) {
        if let Some(slot) = self.slots.get_mut(pid) {
            slot.reserved = false;
        }
        self.slots.free_if_unused(pid);
    }

    /// Adds a process under a reserved number, in its parent's group and session, or in its own without a parent.
    ///
    /// # Errors
    /// `ESRCH` if the number was not reserved or the parent is gone.
    pub fn add_process(&mut self, pid: Pid, parent: Option<Pid>, payload: P) -> Result<(), Errno> {
        let (group, session) = match parent {
            Some(parent) => {
                let node = self.process(parent).ok_or(Errno::ESRCH)?;
                (node.group, node.session)
            }
            None => (pid, pid),
        };
        let slot = self.slots.get_mut(pid).ok_or(Errno::ESRCH)?;
        slot.reserved = false;
        slot.process = Some(Node {
            payload,
            pid,
            parent: None,
            first_child: None,
            previous_sibling: None,
            next_sibling: None,
            group,
            previous_member: None,
            next_member: None,
            session,
            zombie: false,
            has_execed: false,
            subreaper: false,
        });
        self.processes += 1;
        if let Some(parent) = parent {
            self.link_child(parent, pid);
        }
        self.enter_group(pid, group);
        self.enter_session(pid, session);
        Ok(())
    }

    /// Adds a thread under a number that is reserved or is its process's.
    pub fn add_thread(&mut self, tid: Pid, thread: T) {
        if let Some(slot) = self.slots.get_mut(tid) {
            slot.reserved = false;
            slot.thread = Some(thread);
            self.threads += 1;
        }
    }

    /// Takes a thread out.
    pub fn remove_thread(&mut self, tid: Pid) -> Option<T> {
        let thread = self.slots.get_mut(tid)?.thread.take()?;
        self.threads -= 1;
        self.slots.free_if_unused(tid);
        Some(thread)
    }

    /// The thread with this number.
    #[must_use]
    pub fn thread(&self, tid: Pid) -> Option<&T> {
        self.slots.get(tid)?.thread.as_ref()
    }

    /// The process with this number, zombies included.
    #[must_use]
    pub fn process(&self, pid: Pid) -> Option<&Node<P>> {
        self.slots.get(pid)?.process.as_ref()
    }

    pub(crate) fn process_mut(&mut self, pid: Pid) -> Option<&mut Node<P>> {
        self.slots.get_mut(pid)?.process.as_mut()
    }

    /// All processes, in the order of their numbers.
    pub fn processes(&self) -> impl Iterator<Item = &Node<P>> {
        self.slots
            .iter()
            .filter_map(|slot: &Slot<P, T>| slot.process.as_ref())
    }

    /// All threads, in the order of their numbers.
    pub fn threads(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.thread.as_ref())
    }

    /// How many processes there are, zombies included.
    #[must_use]
    pub const fn process_count(&self) -> usize {
        self.processes
    }

    /// How many threads there are.
    #[must_use]
    pub const fn thread_count(&self) -> usize {
        self.threads
    }

    /// How many numbers are taken.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.slots.taken()
    }

    /// The number given out last.
    #[must_use]
    pub const fn last_pid(&self) -> u32 {
        self.slots.last()
    }

    /// The children of a process, youngest first.
    pub fn children(&self, pid: Pid) -> impl Iterator<Item = &Node<P>> {
        let first = self.process(pid).and_then(|node| node.first_child);
        core::iter::successors(first.and_then(|child| self.process(child)), |node| {
            node.next_sibling.and_then(|next| self.process(next))
        })
    }

    /// Marks a process as ended; it stays until it is [reaped](Self::reap).
    pub fn set_zombie(&mut self, pid: Pid) {
        if let Some(node) = self.process_mut(pid) {
            node.zombie = true;
        }
    }

    /// Notes that a process has called `execve(2)`: its parent may no longer move it between groups.
    pub fn set_execed(&mut self, pid: Pid) {
        if let Some(node) = self.process_mut(pid) {
            node.has_execed = true;
        }
    }

    /// Whether the orphans among a process's descendants become its children (`PR_SET_CHILD_SUBREAPER`).
    pub fn set_subreaper(&mut self, pid: Pid, subreaper: bool) {
        if let Some(node) = self.process_mut(pid) {
            node.subreaper = subreaper;
        }
    }

    /// Whether [`set_subreaper`](Self::set_subreaper) was called for it.
    #[must_use]
    pub fn is_subreaper(&self, pid: Pid) -> bool {
        self.process(pid).is_some_and(|node| node.subreaper)
    }

    /// Who becomes the parent of the children of `pid` when it ends: the nearest ancestor that is a subreaper and
    /// lives, else the first process.
    #[must_use]
    pub fn reaper_of(&self, pid: Pid) -> Pid {
        let parent = |node: &&Node<P>| node.parent.and_then(|parent| self.process(parent));
        core::iter::successors(self.process(pid).as_ref().and_then(parent), |node| {
            parent(node)
        })
        .find(|node| node.subreaper && !node.zombie)
        .map_or(Pid::INIT, |node| node.pid)
    }

    /// Gives all children of `pid` to `reaper`, telling of each.
    pub fn reparent_children(&mut self, pid: Pid, reaper: Pid, mut moved: impl FnMut(&Node<P>)) {
        while let Some(child) = self.process(pid).and_then(|node| node.first_child) {
            self.unlink_child(child);
            self.link_child(reaper, child);
            if let Some(node) = self.process(child) {
                moved(node);
            }
        }
    }

    /// Takes a process out of the tree for good; its children must have been given away.
    pub fn reap(&mut self, pid: Pid) -> Option<P> {
        self.process(pid)?;
        self.unlink_child(pid);
        self.leave_group(pid);
        self.leave_session(pid);
        let node = self.slots.get_mut(pid)?.process.take()?;
        self.processes -= 1;
        self.slots.free_if_unused(pid);
        Some(node.payload)
    }

    fn link_child(&mut self, parent: Pid, child: Pid) {
        let Some(parent_node) = self.process_mut(parent) else {
            return;
        };
        let next = parent_node.first_child.replace(child);
        if let Some(next_node) = next.and_then(|next| self.process_mut(next)) {
            next_node.previous_sibling = Some(child);
        }
        if let Some(node) = self.process_mut(child) {
            node.parent = Some(parent);
            node.previous_sibling = None;
            node.next_sibling = next;
        }
    }

    fn unlink_child(&mut self, child: Pid) {
        let Some(node) = self.process_mut(child) else {
            return;
        };
        let (previous, next) = (node.previous_sibling.take(), node.next_sibling.take());
        let parent = node.parent.take();
        if let Some(node) = next.and_then(|next| self.process_mut(next)) {
            node.previous_sibling = previous;
        }
        if let Some(node) = previous.and_then(|previous| self.process_mut(previous)) {
            node.next_sibling = next;
        } else if let Some(node) = parent.and_then(|parent| self.process_mut(parent)) {
            node.first_child = next;
        }
    }
}
