//! Ending it: power-off, reset, and the exit status that QEMU's debug device gives.

use super::port;
use crate::acpi;

/// Powers the machine off: by ACPI's S5 state, then by the ports of known virtual machines. Halts if all fail.
pub fn power_off() -> ! {
    acpi::power::enter_s5();
    // QEMU's pc and q35 machines, older QEMU and Bochs, VirtualBox.
    for port in [0x604, 0xb004, 0x4004] {
        // SAFETY: on machines without that device nothing answers at these ports.
        unsafe { port::write_u16(port, 0x2000) };
    }
    crate::panic::halt_this_cpu()
}

/// Resets the machine.
pub fn reset() -> ! {
    acpi::power::reset();
    // SAFETY: the reset port of PCI chipsets, then the keyboard controller's line to the CPU's reset.
    unsafe {
        port::write_u8(0xcf9, 0x02);
        port::write_u8(0xcf9, 0x06);
        port::write_u8(0x64, 0xfe);
    }
    crate::panic::halt_this_cpu()
}

/// Ends QEMU with status `code * 2 + 1`, if it has the device `isa-debug-exit` at port 0xf4; else does nothing.
pub fn debug_exit(code: u8) {
    // SAFETY: nothing else is at that port on PCs.
    unsafe { port::write_u8(0xf4, code) };
}
