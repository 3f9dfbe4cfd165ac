//! Save areas: memory in the standard format of XSAVE (SDM vol. 1, 13.4), and checking images from outside.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::arch::asm;
use core::ptr::NonNull;

use super::BadState;
use super::features::{HEADER_SIZE, How, LEGACY_SIZE, area_size, how, mxcsr_mask, xstate_features};
use crate::mem::OutOfMemory;

/// Where MXCSR is in the legacy part.
const MXCSR: usize = 24;
/// Its value after a reset.
const MXCSR_RESET: u32 = 0x1f80;
/// The x87 control word after a reset; it is at the start of the legacy part.
const FCW_RESET: u16 = 0x37f;
/// Where the bytes begin that software may use, and those in front of them that are reserved.
const RESERVED: usize = 416;

/// A task's save area. It always holds an image that the CPU loads without complaint.
#[derive(Debug)]
pub(super) struct Area(NonNull<u8>);

// SAFETY: the memory belongs to the area; who may access it when is said at the unsafe methods.
unsafe impl Send for Area {}
// SAFETY: as above. The safe methods are called for the running task's area, by the task itself, only.
unsafe impl Sync for Area {}

fn layout() -> Layout {
    // XSAVE demands an alignment of 64.
    Layout::from_size_align(area_size(), 64).expect("a CPU's state is small")
}

impl Area {
    fn allocate() -> Result<Area, OutOfMemory> {
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { alloc(layout()) })
            .map(Area)
            .ok_or(OutOfMemory)
    }

    /// An area with the state after a reset.
    pub(super) fn new_reset() -> Result<Area, OutOfMemory> {
        let area = Area::allocate()?;
        area.clear(0);
        area.reset();
        Ok(area)
    }

    /// An area that is to be filled by [`Area::save_all`], [`Area::copy_from`] or [`Area::reset`].
    pub(super) fn new_for_copy() -> Result<Area, OutOfMemory> {
        let area = Area::allocate()?;
        // What the CPU leaves alone must not show what was in the memory before.
        let only_avx = area_size() <= LEGACY_SIZE + HEADER_SIZE + 256;
        area.clear(if only_avx { RESERVED } else { 0 });
        Ok(area)
    }

    /// Fills the area with zeros from `start` on.
    fn clear(&self, start: usize) {
        let end = if start == 0 {
            area_size()
        } else {
            area_size().min(LEGACY_SIZE + HEADER_SIZE)
        };
        // SAFETY: within the area.
        unsafe { self.0.add(start).write_bytes(0, end - start) };
    }

    /// The state after a reset.
    pub(super) fn reset(&self) {
        self.clear(0);
        // SAFETY: within the area, which is aligned to 64. XSTATE_BV is zero, so the other states are as after a reset;
        // MXCSR is loaded in any case.
        unsafe {
            self.0.cast::<u16>().write(FCW_RESET);
            self.0.add(MXCSR).cast::<u32>().write(MXCSR_RESET);
        }
    }

    pub(super) fn copy_from(&self, other: &Area) {
        // SAFETY: two areas of the same size.
        unsafe { self.0.copy_from_nonoverlapping(other.0, area_size()) };
    }

    /// Copies the image, or as much of it as fits.
    pub(super) fn read(&self, image: &mut [u8]) {
        let length = image.len().min(area_size());
        // SAFETY: within the area; a switch may save the same state into it meanwhile.
        unsafe { crate::mem::copy_racy(self.0.as_ptr(), image.as_mut_ptr(), length) };
    }

    /// Replaces the image by one that [`check`] has accepted.
    pub(super) fn write(&self, image: &[u8]) {
        self.clear(0);
        // SAFETY: `check` made sure that it is no longer than the area.
        unsafe {
            self.0
                .copy_from_nonoverlapping(NonNull::from(image).cast(), image.len())
        };
        if image.len() == LEGACY_SIZE && how() != How::Fxsave {
            // The legacy part holds x87 and SSE.
            // SAFETY: the header follows the legacy part.
            unsafe { self.0.add(LEGACY_SIZE).cast::<u64>().write(0b11) };
        }
    }

    /// Saves the registers, leaving out what the CPU knows to be unchanged since it was loaded from here.
    ///
    /// # Safety
    /// CR0.TS must be clear, and nobody else may access the area.
    #[inline(always)]
    pub(super) unsafe fn save(&self) {
        let area = self.0.as_ptr();
        // SAFETY: the area is as large and as aligned as the instruction demands for the enabled states.
        unsafe {
            match how() {
                How::Xsaveopt => {
                    asm!("xsaveopt64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack))
                }
                How::Xsave => {
                    asm!("xsave64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack))
                }
                How::Fxsave => asm!("fxsave64 [{}]", in(reg) area, options(nostack)),
            }
        }
    }

    /// Saves all registers.
    ///
    /// # Safety
    /// As [`Area::save`].
    pub(super) unsafe fn save_all(&self) {
        let area = self.0.as_ptr();
        // SAFETY: as in `save`.
        unsafe {
            match how() {
                How::Fxsave => asm!("fxsave64 [{}]", in(reg) area, options(nostack)),
                _ => {
                    asm!("xsave64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack))
                }
            }
        }
    }

    /// Loads the registers.
    ///
    /// # Safety
    /// CR0.TS must be clear, and nobody else may change the area.
    #[inline(always)]
    pub(super) unsafe fn load(&self) {
        let area = self.0.as_ptr();
        // SAFETY: the area holds an image that the CPU accepts, by the type's promise.
        unsafe {
            match how() {
                How::Fxsave => asm!("fxrstor64 [{}]", in(reg) area, options(nostack)),
                _ => {
                    asm!("xrstor64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack))
                }
            }
        }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: allocated in `allocate` with the same layout, as the size does not change once tasks exist.
        unsafe { dealloc(self.0.as_ptr(), layout()) };
    }
}

/// Whether the CPU would load `image` (SDM vol. 1, 13.8: what makes XRSTOR fault).
pub(super) fn check(image: &[u8]) -> Result<(), BadState> {
    if image.len() != LEGACY_SIZE && image.len() != area_size() {
        return Err(BadState);
    }
    let word = |offset: usize| -> Result<u64, BadState> {
        let bytes = image.get(offset..offset + 8).ok_or(BadState)?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| BadState)?))
    };
    if word(MXCSR)? as u32 & !mxcsr_mask() != 0 {
        return Err(BadState);
    }
    if image.len() == LEGACY_SIZE {
        return Ok(());
    }
    let (states, format) = (word(LEGACY_SIZE)?, word(LEGACY_SIZE + 8)?);
    let reserved = &image[LEGACY_SIZE + 16..LEGACY_SIZE + HEADER_SIZE];
    if states & !xstate_features() != 0 || format != 0 || reserved.iter().any(|&byte| byte != 0) {
        return Err(BadState);
    }
    Ok(())
}
