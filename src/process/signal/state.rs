//! What threads and processes keep about signals.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::WaitStatus;
use machine::sync::{IrqSpinLock, SpinLock};
use signal::{AltStack, PendingQueue, SigSet, Signal};

use super::stop::StopReport;
use crate::memory::user::UserAddr;
use crate::process::ThreadRef;
use crate::process::sync::{WaitQueue, levels};

/// The exception that last gave the thread a signal, as `ucontext` tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fault {
    /// The vector.
    pub trap: u64,
    /// The error code.
    pub error: u64,
    /// The address.
    pub address: u64,
}

/// A sleep that a signal interrupted, for `restart_syscall(2)`.
#[derive(Clone, Copy, Debug)]
pub struct Sleeper {
    /// Its end, in nanoseconds since boot.
    pub deadline: u64,
    /// Where the rest of the time is stored when a signal ends it.
    pub rest: UserAddr,
}

/// The signal state of a thread.
pub struct ThreadSignals {
    /// Changed by the thread itself only.
    blocked: AtomicU64,
    /// The mask that `sigsuspend` and its like put aside, to be restored once the signal is handled.
    saved: AtomicU64,
    /// Signals sent to this thread, not to its process.
    pub(super) pending: IrqSpinLock<PendingQueue>,
    /// The signals of `pending`, for a look without its lock.
    pub(super) pending_set: AtomicU64,
    /// What `sigtimedwait` waits for: blocked, but to be noticed.
    waited_for: AtomicU64,
    alternate_stack: SpinLock<AltStack>,
    last_fault: SpinLock<Fault>,
    sleeper: SpinLock<Option<Sleeper>>,
}

impl Default for ThreadSignals {
    fn default() -> Self {
        Self::with(SigSet::EMPTY, AltStack::NONE)
    }
}

impl ThreadSignals {
    fn with(blocked: SigSet, alternate_stack: AltStack) -> Self {
        Self {
            blocked: AtomicU64::new(blocked.bits()),
            saved: AtomicU64::new(0),
            pending: IrqSpinLock::new(levels::PENDING, PendingQueue::new()),
            pending_set: AtomicU64::new(0),
            waited_for: AtomicU64::new(0),
            alternate_stack: SpinLock::new(levels::THREAD, alternate_stack),
            last_fault: SpinLock::new(levels::THREAD, Fault::default()),
            sleeper: SpinLock::new(levels::THREAD, None),
        }
    }

    /// For a new thread: the same mask, nothing pending, and the same alternate stack if it has memory of its own.
    #[must_use]
    pub fn for_child(parent: &Self, keeps_stack: bool) -> Self {
        let stack = if keeps_stack {
            parent.alternate_stack()
        } else {
            AltStack::NONE
        };
        Self::with(parent.blocked(), stack)
    }

    /// The blocked signals.
    #[must_use]
    pub fn blocked(&self) -> SigSet {
        SigSet::from_bits(self.blocked.load(Ordering::Relaxed))
    }

    /// Sets the mask alone; [`Thread::set_blocked`](crate::process::Thread::set_blocked) does all that goes with it.
    pub(super) fn store_blocked(&self, set: SigSet) {
        self.blocked.store(set.blockable().bits(), Ordering::SeqCst);
    }

    pub(super) fn saved(&self) -> SigSet {
        SigSet::from_bits(self.saved.load(Ordering::Relaxed))
    }

    /// The signals sent to this thread that wait.
    #[must_use]
    pub fn pending(&self) -> SigSet {
        SigSet::from_bits(self.pending_set.load(Ordering::SeqCst))
    }

    /// To be called with `pending` locked after each change of it.
    pub(super) fn publish_pending(&self, pending: &PendingQueue) {
        self.pending_set
            .store(pending.mask().bits(), Ordering::SeqCst);
    }

    /// Whether it takes this signal if it is sent one.
    #[must_use]
    pub fn takes(&self, number: Signal) -> bool {
        !(self.blocked() - self.waited_for()).contains(number)
    }

    /// What `sigtimedwait` waits for.
    #[must_use]
    pub fn waited_for(&self) -> SigSet {
        SigSet::from_bits(self.waited_for.load(Ordering::SeqCst))
    }

    /// Sets what `sigtimedwait` waits for.
    pub fn set_waited_for(&self, set: SigSet) {
        self.waited_for.store(set.bits(), Ordering::SeqCst);
    }

    /// Sets the mask until a signal has been handled, when `old` comes back (`sigsuspend(2)`).
    pub fn save(&self, old: SigSet) {
        self.saved.store(old.bits(), Ordering::Relaxed);
    }

    /// The exception that last gave the thread a signal.
    #[must_use]
    pub fn last_fault(&self) -> Fault {
        *self.last_fault.lock()
    }

    /// Puts an interrupted sleep aside, or takes it.
    pub fn set_sleeper(&self, sleeper: Option<Sleeper>) -> Option<Sleeper> {
        core::mem::replace(&mut *self.sleeper.lock(), sleeper)
    }

    pub(super) fn note_fault(&self, trap: u64, error: u64, address: u64) {
        *self.last_fault.lock() = Fault {
            trap,
            error,
            address,
        };
    }

    /// The alternate stack.
    #[must_use]
    pub fn alternate_stack(&self) -> AltStack {
        *self.alternate_stack.lock()
    }

    /// Sets the alternate stack.
    pub fn set_alternate_stack(&self, stack: AltStack) {
        *self.alternate_stack.lock() = stack;
    }
}

/// The threads of a process, and what signals and job control change together with them.
pub struct ThreadGroup {
    /// The living threads; the leader first as long as it lives.
    pub threads: Vec<ThreadRef>,
    /// Signals sent to the process.
    pub pending: PendingQueue,
    /// The status the process ends with, once it is decided.
    pub ending: Option<WaitStatus>,
    /// The status of the thread that ended last, which is the process's if nothing else decides it.
    pub last_exit: WaitStatus,
    /// A thread is in `execve` and the others are on their way out.
    pub exec_in_progress: bool,
    /// Woken when a thread leaves.
    pub changed: Arc<WaitQueue>,
    /// The signal that stopped the process, while it is stopped or about to be.
    pub(super) stop_signal: Option<Signal>,
    /// How many threads have stopped.
    pub(super) stopped: usize,
    /// What a wait has not been told yet.
    pub report: Option<StopReport>,
}

impl ThreadGroup {
    /// No threads yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threads: Vec::new(),
            pending: PendingQueue::new(),
            ending: None,
            last_exit: WaitStatus::exited(0),
            exec_in_progress: false,
            changed: Arc::new(WaitQueue::new()),
            stop_signal: None,
            stopped: 0,
            report: None,
        }
    }

    /// Whether job control has stopped it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop_signal.is_some()
    }
}

impl Default for ThreadGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl crate::process::Process {
    /// Takes signals out of all its queues: they are ignored now.
    pub fn discard_signals(&self, set: SigSet) {
        self.group.lock().discard(set);
    }
}
