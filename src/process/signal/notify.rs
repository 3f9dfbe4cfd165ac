//! What a parent is told of its children (`SIGCHLD`, wait(2)).

use alloc::sync::Arc;

use abi::WaitStatus;
use abi::signal::{
    CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, KernelSigInfo, SIGCHLD, SIGCONT,
};
use proctree::Pid;
use signal::Signal;

use super::{send_kernel, send_to_process};
use crate::process::Process;
use crate::process::table::{self, Tree};

/// What happened to a process that goes on living.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// All its threads have stopped.
    Stopped(Signal),
    /// It goes on.
    Continued,
}

/// Nanoseconds in a clock tick, the unit of times in `siginfo_t`.
const TICK: u64 = 10_000_000;

/// Tells the parent that the process has stopped or goes on.
pub fn notify_parent(process: &Process, notice: Notice) {
    let Some(parent) = Pid::new(process.parent_pid()).and_then(table::find) else {
        return;
    };
    let actions = parent.actions();
    let wanted = actions.lock().wants_child_stops();
    if wanted {
        let (code, status) = match notice {
            Notice::Stopped(number) => (CLD_STOPPED, number.raw()),
            Notice::Continued => (CLD_CONTINUED, SIGCONT),
        };
        let _ = send_to_process(&parent, child_info(process, SIGCHLD, code, status));
    }
    parent.child_events().wake_all();
}

/// Tells the parent that the process has ended. False if the parent does not want to wait for it, so that it must be
/// reaped at once.
pub fn notify_parent_of_end(tree: &Tree, process: &Process) -> bool {
    let Some(parent) = Pid::new(process.parent_pid()).and_then(|pid| tree.process(pid)) else {
        return false;
    };
    let parent = parent.payload();
    let number = process.exit_signal().cast_signed();
    let status = process.group.lock().ending.unwrap_or(WaitStatus::exited(0));
    let (wanted, tell) = if number == SIGCHLD {
        let actions = parent.actions();
        let actions = actions.lock();
        (
            !actions.reaps_children(),
            !actions.ignored().contains(Signal::SIGCHLD),
        )
    } else {
        (true, number != 0)
    };
    if tell {
        let (code, value) = describe(status);
        let _ = send_to_process(parent, child_info(process, number, code, value));
    }
    parent.child_events().wake_all();
    wanted
}

/// `si_code` and `si_status` of an end.
#[must_use]
pub fn describe(status: WaitStatus) -> (i32, i32) {
    match (status.exit_code(), status.term_signal()) {
        (Some(code), _) => (CLD_EXITED, code),
        (None, Some(number)) if status.raw() & 0x80 != 0 => (CLD_DUMPED, number),
        (None, number) => (CLD_KILLED, number.unwrap_or(0)),
    }
}

fn child_info(process: &Process, number: i32, code: i32, status: i32) -> KernelSigInfo {
    let usage = process.usage();
    let ticks = |nanos: u64| i64::try_from(nanos / TICK).unwrap_or(i64::MAX);
    let (pid, uid) = (process.pid().as_i32(), process.user());
    KernelSigInfo::child(
        number,
        code,
        pid,
        uid,
        status,
        ticks(usage.user),
        ticks(usage.system),
    )
}

/// The process has been given children that have ended already.
pub fn adopt_zombies(process: &Arc<Process>) {
    send_kernel(process, SIGCHLD);
    process.child_events().wake_all();
}

/// The signal a child asked for by `PR_SET_PDEATHSIG`.
pub fn send_death_signal(child: &Process, number: u32) {
    send_kernel(child, number.cast_signed());
}
