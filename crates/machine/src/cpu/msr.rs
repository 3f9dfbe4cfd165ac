//! Model-specific registers: numbers and access.

use core::arch::asm;

/// Extended feature enables: SCE, LME, NXE.
pub(crate) const EFER: u32 = 0xc000_0080;
/// Base of the FS segment.
pub(crate) const FS_BASE: u32 = 0xc000_0100;
/// The GS base that `swapgs` exchanges with the current one.
pub(crate) const KERNEL_GS_BASE: u32 = 0xc000_0102;
/// Segment selectors of SYSCALL and SYSRET.
pub(crate) const STAR: u32 = 0xc000_0081;
/// Entry of SYSCALL in 64-bit mode.
pub(crate) const LSTAR: u32 = 0xc000_0082;
/// Entry of SYSCALL in compatibility mode.
pub(crate) const CSTAR: u32 = 0xc000_0083;
/// Flags that SYSCALL clears.
pub(crate) const SFMASK: u32 = 0xc000_0084;
/// Base of the GS segment.
pub(crate) const GS_BASE: u32 = 0xc000_0101;
/// Physical base of the local APIC and its mode bits.
pub(crate) const APIC_BASE: u32 = 0x1b;
/// Absolute TSC value at which the local APIC timer fires in TSC-deadline mode.
pub(crate) const TSC_DEADLINE: u32 = 0x6e0;
/// Code segment for SYSENTER; 0 makes the instruction fault.
pub(crate) const SYSENTER_CS: u32 = 0x174;
/// First of the x2APIC registers; the register at xAPIC offset `n` is at `X2APIC + n / 16`.
pub(crate) const X2APIC: u32 = 0x800;
/// Machine-check global status and capability.
pub(crate) const MCG_CAP: u32 = 0x179;
/// Machine-check global status.
pub(crate) const MCG_STATUS: u32 = 0x17a;
/// Status of machine-check bank 0; those of the next banks follow at a distance of 4.
pub(crate) const MC0_STATUS: u32 = 0x401;

/// Reads `msr`.
///
/// # Safety
/// The CPU must have the register, or a general protection fault follows.
#[inline]
pub(crate) unsafe fn read(msr: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reading has no effect on memory; the caller answers for the register's existence.
    unsafe {
        asm!("rdmsr", in("ecx") msr, out("eax") low, out("edx") high, options(nostack, preserves_flags))
    };
    u64::from(high) << 32 | u64::from(low)
}

/// Writes `value` to `msr`.
///
/// # Safety
/// The register must exist, accept `value`, and the effect must not break what Rust code relies on.
#[inline]
pub(crate) unsafe fn write(msr: u32, value: u64) {
    // SAFETY: the caller answers for the effect.
    unsafe {
        asm!("wrmsr", in("ecx") msr, in("eax") value as u32, in("edx") (value >> 32) as u32, options(nostack, preserves_flags));
    }
}
