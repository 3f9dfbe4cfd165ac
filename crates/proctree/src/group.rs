//! Process groups and sessions.

use abi::Errno;

use crate::pid::Pid;
use crate::tree::{Node, ProcTree};

impl<P, T> ProcTree<P, T> {
    /// The processes of a group, zombies included.
    pub fn group_members(&self, group: Pid) -> impl Iterator<Item = &Node<P>> {
        let first = self.slots.get(group).and_then(|slot| slot.first_member);
        core::iter::successors(first.and_then(|pid| self.process(pid)), |node| {
            node.next_member.and_then(|next| self.process(next))
        })
    }

    /// The session a group is in, if the group has members.
    #[must_use]
    pub fn session_of_group(&self, group: Pid) -> Option<Pid> {
        self.group_members(group).next().map(|node| node.session)
    }

    /// `setpgid(2)`: moves `target`, which is `caller` or a child of it, to `group`.
    ///
    /// # Errors
    /// `ESRCH`: `target` is neither; `EACCES`: a child that has called `execve`; `EPERM`: a session leader, a child
    /// in another session, or a group that does not exist in the caller's session.
    pub fn set_group(&mut self, caller: Pid, target: Pid, group: Pid) -> Result<(), Errno> {
        let caller_session = self.process(caller).ok_or(Errno::ESRCH)?.session;
        let node = self.process(target).ok_or(Errno::ESRCH)?;
        if target != caller {
            if node.parent != Some(caller) {
                return Err(Errno::ESRCH);
            }
            if node.session != caller_session {
                return Err(Errno::EPERM);
            }
            if node.has_execed {
                return Err(Errno::EACCES);
            }
        }
        if node.session == target {
            return Err(Errno::EPERM);
        }
        if group != target && self.session_of_group(group) != Some(caller_session) {
            return Err(Errno::EPERM);
        }
        // Leaving as the last member would free the number, which the group keeps.
        if self.process(target).is_some_and(|node| node.group != group) {
            self.leave_group(target);
            self.enter_group(target, group);
        }
        Ok(())
    }

    /// `setsid(2)`: makes `pid` the leader of a new session and of a new group in it.
    ///
    /// # Errors
    /// `EPERM` if a group with its number exists.
    pub fn new_session(&mut self, pid: Pid) -> Result<(), Errno> {
        if self.group_members(pid).next().is_some() {
            return Err(Errno::EPERM);
        }
        self.process(pid).ok_or(Errno::ESRCH)?;
        self.leave_group(pid);
        self.leave_session(pid);
        self.enter_group(pid, pid);
        self.enter_session(pid, pid);
        Ok(())
    }

    /// Whether nobody outside the group but in its session could continue it: no living member has a parent that is
    /// in another group of the same session (the first process does not count as one). `ignoring` is a member about
    /// to end.
    #[must_use]
    pub fn is_orphaned(&self, group: Pid, ignoring: Option<Pid>) -> bool {
        self.is_held_by_none(group, |member, _| Some(member) != ignoring)
    }

    /// Whether the group will be orphaned once its members that are children of `ending` have another parent.
    #[must_use]
    pub fn is_orphaned_without(&self, group: Pid, ending: Pid) -> bool {
        self.is_held_by_none(group, |_, parent| parent != ending)
    }

    /// `counts`: whether a member and its parent are to be looked at.
    fn is_held_by_none(&self, group: Pid, counts: impl Fn(Pid, Pid) -> bool) -> bool {
        !self.group_members(group).any(|member| {
            let parent = member.parent.and_then(|parent| self.process(parent));
            !member.zombie
                && parent.is_some_and(|parent| {
                    parent.pid != Pid::INIT
                        && parent.group != group
                        && parent.session == member.session
                        && counts(member.pid, parent.pid)
                })
        })
    }

    pub(crate) fn enter_group(&mut self, pid: Pid, group: Pid) {
        let Some(slot) = self.slots.get_mut(group) else {
            return;
        };
        let next = slot.first_member.replace(pid);
        if let Some(node) = next.and_then(|next| self.process_mut(next)) {
            node.previous_member = Some(pid);
        }
        if let Some(node) = self.process_mut(pid) {
            node.group = group;
            node.previous_member = None;
            node.next_member = next;
        }
    }

    pub(crate) fn leave_group(&mut self, pid: Pid) {
        let Some(node) = self.process_mut(pid) else {
            return;
        };
        let group = node.group;
        let (previous, next) = (node.previous_member.take(), node.next_member.take());
        if let Some(node) = next.and_then(|next| self.process_mut(next)) {
            node.previous_member = previous;
        }
        if let Some(node) = previous.and_then(|previous| self.process_mut(previous)) {
            node.next_member = next;
        } else if let Some(slot) = self.slots.get_mut(group) {
            slot.first_member = next;
            self.slots.free_if_unused(group);
        }
    }

    pub(crate) fn enter_session(&mut self, pid: Pid, session: Pid) {
        if let Some(slot) = self.slots.get_mut(session) {
            slot.session_members += 1;
        }
        if let Some(node) = self.process_mut(pid) {
            node.session = session;
        }
    }

    pub(crate) fn leave_session(&mut self, pid: Pid) {
        let Some(session) = self.process(pid).map(|node| node.session) else {
            return;
        };
        if let Some(slot) = self.slots.get_mut(session) {
            slot.session_members -= 1;
            self.slots.free_if_unused(session);
        }
    }
}
