//! STAC and CLAC, which open and close user memory to the kernel under SMAP, as code that is patched in at boot.
//!
//! The instructions are undefined on CPUs without SMAP. So the sites hold a NOP of the same length, note their
//! address in `.smap_sites`, and are patched once if the CPU has SMAP.

use super::features;

/// Assembly text of a site that becomes `stac`. Both texts need no register and change only the AC flag.
macro_rules! stac {
    () => {
        "771: .byte 0x0f, 0x1f, 0x00\n.pushsection .smap_sites,\"a\"\n.quad 771b, 0xcb010f\n.popsection"
    };
}

/// Assembly text of a site that becomes `clac`.
macro_rules! clac {
    () => {
        "771: .byte 0x0f, 0x1f, 0x00\n.pushsection .smap_sites,\"a\"\n.quad 771b, 0xca010f\n.popsection"
    };
}

pub(crate) use {clac, stac};

#[repr(C)]
struct Site {
    address: u64,
    code: u64,
}

unsafe extern "C" {
    static __smap_sites_start: [Site; 0];
    static __smap_sites_end: [Site; 0];
}

/// Patches all sites if the CPU has SMAP; returns their number.
///
/// # Safety
/// Once, on the boot CPU, before any other CPU runs kernel code and before SMAP is enabled.
pub(crate) unsafe fn patch() -> usize {
    if !features::get().smap {
        return 0;
    }
    let start = (&raw const __smap_sites_start).cast::<Site>();
    let end = (&raw const __smap_sites_end).cast::<Site>();
    let count = (end as usize - start as usize) / size_of::<Site>();
    for index in 0..count {
        // SAFETY: the linker script places `count` sites between the two symbols.
        let site = unsafe { &*start.add(index) };
        let text = crate::boot::image_alias(site.address as usize);
        for (offset, byte) in site.code.to_le_bytes()[..3].iter().enumerate() {
            // SAFETY: the alias in the direct map is writable, and the three bytes are the NOP the macro placed. No
            // other CPU executes yet, and this one is serialised below.
            unsafe { text.add(offset).write_volatile(*byte) };
        }
    }
    let _ = core::arch::x86_64::__cpuid(0);
    count
}
