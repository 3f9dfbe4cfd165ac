//! The programs' FPU, SSE and AVX state. The kernel itself uses none of it.
//!
//! A task's state is in its save area whenever the task does not run: it is saved at the switch away if it is in the
//! registers, so any CPU may load it next. It is loaded on the way back to user mode: at once (eager), or at the
//! first use (lazy: CR0.TS makes that raise #NM). Programs that keep using the FPU get it at once under the lazy policy
//! too. Registers that still hold a task's state, because nobody else used them since, are not loaded again.
//!
//! Lazy loading leaves another program's state in the registers while TS is set; some CPUs let it be read by
//! speculation (CVE-2018-3665). `Auto` is eager there.

mod area;
mod features;
mod frame;

use core::arch::asm;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use self::area::Area;
pub use self::features::{area_size, xstate_features};
pub use self::frame::{restore_from_user, save_to_user};
use crate::mem::OutOfMemory;
use crate::mem::quick::QuickIrqOff;
use crate::percpu::{self, PerCpu};
use crate::sync::Once;
use crate::task::{Header, current_header, with_header};

/// When a program's FPU state is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FpuPolicy {
    /// Before the program runs.
    Eager,
    /// When it first uses the FPU after a switch.
    Lazy,
    /// Lazy, except on CPUs that are known to leak the state that lies in the registers meanwhile.
    Auto,
}

/// The image given to [`restore_current`] is not one that the CPU would accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadState;

/// No CPU's registers hold the state.
const NOWHERE: u32 = u32::MAX;
/// Uses in a row after which a task under the lazy policy gets its state loaded ahead. The count wraps around, so
/// that a task which stopped using the FPU is noticed.
const HABIT: u8 = 4;

/// A task's FPU state.
#[derive(Debug)]
pub(crate) struct State {
    area: Area,
    /// The CPU whose registers hold the state too, if that CPU's owner slot says so as well.
    cpu: AtomicU32,
    /// Times the state was loaded.
    loads: AtomicU8,
}

impl State {
    fn new(area: Area) -> State {
        State {
            area,
            cpu: AtomicU32::new(NOWHERE),
            loads: AtomicU8::new(0),
        }
    }

    /// The state after a reset.
    pub(crate) fn reset() -> Result<State, OutOfMemory> {
        Ok(State::new(Area::new_reset()?))
    }

    /// A copy of the running task's.
    pub(crate) fn copy_of_current() -> Result<State, OutOfMemory> {
        let area = Area::new_for_copy()?;
        {
            let _irq = QuickIrqOff::new();
            match with_header(|current| (is_live(), &raw const current.fpu)) {
                // SAFETY: the registers are the running task's; TS is clear.
                Some((true, _)) => unsafe { area.save_all() },
                // SAFETY: the header is the running task's, which stays.
                Some((false, state)) => area.copy_from(unsafe { &(*state).area }),
                None => area.reset(),
            }
        }
        Ok(State::new(area))
    }
}

// The CPU's slots: which task is prepared to go to user mode, whose state the registers hold, whether TS is set,
// and whether the registers hold the running task's state as its program sees it.
const PREPARED: usize = 0;
/// No task's address, not even none's.
pub(crate) const NOT_PREPARED: u64 = 1;
const OWNER: usize = 1;
const TASK_SWITCHED: usize = 2;
const LIVE: usize = 3;

fn slot(cpu: &PerCpu, which: usize) -> &AtomicU64 {
    &cpu.task_slots[which]
}

#[inline(always)]
fn is_live() -> bool {
    slot(percpu::current(), LIVE).load(Relaxed) != 0
}

/// Sets the policy for all CPUs, on the boot CPU. Each CPU, this one included, then calls [`init_this_cpu`].
pub(crate) fn init(policy: FpuPolicy) {
    features::init(policy);
}

/// Enables the FPU and the extended states on this CPU.
pub(crate) fn init_this_cpu() {
    features::enable();
    let cpu = percpu::current();
    slot(cpu, OWNER).store(0, Relaxed);
    slot(cpu, TASK_SWITCHED).store(0, Relaxed);
}

/// Gets the registers ready for the running task's program. Interrupts must be off until user mode is entered.
#[inline(always)]
pub(crate) fn prepare() {
    let current = current_header();
    // SAFETY: jumps to code that gets the running task's header; interrupts are off, so the slot is this CPU's.
    unsafe {
        asm!(
            "cmp gs:[{}], {}",
            "jne {}",
            const PREPARED_OFFSET,
            in(reg) current,
            label { prepare_slowly() },
            options(nostack),
        );
    }
}

const PREPARED_OFFSET: usize =
    core::mem::offset_of!(PerCpu, task_slots) + PREPARED * size_of::<AtomicU64>();

#[cold]
#[inline(never)]
fn prepare_slowly() {
    with_header(|current| prepare_task(percpu::current(), current))
        .expect("only tasks run programs");
}

fn prepare_task(cpu: &PerCpu, current: &Header) {
    let state = &current.fpu;
    slot(cpu, PREPARED).store(core::ptr::from_ref(current) as u64, Relaxed);
    if features::is_lazy() && state.loads.load(Relaxed) < HABIT && !holds(cpu, current) {
        set_task_switched(cpu);
    } else {
        load(cpu, current);
    }
}

/// Whether the CPU's registers hold this task's state.
fn holds(cpu: &PerCpu, task: &Header) -> bool {
    slot(cpu, OWNER).load(Relaxed) == core::ptr::from_ref(task) as u64
        && task.fpu.cpu.load(Relaxed) == cpu.index() as u32
}

/// Makes the running task's state the live one.
fn load(cpu: &PerCpu, current: &Header) {
    load_from(cpu, current, &current.fpu.area);
}

/// Makes the state in `area` the running task's, unless the registers hold the task's state already.
#[inline]
fn load_from(cpu: &PerCpu, current: &Header, area: &Area) {
    clear_task_switched(cpu);
    let state = &current.fpu;
    if !holds(cpu, current) {
        // SAFETY: TS is clear, and the area holds an image that the CPU accepts.
        unsafe { area.load() };
        slot(cpu, OWNER).store(core::ptr::from_ref(current) as u64, Relaxed);
        state.cpu.store(cpu.index() as u32, Relaxed);
    }
    state
        .loads
        .store(state.loads.load(Relaxed).wrapping_add(1), Relaxed);
    slot(cpu, LIVE).store(1, Relaxed);
}

/// The program used the FPU while TS was set. True if that is now in order, and it can go on.
#[cold]
pub(crate) fn on_not_available() -> bool {
    let cpu = percpu::current();
    if slot(cpu, TASK_SWITCHED).load(Relaxed) == 0 {
        return false;
    }
    with_header(|current| load(cpu, current)).is_some()
}

/// Saves the state of a task that is being left. Interrupts are off.
#[inline(always)]
pub(crate) fn switch_out(previous: &Header) {
    let cpu = percpu::current();
    slot(cpu, PREPARED).store(NOT_PREPARED, Relaxed);
    if slot(cpu, LIVE).load(Relaxed) != 0 {
        slot(cpu, LIVE).store(0, Relaxed);
        // SAFETY: the registers are this task's, and TS is clear.
        unsafe { previous.fpu.area.save() };
    }
}

/// Forgets the state of a task that ends. Interrupts are off.
pub(crate) fn forget(task: &Header) {
    let cpu = percpu::current();
    slot(cpu, PREPARED).store(NOT_PREPARED, Relaxed);
    slot(cpu, LIVE).store(0, Relaxed);
    task.fpu.cpu.store(NOWHERE, Relaxed);
}

fn set_task_switched(cpu: &PerCpu) {
    if slot(cpu, TASK_SWITCHED).swap(1, Relaxed) == 0 {
        // SAFETY: makes ring 3's FPU instructions trap; the kernel uses none without clearing the bit.
        unsafe { asm!("mov {0}, cr0", "or {0}, 8", "mov cr0, {0}", out(reg) _, options(nostack)) };
    }
}

fn clear_task_switched(cpu: &PerCpu) {
    if slot(cpu, TASK_SWITCHED).swap(0, Relaxed) != 0 {
        // SAFETY: the caller loads the registers with the running task's state next.
        unsafe { asm!("clts", options(nomem, nostack, preserves_flags)) };
    }
}

/// Copies the running task's state out, in the standard format of XSAVE (or FXSAVE, where the CPU has only that);
/// as much of it as fits. For signal frames; [`area_size`] says how much there is.
pub fn save_current(image: &mut [u8]) {
    with_header(|current| {
        {
            let _irq = QuickIrqOff::new();
            if !is_live() {
                load(percpu::current(), current);
            }
            // With the states that are as after a reset, which a switch leaves out: signal handlers look at them.
            // SAFETY: the registers are the running task's, and TS is clear.
            unsafe { current.fpu.area.save_all() };
        }
        // The area stays as it is even if the task is switched away from meanwhile: that saves the same state.
        current.fpu.area.read(image);
    });
}

/// Replaces the running task's state by an image in the format of [`save_current`]; one of the 512 bytes of FXSAVE is
/// also accepted where more is usual.
///
/// # Errors
/// If the image has another length, or bits set that the CPU would not accept; nothing is changed then.
pub fn restore_current(image: &[u8]) -> Result<(), BadState> {
    area::check(image)?;
    replace_current(|area| area.write(image));
    Ok(())
}

/// Puts the running task's state back to that after a reset, as a new program or a signal handler expects it.
pub fn reset_current() {
    with_header(|current| {
        let _irq = QuickIrqOff::new();
        let cpu = percpu::current();
        forget(current);
        load_from(cpu, current, reset_image());
    });
}

/// An area with the state after a reset, that stays so.
fn reset_image() -> &'static Area {
    static IMAGE: Once<Area> = Once::new();
    IMAGE.get_or_init(|| Area::new_reset().expect("memory for one state image"))
}

fn replace_current(write: impl FnOnce(&Area)) {
    with_header(|current| {
        {
            let _irq = QuickIrqOff::new();
            // What is in the registers is of no use any more; from here on a switch does not save it.
            forget(current);
        }
        write(&current.fpu.area);
    });
}
