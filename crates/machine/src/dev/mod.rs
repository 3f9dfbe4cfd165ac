//! Devices that every PC has.

pub mod display;
pub mod entropy;
pub(crate) mod pit;
pub(crate) mod port;
pub mod power;
pub mod ps2;
pub mod rtc;
pub mod serial;

pub use self::display::TextDisplay;
pub use self::serial::Uart;
