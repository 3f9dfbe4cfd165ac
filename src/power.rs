//! Switching the machine off.

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
