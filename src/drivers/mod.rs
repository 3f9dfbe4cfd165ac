//! Drivers: terminals and the devices without hardware.
//!
//! [`tty`] is the terminals: serial ports, the display with the keyboard, pseudo-terminals. [`memory`] has `/dev/null`
//! and its like, [`kmsg`] the log as a device, [`random`] the generator behind `/dev/urandom` and `getrandom(2)`, [`vt`] the text console's picture
//! and keys, [`worker`] the thread that does what interrupt handlers must not. Devices are found by number through
//! [`crate::fs::device`] and by name through [`crate::fs::devfs`].

pub mod kmsg;
pub(crate) mod levels;
pub mod memory;
pub mod random;
pub mod tty;
pub mod vt;
pub mod worker;

/// Registers all devices, chooses the consoles named on the kernel's command line and switches the interrupts of
/// serial ports and keyboard on. Comes before the first process.
pub fn init(command_line: &str) {
    random::init();
    memory::init();
    kmsg::init();
    vt::init();
    tty::serial::init();
    tty::console::init(command_line);
    tty::pty::init();
}
