//! The process tree of the running kernel, and the number of processes it allows.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use machine::sync::IrqSpinLock;
use proctree::{Pid, ProcTree};

use super::sync::levels;
use super::{Process, ThreadRef};

/// The tree's type: processes and threads by number.
pub type Tree = ProcTree<Arc<Process>, ThreadRef>;

/// The process tree. Interrupts are off under its lock because terminals signal process groups from them.
pub static TREE: IrqSpinLock<Tree> = IrqSpinLock::new(levels::TREE, ProcTree::new());

/// The process with this id, zombies included.
#[must_use]
pub fn find(pid: Pid) -> Option<Arc<Process>> {
    TREE.lock().process(pid).map(|node| node.payload().clone())
}

/// The thread with this id.
#[must_use]
pub fn find_thread(tid: Pid) -> Option<ThreadRef> {
    TREE.lock().thread(tid).cloned()
}

/// All processes, zombies included, in the order of their ids.
#[must_use]
pub fn all() -> Vec<Arc<Process>> {
    loop {
        let mut found = Vec::with_capacity(TREE.lock().process_count() + 8);
        let tree = TREE.lock();
        // Nothing may be allocated while interrupts are off for a walk of this length.
        if tree.process_count() <= found.capacity() {
            found.extend(tree.processes().map(|node| node.payload().clone()));
            return found;
        }
    }
}

/// How many threads there are.
#[must_use]
pub fn thread_count() -> usize {
    TREE.lock().thread_count()
}

/// Threads created since boot (`processes` in `/proc/stat`).
#[must_use]
pub fn created() -> u64 {
    super::lifecycle::clone::fork_count()
}

/// The id given out last, as the end of `/proc/loadavg` shows it.
#[must_use]
pub fn last_pid() -> u32 {
    TREE.lock().last_pid()
}

/// One more than the greatest id given out (`/proc/sys/kernel/pid_max`).
#[must_use]
pub fn pid_max() -> u32 {
    TREE.lock().pid_max()
}

/// Sets [`pid_max`].
///
/// # Errors
/// `EINVAL` outside 301 to 4194304.
pub fn set_pid_max(max: u32) -> Result<(), Errno> {
    TREE.lock().set_pid_max(max)
}
