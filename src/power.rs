//! Switching the machine off.

use core::fmt;

use machine::{cpu, dev};

/// Powers the machine off.
pub fn off() -> ! {
    log::info!("power off");
    cpu::stop_others();
    dev::power::power_off()
}

/// Resets the machine.
pub fn restart() -> ! {
    log::info!("restart");
    cpu::stop_others();
    dev::power::reset()
}

/// The status the machine ends with when the kernel cannot go on, where it has a device for that.
const FATAL: u8 = 0x11;

/// Says why nothing can go on and ends the machine. Locks may be held by whoever calls.
pub fn fatal(why: fmt::Arguments<'_>) -> ! {
    log::error!("{why}: nothing can go on");
    cpu::stop_others();
    dev::power::debug_exit(FATAL);
    dev::power::power_off()
}
