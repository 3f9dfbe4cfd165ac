//! Waiting for children.

use abi::signal::SIGCHLD;
use abi::signal::{CLD_CONTINUED, CLD_STOPPED, KernelSigInfo, SIGCONT};
use abi::{Errno, P_ALL, P_PGID, P_PID, WaitOptions};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::lifecycle::wait::{Report, Selector, wait};
use crate::process::{Pid, group, signal};

fn own_group(call: &Call<'_>) -> Result<Pid, Errno> {
    let place = group::relations(call.process()?.pid()).ok_or(Errno::ESRCH)?;
    Ok(place.group)
}

/// `wait4(2)`
pub fn wait4(
    call: &mut Call<'_>,
    pid: i32,
    status: UserAddr,
    options: u32,
    usage: UserAddr,
) -> SysResult {
    let options = WaitOptions::from_bits_retain(options);
    if !WaitOptions::WAIT4_VALID.contains(options) {
        return Err(Errno::EINVAL);
    }
    let selector = match pid {
        0 => Selector::Group(own_group(call)?),
        _ => Selector::from_wait4(pid, Pid::INIT)?,
    };
    let Some(report) = wait(call.thread, selector, options | WaitOptions::WEXITED)? else {
        return Ok(0);
    };
    if !status.is_null() {
        status.write(&report.status.raw())?;
    }
    if !usage.is_null() {
        usage.write(&report.usage.to_rusage())?;
    }
    Ok(report.pid.raw() as usize)
}

/// `waitid(2)`
pub fn waitid(
    call: &mut Call<'_>,
    kind: u32,
    id: i32,
    info: UserAddr,
    options: u32,
    usage: UserAddr,
) -> SysResult {
    let options = WaitOptions::from_bits_retain(options);
    let wanted = WaitOptions::WEXITED | WaitOptions::WUNTRACED | WaitOptions::WCONTINUED;
    if !WaitOptions::WAITID_VALID.contains(options) || !options.intersects(wanted) {
        return Err(Errno::EINVAL);
    }
    let pid = || Pid::new(id.cast_unsigned()).filter(|_| id > 0);
    let selector = match kind {
        P_ALL => Selector::Any,
        P_PID => Selector::Process(pid().ok_or(Errno::EINVAL)?),
        P_PGID if id == 0 => Selector::Group(own_group(call)?),
        P_PGID => Selector::Group(pid().ok_or(Errno::EINVAL)?),
        // Process descriptors are not implemented, so no descriptor is one.
        abi::P_PIDFD => return Err(Errno::EBADF),
        _ => return Err(Errno::EINVAL),
    };
    let report = wait(call.thread, selector, options)?;
    if !usage.is_null()
        && let Some(report) = &report
    {
        usage.write(&report.usage.to_rusage())?;
    }
    if !info.is_null() {
        write_info(info, report.as_ref())?;
    }
    Ok(0)
}

/// The first six words that `waitid` fills in; all zero if there is nothing to report.
fn write_info(to: UserAddr, report: Option<&Report>) -> Result<(), Errno> {
    let info = match report {
        None => KernelSigInfo::default(),
        Some(report) => {
            let status = report.status;
            let (code, value) = match status.stop_signal() {
                Some(number) if status != abi::WaitStatus::continued() => (CLD_STOPPED, number),
                _ if status == abi::WaitStatus::continued() => (CLD_CONTINUED, SIGCONT),
                _ => signal::describe(status),
            };
            KernelSigInfo::child(SIGCHLD, code, report.pid.as_i32(), report.uid, value, 0, 0)
        }
    };
    use zerocopy::IntoBytes;
    let bytes = info.as_bytes();
    to.write_bytes(bytes.get(..28).unwrap_or(bytes))
}
