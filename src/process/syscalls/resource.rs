//! Resource limits and use.

use abi::Errno;
use abi::resource::{RLIMIT_CPU, RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD, Rlimit64};
use abi::time::{NSEC_PER_SEC, Tms, USER_HZ};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::Process;
use crate::process::accounting::Usage;
use crate::process::credentials::capability;
use crate::process::{Pid, table};
use alloc::sync::Arc;

/// `getrlimit(2)`
pub fn getrlimit(call: &mut Call<'_>, resource: u32, limit: UserAddr) -> SysResult {
    limit.write(&call.process()?.limits().get(resource)?)?;
    Ok(0)
}

/// `setrlimit(2)`
pub fn setrlimit(call: &mut Call<'_>, resource: u32, limit: UserAddr) -> SysResult {
    let new: Rlimit64 = limit.read()?;
    let privileged = call.credentials().has(capability::SYS_RESOURCE);
    change(call.process()?, resource, new, privileged)?;
    Ok(0)
}

/// `prlimit64(2)`
pub fn prlimit64(
    call: &mut Call<'_>,
    pid: i32,
    resource: u32,
    new: UserAddr,
    old: UserAddr,
) -> SysResult {
    let new: Option<Rlimit64> = if new.is_null() {
        None
    } else {
        Some(new.read()?)
    };
    let target = limits_of(call, pid)?;
    let limits = target.limits();
    let before = match new {
        None => limits.get(resource)?,
        Some(new) => change(
            &target,
            resource,
            new,
            call.credentials().has(capability::SYS_RESOURCE),
        )?,
    };
    if !old.is_null() {
        old.write(&before)?;
    }
    Ok(0)
}

fn change(
    process: &Process,
    resource: u32,
    new: Rlimit64,
    privileged: bool,
) -> Result<Rlimit64, Errno> {
    let before = process.limits().set(resource, new, privileged)?;
    if resource == RLIMIT_CPU {
        process.enforce_cpu_limit();
    }
    Ok(before)
}

/// The process whose limits are meant; others' only with the same identities (`prlimit(2)`).
fn limits_of(call: &Call<'_>, pid: i32) -> Result<Arc<Process>, Errno> {
    let own = call.process()?;
    if pid == 0 || pid == own.pid().as_i32() {
        return Ok(own.clone());
    }
    let process = Pid::new(pid.cast_unsigned())
        .and_then(table::find)
        .ok_or(Errno::ESRCH)?;
    let (mine, theirs) = (call.credentials(), process.credentials());
    let same = [theirs.user.real, theirs.user.effective, theirs.user.saved]
        .iter()
        .all(|&id| id == mine.user.real)
        && [
            theirs.group.real,
            theirs.group.effective,
            theirs.group.saved,
        ]
        .iter()
        .all(|&id| id == mine.group.real);
    if same || mine.has(capability::SYS_RESOURCE) {
        Ok(process)
    } else {
        Err(Errno::EPERM)
    }
}

/// `getrusage(2)`
pub fn getrusage(call: &mut Call<'_>, who: i32, usage: UserAddr) -> SysResult {
    let process = call.process()?;
    let found = match who {
        RUSAGE_SELF => process.usage(),
        RUSAGE_CHILDREN => process.accounting().children(),
        RUSAGE_THREAD => Usage::of_thread(call.thread),
        _ => return Err(Errno::EINVAL),
    };
    usage.write(&found.to_rusage())?;
    Ok(0)
}

/// Nanoseconds in a clock tick of `times(2)`.
const TICK: u64 = NSEC_PER_SEC / USER_HZ;

/// `times(2)`
pub fn times(call: &mut Call<'_>, buffer: UserAddr) -> SysResult {
    if !buffer.is_null() {
        let process = call.process()?;
        let (own, children) = (process.usage(), process.accounting().children());
        let ticks = |nanos: u64| i64::try_from(nanos / TICK).unwrap_or(i64::MAX);
        buffer.write(&Tms {
            tms_utime: ticks(own.user),
            tms_stime: ticks(own.system),
            tms_cutime: ticks(children.user),
            tms_cstime: ticks(children.system),
        })?;
    }
    usize::try_from(machine::time::now() / TICK).map_err(|_| Errno::EOVERFLOW)
}
