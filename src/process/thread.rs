//! A thread: what is scheduled, and what it has of its own.

use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use abi::Errno;
use machine::sync::SpinLock;
use machine::user::UserRegs;

use super::accounting::CpuTimes;
use super::lifecycle::Completion;
use super::scheduler::Schedulable;
use super::signal::ThreadSignals;
use super::state::ThreadState;
use super::sync::levels;
use super::{Credentials, Pid, Process};
use crate::fs::{FdTable, FsContext};
use crate::memory::MemoryMap;
use crate::memory::user::UserAddr;

/// The length of a thread's name, its NUL not counted (`TASK_COMM_LEN` - 1).
pub const NAME_MAX: usize = 15;

/// A thread of a process or of the kernel.
pub struct Thread {
    /// 0 in a thread of the kernel. Changes once at most, when a thread that is not the leader calls `execve`.
    tid: AtomicU32,
    process: Option<Arc<Process>>,
    state: ThreadState,
    attention: Attention,
    sched: Schedulable,
    times: CpuTimes,
    signals: ThreadSignals,
    name: SpinLock<Name>,
    start: SpinLock<Option<Start>>,
    resources: Resources,
    exit: AtExit,
}

/// What a thread may share with others, each changed as a whole and only by the thread itself.
struct Resources {
    memory: SpinLock<Option<Arc<MemoryMap>>>,
    files: SpinLock<Option<Arc<FdTable>>>,
    fs: SpinLock<Option<Arc<FsContext>>>,
    credentials: SpinLock<Arc<Credentials>>,
}

/// What is to be done when the thread ends.
#[derive(Default)]
struct AtExit {
    /// Where to store zero and wake a futex (`set_tid_address(2)`); 0 for nowhere.
    clear_tid: AtomicUsize,
    /// The head of the robust list (`set_robust_list(2)`).
    robust_list: AtomicUsize,
    /// The parent that `vfork(2)` suspended.
    vfork: VforkParent,
}

/// The parent waiting in `vfork(2)`, if one does.
struct VforkParent(SpinLock<Option<Arc<Completion>>>);

impl Default for VforkParent {
    fn default() -> Self {
        Self(SpinLock::new(levels::THREAD, None))
    }
}

#[derive(Clone, Copy, Default)]
struct Name {
    bytes: [u8; NAME_MAX],
    length: u8,
}

/// What a new thread starts with.
pub struct ThreadSeed {
    /// Its id and process; none for a thread of the kernel.
    pub identity: Option<(Pid, Arc<Process>)>,
    /// Its name.
    pub name: String,
    /// Its scheduling parameters and affinity.
    pub sched: Schedulable,
    /// Its signal mask and alternate stack.
    pub signals: ThreadSignals,
    /// Its address space.
    pub memory: Option<Arc<MemoryMap>>,
    /// Its descriptors.
    pub files: Option<Arc<FdTable>>,
    /// Its root, working directory and umask.
    pub fs: Option<Arc<FsContext>>,
    /// Its identities.
    pub credentials: Arc<Credentials>,
    /// What it begins with.
    pub start: Option<Start>,
}

/// What a thread begins with.
pub enum Start {
    /// It enters user mode.
    User {
        /// With these registers.
        regs: UserRegs,
        /// Having stored its id there in its own memory (`CLONE_CHILD_SETTID`).
        store_tid: Option<UserAddr>,
    },
    /// It is a thread of the kernel and lives in this function.
    Kernel(fn() -> !),
}

impl Thread {
    /// A thread that is ready to run.
    #[must_use]
    pub fn new(seed: ThreadSeed) -> Self {
        let (tid, process) = seed.identity.unzip();
        let state = match seed.start {
            Some(_) => ThreadState::ready(),
            None => ThreadState::running(),
        };
        Self {
            tid: AtomicU32::new(tid.map_or(0, Pid::raw)),
            process,
            state,
            attention: Attention::default(),
            sched: seed.sched,
            times: CpuTimes::default(),
            signals: seed.signals,
            name: SpinLock::new(levels::THREAD, Name::new(seed.name.as_bytes())),
            start: SpinLock::new(levels::THREAD, seed.start),
            resources: Resources {
                memory: SpinLock::new(levels::THREAD, seed.memory),
                files: SpinLock::new(levels::THREAD, seed.files),
                fs: SpinLock::new(levels::THREAD, seed.fs),
                credentials: SpinLock::new(levels::THREAD, seed.credentials),
            },
            exit: AtExit::default(),
        }
    }

    /// Its id; a thread of the kernel has none.
    #[must_use]
    pub fn tid(&self) -> Option<Pid> {
        Pid::new(self.tid.load(Ordering::Relaxed))
    }

    /// Gives it the id of its process's leader, whose place it takes.
    pub(super) fn set_tid(&self, tid: Pid) {
        self.tid.store(tid.raw(), Ordering::Relaxed);
    }

    /// Its process; a thread of the kernel has none.
    #[must_use]
    pub fn process(&self) -> Option<&Arc<Process>> {
        self.process.as_ref()
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> &ThreadState {
        &self.state
    }

    /// What it must look at before it returns to user mode.
    #[must_use]
    pub fn attention(&self) -> &Attention {
        &self.attention
    }

    /// What the scheduler knows of it.
    #[must_use]
    pub fn sched(&self) -> &Schedulable {
        &self.sched
    }

    /// Its CPU times and event counts.
    #[must_use]
    pub fn times(&self) -> &CpuTimes {
        &self.times
    }

    /// Its signal mask, pending signals and alternate stack.
    #[must_use]
    pub fn signals(&self) -> &ThreadSignals {
        &self.signals
    }

    /// Its name (`comm`).
    #[must_use]
    pub fn name(&self) -> String {
        let name = *self.name.lock();
        String::from_utf8_lossy(name.as_bytes()).into_owned()
    }

    /// Sets its name, cut to 15 bytes (`PR_SET_NAME`).
    pub fn set_name(&self, name: &[u8]) {
        *self.name.lock() = Name::new(name);
    }

    /// Takes what it begins with.
    #[must_use]
    pub fn take_start(&self) -> Option<Start> {
        self.start.lock().take()
    }

    /// Its address space; none in a thread of the kernel and after the end.
    #[must_use]
    pub fn memory(&self) -> Option<Arc<MemoryMap>> {
        self.resources.memory.lock().clone()
    }

    /// Puts another address space in place of its own, and makes it active if the thread is the running one.
    pub fn replace_memory(&self, memory: Option<Arc<MemoryMap>>) -> Option<Arc<MemoryMap>> {
        core::mem::replace(&mut *self.resources.memory.lock(), memory)
    }

    /// Its descriptors; none after the end.
    #[must_use]
    pub fn files(&self) -> Option<Arc<FdTable>> {
        self.resources.files.lock().clone()
    }

    /// Puts other descriptors in place of its own.
    pub fn replace_files(&self, files: Option<Arc<FdTable>>) -> Option<Arc<FdTable>> {
        core::mem::replace(&mut *self.resources.files.lock(), files)
    }

    /// Its root, working directory and umask; none after the end.
    #[must_use]
    pub fn fs(&self) -> Option<Arc<FsContext>> {
        self.resources.fs.lock().clone()
    }

    /// Puts another root, working directory and umask in place of its own.
    pub fn replace_fs(&self, fs: Option<Arc<FsContext>>) -> Option<Arc<FsContext>> {
        core::mem::replace(&mut *self.resources.fs.lock(), fs)
    }

    /// Its identities.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        self.resources.credentials.lock().clone()
    }

    /// Puts other identities in place of its own.
    pub fn replace_credentials(&self, credentials: Credentials) {
        let new = Arc::new(credentials);
        let old = core::mem::replace(&mut *self.resources.credentials.lock(), new);
        drop(old);
    }

    /// Where to store zero when it ends (`set_tid_address(2)`).
    #[must_use]
    pub fn clear_tid(&self) -> &AtomicUsize {
        &self.exit.clear_tid
    }

    /// The head of its robust futex list (`set_robust_list(2)`).
    #[must_use]
    pub fn robust_list(&self) -> &AtomicUsize {
        &self.exit.robust_list
    }

    /// Notes that a parent waits in `vfork(2)`.
    pub fn set_vfork_parent(&self, parent: Arc<Completion>) {
        *self.exit.vfork.0.lock() = Some(parent);
    }

    /// Lets the parent that waits in `vfork(2)` go on, if there is one.
    pub fn release_vfork_parent(&self) {
        let parent = self.exit.vfork.0.lock().take();
        if let Some(parent) = parent {
            parent.complete();
        }
    }

    /// Its process, for code that only runs in threads of processes.
    ///
    /// # Errors
    /// `ESRCH` in a thread of the kernel.
    pub fn require_process(&self) -> Result<&Arc<Process>, Errno> {
        self.process.as_ref().ok_or(Errno::ESRCH)
    }
}

impl Name {
    fn new(name: &[u8]) -> Self {
        let mut new = Self::default();
        for (to, &from) in new
            .bytes
            .iter_mut()
            .zip(name.iter().take_while(|&&byte| byte != 0))
        {
            *to = from;
            new.length += 1;
        }
        new
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// Reasons for a thread to stop on its way back to user mode, a bit each. Zero is the normal case and all that the way
/// out looks at.
#[derive(Default)]
pub struct Attention(AtomicU32);

impl Attention {
    /// A signal may be deliverable.
    pub const SIGNAL: u32 = 1;
    /// The thread is to end.
    pub const EXIT: u32 = 2;
    /// The thread is to stop for job control.
    pub const STOP: u32 = 4;
    /// The mask to restore was saved by `sigsuspend` or `ppoll`.
    pub const RESTORE_MASK: u32 = 8;
    /// The CPU time of the process is to be looked at.
    pub const CPU_TIME: u32 = 16;

    /// Adds reasons.
    pub fn raise(&self, bits: u32) {
        self.0.fetch_or(bits, Ordering::SeqCst);
    }

    /// Takes reasons back; true if any was there.
    pub fn clear(&self, bits: u32) -> bool {
        self.0.load(Ordering::Relaxed) & bits != 0
            && self.0.fetch_and(!bits, Ordering::SeqCst) & bits != 0
    }

    /// Whether any of `bits` is raised.
    #[must_use]
    pub fn has(&self, bits: u32) -> bool {
        self.0.load(Ordering::SeqCst) & bits != 0
    }

    /// Whether there is any reason.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// What the way to user mode looks at: zero if there is no reason.
    #[must_use]
    pub fn word(&self) -> &AtomicU32 {
        &self.0
    }
}
