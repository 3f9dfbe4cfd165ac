//! Memory of processes: address spaces, page faults, `mmap(2)` and its like, and access to user memory.
//!
//! - [`MemoryMap`] is one address space: its mappings (crate `vm`), its page tables ([`machine::mem`]), its heap
//!   and what `/proc` tells of it. Threads share it by `Arc`; fork copies it ([`MemoryMap::fork`]).
//! - [`Backing`] is what a file gives to be mapped; [`MappingList`] is the way back from it to who maps it.
//! - [`user`] is access to user memory: [`user::UserAddr`], [`user::Sink`] and [`user::Source`].
//!
//! Neighbours: `process/lifecycle/exec` fills a new map with a program, `process/syscalls/memory.rs` decodes the
//! calls, the user-mode loop hands page faults to [`MemoryMap::handle_fault`].
//!
//! # Lock order
//! A file's own locks, then the lock of one `MemoryMap` (sleeping; of two only parent before new child in fork),
//! then either the page-table lock of its address space (spinning) or the leaf locks of a [`Backing`]: never both
//! at once. The locks of [`MappingList`] are leaves. Nothing is dropped under the lock of a `MemoryMap` that could
//! close a file: what is unmapped is handed out and dropped after.

mod advise;
mod backing;
mod brk;
mod fault;
mod futex;
mod map;
mod mmap;
mod mremap;
mod object;
mod report;
mod shared;
mod transfer;
pub mod user;

pub use backing::{Backing, BackingError, BackingIdentity, MappingList};
pub use fault::{Access, FaultSignal};
pub use futex::FutexIdentity;
pub use map::{ImageInfo, MemoryMap};
pub use mmap::{Limits, MmapRequest, Placement};
pub use mremap::MremapRequest;
pub use object::{Mapped, Object};
pub use report::{MapLine, MapName, MemoryUse, Residency};
pub use shared::SharedMemory;
pub use vm::VmaFlags;

/// One mapping of an address space.
pub type Vma = vm::Vma<Mapped>;
