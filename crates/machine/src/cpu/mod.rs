//! CPUs: which there are, what they can do, data of each, and waking or stopping others.

pub(crate) mod features;
pub(crate) mod gdt;
mod local;
pub(crate) mod msr;
pub(crate) mod smap;

use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};

pub use self::features::Features;
pub use self::local::{CachePadded, CpuLocal};
use crate::boot::BootInfo;
use crate::fpu::FpuPolicy;
use crate::irq::IrqGuard;
use crate::percpu;
use crate::preempt::PreemptGuard;
use ksync::Once;

/// Bytes of a stack for severe exceptions; a panic report must fit.
const INTERRUPT_STACK_SIZE: usize = 16 << 10;

/// The number of a CPU, from 0 (the boot CPU) up without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(u32);

impl CpuId {
    /// The boot CPU.
    pub const BOOT: CpuId = CpuId(0);

    /// The CPU numbered `index`, if there is one.
    pub fn new(index: usize) -> Option<CpuId> {
        (index < count()).then_some(CpuId(index as u32))
    }

    /// The number, below [`count`] and [`crate::MAX_CPUS`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of CPUs that run kernel code. Only grows, while [`crate::smp::start_others`] works.
static COUNT: AtomicUsize = AtomicUsize::new(1);

/// How many CPUs run. Grows only inside [`crate::smp::start_others`].
#[inline]
pub fn count() -> usize {
    COUNT.load(Ordering::Acquire)
}

/// Counts one more CPU in.
pub(crate) fn set_count(count: usize) {
    COUNT.store(count, Ordering::Release);
}

/// The CPU that runs this code. Stays true only while the caller is pinned.
#[inline]
pub fn current() -> CpuId {
    CpuId(percpu::index() as u32)
}

/// All CPUs that run.
pub fn ids() -> impl DoubleEndedIterator<Item = CpuId> + ExactSizeIterator {
    (0..count() as u32).map(CpuId)
}

/// What the CPUs can do.
#[inline]
pub fn features() -> &'static Features {
    features::get()
}

static INITIALISED: Once<()> = Once::new();

/// Whether [`init`] has run.
pub(crate) fn is_initialised() -> bool {
    INITIALISED.get().is_some()
}

/// Sets up the boot CPU: descriptor tables, stacks for severe exceptions, and the protections that the CPU has.
///
/// # Panics
/// When called twice, or if there is no memory for the stacks.
pub fn init(_info: &BootInfo, fpu: FpuPolicy) {
    assert!(INITIALISED.set(()).is_ok(), "cpu::init called twice");
    crate::fpu::init(fpu);
    // SAFETY: once, on the boot CPU, which alone runs, with interrupts off.
    unsafe {
        smap::patch();
        init_this_cpu();
        crate::irq::idt::use_interrupt_stacks();
    }
    percpu::current().online.store(true, Ordering::Release);
}

/// Sets up the CPU that runs this.
///
/// # Safety
/// Once per CPU, with interrupts off, after its per-CPU block is installed and the IDT is loaded.
pub(crate) unsafe fn init_this_cpu() {
    let block = percpu::current();
    for ist in [gdt::Ist::DoubleFault, gdt::Ist::Nmi, gdt::Ist::MachineCheck] {
        let stack = alloc::vec![0_u128; INTERRUPT_STACK_SIZE / 16].leak();
        // SAFETY: a fresh allocation that is never freed, aligned to 16.
        unsafe { gdt::set_interrupt_stack(block, ist, stack.as_ptr_range().end as u64) };
    }
    // SAFETY: as the caller promises; the sites for SMAP were patched by the boot CPU.
    unsafe {
        gdt::load();
        features::enable();
        crate::user::init_this_cpu();
    }
    crate::fpu::init_this_cpu();
}

/// Sleeps until an interrupt has been handled. `irq` keeps interrupts off until the CPU sleeps, so that a wake-up
/// which was checked for under the guard cannot get lost; the guard is used up and interrupts are on afterwards.
///
/// # Panics
/// If preemption is disabled by anything but `irq`, as nobody could be scheduled then.
pub fn wait_for_interrupt(irq: IrqGuard) {
    assert!(
        crate::preempt::may_switch(),
        "waiting for an interrupt with preemption disabled"
    );
    irq.release_keeping_off();
    // SAFETY: the shadow of `sti` covers `hlt`, so an interrupt that is pending already wakes it up.
    unsafe { asm!("sti", "hlt", options(nostack)) };
}

/// One turn of a loop that waits for another CPU: tells this one that the caller spins, and answers what others wait
/// for, as interrupts may be off.
#[inline(always)]
pub fn relax() {
    crate::mem::tlb::relax();
}

/// Wants a reschedule on `cpu` and interrupts what it does, be it user mode or sleep.
pub fn kick(cpu: CpuId) {
    let _pinned = PreemptGuard::new();
    if cpu == current() {
        crate::preempt::set_need_resched();
    } else {
        crate::irq::ipi::send(cpu, crate::irq::ipi::Ipi::Reschedule);
    }
}

/// Stops all other CPUs for good, whatever they do. Returns when they have stopped or do not answer.
pub fn stop_others() {
    crate::irq::ipi::stop_others();
}
