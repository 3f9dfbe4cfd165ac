//! Process groups and sessions.

use abi::Errno;

use super::arg::PidOrSelf;
use super::{Call, SysResult};
use crate::process::table::TREE;
use crate::process::{Pid, group};

fn chosen(call: &Call<'_>, pid: PidOrSelf) -> Result<Pid, Errno> {
    Ok(match pid.0 {
        Some(pid) => pid,
        None => call.process()?.pid(),
    })
}

/// `setpgid(2)`
pub fn setpgid(call: &mut Call<'_>, pid: i32, new: i32) -> SysResult {
    if new < 0 {
        return Err(Errno::EINVAL);
    }
    let target = match pid {
        0 => call.process()?.pid(),
        _ => Pid::new(pid.cast_unsigned()).ok_or(Errno::ESRCH)?,
    };
    let new = match new {
        0 => target,
        _ => Pid::new(new.cast_unsigned()).ok_or(Errno::EPERM)?,
    };
    TREE.lock().set_group(call.process()?.pid(), target, new)?;
    Ok(0)
}

/// `getpgid(2)`
pub fn getpgid(call: &mut Call<'_>, pid: PidOrSelf) -> SysResult {
    let place = group::relations(chosen(call, pid)?).ok_or(Errno::ESRCH)?;
    Ok(place.group.raw() as usize)
}

/// `getpgrp(2)`
pub fn getpgrp(call: &mut Call<'_>) -> SysResult {
    getpgid(call, PidOrSelf(None))
}

/// `getsid(2)`
pub fn getsid(call: &mut Call<'_>, pid: PidOrSelf) -> SysResult {
    let place = group::relations(chosen(call, pid)?).ok_or(Errno::ESRCH)?;
    Ok(place.session.raw() as usize)
}

/// `setsid(2)`
pub fn setsid(call: &mut Call<'_>) -> SysResult {
    let pid = call.process()?.pid();
    TREE.lock().new_session(pid)?;
    Ok(pid.raw() as usize)
}
