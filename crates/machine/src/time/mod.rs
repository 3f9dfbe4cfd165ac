//! Time: the monotonic clock (TSC), the wall clock at boot (RTC), and one one-shot timer per CPU (local APIC).

mod calibrate;
mod stopwatch;

use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use self::stopwatch::Stopwatch;

use crate::cpu::{self, msr};
use crate::irq::{IrqGuard, lapic};
use crate::percpu;
use ksync::Once;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// TSC at boot, when [`now`] is 0.
static BASE: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds per TSC tick, times 2^32.
static NANOS_PER_TICK: AtomicU64 = AtomicU64::new(0);
/// TSC ticks per nanosecond, times 2^32.
static TICKS_PER_NANO: AtomicU64 = AtomicU64::new(0);
/// Ticks of the local APIC's timer per nanosecond, times 2^32.
static TIMER_TICKS_PER_NANO: AtomicU64 = AtomicU64::new(0);
/// Whether the timer takes a TSC value instead of a count.
static USES_DEADLINE: AtomicBool = AtomicBool::new(false);
static BOOT_WALL_CLOCK: Once<u64> = Once::new();
static TSC_HZ: Once<u64> = Once::new();

/// Reads the time-stamp counter, not earlier than the instructions before.
#[inline(always)]
pub(crate) fn tsc() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: every 64-bit CPU has both instructions. The intrinsics of `core` are calls here, as this target is built
    // without SSE.
    unsafe {
        asm!("lfence", "rdtsc", out("rax") low, out("rdx") high, options(nostack, preserves_flags));
    }
    high << 32 | low
}

/// The time-stamp counter, for measuring how long something takes. The CPU may read it a little before earlier
/// instructions have ended, or after later ones have begun; it never goes backwards on one CPU.
#[inline(always)]
pub fn ticks() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: every 64-bit CPU has the instruction.
    unsafe {
        asm!("rdtsc", out("rax") low, out("rdx") high, options(nostack, preserves_flags));
    }
    high << 32 | low
}

/// What [`now`] is at a moment of [`ticks`].
#[inline]
pub fn at(ticks: u64) -> u64 {
    nanos_of(ticks.saturating_sub(BASE.load(Ordering::Relaxed)))
}

/// Nanoseconds in so many ticks; 0 until [`init`] has found the clock's rate.
#[inline]
fn nanos_of(ticks: u64) -> u64 {
    scale(ticks, NANOS_PER_TICK.load(Ordering::Relaxed))
}

/// `value * factor / 2^32`.
#[inline(always)]
fn scale(value: u64, factor: u64) -> u64 {
    ((u128::from(value) * u128::from(factor)) >> 32) as u64
}

/// Notes the moment of boot.
pub(crate) fn start_clock() {
    BASE.store(tsc(), Ordering::Relaxed);
}

/// Nanoseconds since boot. Never goes backwards on one CPU; 0 until [`init`] has found the clock's rate.
#[inline]
pub fn now() -> u64 {
    at(tsc())
}

/// The wall clock when [`now`] was 0: nanoseconds since 1970-01-01 00:00 UTC, taken from the RTC, to the second.
pub fn boot_wall_clock() -> u64 {
    BOOT_WALL_CLOCK.get().copied().unwrap_or(0)
}

/// Rate of the time-stamp counter in Hz; 0 before [`init`].
pub fn tsc_frequency() -> u64 {
    TSC_HZ.get().copied().unwrap_or(0)
}

/// Finds the clock's rate (from CPUID where it tells, else measured for up to about 10 ms), reads the wall clock and
/// prepares the boot CPU's timer.
///
/// # Panics
/// When called twice, or before `irq::init`.
pub fn init() {
    assert!(lapic::is_ready(), "time::init before irq::init");
    let rates = calibrate::measure();
    assert!(TSC_HZ.set(rates.tsc_hz).is_ok(), "time::init called twice");
    let ratio = |numerator: u128, denominator: u128| ((numerator << 32) / denominator) as u64;
    NANOS_PER_TICK.store(
        ratio(NANOS_PER_SECOND, rates.tsc_hz.into()),
        Ordering::Relaxed,
    );
    TICKS_PER_NANO.store(
        ratio(rates.tsc_hz.into(), NANOS_PER_SECOND),
        Ordering::Relaxed,
    );
    TIMER_TICKS_PER_NANO.store(
        ratio(rates.timer_hz.into(), NANOS_PER_SECOND),
        Ordering::Relaxed,
    );
    USES_DEADLINE.store(rates.tsc_deadline, Ordering::Relaxed);
    let wall_clock = crate::dev::rtc::read_unix_seconds() * NANOS_PER_SECOND as u64;
    let _ = BOOT_WALL_CLOCK.set(wall_clock.saturating_sub(now()));
    init_this_cpu();
    log::info!(
        "time: TSC {} kHz ({}), timer {}",
        rates.tsc_hz / 1000,
        rates.source,
        if rates.tsc_deadline {
            "by TSC deadline"
        } else {
            "by count"
        }
    );
}

/// Prepares this CPU's timer, unarmed.
pub(crate) fn init_this_cpu() {
    lapic::init_timer(USES_DEADLINE.load(Ordering::Relaxed));
}

/// Makes this CPU's timer fire once at `deadline_ns` on the scale of [`now`] (at once, if that has passed), replacing
/// what it was armed for. It then calls [`crate::Hooks::timer`].
#[inline]
pub fn arm(deadline_ns: u64) {
    let _irq = IrqGuard::new();
    percpu::current()
        .timer_deadline
        .store(deadline_ns, Ordering::Relaxed);
    program(deadline_ns);
}

/// Takes back [`arm`] on this CPU.
#[inline]
pub fn disarm() {
    let _irq = IrqGuard::new();
    percpu::current()
        .timer_deadline
        .store(u64::MAX, Ordering::Relaxed);
    if USES_DEADLINE.load(Ordering::Relaxed) {
        // SAFETY: the CPU has the register; 0 disarms.
        unsafe { msr::write(msr::TSC_DEADLINE, 0) };
    } else {
        lapic::set_timer(0);
    }
}

#[inline]
fn program(deadline_ns: u64) {
    if USES_DEADLINE.load(Ordering::Relaxed) {
        let ticks = scale(deadline_ns, TICKS_PER_NANO.load(Ordering::Relaxed));
        let deadline = BASE
            .load(Ordering::Relaxed)
            .saturating_add(ticks)
            .saturating_add(1);
        // SAFETY: the CPU has the register; the interrupt it raises is on the timer's vector.
        unsafe { msr::write(msr::TSC_DEADLINE, deadline) };
    } else {
        let remaining = deadline_ns.saturating_sub(now());
        let count = scale(remaining, TIMER_TICKS_PER_NANO.load(Ordering::Relaxed)) + 1;
        lapic::set_timer(count.min(u32::MAX.into()) as u32);
    }
}

/// The timer's interrupt.
pub(crate) fn on_timer() {
    let slot = &percpu::current().timer_deadline;
    let deadline = slot.load(Ordering::Relaxed);
    if deadline == u64::MAX {
        // Disarmed while the interrupt was on its way.
        return;
    }
    if now() < deadline {
        // The timer's clock runs a little fast, or its range was too short.
        program(deadline);
        return;
    }
    slot.store(u64::MAX, Ordering::Relaxed);
    if let Some(hooks) = crate::hooks::hooks() {
        hooks.timer();
    }
}

/// Spins for at least `nanos`.
pub(crate) fn delay(nanos: u64) {
    let end = now() + nanos;
    while now() < end {
        cpu::relax();
    }
}
