//! The I/O APICs, which turn device lines into vectors.

use core::sync::atomic::{AtomicU32, Ordering};

use super::IrqGuard;
use crate::acpi::{IsaOverride, Platform};
use crate::mem::Caching;
use crate::percpu;
use ksync::Once;

const VERSION: u32 = 1;
const REDIRECTION: u32 = 0x10;
const MASKED: u32 = 1 << 16;
const LEVEL: u32 = 1 << 15;
const ACTIVE_LOW: u32 = 1 << 13;

/// The most I/O APICs that are used; PCs have one or two.
const MAX: usize = 8;

/// One I/O APIC.
struct IoApic {
    registers: usize,
    first_input: u32,
    inputs: u32,
}

static ALL: [Once<IoApic>; MAX] = [const { Once::new() }; MAX];
static OVERRIDES: Once<[IsaOverride; 16]> = Once::new();
/// Guards the pair of index and data register; taken with interrupts off.
static BUSY: AtomicU32 = AtomicU32::new(0);

impl IoApic {
    fn read(&self, register: u32) -> u32 {
        let base = self.registers as *mut u32;
        // SAFETY: `init` mapped the registers; `BUSY` or start-up keeps others away.
        unsafe {
            base.write_volatile(register);
            base.byte_add(0x10).read_volatile()
        }
    }

    fn write(&self, register: u32, value: u32) {
        let base = self.registers as *mut u32;
        // SAFETY: as in `read`.
        unsafe {
            base.write_volatile(register);
            base.byte_add(0x10).write_volatile(value);
        }
    }
}

/// Maps all I/O APICs and masks all their inputs.
pub(super) fn init(platform: &Platform) {
    for (slot, found) in ALL.iter().zip(platform.io_apics()) {
        let registers = crate::mem::map_physical(found.address, 4096, Caching::Uncached) as usize;
        let mut apic = IoApic {
            registers,
            first_input: found.first_input,
            inputs: 0,
        };
        apic.inputs = (apic.read(VERSION) >> 16 & 0xff) + 1;
        for input in 0..apic.inputs {
            apic.write(REDIRECTION + 2 * input, MASKED);
        }
        let _ = slot.set(apic);
    }
    let _ = OVERRIDES.set(platform.isa_overrides);
}

/// Delivers the ISA line `line` as `vector` to this CPU.
pub(super) fn unmask(line: u8, vector: u8) {
    let Some(overrides) = OVERRIDES.get() else {
        return;
    };
    let rule = overrides[usize::from(line)];
    let apic = ALL
        .iter()
        .filter_map(Once::get)
        .find(|apic| (apic.first_input..apic.first_input + apic.inputs).contains(&rule.input));
    let Some(apic) = apic else {
        log::warn!("no I/O APIC has an input for ISA line {line}");
        return;
    };
    let _irq = IrqGuard::new();
    while BUSY.swap(1, Ordering::Acquire) != 0 {
        core::hint::spin_loop();
    }
    let register = REDIRECTION + 2 * (rule.input - apic.first_input);
    let polarity = if rule.active_low { ACTIVE_LOW } else { 0 };
    let trigger = if rule.level { LEVEL } else { 0 };
    let target = percpu::block(0).apic_id.load(Ordering::Relaxed);
    apic.write(register + 1, target << 24);
    apic.write(register, u32::from(vector) | polarity | trigger);
    BUSY.store(0, Ordering::Release);
}
