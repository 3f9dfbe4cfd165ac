//! The interval timers of a process (`getitimer(2)`) and its limit of CPU time: real time by the timer queue, CPU time
//! by a tick while a thread of a process with such a timer runs.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

use abi::resource::RLIMIT_CPU;
use abi::signal::{KernelSigInfo, SI_KERNEL, SIGALRM, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU};
use abi::time::NSEC_PER_SEC;
use machine::sync::IrqSpinLock;
use machine::time;

use super::integration::timers::{CallTimer, Expire};
use super::sync::levels;
use super::{Process, signal};

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ITIMER_REAL`
    Real,
    /// `ITIMER_VIRTUAL`
    Virtual,
    /// `ITIMER_PROF`
    Profile,
}

/// A timer's state as a program sets and sees it, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Until it expires; 0 if it is not armed.
    pub left: u64,
    /// Between expiries after the first; 0 for a single one.
    pub period: u64,
}

/// The three timers.
pub struct IntervalTimers {
    timers: IrqSpinLock<Timers>,
    /// Whether a CPU timer is armed, for a quick look.
    cpu_armed: AtomicBool,
}

struct Timers {
    real: Option<Real>,
    virtual_time: CpuTimer,
    profile: CpuTimer,
    /// `RLIMIT_CPU`: the soft limit, then every second.
    limit: CpuTimer,
}

/// How often CPU time is looked at while a CPU timer is armed, in nanoseconds.
const TICK: u64 = 4_000_000;

struct Real {
    queued: CallTimer,
    period: u64,
}

/// Due when the process has used this much CPU time; 0 if it is not armed.
#[derive(Clone, Copy, Default)]
struct CpuTimer {
    due: u64,
    period: u64,
}

/// What the timer queue holds: the process may end before its timer.
struct Alarm(Weak<Process>);

impl Expire for Alarm {
    fn expire(self: Arc<Self>, now: u64) {
        if let Some(process) = self.0.upgrade() {
            process.timers.real_expired(&process, now);
        }
    }
}

impl Default for IntervalTimers {
    fn default() -> Self {
        Self::new()
    }
}

impl IntervalTimers {
    /// None armed.
    #[must_use]
    pub const fn new() -> Self {
        let unarmed = CpuTimer { due: 0, period: 0 };
        let timers = Timers {
            real: None,
            virtual_time: unarmed,
            profile: unarmed,
            limit: unarmed,
        };
        Self {
            timers: IrqSpinLock::new(levels::INTERVAL_TIMERS, timers),
            cpu_armed: AtomicBool::new(false),
        }
    }

    /// The state of one timer.
    #[must_use]
    pub fn get(&self, kind: Kind, process: &Process) -> Setting {
        let used = used(kind, process);
        let timers = self.timers.lock();
        match kind {
            Kind::Real => timers
                .real
                .as_ref()
                .map_or(Setting::default(), |real| Setting {
                    left: real.queued.due().saturating_sub(time::now()).max(1),
                    period: real.period,
                }),
            Kind::Virtual => timers.virtual_time.setting(used),
            Kind::Profile => timers.profile.setting(used),
        }
    }

    /// Sets one timer; returns what it was.
    pub fn set(&self, kind: Kind, new: Setting, process: &Arc<Process>) -> Setting {
        let old = self.get(kind, process);
        match kind {
            Kind::Real => {
                let real = (new.left != 0).then(|| Real {
                    queued: start_alarm(time::now().saturating_add(new.left), process),
                    period: new.period,
                });
                let replaced = core::mem::replace(&mut self.timers.lock().real, real);
                drop(replaced);
            }
            Kind::Virtual | Kind::Profile => {
                let used = used(kind, process);
                let mut timers = self.timers.lock();
                let timer = if kind == Kind::Virtual {
                    &mut timers.virtual_time
                } else {
                    &mut timers.profile
                };
                timer.period = new.period;
                timer.due = if new.left == 0 {
                    0
                } else {
                    used.saturating_add(new.left)
                };
                self.note_armed(&timers);
            }
        }
        old
    }

    /// Sets the limit of CPU time to `seconds`; none takes it away.
    pub fn set_cpu_limit(&self, seconds: Option<u64>) {
        let mut timers = self.timers.lock();
        timers.limit = CpuTimer {
            due: seconds.map_or(0, |seconds| seconds.max(1).saturating_mul(NSEC_PER_SEC)),
            period: NSEC_PER_SEC,
        };
        self.note_armed(&timers);
    }

    fn note_armed(&self, timers: &Timers) {
        let armed = [&timers.virtual_time, &timers.profile, &timers.limit]
            .iter()
            .any(|timer| timer.due != 0);
        self.cpu_armed.store(armed, Ordering::Relaxed);
        if armed {
            // The way through the scheduler starts the tick.
            machine::preempt::set_need_resched();
        }
    }

    /// The process has ended.
    pub fn disarm_all(&self) {
        let real = self.timers.lock().real.take();
        drop(real);
        self.cpu_armed.store(false, Ordering::Relaxed);
    }

    fn real_expired(&self, process: &Arc<Process>, now: u64) {
        let mut timers = self.timers.lock();
        let Some(real) = timers.real.take() else {
            return;
        };
        if let Some(missed) = now
            .saturating_sub(real.queued.due())
            .checked_div(real.period)
        {
            let next = real
                .queued
                .due()
                .saturating_add((missed + 1).saturating_mul(real.period));
            timers.real = Some(Real {
                queued: start_alarm(next, process),
                period: real.period,
            });
        }
        drop(timers);
        drop(real);
        let _ = signal::send_to_process(process, KernelSigInfo::bare(SIGALRM, SI_KERNEL));
    }

    /// Sends the signals of CPU timers that are due. Cheap when none is armed.
    pub fn check_cpu_timers(&self, process: &Process) {
        if !self.cpu_armed.load(Ordering::Relaxed) {
            return;
        }
        let (user, both) = (used(Kind::Virtual, process), used(Kind::Profile, process));
        let mut timers = self.timers.lock();
        let alarm = timers.virtual_time.expires(user);
        let profile = timers.profile.expires(both);
        let limit = timers.limit.expires(both);
        drop(timers);
        if limit {
            exceed_cpu_limit(process, both);
        }
        for number in [alarm.then_some(SIGVTALRM), profile.then_some(SIGPROF)]
            .into_iter()
            .flatten()
        {
            let _ = signal::send_to_process(process, KernelSigInfo::bare(number, SI_KERNEL));
        }
    }

    /// When CPU time must be looked at again if a thread of the process runs from `now` on.
    #[must_use]
    pub fn next_cpu_tick(&self, now: u64) -> Option<u64> {
        self.cpu_armed.load(Ordering::Relaxed).then(|| now + TICK)
    }
}

/// `SIGXCPU` at the soft limit and each second after it, `SIGKILL` at the hard limit.
fn exceed_cpu_limit(process: &Process, used: u64) {
    let hard = process
        .limits()
        .get(RLIMIT_CPU)
        .map_or(u64::MAX, |limit| limit.rlim_max);
    let number = if used >= hard.saturating_mul(NSEC_PER_SEC) {
        SIGKILL
    } else {
        SIGXCPU
    };
    let _ = signal::send_to_process(process, KernelSigInfo::bare(number, SI_KERNEL));
}

fn start_alarm(at: u64, process: &Arc<Process>) -> CallTimer {
    CallTimer::start(at, Arc::new(Alarm(Arc::downgrade(process))))
}

/// The time that a CPU timer counts; nothing for the real one.
fn used(kind: Kind, process: &Process) -> u64 {
    match kind {
        Kind::Real => 0,
        Kind::Virtual => process.usage().user,
        Kind::Profile => {
            let usage = process.usage();
            usage.user + usage.system
        }
    }
}

impl CpuTimer {
    fn setting(self, used: u64) -> Setting {
        let left = if self.due == 0 {
            0
        } else {
            self.due.saturating_sub(used).max(1)
        };
        Setting {
            left,
            period: self.period,
        }
    }

    fn expires(&mut self, used: u64) -> bool {
        if self.due == 0 || used < self.due {
            return false;
        }
        self.due = if self.period == 0 {
            0
        } else {
            used + self.period
        };
        true
    }
}
