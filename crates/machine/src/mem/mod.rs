//! Memory: frames, the kernel heap, pages, address spaces, kernel stacks.
//!
//! [`Page`] is a counted frame that programs may see; [`AddressSpace`] maps pages, through the lock guard
//! [`PageTable`]. Kernel objects live in the heap, which is Rust's global allocator. All of them draw on the same
//! frames; programs are refused first (see [`has_reserve`]).

mod counts;
mod editor;
pub(crate) mod frame;
mod heap;
mod kernel_map;
pub(crate) mod layout;
mod page;
pub(crate) mod quick;
mod range;
mod slab;
mod space;
pub(crate) mod stack;
mod start;
mod stats;
mod string;
mod table;
pub(crate) mod tlb;
mod walk;

pub use self::editor::{Mapped, PageTable};
pub(crate) use self::kernel_map::{Caching, map_physical};
pub use self::layout::{PAGE_SIZE, USER_TOP};
pub use self::page::Page;
pub use self::range::ForkMode;
pub use self::space::AddressSpace;
pub(crate) use self::start::free_reserved;
pub use self::start::init;
pub use self::stats::{MemoryStats, has_reserve, stats};
pub(crate) use self::string::copy_racy;

/// There is no memory left that the asker may have. For a user program that is `ENOMEM`, or a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl core::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("out of memory")
    }
}

impl core::error::Error for OutOfMemory {}

bitflags::bitflags! {
    /// What a program may do with a page. x86 has no way to forbid reading alone: `WRITE` and `EXEC` include it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Prot: u8 {
        /// Loads.
        const READ = 1;
        /// Stores.
        const WRITE = 2;
        /// Instruction fetches.
        const EXEC = 4;
    }
}
