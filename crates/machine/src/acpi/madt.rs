//! The multiple APIC description table (ACPI 6.5, 5.2.12).

use super::{IsaOverride, Platform, read_u16, read_u32, read_u64};

const LOCAL_APIC: u8 = 0;
const IO_APIC: u8 = 1;
const INTERRUPT_OVERRIDE: u8 = 2;
const LOCAL_APIC_ADDRESS: u8 = 5;
const LOCAL_X2APIC: u8 = 9;

/// The CPU may be used.
const ENABLED: u32 = 1;

/// Reads the table into `platform`.
pub(super) fn read(table: &[u8], platform: &mut Platform) {
    if let Some(address) = read_u32(table, 36) {
        platform.local_apic = address.into();
    }
    let mut rest = table.get(44..).unwrap_or(&[]);
    while let [kind, length, ..] = *rest {
        let Some(entry) = rest
            .get(..usize::from(length))
            .filter(|entry| entry.len() >= 2)
        else {
            break;
        };
        // A short entry is skipped, not believed.
        let _ = read_entry(kind, entry, platform);
        rest = &rest[entry.len()..];
    }
}

fn read_entry(kind: u8, entry: &[u8], platform: &mut Platform) -> Option<()> {
    match kind {
        LOCAL_APIC if read_u32(entry, 4)? & ENABLED != 0 => platform.add_cpu(entry[3].into()),
        LOCAL_X2APIC if read_u32(entry, 8)? & ENABLED != 0 => platform.add_cpu(read_u32(entry, 4)?),
        IO_APIC => platform.add_io_apic(read_u32(entry, 4)?.into(), read_u32(entry, 8)?),
        INTERRUPT_OVERRIDE => {
            let flags = read_u16(entry, 8)?;
            let rule = platform.isa_overrides.get_mut(usize::from(entry[3]))?;
            *rule = IsaOverride {
                input: read_u32(entry, 4)?,
                active_low: flags & 0b11 == 0b11,
                level: flags >> 2 & 0b11 == 0b11,
            };
        }
        LOCAL_APIC_ADDRESS => platform.local_apic = read_u64(entry, 4)?,
        _ => {}
    }
    Some(())
}
