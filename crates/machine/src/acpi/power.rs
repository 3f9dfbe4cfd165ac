//! Power-off and reset by ACPI's fixed registers (ACPI 6.5, 4.8.3 and 5.2.9).

use super::{platform, read_u32, read_u64, table};
use crate::dev::port;

/// Registers and values from the FADT and the DSDT.
#[derive(Debug, Default)]
pub(super) struct Control {
    pm1a: u16,
    pm1b: u16,
    smi_command: u16,
    acpi_enable: u8,
    /// Values for the two registers that mean S5, "soft off".
    s5: Option<(u16, u16)>,
    /// Port and value that reset the machine.
    reset: Option<(u16, u8)>,
}

impl Control {
    /// Reads the FADT, and from the DSDT which values mean S5.
    ///
    /// # Safety
    /// As for [`super::init`].
    pub(super) unsafe fn read(fadt: &[u8]) -> Control {
        let port = |at: usize| {
            read_u32(fadt, at)
                .and_then(|port| u16::try_from(port).ok())
                .unwrap_or(0)
        };
        let dsdt_address = match (read_u64(fadt, 140), read_u32(fadt, 40)) {
            (Some(address), _) if address != 0 => address,
            (_, Some(address)) => address.into(),
            _ => 0,
        };
        // SAFETY: the address is the FADT's.
        let dsdt = unsafe { table(dsdt_address) }.filter(|dsdt| dsdt.starts_with(b"DSDT"));
        Control {
            pm1a: port(64),
            pm1b: port(68),
            smi_command: port(48),
            acpi_enable: fadt.get(52).copied().unwrap_or(0),
            s5: dsdt.and_then(find_s5),
            reset: find_reset(fadt),
        }
    }
}

fn find_reset(fadt: &[u8]) -> Option<(u16, u8)> {
    /// Flag of the FADT: the reset register is there.
    const RESET_SUPPORTED: u32 = 1 << 10;
    /// Address space of I/O ports.
    const IO: u8 = 1;
    let flags = read_u32(fadt, 112)?;
    if flags & RESET_SUPPORTED == 0 || *fadt.get(116)? != IO {
        return None;
    }
    Some((u16::try_from(read_u64(fadt, 120)?).ok()?, *fadt.get(128)?))
}

/// Finds the package `\_S5` in the bytecode: name, package operator, length, number of elements, elements. What
/// compilers make of it is always a constant package, so that it can be found without an interpreter.
fn find_s5(dsdt: &[u8]) -> Option<(u16, u16)> {
    const PACKAGE: u8 = 0x12;
    let at = dsdt
        .windows(5)
        .position(|window| window == [b'_', b'S', b'5', b'_', PACKAGE])?;
    let package = dsdt.get(at + 5..)?;
    // The length's first byte says in its top two bits how many bytes follow; then comes the number of elements.
    let mut rest = package.get(usize::from(package.first()? >> 6) + 2..)?;
    let mut element = || {
        let (value, size) = match *rest {
            [0x0a, value, ..] => (value, 2),
            [value @ 0..=1, ..] => (value, 1),
            _ => return None,
        };
        rest = &rest[size..];
        Some(u16::from(value & 7))
    };
    Some((element()?, element().unwrap_or(0)))
}

const SCI_ENABLED: u16 = 1;
const SLEEP_ENABLE: u16 = 1 << 13;
const SLEEP_TYPE: u16 = 7 << 10;

/// Enters S5. Returns only if that failed or the tables do not say how.
pub(crate) fn enter_s5() {
    let control = &platform().power;
    let Some((type_a, type_b)) = control.s5.filter(|_| control.pm1a != 0) else {
        return;
    };
    // SAFETY: the registers are those that the firmware names for the purpose; S5 keeps no memory that could break.
    unsafe {
        if port::read_u16(control.pm1a) & SCI_ENABLED == 0 && control.smi_command != 0 {
            port::write_u8(control.smi_command, control.acpi_enable);
            for _ in 0..100_000 {
                if port::read_u16(control.pm1a) & SCI_ENABLED != 0 {
                    break;
                }
            }
        }
        for (register, kind) in [(control.pm1a, type_a), (control.pm1b, type_b)] {
            if register != 0 {
                let value = port::read_u16(register) & !SLEEP_TYPE | kind << 10;
                port::write_u16(register, value | SLEEP_ENABLE);
            }
        }
        // Real hardware takes a moment.
        for _ in 0..100_000 {
            port::read_u8(0x80);
        }
    }
}

/// Resets by the register that the tables name. Returns if they name none.
pub(crate) fn reset() {
    if let Some((register, value)) = platform().power.reset {
        // SAFETY: the firmware's reset register.
        unsafe { port::write_u8(register, value) };
    }
}
