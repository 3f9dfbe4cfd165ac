//! The order of the drivers' spin locks among those of [`crate::process::sync::levels`].

use ksync::Level;

/// The list of pseudo-terminals.
pub const PTY_TABLE: Level = Level(22);
/// A terminal: settings, line discipline, who is in the foreground.
pub const TTY: Level = Level(24);
/// What a pseudo-terminal has written and its master has not read.
pub const PTY_OUTPUT: Level = Level(25);
/// Decoding of the keyboard.
pub const KEYBOARD: Level = Level(26);
/// Bytes that interrupt handlers have received; above all locks that are held with interrupts on.
pub const RECEIVED: Level = Level(53);
/// The key of the random generator; taken in interrupt handlers.
pub const RANDOM: Level = Level(54);
/// The kernel's log.
pub const LOG: Level = Level(78);
/// The sending side of a serial port. Only the machine's locks come after it and the next, since everything logs.
pub const SENDING: Level = Level(80);
/// The picture of the console.
pub const TERMINAL: Level = Level(82);
