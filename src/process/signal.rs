//! Signals: sending, and what they do to the thread that gets them (signal(7)).
//!
//! What a signal means and how signals queue is in the crate [`signal`](::signal); here are the locks around it and the
//! effects on threads. A pending signal that its thread does not block raises [`Attention::SIGNAL`], which ends
//! interruptible sleeps and is looked at on the way back to user mode.

mod actions;
mod deliver;
mod frame;
mod notify;
mod report;
mod send;
mod state;
mod stop;

pub use actions::SharedActions;
pub use deliver::{deliver, dequeue, has_deliverable, pending};
pub use frame::sigreturn;
pub use notify::{
    Notice, adopt_zombies, describe, notify_parent, notify_parent_of_end, send_death_signal,
};
pub use send::{force, send_kernel, send_to_current, send_to_process, send_to_thread};
pub use state::{Fault, Sleeper, ThreadGroup, ThreadSignals};
pub use stop::StopReport;

use abi::Errno;

use super::ThreadRef;
use super::state::Sleep;
use super::thread::Attention;

/// Why a thread about to sleep like this must not, if it must not.
#[must_use]
pub fn interrupts(thread: &ThreadRef, sleep: Sleep) -> Option<Errno> {
    let attention = thread.attention();
    match sleep {
        Sleep::Interruptible => attention
            .has(Attention::SIGNAL | Attention::EXIT | Attention::STOP)
            .then_some(Errno::ERESTARTSYS),
        Sleep::Killable => attention
            .has(Attention::EXIT)
            .then_some(Errno::ERESTARTNOINTR),
        Sleep::Uninterruptible | Sleep::Stopped => None,
    }
}
