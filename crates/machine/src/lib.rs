//! The x86-64 machine behind a small safe API: boot, CPUs, interrupts, time, SMP, memory, user mode, devices.
//!
//! All `unsafe` of the kernel that concerns hardware is here. No safe function of this crate, called in any
//! order, may break memory; what a caller must keep to beyond that is said at each item.
//!
//! Start-up order: [`entry!`] names the kernel's main function, which calls [`mem::init`], [`cpu::init`],
//! [`irq::init`], [`time::init`], [`set_hooks`] and, when it can schedule, [`smp::start_others`].
#![no_std]
#![cfg_attr(not(test), no_main)]

extern crate alloc;

mod acpi;
pub mod boot;
pub mod cpu;
pub mod dev;
pub mod fpu;
mod hooks;
pub mod irq;
pub mod logger;
pub mod mem;
mod panic;
mod percpu;
pub mod preempt;
pub mod smp;
pub mod sync;
pub mod task;
pub mod time;
pub mod uaccess;
pub mod user;

pub use hooks::{Access, Hooks, set_hooks};
pub use panic::{PanicAction, set_panic_action, set_panic_hook};

/// The most CPUs the kernel uses; further ones stay off.
pub const MAX_CPUS: usize = 64;
