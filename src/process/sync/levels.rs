//! The order in which the kernel's spin locks are taken: a holder of one may only wait for one of a higher level.
//!
//! The machine's own locks (page tables, frames, heap, serial port) come after all of these.

use ksync::Level;

/// Per-inode and per-directory state of file systems.
pub const INODE: Level = Level(16);
/// Pipe buffers, terminal line disciplines and the like.
pub const DEVICE: Level = Level(24);
/// Descriptor tables and other per-thread pointers to shared objects.
pub const THREAD: Level = Level(32);
/// The process tree: pids, parents, groups, sessions.
pub const TREE: Level = Level(40);
/// Signal actions and queues of a process, then of a thread.
pub const SIGNAL: Level = Level(48);
/// The kernel's log.
pub const LOG: Level = Level(52);
/// Wait queues.
pub const WAIT_QUEUE: Level = Level(56);
/// Timer queues of the CPUs.
pub const TIMER: Level = Level(60);
/// Run queues of the CPUs.
pub const RUN_QUEUE: Level = Level(64);
