//! Run queues and scheduling policies: which runnable task a CPU runs next, and for how long.
//!
//! A [`Policy`] is one CPU's run queue. It takes no lock, reads no clock and switches nothing: the caller passes the
//! time (nanoseconds since boot) and acts on the [`Outcome`]. Tasks are owned handles such as `Arc<Thread>`, moved in
//! and out without touching a reference count; what a policy remembers of a task lies in the task's own [`Entity`].
//! Queues are linked lists over one preallocated [`Slab`] for each CPU, so no operation allocates as long as the caller
//! has grown the slab to the number of tasks there are (see [`Policy::grow`]), and each is O(1).
//!
//! [`RoundRobin`] is the first policy.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod entity;
mod policy;
mod priority;
mod round_robin;
mod slab;

pub use entity::{Entity, Task};
pub use policy::{Arrival, Outcome, Policy};
pub use priority::{LinuxPolicy, Params, Priority};
pub use round_robin::{AGE_LIMIT, RoundRobin, SLICE};
pub use slab::Slab;
