//! Operations on the calling process or thread (`prctl(2)`).

use core::sync::atomic::Ordering;

use abi::Errno;
use abi::prctl::{
    PR_CAPBSET_READ, PR_GET_CHILD_SUBREAPER, PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_NAME,
    PR_GET_NO_NEW_PRIVS, PR_GET_PDEATHSIG, PR_GET_SECCOMP, PR_GET_SECUREBITS, PR_GET_TID_ADDRESS,
    PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG, TASK_COMM_LEN,
};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;
use crate::process::table::TREE;
use crate::process::thread::NAME_MAX;

/// The granularity of timeouts in nanoseconds that `PR_GET_TIMERSLACK` reports: Linux's default.
const TIMER_SLACK: usize = 50_000;

/// `prctl(2)`
pub fn prctl(
    call: &mut Call<'_>,
    option: u32,
    arg: u64,
    third: u64,
    fourth: u64,
    fifth: u64,
) -> SysResult {
    let process = call.process()?;
    let pointer = UserAddr::new(usize::try_from(arg).map_err(|_| Errno::EFAULT)?);
    let unused = third == 0 && fourth == 0 && fifth == 0;
    let word = u32::try_from(arg).map_err(|_| Errno::EINVAL);
    match option {
        PR_SET_NAME => set_name(call, pointer),
        PR_GET_NAME => get_name(call, pointer),
        PR_SET_PDEATHSIG => {
            let number = word?;
            if number > 64 {
                return Err(Errno::EINVAL);
            }
            process
                .parent_death_signal()
                .store(number, Ordering::Relaxed);
            Ok(0)
        }
        PR_GET_PDEATHSIG => {
            pointer.write(&process.parent_death_signal().load(Ordering::Relaxed))?;
            Ok(0)
        }
        PR_GET_DUMPABLE => Ok(process.dumpable().load(Ordering::Relaxed) as usize),
        PR_SET_DUMPABLE if arg <= 1 => {
            process.dumpable().store(word?, Ordering::Relaxed);
            Ok(0)
        }
        PR_SET_NO_NEW_PRIVS if arg == 1 && unused => {
            process.no_new_privileges().store(1, Ordering::Relaxed);
            Ok(0)
        }
        PR_GET_NO_NEW_PRIVS if arg == 0 && unused => {
            Ok(process.no_new_privileges().load(Ordering::Relaxed) as usize)
        }
        PR_SET_CHILD_SUBREAPER => {
            TREE.lock().set_subreaper(process.pid(), arg != 0);
            Ok(0)
        }
        PR_GET_CHILD_SUBREAPER => {
            let subreaper = TREE.lock().is_subreaper(process.pid());
            pointer.write(&u32::from(subreaper))?;
            Ok(0)
        }
        PR_GET_TID_ADDRESS => {
            pointer.write(&call.thread.clear_tid().load(Ordering::Relaxed))?;
            Ok(0)
        }
        PR_GET_KEEPCAPS | PR_GET_SECUREBITS | PR_GET_SECCOMP => Ok(0),
        PR_GET_TIMERSLACK => Ok(TIMER_SLACK),
        PR_CAPBSET_READ if arg <= u64::from(capability::LAST) => Ok(1),
        _ => Err(Errno::EINVAL),
    }
}

fn set_name(call: &Call<'_>, from: UserAddr) -> SysResult {
    // Only as many bytes are read as the name has, so that a short one may end at the end of a mapping.
    let mut name = [0; NAME_MAX];
    for (index, byte) in name.iter_mut().enumerate() {
        *byte = from.offset(index).read()?;
        if *byte == 0 {
            break;
        }
    }
    call.thread.set_name(&name);
    Ok(0)
}

fn get_name(call: &Call<'_>, to: UserAddr) -> SysResult {
    let mut bytes = [0; TASK_COMM_LEN];
    for (byte, from) in bytes.iter_mut().zip(call.thread.name().into_bytes()) {
        *byte = from;
    }
    to.write_bytes(&bytes)?;
    Ok(0)
}
