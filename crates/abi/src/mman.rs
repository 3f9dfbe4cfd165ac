//! Memory mapping: the numbers of `mmap(2)`, `mprotect(2)`, `madvise(2)`, `mremap(2)`, `msync(2)` and `mlock(2)`.

bitflags::bitflags! {
    /// What may be done with pages; no bit is `PROT_NONE`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct Prot: u32 {
        /// Pages may be read.
        const PROT_READ = 1;
        /// Pages may be written.
        const PROT_WRITE = 2;
        /// Pages may be executed.
        const PROT_EXEC = 4;
        /// Pages may be used for atomic operations.
        const PROT_SEM = 8;
        /// `mprotect`: extend down to the start of a mapping that grows down.
        const PROT_GROWSDOWN = 0x0100_0000;
        /// `mprotect`: extend up to the end of a mapping that grows up.
        const PROT_GROWSUP = 0x0200_0000;
    }
}

impl Prot {
    /// Pages may not be used.
    pub const PROT_NONE: Self = Self::empty();
    /// Read, write and execute: what a mapping remembers.
    pub const RWX: Self = Self::from_bits_retain(7);
}

bitflags::bitflags! {
    /// The flags of `mmap(2)`; the four lowest bits are the type, see [`MapFlags::MAP_TYPE`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct MapFlags: u32 {
        /// Changes are shared.
        const MAP_SHARED = 0x1;
        /// Changes are private.
        const MAP_PRIVATE = 0x2;
        /// Shared, and unknown flags are refused.
        const MAP_SHARED_VALIDATE = 0x3;
        /// The mask of the type.
        const MAP_TYPE = 0xf;
        /// Exactly at the address given, replacing what is there.
        const MAP_FIXED = 0x10;
        /// No file: zeroes.
        const MAP_ANONYMOUS = 0x20;
        /// Below 2 GiB.
        const MAP_32BIT = 0x40;
        /// A stack: grows down.
        const MAP_GROWSDOWN = 0x100;
        /// Ignored.
        const MAP_DENYWRITE = 0x800;
        /// Ignored.
        const MAP_EXECUTABLE = 0x1000;
        /// Lock the pages.
        const MAP_LOCKED = 0x2000;
        /// Reserve no swap.
        const MAP_NORESERVE = 0x4000;
        /// Fill the page tables now.
        const MAP_POPULATE = 0x8000;
        /// Do not wait while populating.
        const MAP_NONBLOCK = 0x10000;
        /// Meant for a stack; no effect.
        const MAP_STACK = 0x20000;
        /// Huge pages.
        const MAP_HUGETLB = 0x40000;
        /// Synchronous page faults on persistent memory.
        const MAP_SYNC = 0x80000;
        /// Exactly at the address given, or `EEXIST`.
        const MAP_FIXED_NOREPLACE = 0x10_0000;
    }
}

constants! { i32;
    MADV_NORMAL = 0, "No special treatment.";
    MADV_RANDOM = 1, "Do not read ahead.";
    MADV_SEQUENTIAL = 2, "Read ahead a lot.";
    MADV_WILLNEED = 3, "Will be needed soon.";
    MADV_DONTNEED = 4, "Drop the pages: they read as fresh afterwards.";
    MADV_FREE = 8, "Pages may be dropped until written again.";
    MADV_REMOVE = 9, "Punch a hole into the file.";
    MADV_DONTFORK = 10, "Not to be inherited by fork.";
    MADV_DOFORK = 11, "To be inherited by fork.";
    MADV_MERGEABLE = 12, "Equal pages may be merged.";
    MADV_UNMERGEABLE = 13, "Do not merge pages.";
    MADV_HUGEPAGE = 14, "Use huge pages.";
    MADV_NOHUGEPAGE = 15, "Do not use huge pages.";
    MADV_DONTDUMP = 16, "Leave out of core dumps.";
    MADV_DODUMP = 17, "Take into core dumps.";
    MADV_WIPEONFORK = 18, "The child of a fork sees zeroes.";
    MADV_KEEPONFORK = 19, "Undo `MADV_WIPEONFORK`.";
    MADV_COLD = 20, "Not needed for a while.";
    MADV_PAGEOUT = 21, "Reclaim now.";
    MADV_POPULATE_READ = 22, "Fill the page tables for reading.";
    MADV_POPULATE_WRITE = 23, "Fill the page tables for writing.";
    MADV_DONTNEED_LOCKED = 24, "`MADV_DONTNEED`, locked pages too.";
    MADV_COLLAPSE = 25, "Make a huge page now.";
}

constants! { u32;
    MREMAP_MAYMOVE = 1, "The mapping may move.";
    MREMAP_FIXED = 2, "Move it to the address given.";
    MREMAP_DONTUNMAP = 4, "Leave the old range mapped, empty.";
    MS_ASYNC = 1, "Schedule the write.";
    MS_INVALIDATE = 2, "Invalidate other mappings.";
    MS_SYNC = 4, "Wait for the write.";
    MCL_CURRENT = 1, "Lock what is mapped.";
    MCL_FUTURE = 2, "Lock what will be mapped.";
    MCL_ONFAULT = 4, "Lock when touched.";
    MLOCK_ONFAULT = 1, "`mlock2`: lock when touched.";
}
