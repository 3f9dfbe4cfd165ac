//! What this model of CPU can do, from CPUID, and switching its protections on.

use core::arch::asm;
use core::arch::x86_64::{__cpuid, __cpuid_count};

use super::msr;
use ksync::Once;

/// Features the kernel makes use of when they are there. All CPUs are taken to be alike.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of CPUID, SDM vol. 2")]
pub struct Features {
    pub nx: bool,
    pub smep: bool,
    pub smap: bool,
    pub umip: bool,
    pub fsgsbase: bool,
    pub pcid: bool,
    pub invpcid: bool,
    pub pge: bool,
    pub pages_1gib: bool,
    pub xsave: bool,
    pub xsaveopt: bool,
    pub avx: bool,
    pub erms: bool,
    pub fsrm: bool,
    pub x2apic: bool,
    pub tsc_deadline: bool,
    pub tsc_invariant: bool,
    pub arat: bool,
    pub rdrand: bool,
    pub rdseed: bool,
    pub rdtscp: bool,
    pub mce: bool,
    pub mca: bool,
    pub pat: bool,
    pub hypervisor: bool,
    /// Bits of physical addresses.
    pub physical_address_bits: u8,
    /// Highest standard CPUID leaf.
    pub max_leaf: u32,
    /// Vendor string.
    pub vendor: [u8; 12],
    /// Family, model and stepping as CPUID 1 gives them in EAX.
    pub signature: u32,
    /// EDX of CPUID 1, which programs get as `AT_HWCAP`.
    pub leaf1_edx: u32,
}

impl Features {
    /// The display family (SDM vol. 2, CPUID leaf 1).
    pub fn family(&self) -> u32 {
        let family = self.signature >> 8 & 0xf;
        if family == 0xf {
            family + (self.signature >> 20 & 0xff)
        } else {
            family
        }
    }

    /// The display model.
    pub fn model(&self) -> u32 {
        let low = self.signature >> 4 & 0xf;
        if matches!(self.signature >> 8 & 0xf, 6 | 0xf) {
            low | (self.signature >> 16 & 0xf) << 4
        } else {
            low
        }
    }

    /// The vendor string as text.
    pub fn vendor(&self) -> &str {
        core::str::from_utf8(&self.vendor).unwrap_or("unknown")
    }
}

static FEATURES: Once<Features> = Once::new();

/// The features of the boot CPU.
pub(crate) fn get() -> &'static Features {
    FEATURES
        .get()
        .expect("features are detected before all else")
}

/// Reads CPUID; done once, by the boot CPU.
pub(crate) fn detect() {
    let _ = FEATURES.set(probe());
}

fn probe() -> Features {
    let bit = |word: u32, n: u32| word >> n & 1 != 0;
    let leaf0 = __cpuid(0);
    let leaf1 = __cpuid(1);
    let leaf7 = if leaf0.eax >= 7 {
        __cpuid_count(7, 0)
    } else {
        __cpuid_count(0x4000_0000, !0)
    };
    let has7 = leaf0.eax >= 7;
    let (b7, c7, d7) = if has7 {
        (leaf7.ebx, leaf7.ecx, leaf7.edx)
    } else {
        (0, 0, 0)
    };
    let leaf6 = if leaf0.eax >= 6 { __cpuid(6).eax } else { 0 };
    let leaf_d1 = if leaf0.eax >= 0xd && bit(leaf1.ecx, 26) {
        __cpuid_count(0xd, 1).eax
    } else {
        0
    };
    let max_extended = __cpuid(0x8000_0000).eax;
    let extended1 = __cpuid(0x8000_0001);
    let extended7 = if max_extended >= 0x8000_0007 {
        __cpuid(0x8000_0007).edx
    } else {
        0
    };
    let extended8 = if max_extended >= 0x8000_0008 {
        __cpuid(0x8000_0008).eax
    } else {
        36
    };
    let mut vendor = [0; 12];
    for (part, word) in vendor
        .chunks_exact_mut(4)
        .zip([leaf0.ebx, leaf0.edx, leaf0.ecx])
    {
        part.copy_from_slice(&word.to_le_bytes());
    }
    Features {
        nx: bit(extended1.edx, 20),
        smep: bit(b7, 7),
        smap: bit(b7, 20),
        umip: bit(c7, 2),
        fsgsbase: bit(b7, 0),
        pcid: bit(leaf1.ecx, 17),
        invpcid: bit(b7, 10),
        pge: bit(leaf1.edx, 13),
        pages_1gib: bit(extended1.edx, 26),
        xsave: bit(leaf1.ecx, 26),
        xsaveopt: bit(leaf_d1, 0),
        avx: bit(leaf1.ecx, 28),
        erms: bit(b7, 9),
        fsrm: bit(d7, 4),
        x2apic: bit(leaf1.ecx, 21),
        tsc_deadline: bit(leaf1.ecx, 24),
        tsc_invariant: bit(extended7, 8),
        arat: bit(leaf6, 2),
        rdrand: bit(leaf1.ecx, 30),
        rdseed: bit(b7, 18),
        rdtscp: bit(extended1.edx, 27),
        mce: bit(leaf1.edx, 7),
        mca: bit(leaf1.edx, 14),
        pat: bit(leaf1.edx, 16),
        hypervisor: bit(leaf1.ecx, 31),
        physical_address_bits: extended8 as u8,
        max_leaf: leaf0.eax,
        vendor,
        signature: leaf1.eax,
        leaf1_edx: leaf1.edx,
    }
}

const CR0_MP: u64 = 1 << 1;
const CR0_EM: u64 = 1 << 2;
const CR0_NE: u64 = 1 << 5;
const CR0_WP: u64 = 1 << 16;
const CR0_CACHE_OFF: u64 = 0b11 << 29;
const CR4_TSD: u64 = 1 << 2;
const CR4_MCE: u64 = 1 << 6;
const CR4_PGE: u64 = 1 << 7;
const CR4_PCE: u64 = 1 << 8;
const CR4_OSFXSR: u64 = 1 << 9;
const CR4_OSXMMEXCPT: u64 = 1 << 10;
const CR4_UMIP: u64 = 1 << 11;
const CR4_FSGSBASE: u64 = 1 << 16;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const EFER_SCE: u64 = 1;
const EFER_NXE: u64 = 1 << 11;

/// Switches on this CPU's protections and what the kernel relies on: write protection in ring 0, NX, SMEP, SMAP,
/// UMIP, FSGSBASE, global pages, SSE state, machine checks. The FPU policy is `fpu`'s.
///
/// # Safety
/// Once per CPU with interrupts off, when no kernel text is in user pages and [`super::smap::patch`] has run.
pub(crate) unsafe fn enable() {
    let features = get();
    let when = |condition: bool, bits: u64| if condition { bits } else { 0 };
    let set4 = CR4_OSFXSR
        | CR4_OSXMMEXCPT
        | when(features.pge, CR4_PGE)
        | when(features.mce, CR4_MCE)
        | when(features.umip, CR4_UMIP)
        | when(features.fsgsbase, CR4_FSGSBASE)
        | when(features.smep, CR4_SMEP)
        | when(features.smap, CR4_SMAP);
    // SAFETY: every bit is set only where CPUID reports it; none changes how valid kernel code sees its memory.
    unsafe {
        let (mut cr0, mut cr4): (u64, u64);
        asm!("mov {}, cr0", "mov {}, cr4", out(reg) cr0, out(reg) cr4, options(nostack, nomem));
        cr0 = (cr0 | CR0_WP | CR0_NE | CR0_MP) & !(CR0_EM | CR0_CACHE_OFF);
        cr4 = (cr4 | set4) & !(CR4_TSD | CR4_PCE);
        asm!("mov cr0, {}", "mov cr4, {}", in(reg) cr0, in(reg) cr4, options(nostack));
        let efer = msr::read(msr::EFER) | EFER_SCE | when(features.nx, EFER_NXE);
        msr::write(msr::EFER, efer);
        msr::write(msr::SYSENTER_CS, 0);
    }
}
