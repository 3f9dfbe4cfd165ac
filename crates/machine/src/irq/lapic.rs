//! The local APIC of each CPU, in xAPIC mode (registers in memory) or x2APIC mode (registers by MSR).

use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::{IrqGuard, SPURIOUS_VECTOR, TIMER_VECTOR};
use crate::cpu::{self, msr};
use crate::mem::Caching;
use crate::percpu;

const ID: u32 = 0x20;
const TASK_PRIORITY: u32 = 0x80;
const END_OF_INTERRUPT: u32 = 0xb0;
const SPURIOUS: u32 = 0xf0;
const IN_SERVICE: u32 = 0x100;
const ERROR_STATUS: u32 = 0x280;
const COMMAND: u32 = 0x300;
const COMMAND_HIGH: u32 = 0x310;
const LVT_TIMER: u32 = 0x320;
const LVT_LINT0: u32 = 0x350;
const LVT_LINT1: u32 = 0x360;
const LVT_ERROR: u32 = 0x370;
const TIMER_INITIAL: u32 = 0x380;
const TIMER_CURRENT: u32 = 0x390;
const TIMER_DIVIDE: u32 = 0x3e0;

const MASKED: u32 = 1 << 16;
const DELIVERY_NMI: u32 = 0b100 << 8;
const DELIVERY_INIT: u32 = 0b101 << 8;
const DELIVERY_STARTUP: u32 = 0b110 << 8;
const LEVEL_ASSERT: u32 = 1 << 14;
const ALL_BUT_SELF: u32 = 0b11 << 18;
const PENDING: u32 = 1 << 12;
const TSC_DEADLINE_MODE: u32 = 0b10 << 17;

static X2APIC: AtomicBool = AtomicBool::new(false);
static REGISTERS: AtomicPtr<u32> = AtomicPtr::new(core::ptr::null_mut());

#[inline]
fn read(register: u32) -> u32 {
    if X2APIC.load(Ordering::Relaxed) {
        // SAFETY: the CPU is in x2APIC mode, so the register exists.
        return unsafe { msr::read(msr::X2APIC + register / 16) as u32 };
    }
    let base = REGISTERS.load(Ordering::Relaxed);
    // SAFETY: `init` mapped the page of registers before anything else here is called.
    unsafe { base.byte_add(register as usize).read_volatile() }
}

#[inline]
fn write(register: u32, value: u32) {
    if X2APIC.load(Ordering::Relaxed) {
        // SAFETY: as in `read`; this module writes only what keeps interrupts on their known vectors.
        return unsafe { msr::write(msr::X2APIC + register / 16, value.into()) };
    }
    let base = REGISTERS.load(Ordering::Relaxed);
    // SAFETY: as in `read`.
    unsafe { base.byte_add(register as usize).write_volatile(value) }
}

/// Maps the registers and enables the boot CPU's APIC.
pub(super) fn init(address: u64) {
    if cpu::features().x2apic {
        X2APIC.store(true, Ordering::Relaxed);
    } else {
        let registers = crate::mem::map_physical(address, 4096, Caching::Uncached);
        REGISTERS.store(registers.cast(), Ordering::Relaxed);
    }
    init_this_cpu();
}

/// Enables this CPU's APIC, everything masked but inter-processor interrupts and NMI.
pub(crate) fn init_this_cpu() {
    const ENABLE: u64 = 1 << 11;
    const ENABLE_X2APIC: u64 = 1 << 10;
    let mode = if X2APIC.load(Ordering::Relaxed) {
        ENABLE | ENABLE_X2APIC
    } else {
        ENABLE
    };
    // SAFETY: switches the APIC on in the mode that this module uses from now on, at the address that it has.
    unsafe { msr::write(msr::APIC_BASE, msr::read(msr::APIC_BASE) | mode) };
    write(TASK_PRIORITY, 0);
    write(LVT_TIMER, MASKED);
    write(LVT_LINT0, MASKED);
    write(LVT_LINT1, DELIVERY_NMI);
    write(LVT_ERROR, MASKED);
    write(SPURIOUS, 1 << 8 | u32::from(SPURIOUS_VECTOR));
    write(ERROR_STATUS, 0);
    percpu::current().apic_id.store(id(), Ordering::Relaxed);
}

/// This CPU's APIC number.
fn id() -> u32 {
    let value = read(ID);
    if X2APIC.load(Ordering::Relaxed) {
        value
    } else {
        value >> 24
    }
}

/// Tells the APIC that the interrupt being handled is done with.
#[inline]
pub(super) fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Whether the APIC waits for the end of `vector`.
pub(super) fn in_service(vector: u8) -> bool {
    read(IN_SERVICE + u32::from(vector / 32) * 16) >> (vector % 32) & 1 != 0
}

/// Sends what `command` says to the CPU with the APIC number `apic_id`.
fn command(apic_id: u32, command: u32) {
    if X2APIC.load(Ordering::Relaxed) {
        // Unlike a store to the registers, the MSR write does not wait for earlier stores to be seen.
        core::sync::atomic::fence(Ordering::SeqCst);
        let value = u64::from(apic_id) << 32 | u64::from(command);
        // SAFETY: an interrupt on a known vector, or a start-up by `smp`.
        return unsafe { msr::write(msr::X2APIC + COMMAND / 16, value) };
    }
    // An interrupt in between could send one of its own and overwrite the destination.
    let _irq = IrqGuard::new();
    wait_until_sent();
    write(COMMAND_HIGH, apic_id << 24);
    write(COMMAND, command);
}

fn wait_until_sent() {
    for _ in 0..1_000_000 {
        if read(COMMAND) & PENDING == 0 {
            break;
        }
        core::hint::spin_loop();
    }
}

/// Raises `vector` on another CPU.
pub(super) fn send(apic_id: u32, vector: u8) {
    command(apic_id, LEVEL_ASSERT | u32::from(vector));
}

/// Raises the NMI on all other CPUs.
pub(super) fn send_nmi_to_others() {
    command(0, ALL_BUT_SELF | LEVEL_ASSERT | DELIVERY_NMI);
}

/// Resets a CPU into waiting for a start-up.
pub(crate) fn send_init(apic_id: u32) {
    command(apic_id, LEVEL_ASSERT | DELIVERY_INIT);
}

/// Starts a CPU in real mode at the physical page `page`.
pub(crate) fn send_startup(apic_id: u32, page: u8) {
    command(apic_id, LEVEL_ASSERT | DELIVERY_STARTUP | u32::from(page));
}

/// Whether interrupts can be sent to a CPU; xAPIC numbers have 8 bits, the last of which means all CPUs.
pub(crate) fn can_reach(apic_id: u32) -> bool {
    X2APIC.load(Ordering::Relaxed) || apic_id < 0xff
}

/// Whether the APIC can be used.
pub(crate) fn is_ready() -> bool {
    X2APIC.load(Ordering::Relaxed) || !REGISTERS.load(Ordering::Relaxed).is_null()
}

/// Lets the timer count down from its largest value, silently, for calibration.
pub(crate) fn start_free_timer() {
    write(TIMER_DIVIDE, 0b1011);
    write(LVT_TIMER, MASKED | u32::from(TIMER_VECTOR));
    write(TIMER_INITIAL, u32::MAX);
}

/// What the timer has counted down to.
pub(crate) fn timer_count() -> u32 {
    read(TIMER_CURRENT)
}

/// Prepares this CPU's timer for one-shot use, unarmed.
pub(crate) fn init_timer(tsc_deadline: bool) {
    if tsc_deadline {
        write(LVT_TIMER, TSC_DEADLINE_MODE | u32::from(TIMER_VECTOR));
        // The mode must be seen before a deadline is written (SDM vol. 3, 11.5.4.1).
        core::sync::atomic::fence(Ordering::SeqCst);
    } else {
        write(TIMER_DIVIDE, 0b1011);
        write(LVT_TIMER, u32::from(TIMER_VECTOR));
        write(TIMER_INITIAL, 0);
    }
}

/// Fires this CPU's timer after `count` ticks of the APIC's clock; 0 disarms it.
#[inline]
pub(crate) fn set_timer(count: u32) {
    write(TIMER_INITIAL, count);
}
