//! Processes: what the kernel knows of each, and the parts that create, schedule, signal and end them.
//!
//! A [`Process`] is a thread group: an identity, relations, signals, limits and an exit status. What executes is a
//! [`Thread`], the payload of a [`machine::task::Task`]; a [`ThreadRef`] is a counted reference to one. Relations
//! between processes are in the process tree ([`table`]), not in the processes.
//!
//! | part | module |
//! |---|---|
//! | life | [`lifecycle`]: clone, exec, exit, wait |
//! | running | [`scheduler`], [`context`], [`state`] |
//! | talking | [`signal`], [`group`] |
//! | waiting | [`sync`] |
//! | calls from user mode | [`syscalls`] |
//! | the outside | [`integration`]: timer, memory, interrupts |

pub mod accounting;
pub mod context;
pub mod credentials;
pub mod futex;
pub mod group;
pub mod integration;
pub mod interval_timer;
pub mod lifecycle;
pub mod limits;
pub mod manager;
pub mod oom;
pub mod scheduler;
pub mod signal;
pub mod state;
pub mod sync;
pub mod syscalls;
pub mod table;
pub mod thread;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::WaitStatus;
use abi::resource::{RLIM_INFINITY, RLIMIT_CPU};
use machine::sync::IrqSpinLock;
use machine::task::Task;

pub use credentials::Credentials;
pub use manager::{ProcessManager, get_process_manager};
pub use proctree::Pid;
pub use sched::Priority;
pub use state::ProcessState;
pub use thread::Thread;

use accounting::Accounting;
use interval_timer::IntervalTimers;
use limits::Limits;
use signal::{SharedActions, ThreadGroup};
use sync::{WaitQueue, levels};

/// A counted reference to a thread.
pub type ThreadRef = Arc<Task<Thread>>;

/// A process: a group of threads under one id.
pub struct Process {
    pid: Pid,
    /// Nanoseconds since boot at its creation.
    created: u64,
    /// What the process tree says, kept here for readers without the tree's lock; 0 for none.
    parent: AtomicU32,
    /// Its threads, and what signals and job control change together.
    group: IrqSpinLock<ThreadGroup>,
    actions: IrqSpinLock<Arc<SharedActions>>,
    /// Woken when a child ends, stops or continues.
    child_events: WaitQueue,
    limits: Limits,
    accounting: Accounting,
    timers: IntervalTimers,
    personality: AtomicU32,
    traits: Traits,
}

/// One-word properties of a process that its own threads set and others read.
#[derive(Default)]
struct Traits {
    /// The signal sent to the parent at the end; 0 for none (`clone(2)`).
    exit_signal: AtomicU32,
    /// The signal the process wants when its parent ends (`PR_SET_PDEATHSIG`).
    parent_death_signal: AtomicU32,
    /// `PR_SET_DUMPABLE`.
    dumpable: AtomicU32,
    /// `PR_SET_NO_NEW_PRIVS`.
    no_new_privileges: AtomicU32,
    /// `/proc/PID/oom_score_adj`, offset by 1000.
    oom_adjustment: AtomicU32,
    /// Has given up its session's terminal (`TIOCNOTTY`).
    detached: AtomicU32,
}

/// What a new process starts with.
pub struct ProcessSeed {
    /// Its id.
    pub pid: Pid,
    /// Its parent.
    pub parent: Option<Pid>,
    /// The signal its parent gets at its end.
    pub exit_signal: u32,
    /// Its signal actions.
    pub actions: Arc<SharedActions>,
    /// Its resource limits.
    pub limits: Limits,
}

impl Process {
    /// A process without threads yet.
    #[must_use]
    pub fn new(seed: ProcessSeed) -> Self {
        let traits = Traits::default();
        traits
            .exit_signal
            .store(seed.exit_signal, Ordering::Relaxed);
        traits.dumpable.store(1, Ordering::Relaxed);
        traits.oom_adjustment.store(1000, Ordering::Relaxed);
        Self {
            pid: seed.pid,
            created: machine::time::now(),
            parent: AtomicU32::new(seed.parent.map_or(0, Pid::raw)),
            group: IrqSpinLock::new(levels::THREAD_GROUP, ThreadGroup::new()),
            actions: IrqSpinLock::new(levels::ACTIONS, seed.actions),
            child_events: WaitQueue::new(),
            limits: seed.limits,
            accounting: Accounting::new(),
            timers: IntervalTimers::new(),
            personality: AtomicU32::new(0),
            traits,
        }
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Its parent's id as `getppid(2)` has it: 0 for a process without one.
    #[must_use]
    pub fn parent_pid(&self) -> u32 {
        self.parent.load(Ordering::Relaxed)
    }

    /// Nanoseconds since boot at its creation.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.created
    }

    /// Resource limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// CPU times and counters of its ended threads and children.
    #[must_use]
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// `alarm(2)` and `setitimer(2)`.
    #[must_use]
    pub fn timers(&self) -> &IntervalTimers {
        &self.timers
    }

    /// Woken when a child changes state.
    #[must_use]
    pub fn child_events(&self) -> &WaitQueue {
        &self.child_events
    }

    /// Its living threads.
    #[must_use]
    pub fn threads(&self) -> Vec<ThreadRef> {
        self.group.lock().threads.clone()
    }

    /// Its first living thread: the leader, unless that has ended before the others.
    #[must_use]
    pub fn main_thread(&self) -> Option<ThreadRef> {
        self.group.lock().threads.first().cloned()
    }

    /// What `ps` shows as its name (`comm`): its main thread's, or the last one it had.
    #[must_use]
    pub fn name(&self) -> String {
        match self.main_thread() {
            Some(thread) => thread.name(),
            None => self.accounting.last_name(),
        }
    }

    /// The state `ps` shows.
    #[must_use]
    pub fn state(&self) -> ProcessState {
        self.main_thread()
            .map_or(ProcessState::Zombie, |thread| thread.state().get())
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn exit_status(&self) -> Option<WaitStatus> {
        let group = self.group.lock();
        group.threads.is_empty().then_some(group.ending).flatten()
    }

    /// The identities of its main thread, or the superuser's once it has no thread left.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        match self.main_thread() {
            Some(thread) => thread.credentials(),
            None => Arc::new(Credentials::superuser()),
        }
    }

    /// Its real user, remembered after its end.
    #[must_use]
    pub fn user(&self) -> u32 {
        match self.main_thread() {
            Some(thread) => thread.credentials().user.real,
            None => self.accounting.last_user(),
        }
    }

    /// The signal its parent gets at its end; 0 for none.
    #[must_use]
    pub fn exit_signal(&self) -> u32 {
        self.traits.exit_signal.load(Ordering::Relaxed)
    }

    /// Its signal actions.
    #[must_use]
    pub fn actions(&self) -> Arc<SharedActions> {
        self.actions.lock().clone()
    }

    /// Puts other signal actions in place of its own.
    pub fn replace_actions(&self, actions: Arc<SharedActions>) {
        let old = core::mem::replace(&mut *self.actions.lock(), actions);
        drop(old);
    }

    /// Whether job control has stopped it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.group.lock().is_stopped()
    }

    /// Starts watching `RLIMIT_CPU`, or stops if there is none.
    pub fn enforce_cpu_limit(&self) {
        let limit = self.limits.soft(RLIMIT_CPU);
        self.timers
            .set_cpu_limit((limit != RLIM_INFINITY).then_some(limit));
    }

    /// Takes over what a child inherits of its parent besides what is in its [`ProcessSeed`].
    fn inherit(&self, parent: &Self) {
        let copy = |to: &AtomicU32, from: &AtomicU32| {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed)
        };
        copy(&self.personality, &parent.personality);
        copy(&self.traits.dumpable, &parent.traits.dumpable);
        copy(
            &self.traits.no_new_privileges,
            &parent.traits.no_new_privileges,
        );
        copy(&self.traits.oom_adjustment, &parent.traits.oom_adjustment);
        copy(&self.traits.detached, &parent.traits.detached);
        if self.limits.soft(RLIMIT_CPU) != RLIM_INFINITY {
            self.enforce_cpu_limit();
        }
    }

    /// The execution domain (`personality(2)`).
    #[must_use]
    pub fn personality(&self) -> &AtomicU32 {
        &self.personality
    }

    /// `PR_SET_DUMPABLE`.
    #[must_use]
    pub fn dumpable(&self) -> &AtomicU32 {
        &self.traits.dumpable
    }

    /// `PR_SET_NO_NEW_PRIVS`.
    #[must_use]
    pub fn no_new_privileges(&self) -> &AtomicU32 {
        &self.traits.no_new_privileges
    }

    /// `PR_SET_PDEATHSIG`.
    #[must_use]
    pub fn parent_death_signal(&self) -> &AtomicU32 {
        &self.traits.parent_death_signal
    }

    /// `/proc/PID/oom_score_adj`, -1000 to 1000.
    #[must_use]
    pub fn oom_score_adj(&self) -> i32 {
        self.traits
            .oom_adjustment
            .load(Ordering::Relaxed)
            .cast_signed()
            - 1000
    }

    /// Sets [`oom_score_adj`](Self::oom_score_adj); the value is clamped.
    pub fn set_oom_score_adj(&self, value: i32) {
        let stored = value.clamp(-1000, 1000) + 1000;
        self.traits
            .oom_adjustment
            .store(stored.cast_unsigned(), Ordering::Relaxed);
    }
}

/// Calls `f` with the thread that runs on this CPU; none before the first one exists.
pub fn with_current_thread<R>(f: impl FnOnce(&ThreadRef) -> R) -> Option<R> {
    machine::task::with_current::<Thread, R>(f)
}

/// The process of the running thread; none in an idle thread.
#[must_use]
pub fn current_process() -> Option<Arc<Process>> {
    with_current_thread(|thread| thread.process().cloned()).flatten()
}
