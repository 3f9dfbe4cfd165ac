//! Interval timers (`setitimer(2)`, `alarm(2)`).

use abi::Errno;
use abi::time::{ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL, Itimerval, NSEC_PER_SEC, Timeval};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::interval_timer::{Kind, Setting};

fn kind(which: i32) -> Result<Kind, Errno> {
    match which {
        ITIMER_REAL => Ok(Kind::Real),
        ITIMER_VIRTUAL => Ok(Kind::Virtual),
        ITIMER_PROF => Ok(Kind::Profile),
        _ => Err(Errno::EINVAL),
    }
}

fn to_user(setting: Setting) -> Itimerval {
    // A timer that is armed never shows zero, which would say it is not.
    let value = Timeval::from_nanos(if setting.left == 0 {
        0
    } else {
        setting.left.max(1000)
    });
    Itimerval {
        it_interval: Timeval::from_nanos(setting.period),
        it_value: value,
    }
}

/// `getitimer(2)`
pub fn getitimer(call: &mut Call<'_>, which: i32, value: UserAddr) -> SysResult {
    let process = call.process()?;
    let setting = process.timers().get(kind(which)?, process);
    value.write(&to_user(setting))?;
    Ok(0)
}

/// `setitimer(2)`
pub fn setitimer(call: &mut Call<'_>, which: i32, new: UserAddr, old: UserAddr) -> SysResult {
    let new: Itimerval = if new.is_null() {
        Itimerval::default()
    } else {
        new.read()?
    };
    let setting = Setting {
        left: new.it_value.to_nanos().ok_or(Errno::EINVAL)?,
        period: new.it_interval.to_nanos().ok_or(Errno::EINVAL)?,
    };
    let process = call.process()?;
    let before = process.timers().set(kind(which)?, setting, process);
    if !old.is_null() {
        old.write(&to_user(before))?;
    }
    Ok(0)
}

/// `alarm(2)`: the seconds left of the old one, rounded up if less than one is left.
pub fn alarm(call: &mut Call<'_>, seconds: u32) -> SysResult {
    let process = call.process()?;
    let setting = Setting {
        left: u64::from(seconds) * NSEC_PER_SEC,
        period: 0,
    };
    let before = process.timers().set(Kind::Real, setting, process).left;
    let rounded = (before + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
    let shown = if before != 0 { rounded.max(1) } else { 0 };
    usize::try_from(shown).map_err(|_| Errno::EOVERFLOW)
}
