//! The PS/2 keyboard behind the 8042 controller.

use super::port;
use crate::irq;

const DATA: u16 = 0x60;
const STATUS: u16 = 0x64;

const OUTPUT_FULL: u8 = 1;
const INPUT_FULL: u8 = 1 << 1;
const FROM_MOUSE: u8 = 1 << 5;

/// The keyboard's ISA line.
pub const LINE: u8 = 1;

fn status() -> u8 {
    // SAFETY: reading the controller's status has no effect.
    unsafe { port::read_u8(STATUS) }
}

fn read_data() -> u8 {
    // SAFETY: takes a byte out of the controller.
    unsafe { port::read_u8(DATA) }
}

fn wait_for(mask: u8, value: u8) -> bool {
    (0..10_000).any(|_| status() & mask == value)
}

fn command(command: u8) -> bool {
    if !wait_for(INPUT_FULL, 0) {
        return false;
    }
    // SAFETY: only commands of this module are sent, none of which resets the CPU.
    unsafe { port::write_u8(STATUS, command) };
    true
}

/// Sets the keyboard up to interrupt, in scan code set 1, and calls `handler` in interrupt context when there is
/// something to read. False if there is no controller.
pub fn init(handler: fn()) -> bool {
    const READ_CONFIG: u8 = 0x20;
    const WRITE_CONFIG: u8 = 0x60;
    const ENABLE_KEYBOARD: u8 = 0xae;
    const KEYBOARD_INTERRUPT: u8 = 1;
    const MOUSE_INTERRUPT: u8 = 1 << 1;
    const KEYBOARD_OFF: u8 = 1 << 4;
    const TRANSLATE: u8 = 1 << 6;
    if status() == 0xff {
        return false;
    }
    for _ in 0..32 {
        if status() & OUTPUT_FULL == 0 {
            break;
        }
        read_data();
    }
    if !command(READ_CONFIG) || !wait_for(OUTPUT_FULL, OUTPUT_FULL) {
        return false;
    }
    let config = read_data() & !(KEYBOARD_OFF | MOUSE_INTERRUPT) | KEYBOARD_INTERRUPT | TRANSLATE;
    if !command(WRITE_CONFIG) || !wait_for(INPUT_FULL, 0) {
        return false;
    }
    // SAFETY: the configuration byte that the command announced.
    unsafe { port::write_u8(DATA, config) };
    irq::register(LINE, handler);
    command(ENABLE_KEYBOARD)
}

/// The next byte of scan code set 1 from the keyboard, if there is one.
pub fn read_scancode() -> Option<u8> {
    loop {
        let status = status();
        if status == 0xff || status & OUTPUT_FULL == 0 {
            return None;
        }
        let byte = read_data();
        if status & FROM_MOUSE == 0 {
            return Some(byte);
        }
    }
}
