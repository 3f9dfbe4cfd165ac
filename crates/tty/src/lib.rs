//! The line discipline of a terminal as a pure state machine: what Linux's `n_tty` does between a terminal's driver and
//! the programs that use it (`termios(3)`).
//!
//! [`LineDiscipline`] takes each byte that arrives, edits and echoes the line, recognises the characters that signal or
//! control the flow, hands out what may be read, and processes what is written. Locks, waiting, timeouts (`VTIME`), job
//! control and the driver are the caller's.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod discipline;
mod echo;
mod edit;
mod input;
mod output;

pub use discipline::{Event, LineDiscipline, STANDARD_TERMIOS};
pub use input::CAPACITY;
