//! What signals do to a thread on its way back to user mode.

use abi::signal::{KernelSigInfo, SigAction};
use abi::{Errno, SyscallNumber, WaitStatus};
use machine::user::UserRegs;
use proctree::Pid;
use signal::{Delivery, Resume, SigSet, Signal, resume};

use super::{frame, stop};
use crate::process::context::NO_CALL;
use crate::process::lifecycle::exit;
use crate::process::thread::Attention;
use crate::process::{Process, Thread, ThreadRef, group};

/// Handles what raised the thread's attention, until there is nothing left or the thread is to end.
pub fn deliver(thread: &ThreadRef, regs: &mut UserRegs) {
    let Some(process) = thread.process() else {
        return;
    };
    loop {
        if thread.is_exiting() {
            return;
        }
        if thread.attention().has(Attention::STOP) {
            stop::stop_here(thread);
            continue;
        }
        thread.attention().clear(Attention::SIGNAL);
        let Some((number, info)) = dequeue(thread, thread.signals().blocked()) else {
            break;
        };
        act(thread, process, regs, number, &info);
    }
    leave_call(regs, None);
    if thread.attention().clear(Attention::RESTORE_MASK) {
        thread.set_blocked(thread.signals().saved());
    }
}

fn act(
    thread: &ThreadRef,
    process: &Process,
    regs: &mut UserRegs,
    number: Signal,
    info: &KernelSigInfo,
) {
    let actions = process.actions();
    let delivery = actions.lock().deliver(number, process.pid() == Pid::INIT);
    match delivery {
        Delivery::Ignore => {}
        Delivery::Terminate { .. } => die(process, number),
        Delivery::Stop => stop_unless_orphaned(thread, process, number),
        Delivery::Handle(action) => {
            leave_call(regs, Some(&action));
            if frame::enter_handler(thread, regs, number, info, &action).is_err() {
                die(process, Signal::SIGSEGV);
            }
        }
    }
}

/// Ends the process. Core files are not written, so the status never says that one was.
fn die(process: &Process, number: Signal) {
    exit::exit_group(process, WaitStatus::signaled(number.raw(), false));
}

/// `SIGTSTP`, `SIGTTIN` and `SIGTTOU` do not stop a process that nobody could continue.
fn stop_unless_orphaned(thread: &ThreadRef, process: &Process, number: Signal) {
    let orphaned = number != Signal::SIGSTOP
        && group::relations(process.pid()).is_none_or(|place| group::is_orphaned(place.group));
    if !orphaned {
        stop::stop_process(thread, number);
    }
}

/// Takes the next signal that is not `blocked`: the thread's own before its process's.
#[must_use]
pub fn dequeue(thread: &Thread, blocked: SigSet) -> Option<(Signal, KernelSigInfo)> {
    let process = thread.process()?;
    let signals = thread.signals();
    let mut group = process.group.lock();
    let mut pending = signals.pending.lock();
    let found = pending.dequeue(blocked);
    signals.publish_pending(&pending);
    drop(pending);
    let found = found.or_else(|| group.pending.dequeue(blocked))?;
    // More may be waiting: the thread looks again before it goes to user mode.
    thread.attention().raise(Attention::SIGNAL);
    Some(found)
}

/// Whether a signal is pending that the thread does not block.
#[must_use]
pub fn has_deliverable(thread: &Thread) -> bool {
    !(pending(thread) - thread.signals().blocked()).is_empty()
}

/// The signals that wait for the thread or its process.
#[must_use]
pub fn pending(thread: &Thread) -> SigSet {
    let of_process = thread
        .process()
        .map(|process| process.group.lock().pending.mask());
    thread.signals().pending() | of_process.unwrap_or(SigSet::EMPTY)
}

/// Ends or repeats the system call the thread is in, if it was interrupted.
fn leave_call(regs: &mut UserRegs, handler: Option<&SigAction>) {
    if regs.orig_rax == NO_CALL {
        return;
    }
    let error = i32::try_from(regs.rax.wrapping_neg())
        .ok()
        .and_then(Errno::from_raw);
    let Some(restart) = error.and_then(Errno::restart) else {
        return;
    };
    match resume(restart, handler) {
        Resume::Interrupted => regs.rax = Errno::EINTR.to_return(),
        Resume::Again => repeat(regs, regs.orig_rax),
        Resume::RestartSyscall => repeat(regs, SyscallNumber::RestartSyscall as u64),
    }
    regs.orig_rax = NO_CALL;
}

/// Makes the thread execute its `SYSCALL` instruction, 2 bytes long, again.
fn repeat(regs: &mut UserRegs, number: u64) {
    regs.rax = number;
    regs.rip = regs.rip.wrapping_sub(2);
}
