//! One mapping of an address space: a range of pages that behave alike.

use abi::PAGE_SIZE;
use abi::mman::Prot;

bitflags::bitflags! {
    /// What is special about a mapping.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct VmaFlags: u32 {
        /// Writes go to the object and are seen by all who map it.
        const SHARED = 1 << 0;
        /// A stack: a fault below it extends it.
        const GROWS_DOWN = 1 << 1;
        /// Locked into memory.
        const LOCKED = 1 << 2;
        /// Locked into memory page by page as they are touched.
        const LOCK_ON_FAULT = 1 << 3;
        /// Not inherited by fork.
        const DONT_FORK = 1 << 4;
        /// The child of a fork sees zeroes.
        const WIPE_ON_FORK = 1 << 5;
        /// Not to be in a core dump.
        const DONT_DUMP = 1 << 6;
        /// Mapped without reserving memory.
        const NO_RESERVE = 1 << 7;
        /// Accessed in ascending order.
        const SEQUENTIAL = 1 << 8;
        /// Accessed at random.
        const RANDOM = 1 << 9;
        /// Reading may be allowed later.
        const MAY_READ = 1 << 16;
        /// Writing may be allowed later.
        const MAY_WRITE = 1 << 17;
        /// Executing may be allowed later.
        const MAY_EXEC = 1 << 18;
    }
}

impl VmaFlags {
    /// Every protection may be set later.
    pub const MAY_ALL: Self = Self::MAY_READ.union(Self::MAY_WRITE).union(Self::MAY_EXEC);

    /// Whether `prot` stays within what may be set.
    #[must_use]
    pub const fn permits(self, prot: Prot) -> bool {
        (!prot.contains(Prot::PROT_READ) || self.contains(Self::MAY_READ))
            && (!prot.contains(Prot::PROT_WRITE) || self.contains(Self::MAY_WRITE))
            && (!prot.contains(Prot::PROT_EXEC) || self.contains(Self::MAY_EXEC))
    }
}

/// A range of pages with the same protection, flags and object.
///
/// `B` is a handle of the object mapped; two mappings can only be merged if theirs are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vma<B> {
    /// First address; a multiple of the page size.
    pub start: usize,
    /// First address behind; a multiple of the page size.
    pub end: usize,
    /// What may be done now: read, write and execute bits only.
    pub prot: Prot,
    /// What is special.
    pub flags: VmaFlags,
    /// The page of `object` at `start`; 0 without an object.
    pub offset: u64,
    /// What is mapped; nothing means fresh zeroes.
    pub object: Option<B>,
}

impl<B> Vma<B> {
    /// A private mapping of fresh zeroes that may get any protection later.
    #[must_use]
    pub const fn anonymous(start: usize, end: usize, prot: Prot) -> Self {
        Self {
            start,
            end,
            prot,
            flags: VmaFlags::MAY_ALL,
            offset: 0,
            object: None,
        }
    }

    /// Bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether it has no pages; never so within a map.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Pages.
    #[must_use]
    pub const fn pages(&self) -> usize {
        self.len() / PAGE_SIZE
    }

    /// Whether the address is inside.
    #[must_use]
    pub const fn contains(&self, address: usize) -> bool {
        self.start <= address && address < self.end
    }

    /// Whether writes are seen by others.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.flags.contains(VmaFlags::SHARED)
    }

    /// The page of the object at an address inside.
    #[must_use]
    pub const fn object_page(&self, address: usize) -> u64 {
        self.offset + ((address - self.start) / PAGE_SIZE) as u64
    }

    /// Whether it counts as data, that is against `RLIMIT_DATA`: private, writable and no stack.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        self.prot.contains(Prot::PROT_WRITE)
            && !self
                .flags
                .intersects(VmaFlags::SHARED.union(VmaFlags::GROWS_DOWN))
    }

    /// The lowest address others must stay below of: a stack wants room to grow.
    pub(crate) const fn guarded_start(&self, guard: usize) -> usize {
        if self.flags.contains(VmaFlags::GROWS_DOWN) {
            self.start.saturating_sub(guard)
        } else {
            self.start
        }
    }
}

impl<B: Clone> Vma<B> {
    /// Cuts at `address`, strictly inside: keeps what is below and returns the rest.
    pub(crate) fn split_off(&mut self, address: usize) -> Self {
        let mut upper = self.clone();
        upper.start = address;
        if upper.object.is_some() {
            upper.offset = self.object_page(address);
        }
        self.end = address;
        upper
    }
}

impl<B: PartialEq> Vma<B> {
    /// Whether `next`, which begins where this ends, continues it so that one range can stand for both.
    pub(crate) fn continues_into(&self, next: &Self) -> bool {
        self.end == next.start
            && self.prot == next.prot
            && self.flags == next.flags
            && self.object == next.object
            && (self.object.is_none() || self.object_page(self.end) == next.offset)
    }
}
