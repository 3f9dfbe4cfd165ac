//! The FS and GS base of programs.
//!
//! The kernel does not use FS, so the program's FS base stays in its register while kernel code runs. The program's
//! GS base is then in the CPU's other GS base register, which `swapgs` exchanges. Where the CPU has FSGSBASE,
//! programs change both without asking; so they are read back at every switch.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cpu::{self, msr};
use crate::mem::USER_TOP;
use crate::mem::quick::QuickIrqOff;
use crate::user::BadBase;

/// A task's bases: true while it does not run, and at all times where the CPU has no FSGSBASE.
#[derive(Debug, Default)]
pub(crate) struct Bases {
    fs: AtomicU64,
    gs: AtomicU64,
}

fn check(base: u64) -> Result<(), BadBase> {
    if base < USER_TOP as u64 {
        Ok(())
    } else {
        Err(BadBase)
    }
}

impl Bases {
    /// A copy of the running task's.
    pub(crate) fn of_current() -> Bases {
        Bases {
            fs: AtomicU64::new(fs()),
            gs: AtomicU64::new(gs()),
        }
    }

    /// Sets the FS base of a task that is not running.
    pub(super) fn set_fs(&self, base: u64) -> Result<(), BadBase> {
        check(base)?;
        self.fs.store(base, Relaxed);
        Ok(())
    }
}

/// Saves the bases of the task that is left, and loads those of the next.
///
/// # Safety
/// Interrupts must be off.
#[inline(always)]
pub(super) unsafe fn switch(previous: &Bases, next: &Bases) {
    if cpu::features().fsgsbase {
        let (fs, gs): (u64, u64);
        // SAFETY: bases of user addresses are canonical, whoever set them. GS is the kernel's again at the end, and
        // nothing (but NMIs, which see to GS themselves) comes in between.
        unsafe {
            asm!(
                "rdfsbase {fs}",
                "wrfsbase {next_fs}",
                "swapgs",
                "rdgsbase {gs}",
                "wrgsbase {next_gs}",
                "swapgs",
                fs = out(reg) fs,
                gs = out(reg) gs,
                next_fs = in(reg) next.fs.load(Relaxed),
                next_gs = in(reg) next.gs.load(Relaxed),
                options(nostack, preserves_flags),
            );
        }
        previous.fs.store(fs, Relaxed);
        previous.gs.store(gs, Relaxed);
    } else {
        // A program may have cleared a base by loading a selector, so the registers are set whatever they were.
        // SAFETY: only addresses that passed `check` were stored, so they are canonical.
        unsafe {
            msr::write(msr::FS_BASE, next.fs.load(Relaxed));
            msr::write(msr::KERNEL_GS_BASE, next.gs.load(Relaxed));
        }
    }
}

/// The FS base of the running task's program.
pub(crate) fn fs() -> u64 {
    // SAFETY: reads a register that belongs to the running program.
    unsafe { msr::read(msr::FS_BASE) }
}

/// The GS base of the running task's program.
pub(crate) fn gs() -> u64 {
    // SAFETY: as in `fs`; while kernel code runs, the program's base is in this register.
    unsafe { msr::read(msr::KERNEL_GS_BASE) }
}

/// Sets the FS base of the running task's program.
pub(crate) fn set_current_fs(base: u64) -> Result<(), BadBase> {
    set_current(base, msr::FS_BASE, |bases| &bases.fs)
}

/// Sets the GS base of the running task's program.
pub(crate) fn set_current_gs(base: u64) -> Result<(), BadBase> {
    set_current(base, msr::KERNEL_GS_BASE, |bases| &bases.gs)
}

fn set_current(base: u64, register: u32, field: fn(&Bases) -> &AtomicU64) -> Result<(), BadBase> {
    check(base)?;
    let _irq = QuickIrqOff::new();
    super::with_header(|header| field(&header.bases).store(base, Relaxed));
    // SAFETY: a canonical base of the running program, which the kernel itself does not use.
    unsafe { msr::write(register, base) };
    Ok(())
}
