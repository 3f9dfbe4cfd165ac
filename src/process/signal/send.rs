//! Sending signals.

use abi::resource::RLIMIT_SIGPENDING;
use abi::signal::{KernelSigInfo, SI_KERNEL};
use abi::{Errno, WaitStatus};
use proctree::Pid;
use signal::{Effect, PendingQueue, Queued, SigSet, Signal, Target, generate};

use super::notify::Notice;
use super::state::ThreadGroup;
use crate::process::lifecycle::exit::begin_group_exit;
use crate::process::state::Sleeps;
use crate::process::thread::Attention;
use crate::process::{Process, Thread, ThreadRef, scheduler};

/// Sends a signal of the kernel, which cannot fail: a standard signal that is pending already is merged with it.
pub fn send_kernel(process: &Process, number: i32) {
    let _ = send_to_process(process, KernelSigInfo::bare(number, SI_KERNEL));
}

/// Sends the running thread a signal of the kernel for what it has just called (`SIGPIPE`, `SIGXFSZ`).
pub fn send_to_current(number: i32) {
    crate::process::with_current_thread(|thread| {
        let _ = send_to_thread(thread, KernelSigInfo::bare(number, SI_KERNEL));
    });
}

/// Sends a signal to a process: one of its threads that does not block it will handle it.
///
/// # Errors
/// `EAGAIN` if a real-time signal cannot be queued (`RLIMIT_SIGPENDING`), `EINVAL` for a number that is no signal.
pub fn send_to_process(process: &Process, info: KernelSigInfo) -> Result<(), Errno> {
    let number = Signal::from_raw(info.si_signo).ok_or(Errno::EINVAL)?;
    let mut group = process.group.lock();
    let Some(main) = group.threads.first().cloned() else {
        return Ok(());
    };
    let effect = effect(process, &main, &group, number);
    let notice = group.apply(&effect);
    if effect.queue {
        let room = queue_room(process, &group.pending);
        if group.pending.queue(number, info, room)? == Queued::New {
            group.announce(number, None);
        }
    }
    drop(group);
    tell_parent(process, notice);
    Ok(())
}

/// Sends a signal to one thread.
///
/// # Errors
/// As [`send_to_process`].
pub fn send_to_thread(thread: &ThreadRef, info: KernelSigInfo) -> Result<(), Errno> {
    let number = Signal::from_raw(info.si_signo).ok_or(Errno::EINVAL)?;
    let process = thread.require_process()?;
    let mut group = process.group.lock();
    let effect = effect(process, thread, &group, number);
    let notice = group.apply(&effect);
    if effect.queue && thread.enqueue(number, info)? == Queued::New {
        group.announce(number, Some(thread));
    }
    drop(group);
    tell_parent(process, notice);
    Ok(())
}

/// Sends the running thread a signal for something it did and cannot go on from. Blocked or ignored, it kills.
pub fn force(thread: &ThreadRef, info: KernelSigInfo, trap: u64, error: u64) {
    let (Some(number), Some(process)) = (Signal::from_raw(info.si_signo), thread.process()) else {
        return;
    };
    thread.signals().note_fault(trap, error, info.address());
    let mut blocked = thread.signals().blocked();
    let unprotect = process.actions().lock().force(number, &mut blocked);
    thread.signals().store_blocked(blocked);
    if unprotect && process.pid() == Pid::INIT {
        // Init is protected from signals, but nothing would stop this fault from coming again and again.
        crate::process::lifecycle::exit::exit_group(
            process,
            WaitStatus::signaled(number.raw(), false),
        );
        return;
    }
    let group = process.group.lock();
    let _ = thread.enqueue(number, info);
    drop(group);
    thread.attention().raise(Attention::SIGNAL);
}

fn effect(process: &Process, thread: &ThreadRef, group: &ThreadGroup, number: Signal) -> Effect {
    let actions = process.actions();
    let actions = actions.lock();
    generate(
        number,
        &Target {
            actions: &actions,
            blocked: thread.signals().blocked() | thread.signals().waited_for(),
            unkillable: process.pid() == Pid::INIT,
            force: false,
            traced: false,
            exiting: group.ending.is_some(),
        },
    )
}

fn queue_room(process: &Process, queue: &PendingQueue) -> usize {
    let limit = usize::try_from(process.limits().soft(RLIMIT_SIGPENDING)).unwrap_or(usize::MAX);
    limit.saturating_sub(queue.len())
}

fn tell_parent(process: &Process, notice: Option<Notice>) {
    if let Some(notice) = notice {
        super::notify_parent(process, notice);
    }
}

impl ThreadGroup {
    /// What happens at once when a signal is sent. Returns what the parent is to be told.
    fn apply(&mut self, effect: &Effect) -> Option<Notice> {
        self.discard(effect.discard);
        effect.continues.then(|| self.resume()).flatten()
    }

    /// A signal has been queued, for one thread or for whichever takes it.
    fn announce(&mut self, number: Signal, target: Option<&ThreadRef>) {
        if number == Signal::SIGKILL {
            begin_group_exit(self, WaitStatus::signaled(number.raw(), false));
            return;
        }
        match target {
            Some(thread) if thread.signals().takes(number) => notify(thread),
            Some(_) => {}
            None => {
                if let Some(thread) = self.taker(number) {
                    notify(thread);
                }
            }
        }
    }

    /// The thread to handle a signal to the process: the main thread if it does not block it, else any that does not.
    fn taker(&self, number: Signal) -> Option<&ThreadRef> {
        let takes = |thread: &&ThreadRef| thread.signals().takes(number) && !thread.is_exiting();
        self.threads.iter().find(takes)
    }
}

/// Tells a thread that a signal waits for it.
fn notify(thread: &ThreadRef) {
    thread.attention().raise(Attention::SIGNAL);
    if !scheduler::wake_from(thread, Sleeps::SIGNAL) {
        scheduler::interrupt(thread);
    }
}

impl Thread {
    /// Queues a signal for this thread. The caller has its process's group locked.
    fn enqueue(&self, number: Signal, info: KernelSigInfo) -> Result<Queued, Errno> {
        let mut pending = self.signals().pending.lock();
        let room = self
            .process()
            .map_or(0, |process| queue_room(process, &pending));
        let queued = pending.queue(number, info, room);
        self.signals().publish_pending(&pending);
        queued
    }

    /// Sets the signal mask, and looks whether it lets a pending signal through.
    pub fn set_blocked(&self, set: SigSet) {
        let newly_blocked = set - self.signals().blocked();
        self.signals().store_blocked(set);
        if super::has_deliverable(self) {
            self.attention().raise(Attention::SIGNAL);
        }
        if !newly_blocked.is_empty() {
            self.hand_over(newly_blocked);
        }
    }

    /// Signals of the process that this thread was told of but now blocks must find another thread.
    fn hand_over(&self, blocked: SigSet) {
        let Some(process) = self.process() else {
            return;
        };
        let group = process.group.lock();
        if group.threads.len() < 2 {
            return;
        }
        for number in (group.pending.mask() & blocked).iter() {
            if let Some(thread) = group.taker(number) {
                notify(thread);
            }
        }
    }
}
