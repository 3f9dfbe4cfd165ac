//! What sending a signal does, before any thread sees it (Linux's `prepare_signal` and `sig_ignored`).

use crate::{Disposition, SigActions, SigSet, Signal};

/// Who a signal is sent to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The process's dispositions.
    pub actions: &'a SigActions,
    /// What the thread it is sent to blocks; for a process: its main thread. With the mask to be restored, if it waits in `rt_sigtimedwait(2)`.
    pub blocked: SigSet,
    /// Init of its namespace: the default actions do not reach it.
    pub unkillable: bool,
    /// Sent from outside the namespace or by the kernel, so that `SIGKILL` and `SIGSTOP` reach even an init.
    pub force: bool,
    /// Traced: the tracer sees every signal.
    pub traced: bool,
    /// The whole process is ending.
    pub exiting: bool,
}

/// What is to be done, in this order.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Pending signals to be discarded from all queues of the process: stops cancel a continue, and the reverse.
    pub discard: SigSet,
    /// Wake the process if it is stopped, whatever it does with the signal.
    pub continues: bool,
    /// Put the signal into the queue; otherwise it is ignored.
    pub queue: bool,
}

/// Decides what sending `signal` to `target` does.
pub fn generate(signal: Signal, target: &Target<'_>) -> Effect {
    let mut effect = Effect {
        discard: SigSet::EMPTY,
        continues: false,
        queue: false,
    };
    if target.exiting {
        return effect;
    }
    if SigSet::STOP.contains(signal) {
        effect.discard = SigSet::CONTINUE;
    } else if signal == Signal::SIGCONT {
        effect.discard = SigSet::STOP;
        effect.continues = true;
    }
    effect.queue = !is_ignored(signal, target);
    effect
}

fn is_ignored(signal: Signal, target: &Target<'_>) -> bool {
    // A blocked signal may get a handler before it is unblocked.
    if target.blocked.contains(signal) || (target.traced && signal != Signal::SIGKILL) {
        return false;
    }
    let forced = target.force && signal.is_kernel_only();
    if target.unkillable
        && !forced
        && matches!(target.actions.disposition(signal), Disposition::Default(_))
    {
        return true;
    }
    target.actions.ignores(signal)
}
