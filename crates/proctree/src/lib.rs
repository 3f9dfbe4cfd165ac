//! Process ids, the tree of parents and children, process groups and sessions, as pure data.
//!
//! [`ProcTree`] holds what a kernel must change together when processes are created, exit, are reaped or move between
//! groups: credentials(7) "Process ID" to "Process group ID and session ID", setpgid(2), setsid(2), wait(2). It is
//! generic over what hangs at a process (`P`) and at a thread (`T`) and knows nothing of locks or scheduling.
//!
//! A number stays taken while anything still goes by it: a process (zombies included), a thread, a group, a session.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod group;
mod pid;
mod slots;
mod tree;

pub use pid::{PID_MAX_DEFAULT, PID_MAX_LIMIT, Pid};
pub use tree::{Node, ProcTree};
