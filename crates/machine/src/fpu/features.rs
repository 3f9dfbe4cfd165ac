//! Which states the CPU saves, how large they are, and when they are loaded.

use core::arch::asm;
use core::arch::x86_64::__cpuid_count;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::FpuPolicy;
use crate::cpu;

/// x87, SSE, AVX, and the three parts of AVX-512 (SDM vol. 1, 13.1).
const WANTED: u64 = 0b1110_0111;
/// AVX-512's parts, which come together.
const AVX512: u64 = 0b1110_0000;
const AVX: u64 = 0b100;
/// Size of an FXSAVE image.
pub(super) const LEGACY_SIZE: usize = 512;
/// Size of the header that XSAVE puts behind it.
pub(super) const HEADER_SIZE: usize = 64;

static STATES: AtomicU64 = AtomicU64::new(0b11);
static SIZE: AtomicU32 = AtomicU32::new(LEGACY_SIZE as u32);
static MXCSR_MASK: AtomicU32 = AtomicU32::new(0xffbf);
static LAZY: AtomicBool = AtomicBool::new(false);
static HOW: AtomicU32 = AtomicU32::new(How::Fxsave as u32);

/// The instructions that save and load.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum How {
    Fxsave,
    Xsave,
    Xsaveopt,
}

/// Finds out on the boot CPU.
pub(super) fn init(policy: FpuPolicy) {
    let features = cpu::features();
    if features.xsave {
        let leaf = __cpuid_count(0xd, 0);
        let mut states = (u64::from(leaf.edx) << 32 | u64::from(leaf.eax)) & WANTED;
        if states & AVX == 0 || states & AVX512 != AVX512 {
            states &= !AVX512;
        }
        STATES.store(states | 0b11, Relaxed);
        let how = if features.xsaveopt {
            How::Xsaveopt
        } else {
            How::Xsave
        };
        HOW.store(how as u32, Relaxed);
    }
    enable();
    if features.xsave {
        // The size for the states that are enabled now.
        SIZE.store(__cpuid_count(0xd, 0).ebx, Relaxed);
    }
    MXCSR_MASK.store(read_mxcsr_mask(), Relaxed);
    LAZY.store(
        match policy {
            FpuPolicy::Eager => false,
            FpuPolicy::Lazy => true,
            FpuPolicy::Auto => !leaks_stale_state(),
        },
        Relaxed,
    );
}

/// Intel's Core family (CVE-2018-3665). Others, and newer designs, are not affected; when in doubt, be careful.
fn leaks_stale_state() -> bool {
    let features = cpu::features();
    features.vendor() == "GenuineIntel" && features.family() == 6
}

/// Enables the states on this CPU.
pub(super) fn enable() {
    const OSXSAVE: u64 = 1 << 18;
    // SAFETY: the bits are set only where the CPU has XSAVE, and name states that it reported; TS and EM are cleared,
    // so that FPU instructions run.
    unsafe {
        if cpu::features().xsave {
            asm!("mov {0}, cr4", "or {0}, {1}", "mov cr4, {0}", out(reg) _, in(reg) OSXSAVE, options(nostack));
            let states = STATES.load(Relaxed);
            asm!("xsetbv", in("ecx") 0, in("eax") states as u32, in("edx") (states >> 32) as u32, options(nostack));
        }
        asm!("mov {0}, cr0", "and {0}, {1}", "mov cr0, {0}", out(reg) _, const !0b1100_i32, options(nostack));
        asm!("fninit", options(nostack));
    }
}

/// The bits of MXCSR that may be set (SDM vol. 1, 11.6.6).
fn read_mxcsr_mask() -> u32 {
    #[repr(C, align(16))]
    struct Image([u32; LEGACY_SIZE / 4]);
    let mut image = Image([0; LEGACY_SIZE / 4]);
    // SAFETY: the image is as large and as aligned as the instruction demands.
    unsafe { asm!("fxsave64 [{}]", in(reg) &raw mut image, options(nostack)) };
    match image.0[7] {
        0 => 0xffbf,
        mask => mask,
    }
}

#[inline(always)]
pub(super) fn is_lazy() -> bool {
    LAZY.load(Relaxed)
}

#[inline(always)]
pub(super) fn how() -> How {
    match HOW.load(Relaxed) {
        0 => How::Fxsave,
        1 => How::Xsave,
        _ => How::Xsaveopt,
    }
}

pub(super) fn mxcsr_mask() -> u32 {
    MXCSR_MASK.load(Relaxed)
}

/// The size of a whole state image, in bytes.
#[inline]
pub fn area_size() -> usize {
    SIZE.load(Relaxed) as usize
}

/// The states that images contain, as in XCR0 (SDM vol. 1, 13.3). Only x87 and SSE where the CPU has no XSAVE.
#[inline]
pub fn xstate_features() -> u64 {
    STATES.load(Relaxed)
}
