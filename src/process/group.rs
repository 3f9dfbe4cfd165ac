//! Process groups, sessions and their controlling terminals (credentials(7), `setsid(2)`, `tcsetpgrp(3)`).
//!
//! Who is in which group and session stands in the process tree. The controlling terminal belongs to the session and
//! is kept here; the terminal in turn knows its session and foreground group.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use abi::signal::{KernelSigInfo, SI_KERNEL, SIGCONT, SIGHUP};
use machine::sync::IrqSpinLock;
use proctree::Pid;
use signal::Signal;

use super::table::{TREE, Tree};
use super::{Process, current_process, sync::levels, with_current_thread};
use crate::drivers::tty::Tty;

/// The controlling terminals by session.
static TERMINALS: IrqSpinLock<BTreeMap<Pid, Arc<Tty>>> =
    IrqSpinLock::new(levels::TERMINALS, BTreeMap::new());

/// Where the running process stands.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its id.
    pub pid: Pid,
    /// Its process group.
    pub group: Pid,
    /// Its session.
    pub session: Pid,
}

impl Caller {
    /// Whether it leads its session.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.pid == self.session
    }
}

/// Where the running process stands; none in a kernel thread.
#[must_use]
pub fn caller() -> Option<Caller> {
    relations(current_process()?.pid())
}

/// Where a process stands.
#[must_use]
pub fn relations(pid: Pid) -> Option<Caller> {
    let tree = TREE.lock();
    let node = tree.process(pid)?;
    Some(Caller {
        pid,
        group: node.group(),
        session: node.session(),
    })
}

/// The session of a process group; none if the group has no members.
#[must_use]
pub fn session_of(group: Pid) -> Option<Pid> {
    TREE.lock().session_of_group(group)
}

/// Whether no process outside the group could continue it.
#[must_use]
pub fn is_orphaned(group: Pid) -> bool {
    TREE.lock().is_orphaned(group, None)
}

/// The controlling terminal of a process's session, unless the process has given it up for itself.
#[must_use]
pub fn terminal(caller: &Caller) -> Option<Arc<Tty>> {
    let detached = super::table::find(caller.pid)?.is_detached();
    if detached {
        None
    } else {
        terminal_of(caller.session)
    }
}

/// The controlling terminal of a session.
#[must_use]
pub fn terminal_of(session: Pid) -> Option<Arc<Tty>> {
    TERMINALS.lock().get(&session).cloned()
}

/// Gives the caller's session a controlling terminal.
pub fn set_terminal(caller: &Caller, terminal: Option<Arc<Tty>>) {
    let mut terminals = TERMINALS.lock();
    let old = match terminal {
        Some(terminal) => terminals.insert(caller.session, terminal),
        None => terminals.remove(&caller.session),
    };
    drop(terminals);
    drop(old);
    if let Some(process) = super::table::find(caller.pid) {
        process.set_detached(false);
    }
}

/// Takes the controlling terminal from a session.
pub fn clear_terminal(session: Pid) {
    let old = TERMINALS.lock().remove(&session);
    drop(old);
}

/// The caller alone gives up its session's terminal (`TIOCNOTTY` of a process that does not lead it).
pub fn detach_process(caller: &Caller) {
    if let Some(process) = super::table::find(caller.pid) {
        process.set_detached(true);
    }
}

/// Sends a signal of the kernel to every process of a group.
///
/// Not under the tree's lock: a process that is continued tells its parent, whom it looks up.
pub fn signal(group: Pid, number: i32) {
    let members = members(&TREE.lock(), group);
    for process in members {
        super::signal::send_kernel(&process, number);
    }
}

fn members(tree: &Tree, group: Pid) -> Vec<Arc<Process>> {
    tree.group_members(group)
        .map(|node| node.payload().clone())
        .collect()
}

/// Sends a signal of the kernel to a process, if it exists.
pub fn signal_process(pid: Pid, number: i32) {
    if let Some(process) = super::table::find(pid) {
        super::signal::send_kernel(&process, number);
    }
}

/// Whether the running thread would not notice the signal.
#[must_use]
pub fn blocks_or_ignores(number: i32) -> bool {
    let Some(number) = Signal::from_raw(number) else {
        return false;
    };
    with_current_thread(|thread| {
        let ignored = thread
            .process()
            .is_some_and(|process| process.actions().is_ignored(number));
        ignored || thread.signals().blocked().contains(number)
    })
    .unwrap_or(false)
}

/// The members of the stopped groups that the end of `pid` orphans, its own and those of its children. They are to be
/// hung up and continued (`_exit(2)`, POSIX), once the tree is unlocked.
pub(super) fn newly_orphaned(tree: &Tree, pid: Pid) -> Vec<Arc<Process>> {
    let Some(node) = tree.process(pid) else {
        return Vec::new();
    };
    let (group, session) = (node.group(), node.session());
    let parent = node.parent().and_then(|parent| tree.process(parent));
    let parent_held_it =
        parent.is_some_and(|parent| parent.session() == session && parent.group() != group);
    let mut found = Vec::new();
    if parent_held_it && tree.is_orphaned(group, Some(pid)) {
        found.extend(members_if_stopped(tree, group));
    }
    for child in tree.children(pid) {
        let other = child.session() == session && child.group() != group;
        if other && tree.is_orphaned_without(child.group(), pid) {
            found.extend(members_if_stopped(tree, child.group()));
        }
    }
    found
}

fn members_if_stopped(tree: &Tree, group: Pid) -> Vec<Arc<Process>> {
    let stopped = tree
        .group_members(group)
        .any(|node| node.payload().is_stopped());
    if stopped {
        members(tree, group)
    } else {
        Vec::new()
    }
}

/// Tells processes that nobody can continue them any more, and continues them.
pub(super) fn hang_up(processes: &[Arc<Process>]) {
    for process in processes {
        super::signal::send_kernel(process, SIGHUP);
        super::signal::send_kernel(process, SIGCONT);
    }
}

/// The leader of a session has ended: its terminal is hung up.
pub(super) fn end_session(leader: &Process) {
    if let Some(terminal) = terminal_of(leader.pid()) {
        terminal.leader_ended(leader.pid());
    }
}

/// A signal of the kernel, as `siginfo_t` tells it.
#[must_use]
pub fn kernel_info(number: i32) -> KernelSigInfo {
    KernelSigInfo::bare(number, SI_KERNEL)
}

impl Process {
    /// Whether it has given up its session's controlling terminal.
    fn is_detached(&self) -> bool {
        self.traits.detached.load(Ordering::Relaxed) != 0
    }

    fn set_detached(&self, detached: bool) {
        self.traits
            .detached
            .store(u32::from(detached), Ordering::Relaxed);
    }
}
