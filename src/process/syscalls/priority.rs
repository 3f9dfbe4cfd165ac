//! Nice values (`getpriority(2)`, `setpriority(2)`).

use alloc::vec::Vec;

use abi::Errno;
use abi::resource::RLIMIT_NICE;
use abi::resource::{PRIO_PGRP, PRIO_PROCESS, PRIO_USER};

use super::{Call, SysResult};
use crate::process::credentials::capability;
use crate::process::table::{self, TREE};
use crate::process::{Pid, ThreadRef, group, scheduler};

/// The threads `which` and `who` name.
fn targets(call: &Call<'_>, which: i32, who: i32) -> Result<Vec<ThreadRef>, Errno> {
    let number = Pid::new(who.cast_unsigned());
    let threads = match which {
        PRIO_PROCESS if who == 0 => Vec::from([call.thread.clone()]),
        PRIO_PROCESS => number.and_then(table::find_thread).into_iter().collect(),
        PRIO_PGRP => {
            let own = group::relations(call.process()?.pid()).map(|place| place.group);
            let Some(wanted) = (if who == 0 { own } else { number }) else {
                return Err(Errno::ESRCH);
            };
            let tree = TREE.lock();
            tree.group_members(wanted)
                .flat_map(|node| node.payload().threads())
                .collect()
        }
        PRIO_USER => {
            let user = if who == 0 {
                call.credentials().user.real
            } else {
                who.cast_unsigned()
            };
            let mut threads: Vec<_> = table::all()
                .iter()
                .flat_map(|process| process.threads())
                .collect();
            threads.retain(|thread| thread.credentials().user.real == user);
            threads
        }
        _ => return Err(Errno::EINVAL),
    };
    if threads.is_empty() {
        Err(Errno::ESRCH)
    } else {
        Ok(threads)
    }
}

/// `getpriority(2)`: 20 minus the least nice value, so that it is never negative.
pub fn getpriority(call: &mut Call<'_>, which: i32, who: i32) -> SysResult {
    let threads = match targets(call, which, who) {
        // A zombie has a nice value, but no thread that could still use it.
        Err(Errno::ESRCH) if which == PRIO_PROCESS && is_process(who) => return Ok(20),
        result => result?,
    };
    let least = threads
        .iter()
        .map(|thread| thread.sched().params().nice())
        .min()
        .unwrap_or(0);
    usize::try_from(20 - least).map_err(|_| Errno::EINVAL)
}

fn is_process(number: i32) -> bool {
    Pid::new(number.cast_unsigned())
        .and_then(table::find)
        .is_some()
}

/// `setpriority(2)`
pub fn setpriority(call: &mut Call<'_>, which: i32, who: i32, nice: i32) -> SysResult {
    let nice = nice.clamp(-20, 19);
    let credentials = call.credentials();
    let mut result = Ok(0);
    for thread in targets(call, which, who)? {
        let other = thread.credentials();
        let own = credentials.user.effective;
        if own != other.user.real
            && own != other.user.effective
            && !credentials.has(capability::SYS_NICE)
        {
            result = Err(Errno::EPERM);
        } else if nice < thread.sched().params().nice() && !may_lower(call, &thread, nice) {
            result = Err(Errno::EACCES);
        } else {
            scheduler::set_params(&thread, thread.sched().params().with_nice(nice));
        }
    }
    result
}

/// Whether the nice value of `thread` may be lowered to `nice`: with the capability, or within `RLIMIT_NICE`.
pub(super) fn may_lower(call: &Call<'_>, thread: &ThreadRef, nice: i32) -> bool {
    let limit = thread
        .process()
        .map_or(0, |process| process.limits().soft(RLIMIT_NICE));
    let floor = 20 - i64::try_from(limit).unwrap_or(40).min(40);
    i64::from(nice) >= floor || call.credentials().has(capability::SYS_NICE)
}
