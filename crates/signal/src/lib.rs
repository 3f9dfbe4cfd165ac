//! Signal semantics of Linux: what a signal does to a process, what is pending, and what is delivered next.
//!
//! [`SigActions`] is a process's table of dispositions, [`PendingQueue`] the pending signals of a thread or of a whole
//! process, [`generate`] decides what sending a signal does, [`SigActions::deliver`] what receiving it does. Locks,
//! waking and stack frames are the caller's. Whether a thread has anything to deliver is
//! `(thread.pending | process.pending) & !blocked != 0`, three words with [`PendingQueue::mask`] copied to where it can be
//! read without a lock.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod actions;
mod altstack;
mod generate;
mod pending;
mod restart;
mod set;
mod signum;

pub use actions::{Delivery, Disposition, SigActions};
pub use altstack::AltStack;
pub use generate::{Effect, Target, generate};
pub use pending::{PendingQueue, Queued};
pub use restart::{Resume, resume};
pub use set::SigSet;
pub use signum::{DefaultAction, Signal};
