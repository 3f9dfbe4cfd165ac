//! A text console as pure data: the picture that the bytes written to it make, and the bytes that its keys send.
//!
//! [`Terminal`] understands the control functions of the Linux console (`TERM=linux`, `console_codes(4)`) and keeps
//! a [`Screen`] of cells; [`Keyboard`] turns the scan codes of a PS/2 keyboard into what programs read. Drawing,
//! locks and interrupts are the caller's.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod escape;
mod keyboard;
mod screen;

pub use escape::Terminal;
pub use keyboard::{Key, KeyBytes, Keyboard};
pub use screen::{Cell, DEFAULT_PEN, Pen, Position, Screen};
