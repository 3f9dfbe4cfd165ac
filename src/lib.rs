//! The RustOS kernel: crate map.
//!
//! - [`init`]: the start-up order.
//! - [`process`]: processes, threads, scheduling, signals, synchronisation, system calls.
//! - [`memory`]: address spaces, page faults, mappings.
//! - [`fs`]: files and file systems.
//! - [`drivers`]: terminals and devices.
//! - [`clock`], [`uts`], [`power`], [`mod@log`]: the wall clock, the system's names, switching off, the kernel's log.
//!
//! Hardware is behind the crate [`machine`], which holds all `unsafe` besides the locks of [`ksync`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod clock;
pub mod command_line;
pub mod drivers;
pub mod fs;
pub mod init;
#[cfg(feature = "ktest")]
pub mod ktest;
pub mod log;
pub mod memory;
pub mod power;
pub mod process;
pub mod uts;
