//! The per-CPU block: what the code of one CPU reaches by one instruction relative to GS.
//!
//! In the kernel the GS base always holds the address of this CPU's [`PerCpu`]; user mode has its own base, which
//! `swapgs` exchanges at every entry and exit. The first fields have fixed offsets, because assembly uses them.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::MAX_CPUS;
use crate::cpu::gdt::{Gdt, Tss};
use crate::irq::stats::Counters;

/// What belongs to one CPU. All fields may be read by other CPUs, hence atomics; hot ones are only written by
/// single unlocked instructions of their own CPU.
#[repr(C, align(64))]
pub(crate) struct PerCpu {
    /// The address of this block itself, so that `mov reg, gs:[0]` finds it.
    self_address: AtomicPtr<PerCpu>,
    /// Position in [`BLOCKS`], the number the kernel calls the CPU by.
    index: AtomicU32,
    /// Preemption word, see [`crate::preempt`].
    preempt: AtomicU32,
    /// Header of the running task (owned by `task`); null before the first task.
    pub(crate) current: AtomicPtr<()>,
    /// Kernel stack pointer that an entry from user mode switches to (owned by `user`).
    pub(crate) user_entry_rsp: AtomicU64,
    /// Scratch slots of the entry from user mode (owned by `user`), usable while interrupts are off.
    pub(crate) user_scratch: [AtomicU64; 4],
    /// More slots for the current task's state on this CPU (owned by `task` and `fpu`).
    pub(crate) task_slots: [AtomicU64; 4],
    /// Physical address of the active top-level page table and a pointer to its owner (owned by `mem`).
    pub(crate) mem_slots: [AtomicU64; 2],
    /// Local APIC number.
    pub(crate) apic_id: AtomicU32,
    /// Whether the CPU runs kernel code and answers interrupts.
    pub(crate) online: AtomicBool,
    /// Whether the CPU was told to stop for good and has done so.
    pub(crate) stopped: AtomicBool,
    /// Interrupts taken, by class.
    pub(crate) counters: Counters,
    /// Deadline in nanoseconds that the one-shot timer is armed for; `u64::MAX` if it is not.
    pub(crate) timer_deadline: AtomicU64,
    /// The task state segment; the CPU reads it, `set_kernel_stack` writes it.
    pub(crate) tss: UnsafeCell<Tss>,
    /// The descriptor table of this CPU.
    pub(crate) gdt: UnsafeCell<Gdt>,
}

// SAFETY: all fields but `tss` and `gdt` are atomics. Those two are written by the owning CPU only (in `cpu::gdt`),
// by aligned volatile stores, and read by hardware.
unsafe impl Sync for PerCpu {}

/// Offset of the block's own address.
pub(crate) const SELF_ADDRESS: usize = offset_of!(PerCpu, self_address);
/// Offset of the CPU's number.
pub(crate) const INDEX: usize = offset_of!(PerCpu, index);
/// Offset of the preemption word.
pub(crate) const PREEMPT: usize = offset_of!(PerCpu, preempt);
/// Offset of the running task's header.
pub(crate) const CURRENT: usize = offset_of!(PerCpu, current);

/// Value of the preemption word with nothing disabled and no reschedule wanted.
const IDLE_WORD: u32 = 1 << 31;

impl PerCpu {
    const fn new() -> PerCpu {
        PerCpu {
            self_address: AtomicPtr::new(core::ptr::null_mut()),
            index: AtomicU32::new(0),
            preempt: AtomicU32::new(IDLE_WORD),
            current: AtomicPtr::new(core::ptr::null_mut()),
            user_entry_rsp: AtomicU64::new(0),
            user_scratch: [const { AtomicU64::new(0) }; 4],
            task_slots: [
                AtomicU64::new(crate::fpu::NOT_PREPARED),
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
            ],
            mem_slots: [const { AtomicU64::new(0) }; 2],
            apic_id: AtomicU32::new(u32::MAX),
            online: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            counters: Counters::new(),
            timer_deadline: AtomicU64::new(u64::MAX),
            tss: UnsafeCell::new(Tss::new()),
            gdt: UnsafeCell::new(Gdt::new()),
        }
    }

    /// The CPU's number.
    pub(crate) fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed) as usize
    }
}

static BLOCKS: [PerCpu; MAX_CPUS] = [const { PerCpu::new() }; MAX_CPUS];

/// The block of CPU `index`.
///
/// # Panics
/// If `index` is not below [`MAX_CPUS`].
pub(crate) fn block(index: usize) -> &'static PerCpu {
    &BLOCKS[index]
}

/// Makes `index`'s block this CPU's, by loading the GS base.
///
/// # Safety
/// Must be the first thing a CPU does in Rust code, once per CPU, with an `index` that no other CPU uses.
pub(crate) unsafe fn install(index: usize) {
    let block = block(index);
    block
        .self_address
        .store(core::ptr::from_ref(block).cast_mut(), Ordering::Relaxed);
    block.index.store(index as u32, Ordering::Relaxed);
    // SAFETY: nothing has used GS on this CPU before, as the caller promises.
    unsafe { crate::cpu::msr::write(crate::cpu::msr::GS_BASE, &raw const *block as u64) };
}

/// This CPU's block. Only for code that is pinned, or that does not mind a stale answer.
#[inline(always)]
pub(crate) fn current() -> &'static PerCpu {
    let address: *const PerCpu;
    // SAFETY: in kernel code GS holds the address of an installed block, whose first field is its own address.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) address, const SELF_ADDRESS, options(nostack, preserves_flags, readonly));
        &*address
    }
}

/// This CPU's number.
#[inline(always)]
pub(crate) fn index() -> usize {
    let index: u32;
    // SAFETY: as in `current`; the field is a plain number.
    unsafe {
        asm!("mov {:e}, gs:[{}]", out(reg) index, const INDEX, options(nostack, preserves_flags, readonly));
    }
    index as usize
}
