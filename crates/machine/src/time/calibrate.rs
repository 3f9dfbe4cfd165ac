//! Finding the rates of the TSC and of the local APIC's timer.
//!
//! CPUID tells on many machines. Elsewhere the old timer chip (PIT) is the yardstick: its counter steps every 838 ns,
//! and a step seen between two readings of the TSC gives a moment known to within the time of one reading. The
//! measurement ends as soon as the two moments' uncertainty is small against their distance; in a simulator that
//! counts instructions this takes below a millisecond.

use core::arch::x86_64::__cpuid;

use super::tsc;
use crate::cpu;
use crate::dev::pit::{self, Pit};
use crate::irq::lapic;

/// The rates that [`measure`] finds.
pub(super) struct Rates {
    /// Ticks of the TSC per second.
    pub(super) tsc_hz: u64,
    /// Ticks of the local APIC's timer per second, at a divisor of 1.
    pub(super) timer_hz: u64,
    /// Whether the timer can be armed with a TSC value.
    pub(super) tsc_deadline: bool,
    /// How the TSC's rate was found.
    pub(super) source: &'static str,
}

/// Uncertainty that ends a measurement: 1 part in so many.
const PRECISION: u64 = 10_000;
/// PIT steps that end a measurement whatever the uncertainty: 10 ms.
const MAX_STEPS: u16 = 11_932;

/// Finds the rates, with interrupts off or on.
pub(super) fn measure() -> Rates {
    let _irq = crate::irq::IrqGuard::new();
    let tsc_deadline = cpu::features().tsc_deadline;
    let told = told_by_hypervisor().or_else(told_by_cpu);
    match told {
        Some((tsc_hz, timer_hz, source)) if tsc_deadline || timer_hz != 0 => Rates {
            tsc_hz,
            timer_hz: timer_hz.max(1),
            tsc_deadline,
            source,
        },
        Some((tsc_hz, _, source)) => {
            let timer_hz = timer_against_tsc(tsc_hz);
            Rates {
                tsc_hz,
                timer_hz,
                tsc_deadline,
                source,
            }
        }
        None => {
            let (tsc_hz, timer_hz) = against_pit();
            Rates {
                tsc_hz,
                timer_hz,
                tsc_deadline,
                source: "measured",
            }
        }
    }
}

/// The timing leaf that VMware defined and KVM can show: kHz of TSC and of the local APIC.
fn told_by_hypervisor() -> Option<(u64, u64, &'static str)> {
    if !cpu::features().hypervisor || __cpuid(0x4000_0000).eax < 0x4000_0010 {
        return None;
    }
    let leaf = __cpuid(0x4000_0010);
    let khz = |value: u32| u64::from(value) * 1000;
    (leaf.eax != 0).then(|| (khz(leaf.eax), khz(leaf.ebx), "told by the hypervisor"))
}

/// CPUID 15h: the crystal's rate and the ratio of the TSC to it. The crystal also drives the local APIC's timer.
fn told_by_cpu() -> Option<(u64, u64, &'static str)> {
    if cpu::features().max_leaf < 0x15 {
        return None;
    }
    let leaf = __cpuid(0x15);
    let crystal = u64::from(leaf.ecx);
    let hz = (crystal * u64::from(leaf.ebx)).checked_div(leaf.eax.into())?;
    (hz != 0).then_some((hz, crystal, "told by the CPU"))
}

/// Counts the timer's ticks for 1 ms of the TSC.
fn timer_against_tsc(tsc_hz: u64) -> u64 {
    lapic::start_free_timer();
    let start = tsc();
    let first = lapic::timer_count();
    while tsc() - start < tsc_hz / 1000 {
        cpu::relax();
    }
    let ticks = first - lapic::timer_count();
    let elapsed = (tsc() - start).max(1);
    ((u128::from(ticks) * u128::from(tsc_hz) / u128::from(elapsed)) as u64).max(1)
}

/// A step of the PIT's counter, and between which readings of the TSC it came.
struct Step {
    count: u16,
    earliest: u64,
    latest: u64,
    timer: u32,
}

impl Step {
    fn uncertainty(&self) -> u64 {
        self.latest - self.earliest
    }
}

fn wait_for_step(pit: &Pit) -> Step {
    let before = pit.count();
    let mut earliest = tsc();
    // A dead counter must not hang the boot; then the rates come out wrong but finite.
    for _ in 0..1_000_000 {
        let count = pit.count();
        let latest = tsc();
        if count != before {
            return Step {
                count,
                earliest,
                latest,
                timer: lapic::timer_count(),
            };
        }
        earliest = latest;
    }
    Step {
        count: before.wrapping_sub(1),
        earliest,
        latest: tsc(),
        timer: lapic::timer_count(),
    }
}

/// TSC and timer rates against the PIT.
fn against_pit() -> (u64, u64) {
    let pit = Pit::start();
    lapic::start_free_timer();
    // A step that was seen late, because a host was busy or an emulator met code for the first time, is no use.
    let tries = (0..5).map(|_| wait_for_step(&pit));
    let first = tries.min_by_key(Step::uncertainty).expect("five tries");
    let last = loop {
        let step = wait_for_step(&pit);
        let steps = first.count.wrapping_sub(step.count);
        let distance = step.earliest.saturating_sub(first.latest);
        let sharp = step.uncertainty() <= 2 * first.uncertainty();
        if sharp
            && (distance > (first.uncertainty() + step.uncertainty()) * PRECISION
                || steps >= MAX_STEPS)
            || steps >= 2 * MAX_STEPS
        {
            break step;
        }
    };
    let steps = u64::from(first.count.wrapping_sub(last.count)).max(1);
    let middle = |step: &Step| step.earliest / 2 + step.latest / 2;
    let per_second = |ticks: u64| (ticks as u128 * pit::FREQUENCY as u128 / steps as u128) as u64;
    let tsc_hz = per_second(middle(&last) - middle(&first));
    let timer_hz = per_second(u64::from(first.timer - last.timer));
    (tsc_hz.max(1_000_000), timer_hz.max(1))
}
