//! Processes the kernel itself starts: the first one, and what the in-kernel API asks for.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use machine::task::{FpuInit, Task};
use proctree::Pid;
use sched::Priority;

use super::exec::{LoadedProgram, load_path};
use crate::fs::{FdTable, FsContext};
use crate::process::context::thread_main;
use crate::process::limits::Limits;
use crate::process::scheduler::{self, CpuSet, Schedulable};
use crate::process::signal::{SharedActions, ThreadSignals};
use crate::process::table::TREE;
use crate::process::thread::{Start, Thread, ThreadSeed};
use crate::process::{Credentials, Process, ProcessSeed};

/// What a program is started with.
pub struct Program<'a> {
    /// Its path.
    pub path: &'a [u8],
    /// Its arguments, the first being its name.
    pub arguments: Vec<Vec<u8>>,
    /// Its environment.
    pub environment: Vec<Vec<u8>>,
    /// Who its parent is; none for the first process.
    pub parent: Option<Arc<Process>>,
    /// Its root, working directory and umask.
    pub fs: Arc<FsContext>,
    /// Its descriptors.
    pub files: Arc<FdTable>,
    /// Its identities.
    pub credentials: Arc<Credentials>,
    /// How important it is.
    pub priority: Priority,
}

/// Starts a program in a new process.
///
/// # Errors
/// Those of `execve(2)` and `fork(2)`.
pub fn spawn(program: Program<'_>) -> Result<Arc<Process>, Errno> {
    let loaded = load_path(
        program.path,
        &program.arguments,
        &program.environment,
        &program.fs,
        &program.credentials,
    )?;
    let pid = TREE.lock().reserve_pid()?;
    start(pid, program, loaded).inspect_err(|_| TREE.lock().release_pid(pid))
}

fn start(pid: Pid, program: Program<'_>, loaded: LoadedProgram) -> Result<Arc<Process>, Errno> {
    let parent = program.parent;
    let limits = match &parent {
        Some(parent) => parent.limits().for_child(),
        None => Limits::initial(max_threads()),
    };
    let process = Arc::new(Process::new(ProcessSeed {
        pid,
        parent: parent.as_ref().map(|parent| parent.pid()),
        exit_signal: abi::signal::SIGCHLD.cast_unsigned(),
        actions: Arc::new(SharedActions::default()),
        limits,
    }));
    let start = Start::User {
        regs: loaded.registers(),
        store_tid: None,
    };
    let seed = ThreadSeed {
        identity: Some((pid, process.clone())),
        name: loaded.name(),
        sched: Schedulable::new(program.priority.into(), CpuSet::online()),
        signals: ThreadSignals::default(),
        memory: Some(loaded.memory),
        files: Some(program.files),
        fs: Some(program.fs),
        credentials: program.credentials,
        start: Some(start),
    };
    let task =
        Task::new(Thread::new(seed), thread_main, FpuInit::Reset).map_err(|_| Errno::ENOMEM)?;
    let mut tree = TREE.lock();
    tree.add_process(pid, parent.map(|parent| parent.pid()), process.clone())?;
    process.group.lock().threads.push(task.clone());
    tree.add_thread(pid, task.clone());
    drop(tree);
    scheduler::start(&task);
    Ok(process)
}

/// Starts a thread of the kernel that lives in `life`.
///
/// # Errors
/// `ENOMEM`.
pub fn kernel_thread(name: &str, life: fn() -> !) -> Result<(), Errno> {
    let seed = ThreadSeed {
        identity: None,
        name: name.into(),
        sched: Schedulable::new(Priority::High.into(), CpuSet::ALL),
        signals: ThreadSignals::default(),
        memory: None,
        files: None,
        fs: None,
        credentials: Arc::new(Credentials::superuser()),
        start: Some(Start::Kernel(life)),
    };
    let task =
        Task::new(Thread::new(seed), thread_main, FpuInit::Reset).map_err(|_| Errno::ENOMEM)?;
    scheduler::start(&task);
    Ok(())
}

/// Ends the running thread of the kernel.
pub fn end_kernel_thread() -> ! {
    scheduler::exit()
}

/// As many as may fill an eighth of memory with kernel stacks (Linux's rule for `threads-max`).
#[must_use]
pub fn max_threads() -> u64 {
    const STACK: u64 = 16 << 10;
    (machine::mem::stats().total as u64 / 8 / STACK).max(20)
}
