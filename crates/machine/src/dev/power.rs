//! Ending it: power-off, reset, and the exit status that QEMU's debug device gives.

use core::arch::asm;

use super::port;
use crate::acpi;

/// Powers the machine off: by ACPI's S5 state, then by the ports of known virtual machines. If all fail, says so and
/// halts.
pub fn power_off() -> ! {
    acpi::power::enter_s5();
    // QEMU's pc and q35 machines, older QEMU and Bochs, VirtualBox.
    for port in [0x604, 0xb004, 0x4004] {
        // SAFETY: on machines without that device nothing answers at these ports.
        unsafe { port::write_u16(port, 0x2000) };
    }
    crate::logger::emergency(format_args!(
        "this machine cannot be powered off by software; halted"
    ));
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
    triple_fault()
}

/// Raises an exception with no table to handle it by, which resets any PC.
fn triple_fault() -> ! {
    let no_table = [0_u16; 5];
    // SAFETY: what follows never returns, so nothing is left that could need the table.
    unsafe {
        asm!("lidt [{}]", "int3", "2: hlt", "jmp 2b", in(reg) &raw const no_table, options(noreturn))
    }
}

/// Ends QEMU with status `code * 2 + 1`, if it has the device `isa-debug-exit` at port 0xf4; else does nothing.
pub fn debug_exit(code: u8) {
    // SAFETY: nothing else is at that port on PCs.
    unsafe { port::write_u8(0xf4, code) };
}
