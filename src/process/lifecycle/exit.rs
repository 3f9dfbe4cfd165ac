//! The end of threads and processes (`_exit(2)`, `exit_group(2)`).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::Ordering;

use abi::WaitStatus;
use machine::mem::AddressSpace;
use proctree::Pid;

use crate::memory::user::UserAddr;
use crate::process::futex;
use crate::process::group;
use crate::process::manager;
use crate::process::signal::{self, Notice, ThreadGroup};
use crate::process::state::Sleeps;
use crate::process::table::{TREE, Tree};
use crate::process::thread::Attention;
use crate::process::{Process, Thread, ThreadRef, scheduler};

/// Ends one thread with `status`, which becomes the process's if it is the last one. Takes effect on the way back to
/// user mode.
pub fn exit_thread(thread: &ThreadRef, status: WaitStatus) {
    if let Some(process) = thread.process() {
        process.group.lock().last_exit = status;
    }
    thread.attention().raise(Attention::EXIT);
}

/// Ends a process with all its threads. Each takes notice on its way back to user mode; what they sleep in ends early.
///
/// The first to call decides the status.
pub fn exit_group(process: &Process, status: WaitStatus) {
    let mut group = process.group.lock();
    begin_group_exit(&mut group, status);
}

/// [`exit_group`] for a caller that has the group locked.
pub fn begin_group_exit(group: &mut ThreadGroup, status: WaitStatus) {
    if group.ending.is_none() {
        group.ending = Some(status);
    }
    for thread in &group.threads {
        kill_thread(thread);
    }
}

/// Makes a thread end soon, whatever it does.
pub fn kill_thread(thread: &ThreadRef) {
    thread.attention().raise(Attention::EXIT);
    if !scheduler::wake_from(thread, Sleeps::KILL) {
        scheduler::interrupt(thread);
    }
}

/// Ends the running thread. Called from the user-mode loop, when the stack holds nothing else.
pub fn finish(thread: &ThreadRef) -> ! {
    if let Some(process) = thread.process() {
        release(thread);
        leave_group(thread, process);
    }
    scheduler::exit();
}

/// Lets go of what the thread has: memory last, since the words to clear are in it.
fn release(thread: &ThreadRef) {
    if let Some(process) = thread.process() {
        process.accounting().add_thread(thread, thread.name());
    }
    futex::release_robust_list(thread);
    let clear_tid = UserAddr::new(thread.clear_tid().swap(0, Ordering::Relaxed));
    if !clear_tid.is_null() && clear_tid.write(&0u32).is_ok() {
        futex::wake_address(thread, clear_tid);
    }
    let files = thread.replace_files(None);
    drop(files);
    let fs = thread.replace_fs(None);
    drop(fs);
    let memory = thread.replace_memory(None);
    AddressSpace::activate_kernel();
    drop(memory);
    thread.release_vfork_parent();
}

fn leave_group(thread: &ThreadRef, process: &Arc<Process>) {
    let mut tree = TREE.lock();
    let mut group = process.group.lock();
    group.threads.retain(|other| !Arc::ptr_eq(other, thread));
    let last = group.threads.is_empty();
    if last && group.ending.is_none() {
        group.ending = Some(group.last_exit);
    }
    let stopped = (!last).then(|| group.thread_left()).flatten();
    group.changed.wake_all();
    drop(group);
    let removed = thread.tid().and_then(|tid| tree.remove_thread(tid));
    if last {
        let aftermath = end_process(&mut tree, process);
        drop(tree);
        aftermath.carry_out(process);
    } else {
        drop(tree);
        if let Some(notice) = stopped {
            signal::notify_parent(process, notice);
        }
    }
    // The reference the scheduler holds outlives this one: it ends with the last switch.
    drop(removed);
}

/// What is left to do for a process that has ended, once the tree is unlocked.
struct Aftermath {
    session_leader: bool,
    /// To be hung up and continued.
    orphans: Vec<Arc<Process>>,
    reaped: Option<Arc<Process>>,
}

fn end_process(tree: &mut Tree, process: &Arc<Process>) -> Aftermath {
    let pid = process.pid();
    if pid == Pid::INIT {
        drop_init(process);
    }
    process.timers().disarm_all();
    let session_leader = tree.process(pid).is_some_and(|node| node.session() == pid);
    let orphans = group::newly_orphaned(tree, pid);
    give_children_away(tree, process);
    tree.set_zombie(pid);
    let wanted = signal::notify_parent_of_end(tree, process);
    let reaped = (!wanted).then(|| tree.reap(pid)).flatten();
    Aftermath {
        session_leader,
        orphans,
        reaped,
    }
}

impl Aftermath {
    fn carry_out(self, process: &Arc<Process>) {
        if self.session_leader {
            group::end_session(process);
        }
        group::hang_up(&self.orphans);
        drop(self.reaped);
    }
}

/// Without its first process nothing can go on.
fn drop_init(process: &Process) -> ! {
    let status = process.group.lock().ending.unwrap_or(WaitStatus::exited(0));
    let (pid, name) = (process.pid(), process.accounting().last_name());
    if manager::is_single_process() {
        log::info!("single-process mode: {name} {}", Ending(status));
        crate::power::off();
    }
    crate::power::fatal(format_args!(
        "the first process ({name}, pid {pid}) {}",
        Ending(status)
    ))
}

/// An exit status in words.
struct Ending(WaitStatus);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.exit_code(), self.0.term_signal()) {
            (Some(code), _) => write!(f, "exited with status {code}"),
            (None, Some(number)) => write!(f, "was killed by signal {number}"),
            (None, None) => write!(f, "ended"),
        }
    }
}

/// Orphans go to the nearest subreaper or the first process, which is told of those that have ended already.
fn give_children_away(tree: &mut Tree, process: &Process) {
    let reaper = tree.reaper_of(process.pid());
    let mut told = false;
    tree.reparent_children(process.pid(), reaper, |node| {
        let child = node.payload();
        child.parent.store(reaper.raw(), Ordering::Relaxed);
        let death_signal = child.parent_death_signal().load(Ordering::Relaxed);
        if death_signal != 0 {
            signal::send_death_signal(child, death_signal);
        }
        told |= node.is_zombie();
    });
    if told && let Some(node) = tree.process(reaper) {
        signal::adopt_zombies(node.payload());
    }
}

/// How a process that was stopped or continued, or a thread that left it, concerns its parent.
pub type StopNotice = Notice;

/// Waits until `thread` is the only one of its process, having told the others to end (`execve(2)`).
///
/// False if the whole process is ending instead.
pub fn become_only_thread(thread: &ThreadRef) -> bool {
    let Some(process) = thread.process() else {
        return false;
    };
    {
        let mut group = process.group.lock();
        if group.ending.is_some() || group.exec_in_progress {
            return false;
        }
        group.exec_in_progress = true;
        for other in group
            .threads
            .iter()
            .filter(|other| !Arc::ptr_eq(other, thread))
        {
            kill_thread(other);
        }
    }
    let changed = process.group.lock().changed.clone();
    let alone = changed.wait_killable(|| (process.group.lock().threads.len() == 1).then_some(()));
    process.group.lock().exec_in_progress = false;
    if alone.is_err() {
        return false;
    }
    take_leader_id(thread, process);
    true
}

/// After `execve` the thread goes by the id of its process.
fn take_leader_id(thread: &ThreadRef, process: &Process) {
    if thread.tid() == Some(process.pid()) {
        return;
    }
    let mut tree = TREE.lock();
    if let Some(old) = thread.tid() {
        thread.set_tid(process.pid());
        tree.add_thread(process.pid(), thread.clone());
        let removed = tree.remove_thread(old);
        drop(tree);
        drop(removed);
    }
}

impl Thread {
    /// Whether it is about to end.
    #[must_use]
    pub fn is_exiting(&self) -> bool {
        self.attention().has(Attention::EXIT)
    }
}
