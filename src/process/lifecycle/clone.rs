//! New processes and threads (`fork(2)`, `vfork(2)`, `clone(2)`, `clone3(2)`).

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use abi::process::CloneFlags;
use abi::resource::RLIMIT_NPROC;
use machine::task::{FpuInit, Task};
use proctree::Pid;

use super::Completion;
use crate::memory::user::UserAddr;
use crate::process::context::thread_main;
use crate::process::credentials::capability;
use crate::process::manager::is_single_process;
use crate::process::signal::{SharedActions, ThreadSignals};
use crate::process::syscalls::{Call, SysResult};
use crate::process::table::{TREE, Tree};
use crate::process::thread::{Attention, Start, Thread, ThreadSeed};
use crate::process::{Process, ProcessSeed, ThreadRef, scheduler};

/// Threads created since boot.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Threads created since boot (`processes` in `/proc/stat`).
#[must_use]
pub fn fork_count() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// What is asked of a clone.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What is shared and what is to be done, without the signal in the low byte.
    pub flags: CloneFlags,
    /// The signal the parent gets at the end of a new process; 0 for none.
    pub exit_signal: u32,
    /// The new stack pointer; 0 keeps the caller's.
    pub stack: u64,
    /// Where `CLONE_PARENT_SETTID` stores the id in the caller's memory.
    pub parent_tid: UserAddr,
    /// Where `CLONE_CHILD_SETTID` and `CLONE_CHILD_CLEARTID` store in the new thread's memory.
    pub child_tid: UserAddr,
    /// The FS base for `CLONE_SETTLS`.
    pub tls: u64,
}

/// Namespaces are not implemented; Linux built without them answers `EINVAL` as well.
const UNSUPPORTED: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWCGROUP)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUSER)
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWTIME)
    .union(CloneFlags::CLONE_PIDFD)
    .union(CloneFlags::CLONE_INTO_CGROUP);

impl Request {
    /// `fork(2)`.
    #[must_use]
    pub fn fork() -> Self {
        Self {
            flags: CloneFlags::empty(),
            exit_signal: abi::signal::SIGCHLD.cast_unsigned(),
            stack: 0,
            parent_tid: UserAddr::NULL,
            child_tid: UserAddr::NULL,
            tls: 0,
        }
    }

    fn has(&self, flag: CloneFlags) -> bool {
        self.flags.contains(flag)
    }

    /// The combinations `clone(2)` lists under `EINVAL`.
    fn check(&self) -> Result<(), Errno> {
        let needs = |flag, other| self.has(flag) && !self.has(other);
        let wrong = needs(CloneFlags::CLONE_THREAD, CloneFlags::CLONE_SIGHAND)
            || needs(CloneFlags::CLONE_SIGHAND, CloneFlags::CLONE_VM)
            || self.has(CloneFlags::CLONE_SIGHAND | CloneFlags::CLONE_CLEAR_SIGHAND)
            || self.flags.intersects(UNSUPPORTED)
            || self.exit_signal > 64;
        if wrong { Err(Errno::EINVAL) } else { Ok(()) }
    }
}

/// Makes a new thread, in a new process unless `CLONE_THREAD` is asked for, and returns its id.
///
/// # Errors
/// See `clone(2)`: `EINVAL`, `EAGAIN` for a limit or when all ids are taken, `ENOMEM`.
pub fn clone(call: &mut Call<'_>, request: &Request) -> SysResult {
    request.check()?;
    check_resources()?;
    let mut reserved = ReservedPid::take()?;
    let vfork = request
        .has(CloneFlags::CLONE_VFORK)
        .then(Arc::<Completion>::default);
    let child = new_thread(call, request, reserved.pid)?;
    if let Some(vfork) = &vfork {
        child.set_vfork_parent(vfork.clone());
    }
    if request.has(CloneFlags::CLONE_PARENT_SETTID) {
        request.parent_tid.write(&reserved.pid.raw())?;
    }
    publish(call, request, &child)?;
    reserved.used = true;
    let pid = reserved.pid;
    scheduler::start(&child);
    drop(child);
    if let Some(vfork) = vfork {
        // A parent that is killed meanwhile must not wait; the child goes on.
        let _ = vfork.wait_killable();
    }
    Ok(pid.raw() as usize)
}

/// An id that goes back to the tree unless it was used.
struct ReservedPid {
    pid: Pid,
    used: bool,
}

impl ReservedPid {
    fn take() -> Result<Self, Errno> {
        let pid = TREE.lock().reserve_pid()?;
        Ok(Self { pid, used: false })
    }
}

impl Drop for ReservedPid {
    fn drop(&mut self) {
        if !self.used {
            TREE.lock().release_pid(self.pid);
        }
    }
}

/// Memory for the kernel's own part of a thread, and a process system to put it in.
fn check_resources() -> Result<(), Errno> {
    if is_single_process() {
        return Err(Errno::EAGAIN);
    }
    if !machine::mem::has_reserve() {
        return Err(Errno::ENOMEM);
    }
    Ok(())
}

/// `RLIMIT_NPROC`: how many threads and zombies a user may have, the superuser excepted.
fn check_process_limit(tree: &Tree, call: &Call<'_>) -> Result<(), Errno> {
    let limit = call.process()?.limits().soft(RLIMIT_NPROC);
    let credentials = call.credentials();
    let exempt = credentials.user.real == 0
        || credentials.has(capability::SYS_RESOURCE)
        || credentials.has(capability::SYS_ADMIN);
    if exempt || limit == abi::resource::RLIM_INFINITY {
        return Ok(());
    }
    let user = credentials.user.real;
    let threads = tree
        .threads()
        .filter(|thread| thread.credentials().user.real == user);
    let zombies = tree
        .processes()
        .filter(|node| node.is_zombie() && node.payload().user() == user);
    let count = threads.count() + zombies.count();
    if count as u64 >= limit {
        Err(Errno::EAGAIN)
    } else {
        Ok(())
    }
}

fn new_thread(call: &Call<'_>, request: &Request, tid: Pid) -> Result<ThreadRef, Errno> {
    let current = call.thread;
    let process = if request.has(CloneFlags::CLONE_THREAD) {
        call.process()?.clone()
    } else {
        Arc::new(new_process(call, request, tid)?)
    };
    let memory = call.memory()?;
    let memory = if request.has(CloneFlags::CLONE_VM) {
        memory
    } else {
        memory.fork()?
    };
    let files = call.files()?;
    let files = if request.has(CloneFlags::CLONE_FILES) {
        files
    } else {
        Arc::new(files.fork_copy()?)
    };
    let fs = call.fs()?;
    let fs = if request.has(CloneFlags::CLONE_FS) {
        fs
    } else {
        Arc::new(fs.fork_copy())
    };
    let shares_memory = request.has(CloneFlags::CLONE_VM) && !request.has(CloneFlags::CLONE_VFORK);
    let seed = ThreadSeed {
        identity: Some((tid, process)),
        name: current.name(),
        sched: current.sched().for_child(),
        signals: ThreadSignals::for_child(current.signals(), !shares_memory),
        memory: Some(memory),
        files: Some(files),
        fs: Some(fs),
        credentials: current.credentials(),
        start: Some(first_entry(call, request)),
    };
    let thread = Thread::new(seed);
    if request.has(CloneFlags::CLONE_CHILD_CLEARTID) {
        thread
            .clear_tid()
            .store(request.child_tid.get(), Ordering::Relaxed);
    }
    let task = Task::new(thread, thread_main, FpuInit::CopyCurrent).map_err(|_| Errno::ENOMEM)?;
    if request.has(CloneFlags::CLONE_SETTLS) {
        task.set_fs_base(request.tls).map_err(|_| Errno::EPERM)?;
    }
    Ok(task)
}

/// The child comes back from the same call with 0.
fn first_entry(call: &Call<'_>, request: &Request) -> Start {
    let mut regs = *call.regs;
    regs.rax = 0;
    if request.stack != 0 {
        regs.rsp = request.stack;
    }
    let store_tid = request
        .has(CloneFlags::CLONE_CHILD_SETTID)
        .then_some(request.child_tid);
    Start::User { regs, store_tid }
}

fn new_process(call: &Call<'_>, request: &Request, pid: Pid) -> Result<Process, Errno> {
    let current = call.process()?;
    let parent = if request.has(CloneFlags::CLONE_PARENT) {
        Pid::new(current.parent_pid())
    } else {
        Some(current.pid())
    };
    let actions = if request.has(CloneFlags::CLONE_SIGHAND) {
        current.actions()
    } else {
        copy_actions(
            &current.actions(),
            request.has(CloneFlags::CLONE_CLEAR_SIGHAND),
        )?
    };
    let process = Process::new(ProcessSeed {
        pid,
        parent,
        exit_signal: request.exit_signal,
        actions,
        limits: current.limits().for_child(),
    });
    process.inherit(current);
    Ok(process)
}

fn copy_actions(actions: &SharedActions, clear: bool) -> Result<Arc<SharedActions>, Errno> {
    let copy = actions.try_clone()?;
    if clear {
        copy.lock().reset_handlers();
    }
    Ok(Arc::new(copy))
}

/// Makes the new thread known. From here on others can find, signal and wait for it.
///
/// Refused while a signal, a stop or the end waits for the caller, which is looked for under two locks. Under the tree's,
/// so that a signal to a process group cannot miss a child that is just being born: either it finds the child in the
/// group, or the call is repeated after the signal. Under that of the child's threads, which are the caller's too if it
/// becomes one of them: what ends or stops them all either finds the new one, or has told the caller.
fn publish(call: &Call<'_>, request: &Request, child: &ThreadRef) -> Result<(), Errno> {
    let mut tree = TREE.lock();
    check_process_limit(&tree, call)?;
    let (Some(tid), Some(process)) = (child.tid(), child.process()) else {
        return Err(Errno::ESRCH);
    };
    let mut group = process.group.lock();
    if call
        .thread
        .attention()
        .has(Attention::SIGNAL | Attention::STOP | Attention::EXIT)
    {
        return Err(Errno::ERESTARTNOINTR);
    }
    if !request.has(CloneFlags::CLONE_THREAD) {
        add_process(&mut tree, tid, process)?;
    }
    group.threads.push(child.clone());
    drop(group);
    tree.add_thread(tid, child.clone());
    FORKS.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn add_process(tree: &mut Tree, pid: Pid, process: &Arc<Process>) -> Result<(), Errno> {
    tree.add_process(pid, Pid::new(process.parent_pid()), process.clone())
}
