//! Scheduling parameters and affinity (`sched(7)`).

use abi::Errno;
use abi::resource::RLIMIT_RTPRIO;
use abi::sched::{
    SCHED_ATTR_SIZE_VER0, SCHED_BATCH, SCHED_DEADLINE, SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL,
    SCHED_RESET_ON_FORK, SCHED_RR, SchedAttr, SchedParam,
};
use abi::time::Timespec;
use sched::{LinuxPolicy, Params};
use zerocopy::{FromBytes, IntoBytes};

use super::{Call, SysResult, priority};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;
use crate::process::scheduler::{CpuSet, Schedulable};
use crate::process::{Pid, ThreadRef, scheduler, table};

/// The thread a call names; 0 is the caller.
fn target(call: &Call<'_>, tid: i32) -> Result<ThreadRef, Errno> {
    match tid {
        0 => Ok(call.thread.clone()),
        ..0 => Err(Errno::EINVAL),
        _ => Pid::new(tid.cast_unsigned())
            .and_then(table::find_thread)
            .ok_or(Errno::ESRCH),
    }
}

/// `sched_yield(2)`
pub fn sched_yield(_call: &mut Call<'_>) -> SysResult {
    scheduler::yield_now();
    Ok(0)
}

/// `sched_getscheduler(2)`
pub fn sched_getscheduler(call: &mut Call<'_>, tid: i32) -> SysResult {
    Ok(target(call, tid)?.sched().params().policy() as usize)
}

/// `sched_getparam(2)`
pub fn sched_getparam(call: &mut Call<'_>, tid: i32, param: UserAddr) -> SysResult {
    if param.is_null() {
        return Err(Errno::EINVAL);
    }
    let sched_priority = target(call, tid)?.sched().params().rt_priority();
    param.write(&SchedParam { sched_priority })?;
    Ok(0)
}

/// `sched_setscheduler(2)`
pub fn sched_setscheduler(
    call: &mut Call<'_>,
    tid: i32,
    policy: i32,
    param: UserAddr,
) -> SysResult {
    if policy < 0 || param.is_null() {
        return Err(Errno::EINVAL);
    }
    let thread_priority: SchedParam = param.read()?;
    let thread = target(call, tid)?;
    let policy = LinuxPolicy::from_raw(policy.cast_unsigned() & !SCHED_RESET_ON_FORK)?;
    let nice = thread.sched().params().nice();
    let params = Params::new(policy, nice, thread_priority.sched_priority)?;
    install(call, &thread, params)
}

/// `sched_setparam(2)`
pub fn sched_setparam(call: &mut Call<'_>, tid: i32, param: UserAddr) -> SysResult {
    if param.is_null() {
        return Err(Errno::EINVAL);
    }
    let new: SchedParam = param.read()?;
    let thread = target(call, tid)?;
    let old = thread.sched().params();
    install(
        call,
        &thread,
        Params::new(old.policy(), old.nice(), new.sched_priority)?,
    )
}

/// Sets the parameters if the caller may (`sched(7)`, "Privileges and resource limits").
fn install(call: &Call<'_>, thread: &ThreadRef, new: Params) -> SysResult {
    let credentials = call.credentials();
    if !credentials.has(capability::SYS_NICE) {
        let (own, other) = (credentials.user.effective, thread.credentials());
        let limit = thread.require_process()?.limits().soft(RLIMIT_RTPRIO);
        let old = thread.sched().params();
        let too_high = new.rt_priority() > old.rt_priority()
            && new.rt_priority().unsigned_abs() > clamp(limit);
        let leaves_idle = old.policy() == LinuxPolicy::Idle
            && new.policy() != LinuxPolicy::Idle
            && !priority::may_lower(call, thread, old.nice());
        if own != other.user.real && own != other.user.effective || too_high || leaves_idle {
            return Err(Errno::EPERM);
        }
        if new.nice() < old.nice() && !priority::may_lower(call, thread, new.nice()) {
            return Err(Errno::EPERM);
        }
    }
    scheduler::set_params(thread, new);
    Ok(0)
}

fn clamp(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// `sched_get_priority_max(2)`
pub fn sched_get_priority_max(_call: &mut Call<'_>, policy: u32) -> SysResult {
    priority_bound(policy, 99)
}

/// `sched_get_priority_min(2)`
pub fn sched_get_priority_min(_call: &mut Call<'_>, policy: u32) -> SysResult {
    priority_bound(policy, 1)
}

fn priority_bound(policy: u32, real_time: usize) -> SysResult {
    match policy {
        SCHED_FIFO | SCHED_RR => Ok(real_time),
        SCHED_NORMAL | SCHED_BATCH | SCHED_IDLE | SCHED_DEADLINE => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `sched_rr_get_interval(2)`
pub fn sched_rr_get_interval(call: &mut Call<'_>, tid: i32, interval: UserAddr) -> SysResult {
    let params = target(call, tid)?.sched().params();
    let slice = match params.policy() {
        LinuxPolicy::Fifo => 0,
        _ => sched::SLICE
            .get(params.priority().level())
            .copied()
            .unwrap_or(0),
    };
    interval.write(&Timespec::from_nanos(slice))?;
    Ok(0)
}

/// `sched_setaffinity(2)`
pub fn sched_setaffinity(
    call: &mut Call<'_>,
    tid: i32,
    length: usize,
    mask: UserAddr,
) -> SysResult {
    let mut bytes = [0; 8];
    let known = length.min(bytes.len());
    mask.read_bytes(bytes.get_mut(..known).unwrap_or_default())?;
    let thread = target(call, tid)?;
    let (mine, theirs) = (call.credentials(), thread.credentials());
    let same = [theirs.user.real, theirs.user.effective].contains(&mine.user.effective);
    if !same && !mine.has(capability::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    Schedulable::set_affinity(&thread, CpuSet::from_bits(u64::from_le_bytes(bytes)))?;
    Ok(0)
}

/// `sched_getaffinity(2)`: returns how many bytes the kernel's mask has.
pub fn sched_getaffinity(
    call: &mut Call<'_>,
    tid: i32,
    length: usize,
    mask: UserAddr,
) -> SysResult {
    const MASK: usize = size_of::<u64>();
    if length < MASK || !length.is_multiple_of(MASK) {
        return Err(Errno::EINVAL);
    }
    let set = target(call, tid)?.sched().affinity().and(CpuSet::online());
    mask.write(&set.bits())?;
    Ok(MASK)
}

/// `sched_getattr(2)`
pub fn sched_getattr(
    call: &mut Call<'_>,
    tid: i32,
    attr: UserAddr,
    size: usize,
    flags: u32,
) -> SysResult {
    if attr.is_null() || flags != 0 || !(SCHED_ATTR_SIZE_VER0..=abi::PAGE_SIZE).contains(&size) {
        return Err(Errno::EINVAL);
    }
    let params = target(call, tid)?.sched().params();
    let written = size.min(size_of::<SchedAttr>());
    let found = SchedAttr {
        size: u32::try_from(written).map_err(|_| Errno::EINVAL)?,
        sched_policy: u32::from(params.policy() as u8),
        sched_nice: if params.policy().is_real_time() {
            0
        } else {
            params.nice()
        },
        sched_priority: params.rt_priority().unsigned_abs(),
        ..SchedAttr::default()
    };
    let bytes = found.as_bytes();
    attr.write_bytes(bytes.get(..written).unwrap_or(bytes))?;
    Ok(0)
}

/// `sched_setattr(2)`
pub fn sched_setattr(call: &mut Call<'_>, tid: i32, attr: UserAddr, flags: u32) -> SysResult {
    if attr.is_null() || flags != 0 {
        return Err(Errno::EINVAL);
    }
    let size = match attr.read::<u32>()? as usize {
        0 => SCHED_ATTR_SIZE_VER0,
        size if (SCHED_ATTR_SIZE_VER0..=abi::PAGE_SIZE).contains(&size) => size,
        _ => return Err(Errno::E2BIG),
    };
    let mut bytes = SchedAttr::default();
    let known = size.min(size_of::<SchedAttr>());
    attr.read_bytes(bytes.as_mut_bytes().get_mut(..known).unwrap_or_default())?;
    let new = SchedAttr::read_from_bytes(bytes.as_bytes()).map_err(|_| Errno::EINVAL)?;
    let thread = target(call, tid)?;
    let policy = LinuxPolicy::from_raw(new.sched_policy)?;
    let nice = if policy.is_real_time() {
        thread.sched().params().nice()
    } else {
        new.sched_nice
    };
    if !(-20..=19).contains(&nice) {
        return Err(Errno::EINVAL);
    }
    let rt_priority = i32::try_from(new.sched_priority).map_err(|_| Errno::EINVAL)?;
    install(call, &thread, Params::new(policy, nice, rt_priority)?)
}

/// `getcpu(2)`
pub fn getcpu(_call: &mut Call<'_>, cpu: UserAddr, node: UserAddr) -> SysResult {
    let index = u32::try_from(machine::cpu::current().index()).map_err(|_| Errno::EINVAL)?;
    if !cpu.is_null() {
        cpu.write(&index)?;
    }
    if !node.is_null() {
        node.write(&0u32)?;
    }
    Ok(0)
}
