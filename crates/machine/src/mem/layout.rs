//! Where things are in the kernel's half of the address space.
//!
//! | from | what |
//! |---|---|
//! | `0xffff_8880_0000_0000` | all of physical memory (the direct map) |
//! | `0xffff_c900_0000_0000` | kernel stacks, each above a gap |
//! | `0xffff_c980_0000_0000` | device registers and firmware tables |
//! | `0xffff_ffff_8010_0000` | the kernel image |

/// Bytes in a page, and in a page frame.
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;
/// Binary logarithm of [`PAGE_SIZE`].
pub(crate) const PAGE_SHIFT: usize = 12;
/// First address behind the user half. One page below the canonical hole, so that no instruction can run up to it
/// (SYSRET to a non-canonical address would fault in ring 0).
pub const USER_TOP: usize = 0x7fff_ffff_f000;

pub(crate) use crate::boot::{DIRECT_MAP, KERNEL_BASE};
/// The direct map may not grow past this; it bounds the physical memory that is used (64 TiB).
pub(crate) const DIRECT_MAP_END: usize = 0xffff_c880_0000_0000;
/// First address of the kernel stacks' region.
pub(crate) const STACKS: usize = 0xffff_c900_0000_0000;
/// First address of the region for device registers.
pub(crate) const DEVICES: usize = 0xffff_c980_0000_0000;
/// First address behind it.
pub(crate) const DEVICES_END: usize = 0xffff_ca00_0000_0000;

/// A frame's place in the direct map.
#[inline(always)]
pub(crate) fn frame_address(frame: u32) -> usize {
    DIRECT_MAP + ((frame as usize) << PAGE_SHIFT)
}

/// The frame that an address in the direct map lies in.
#[inline(always)]
pub(crate) fn frame_of(address: usize) -> u32 {
    ((address - DIRECT_MAP) >> PAGE_SHIFT) as u32
}

/// The place of a physical address in the direct map.
#[inline(always)]
pub(crate) fn physical_address(address: u64) -> usize {
    DIRECT_MAP + address as usize
}
