//! ACPI's tables, as far as the kernel needs them: CPUs and interrupt controllers (MADT), power-off and reset (FADT).
//!
//! The tables are read once, early, while the boot page tables still map the first 4 GiB, where firmware puts them.
//! (The `acpi` crate would do this, but it needs an unstable feature of the compiler.)

mod madt;
pub(crate) mod power;

use crate::MAX_CPUS;
use crate::boot::physical;
use ksync::Once;

/// The most I/O APICs that are used.
pub(crate) const MAX_IO_APICS: usize = 8;

/// Where the list of tables is, from the root structure (RSDP).
#[derive(Clone, Copy, Debug)]
pub(crate) struct AcpiRoot {
    address: u64,
    /// Size of the list's entries: 4 in the RSDT, 8 in the XSDT.
    entry_size: usize,
}

impl AcpiRoot {
    /// Length of the root structure from ACPI 2.0 on.
    pub(crate) const MAX_LENGTH: usize = 36;

    /// Reads the root structure; `None` if it is not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<AcpiRoot> {
        let sum = |part: &[u8]| part.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if bytes.get(..8)? != b"RSD PTR " || sum(bytes.get(..20)?) != 0 {
            return None;
        }
        let old = AcpiRoot {
            address: read_u32(bytes, 16)?.into(),
            entry_size: 4,
        };
        match (bytes[15], read_u64(bytes, 24)) {
            (2.., Some(address)) if address != 0 => Some(AcpiRoot {
                address,
                entry_size: 8,
            }),
            _ => Some(old),
        }
    }
}

/// An I/O APIC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FoundIoApic {
    /// Physical address of its registers.
    pub(crate) address: u64,
    /// Number of its first input among all inputs of the machine.
    pub(crate) first_input: u32,
}

/// To which input of the I/O APICs an ISA line is wired, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IsaOverride {
    /// Number of the input.
    pub(crate) input: u32,
    /// Active when low.
    pub(crate) active_low: bool,
    /// Triggered by level rather than edge.
    pub(crate) level: bool,
}

/// The machine as the tables describe it.
#[derive(Debug)]
pub(crate) struct Platform {
    /// Physical address of the local APICs' registers.
    pub(crate) local_apic: u64,
    /// APIC numbers of the CPUs that can be used.
    apic_ids: [u32; MAX_CPUS],
    cpu_count: usize,
    io_apics: [FoundIoApic; MAX_IO_APICS],
    io_apic_count: usize,
    /// By ISA line.
    pub(crate) isa_overrides: [IsaOverride; 16],
    power: power::Control,
}

impl Platform {
    /// A PC without tables: one CPU, one I/O APIC, its first 16 inputs the ISA lines.
    fn new() -> Platform {
        let mut isa_overrides = [IsaOverride::default(); 16];
        for (line, rule) in isa_overrides.iter_mut().enumerate() {
            rule.input = line as u32;
        }
        Platform {
            local_apic: 0xfee0_0000,
            apic_ids: [0; MAX_CPUS],
            cpu_count: 0,
            io_apics: [FoundIoApic {
                address: 0xfec0_0000,
                first_input: 0,
            }; MAX_IO_APICS],
            io_apic_count: 0,
            isa_overrides,
            power: power::Control::default(),
        }
    }

    /// APIC numbers of all usable CPUs.
    pub(crate) fn apic_ids(&self) -> &[u32] {
        &self.apic_ids[..self.cpu_count]
    }

    /// All I/O APICs; one at the usual place if the tables name none.
    pub(crate) fn io_apics(&self) -> &[FoundIoApic] {
        &self.io_apics[..self.io_apic_count.max(1)]
    }

    fn add_cpu(&mut self, apic_id: u32) {
        let known = self.apic_ids().contains(&apic_id);
        if !known && self.cpu_count < MAX_CPUS {
            self.apic_ids[self.cpu_count] = apic_id;
            self.cpu_count += 1;
        }
    }

    fn add_io_apic(&mut self, address: u64, first_input: u32) {
        if let Some(slot) = self.io_apics.get_mut(self.io_apic_count) {
            *slot = FoundIoApic {
                address,
                first_input,
            };
            self.io_apic_count += 1;
        }
    }
}

static PLATFORM: Once<Platform> = Once::new();

/// The machine.
pub(crate) fn platform() -> &'static Platform {
    PLATFORM
        .get()
        .expect("the tables are read before the kernel starts")
}

/// Reads the tables. Without any, what a PC surely has is assumed.
///
/// # Safety
/// Before `mem::init`, with a root that the firmware or boot loader gave.
pub(crate) unsafe fn init(root: Option<AcpiRoot>) {
    let mut platform = Platform::new();
    if let Some(root) = root {
        // SAFETY: the caller's promise.
        unsafe { read_tables(root, &mut platform) };
    }
    let _ = PLATFORM.set(platform);
}

/// Lends the table at `address`, header included.
///
/// # Safety
/// As for [`init`], with an address from a table.
unsafe fn table<'a>(address: u64) -> Option<&'a [u8]> {
    const HEADER: usize = 36;
    /// Larger than any table; a length beyond it is garbage.
    const MAX: usize = 16 << 20;
    // SAFETY: a table's header, by the caller's promise.
    let header = unsafe { physical::bytes(address, HEADER) }?;
    let length = read_u32(header, 4)? as usize;
    if !(HEADER..MAX).contains(&length) {
        return None;
    }
    // SAFETY: the table's whole length; nothing writes to tables.
    unsafe { physical::bytes(address, length) }
}

/// # Safety
/// As for [`init`].
unsafe fn read_tables(root: AcpiRoot, platform: &mut Platform) {
    // SAFETY: the root's list of tables.
    let Some(list) = (unsafe { table(root.address) }) else {
        return;
    };
    for entry in list[36..].chunks_exact(root.entry_size) {
        let address = match root.entry_size {
            8 => read_u64(entry, 0),
            _ => read_u32(entry, 0).map(u64::from),
        };
        // SAFETY: an address from the list.
        let Some(found) = address.and_then(|address| unsafe { table(address) }) else {
            continue;
        };
        match &found[..4] {
            b"APIC" => madt::read(found, platform),
            // SAFETY: this is the table that names the DSDT's address.
            b"FACP" => platform.power = unsafe { power::Control::read(found) },
            _ => {}
        }
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
