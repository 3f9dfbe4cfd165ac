//! Interrupts: keeping them off, controllers, entry code, and who handles what.

mod exceptions;
mod guard;
pub(crate) mod idt;
mod ioapic;
pub(crate) mod ipi;
pub(crate) mod lapic;
mod pic;
pub(crate) mod stats;
mod stubs;

pub(crate) use self::exceptions::{fault_address, name as exception_name, set_fixup};
pub use self::guard::{IrqGuard, enabled};
pub use self::stats::{Class, count, total};
pub(crate) use self::stubs::TrapFrame;
use crate::percpu;
use crate::preempt::{self, INTERRUPT, INTERRUPT_MASK};
use ksync::Once;

/// First of the 16 vectors that the ISA lines use.
const LINE_BASE: u8 = 0x30;
/// First of the 16 vectors that the old interrupt controllers use for interrupts that should not come.
const PIC_BASE: u8 = 0x20;
/// Vector of the CPU's timer.
pub(crate) const TIMER_VECTOR: u8 = 0xf0;
/// Vector for a wanted reschedule.
pub(crate) const RESCHEDULE_VECTOR: u8 = 0xf1;
/// Vector for changed page tables.
pub(crate) const TLB_VECTOR: u8 = 0xf2;
/// Vector the local APIC uses when it has withdrawn a request.
pub(crate) const SPURIOUS_VECTOR: u8 = 0xff;

static LINE_HANDLERS: [Once<fn()>; 16] = [const { Once::new() }; 16];

/// Handler of the TLB shootdown interrupt; set by `mem`.
static TLB_HANDLER: Once<fn()> = Once::new();

/// Sets the handler of the TLB shootdown interrupt. It runs in interrupt context.
pub(crate) fn set_tlb_handler(handler: fn()) {
    let _ = TLB_HANDLER.set(handler);
}

/// Starts the interrupt controllers, all lines masked. Interrupts stay off on this CPU until [`enable`], the first
/// task, or [`crate::cpu::wait_for_interrupt`] turns them on.
///
/// # Panics
/// When called twice, or before `cpu::init`.
pub fn init() {
    static ONCE: Once<()> = Once::new();
    assert!(ONCE.set(()).is_ok(), "irq::init called twice");
    assert!(crate::cpu::is_initialised(), "irq::init before cpu::init");
    pic::disable();
    let platform = crate::acpi::platform();
    lapic::init(platform.local_apic);
    ioapic::init(platform);
}

/// Turns interrupts on, in start-up code that runs with them off but under no guard.
///
/// # Panics
/// Before [`init`], if a guard keeps interrupts off, or in an interrupt.
pub fn enable() {
    assert!(lapic::is_ready(), "irq::enable before irq::init");
    assert!(!preempt::disabled(), "irq::enable under a guard");
    // SAFETY: the controllers and handlers are ready, and nothing relies on interrupts being off.
    unsafe { core::arch::asm!("sti", options(nostack)) };
}

/// Calls `handler` in interrupt context when the ISA line `line` (0 to 15) asks for it. The handler must silence its
/// device, and not sleep.
///
/// # Panics
/// If there is no such line, or it has a handler.
pub fn register(line: u8, handler: fn()) {
    let slot = LINE_HANDLERS
        .get(usize::from(line))
        .expect("ISA lines are 0 to 15");
    assert!(slot.set(handler).is_ok(), "ISA line {line} has a handler");
    ioapic::unmask(line, LINE_BASE + line);
}

/// Whether the caller runs in an interrupt handler.
#[inline]
pub fn in_interrupt() -> bool {
    preempt::word() & INTERRUPT_MASK != 0
}

/// Handles an interrupt. Called with interrupts off and this CPU's GS: by the entry code for interrupts of kernel
/// code, and by `user` for those that came in ring 3.
pub(crate) fn dispatch(vector: u8) {
    // SAFETY: undone below; interrupts are off in between.
    unsafe { preempt::add(INTERRUPT) };
    handle(vector);
    // SAFETY: undoes the addition above.
    unsafe { preempt::add(INTERRUPT.wrapping_neg()) };
}

fn handle(vector: u8) {
    let counters = &percpu::current().counters;
    match vector {
        TIMER_VECTOR => {
            counters.add(Class::Timer);
            lapic::end_of_interrupt();
            crate::time::on_timer();
        }
        RESCHEDULE_VECTOR => {
            counters.add(Class::Reschedule);
            lapic::end_of_interrupt();
            preempt::set_need_resched();
        }
        TLB_VECTOR => {
            counters.add(Class::TlbShootdown);
            if let Some(handler) = TLB_HANDLER.get() {
                handler();
            }
            lapic::end_of_interrupt();
        }
        LINE_BASE..0x40 => {
            let line = vector - LINE_BASE;
            counters.add(Class::Line(line));
            if let Some(handler) = LINE_HANDLERS[usize::from(line)].get() {
                handler();
            }
            lapic::end_of_interrupt();
        }
        // Neither expects an end-of-interrupt.
        SPURIOUS_VECTOR | PIC_BASE..LINE_BASE => counters.add(Class::Spurious),
        _ => {
            counters.add(Class::Unexpected);
            if lapic::in_service(vector) {
                lapic::end_of_interrupt();
            }
        }
    }
}

/// An interrupt of kernel code; its exit is a preemption point.
#[unsafe(no_mangle)]
extern "C" fn machine_kernel_interrupt(vector: u32) {
    dispatch(vector as u8);
    preempt::reschedule_if_wanted();
}
