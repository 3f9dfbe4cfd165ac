//! How an interrupted system call goes on once its signal has been dealt with.

use abi::Restart;
use abi::signal::{SA_RESTART, SigAction};

/// What the thread does when it returns to user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// The call fails with `EINTR`.
    Interrupted,
    /// The call is made again: RAX gets its number back and RIP goes back to the `syscall` instruction (2 bytes).
    Again,
    /// Like [`Resume::Again`], with `restart_syscall(2)` as the call.
    RestartSyscall,
}

/// Decides it from the call's restart code and the handler that is about to run, if any.
#[must_use]
pub const fn resume(restart: Restart, handler: Option<&SigAction>) -> Resume {
    match (restart, handler) {
        (Restart::NoIntr, _) | (Restart::Sys | Restart::NoHand, None) => Resume::Again,
        (Restart::Block, None) => Resume::RestartSyscall,
        (Restart::Sys, Some(action)) if action.sa_flags & SA_RESTART != 0 => Resume::Again,
        (Restart::Sys | Restart::NoHand | Restart::Block, Some(_)) => Resume::Interrupted,
    }
}
