//! Clocks and sleeping (`clock_gettime(2)`, `nanosleep(2)`).

use abi::Errno;
use abi::time::{
    CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM, CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE,
    CLOCK_MONOTONIC_RAW, CLOCK_PROCESS_CPUTIME_ID, CLOCK_REALTIME, CLOCK_REALTIME_ALARM,
    CLOCK_REALTIME_COARSE, CLOCK_TAI, CLOCK_THREAD_CPUTIME_ID, NSEC_PER_SEC, TIMER_ABSTIME,
    Timespec, Timeval, Timezone,
};

use super::{Call, SysResult};
use crate::clock;
use crate::memory::user::UserAddr;
use crate::process::accounting::Usage;
use crate::process::credentials::capability;
use crate::process::signal::Sleeper;
use crate::process::sync::WaitQueue;
use crate::process::{Pid, table};

/// The clocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Realtime,
    Monotonic,
    ProcessCpu(Option<Pid>),
    ThreadCpu(Option<Pid>),
}

impl Clock {
    /// From a `clockid_t`. Negative ones are CPU clocks of other processes and threads (`clock_getcpuclockid(3)`):
    /// the complement of the id, shifted by 3, a bit for "thread", and a clock type, of which all mean CPU time here.
    fn decode(id: i32) -> Result<Self, Errno> {
        if id < 0 {
            let number = !(id >> 3);
            let of = match number {
                0 => None,
                _ => Some(Pid::new(number.cast_unsigned()).ok_or(Errno::EINVAL)?),
            };
            return match id & 7 {
                0..=2 => Ok(Self::ProcessCpu(of)),
                4..=6 => Ok(Self::ThreadCpu(of)),
                _ => Err(Errno::EINVAL),
            };
        }
        match id {
            CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_REALTIME_ALARM | CLOCK_TAI => {
                Ok(Self::Realtime)
            }
            CLOCK_MONOTONIC
            | CLOCK_MONOTONIC_COARSE
            | CLOCK_MONOTONIC_RAW
            | CLOCK_BOOTTIME
            | CLOCK_BOOTTIME_ALARM => Ok(Self::Monotonic),
            CLOCK_PROCESS_CPUTIME_ID => Ok(Self::ProcessCpu(None)),
            CLOCK_THREAD_CPUTIME_ID => Ok(Self::ThreadCpu(None)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Its time in nanoseconds.
    fn now(self, call: &Call<'_>) -> Result<u64, Errno> {
        let sum = |usage: Usage| usage.user + usage.system;
        match self {
            Self::Realtime => Ok(clock::realtime()),
            Self::Monotonic => Ok(machine::time::now()),
            Self::ProcessCpu(None) => Ok(sum(call.process()?.usage())),
            Self::ProcessCpu(Some(pid)) => Ok(sum(table::find(pid).ok_or(Errno::EINVAL)?.usage())),
            Self::ThreadCpu(None) => Ok(sum(Usage::of_thread(call.thread))),
            Self::ThreadCpu(Some(tid)) => Ok(sum(Usage::of_thread(
                &*table::find_thread(tid).ok_or(Errno::EINVAL)?,
            ))),
        }
    }
}

/// `clock_gettime(2)`
pub fn clock_gettime(call: &mut Call<'_>, id: i32, time: UserAddr) -> SysResult {
    let now = Clock::decode(id)?.now(call)?;
    time.write(&Timespec::from_nanos(now))?;
    Ok(0)
}

/// `clock_getres(2)`
pub fn clock_getres(_call: &mut Call<'_>, id: i32, resolution: UserAddr) -> SysResult {
    Clock::decode(id)?;
    let coarse = matches!(id, CLOCK_REALTIME_COARSE | CLOCK_MONOTONIC_COARSE);
    if !resolution.is_null() {
        resolution.write(&Timespec::from_nanos(if coarse { COARSE } else { 1 }))?;
    }
    Ok(0)
}

/// What the coarse clocks promise: a tick of 250 Hz, as Debian's kernel has it.
const COARSE: u64 = 4_000_000;

/// `clock_settime(2)`
pub fn clock_settime(call: &mut Call<'_>, id: i32, time: UserAddr) -> SysResult {
    let settable = id == CLOCK_REALTIME;
    Clock::decode(id)?;
    let time: Timespec = time.read()?;
    if !settable {
        return Err(Errno::EINVAL);
    }
    set_realtime(call, time.to_nanos().ok_or(Errno::EINVAL)?)
}

fn set_realtime(call: &Call<'_>, nanos: u64) -> SysResult {
    if !call.credentials().has(capability::SYS_TIME) {
        return Err(Errno::EPERM);
    }
    clock::set_realtime(nanos);
    Ok(0)
}

/// `gettimeofday(2)`
pub fn gettimeofday(_call: &mut Call<'_>, time: UserAddr, zone: UserAddr) -> SysResult {
    if !time.is_null() {
        time.write(&Timeval::from_nanos(clock::realtime()))?;
    }
    if !zone.is_null() {
        zone.write(&Timezone::default())?;
    }
    Ok(0)
}

/// `settimeofday(2)`
pub fn settimeofday(call: &mut Call<'_>, time: UserAddr, zone: UserAddr) -> SysResult {
    if !zone.is_null() {
        zone.read::<Timezone>()?;
    }
    if time.is_null() {
        return Ok(0);
    }
    let time: Timeval = time.read()?;
    set_realtime(call, time.to_nanos().ok_or(Errno::EINVAL)?)
}

/// `time(2)`
pub fn time(_call: &mut Call<'_>, result: UserAddr) -> SysResult {
    let seconds = clock::realtime() / NSEC_PER_SEC;
    if !result.is_null() {
        result.write(&seconds)?;
    }
    usize::try_from(seconds).map_err(|_| Errno::EOVERFLOW)
}

/// Sleeps until `deadline` nanoseconds since boot.
fn sleep_until(deadline: u64) -> Result<(), Errno> {
    let nothing = WaitQueue::new();
    match nothing.wait_until_deadline(Some(deadline), || None::<()>) {
        Err(Errno::ETIMEDOUT) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Ok(()),
    }
}

/// Sleeps to the end; a signal ends it with the rest of the time in `rest`. If no handler runs (a stop), the sleep goes
/// on to its original end by `restart_syscall(2)`.
fn sleep(call: &Call<'_>, sleeper: Sleeper) -> SysResult {
    if sleep_until(sleeper.deadline).is_ok() {
        return Ok(0);
    }
    let left = sleeper.deadline.saturating_sub(machine::time::now());
    if !sleeper.rest.is_null() {
        sleeper.rest.write(&Timespec::from_nanos(left))?;
    }
    call.thread.signals().set_sleeper(Some(sleeper));
    Err(Errno::ERESTART_RESTARTBLOCK)
}

fn sleep_for(call: &Call<'_>, span: u64, rest: UserAddr) -> SysResult {
    let deadline = machine::time::now().saturating_add(span);
    sleep(call, Sleeper { deadline, rest })
}

/// `restart_syscall(2)`: what the kernel puts in place of an interrupted sleep.
pub fn restart_syscall(call: &mut Call<'_>) -> SysResult {
    match call.thread.signals().set_sleeper(None) {
        Some(sleeper) => sleep(call, sleeper),
        None => Err(Errno::EINTR),
    }
}

/// `nanosleep(2)`
pub fn nanosleep(call: &mut Call<'_>, span: UserAddr, rest: UserAddr) -> SysResult {
    let span: Timespec = span.read()?;
    sleep_for(call, span.to_nanos().ok_or(Errno::EINVAL)?, rest)
}

/// `clock_nanosleep(2)`
pub fn clock_nanosleep(
    call: &mut Call<'_>,
    id: i32,
    flags: i32,
    time: UserAddr,
    rest: UserAddr,
) -> SysResult {
    let which = Clock::decode(id)?;
    let time: Timespec = time.read()?;
    let nanos = time.to_nanos().ok_or(Errno::EINVAL)?;
    if matches!(which, Clock::ThreadCpu(_)) {
        return Err(Errno::EINVAL);
    }
    let absolute = flags & TIMER_ABSTIME != 0;
    match which {
        Clock::ProcessCpu(_) => Err(Errno::EOPNOTSUPP),
        _ if !absolute => sleep_for(call, nanos, rest),
        _ => {
            let now = which.now(call)?;
            let deadline = machine::time::now().saturating_add(nanos.saturating_sub(now));
            sleep_until(deadline)
                .map(|()| 0)
                .map_err(|_| Errno::ERESTARTNOHAND)
        }
    }
}
