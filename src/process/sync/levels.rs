//! The order in which the kernel's spin locks are taken: a holder of one may only wait for one of a higher level.
//!
//! The machine's own locks (page tables, frames, heap, serial port) come after all of these.

use ksync::Level;

/// The process tree: pids, parents, groups, sessions.
pub const TREE: Level = Level(40);
/// The controlling terminals of sessions.
pub const TERMINALS: Level = Level(44);
/// Descriptor tables and other per-thread pointers to shared objects.
pub const THREAD: Level = Level(46);
/// The threads of a process, its signals and its job control.
pub const THREAD_GROUP: Level = Level(47);
/// Which signal actions a process has.
pub const ACTIONS: Level = Level(48);
/// Signal actions.
pub const SIGNAL_ACTIONS: Level = Level(49);
/// The signals pending for a thread.
pub const PENDING: Level = Level(50);
/// The interval timers of a process.
pub const INTERVAL_TIMERS: Level = Level(51);
/// The resource limits of a process.
pub const LIMITS: Level = Level(52);
/// Buckets of futex waiters, then the key of a waiter.
pub const FUTEX: Level = Level(53);
/// The word a futex waiter waits on.
pub const FUTEX_KEY: Level = Level(54);
/// Wait queues.
pub const WAIT_QUEUE: Level = Level(56);
/// Timer queues of the CPUs.
pub const TIMER: Level = Level(60);
/// Run queues of the CPUs.
pub const RUN_QUEUE: Level = Level(64);
