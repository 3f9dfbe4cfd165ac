//! The order in which the spin locks of the file system are taken; see `fs/mod.rs` for the sleeping locks.
//!
//! These come before every lock of [`crate::process::sync::levels`].

use ksync::Level;

/// The root, current directory and umask of a process.
pub const CONTEXT: Level = Level(2);
/// The table of mounts.
pub const MOUNTS: Level = Level(4);
/// The shape of the tree of names: parents and names of all dentries.
pub const TREE: Level = Level(6);
/// The cached children of one dentry.
pub const CHILDREN: Level = Level(8);
/// The parent and name of one dentry.
pub const LOCATION: Level = Level(10);
/// Attributes of one inode of a tmpfs.
pub const INODE: Level = Level(16);
/// The pages of one inode of a tmpfs.
pub const PAGES: Level = Level(18);
/// The tables of devices and file-system types.
pub const REGISTRY: Level = Level(20);
