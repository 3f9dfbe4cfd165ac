//! Sending signals (`kill(2)`, `tgkill(2)`, `sigqueue(3)`).

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::signal::{KernelSigInfo, SI_TKILL, SIGCONT};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::credentials::{Credentials, capability};
use crate::process::table::{self, TREE};
use crate::process::{Pid, Process, ThreadRef, group, signal};

/// Whom `kill(2)` sends to.
enum Target {
    Process(Pid),
    Group(Pid),
    /// Everybody but the first process and the caller.
    All,
}

impl Target {
    fn decode(call: &Call<'_>, number: i32) -> Result<Self, Errno> {
        let pid = |number: i32| Pid::new(number.unsigned_abs()).ok_or(Errno::ESRCH);
        Ok(match number {
            i32::MIN => return Err(Errno::ESRCH),
            -1 => Self::All,
            0 => Self::Group(own_group(call)?),
            1.. => Self::Process(pid(number)?),
            _ => Self::Group(pid(number)?),
        })
    }

    fn processes(&self, caller: Pid) -> Vec<Arc<Process>> {
        match *self {
            Self::Process(pid) => table::find(pid).into_iter().collect(),
            Self::Group(pgid) => {
                let tree = TREE.lock();
                tree.group_members(pgid)
                    .map(|node| node.payload().clone())
                    .collect()
            }
            Self::All => {
                let mut all = table::all();
                all.retain(|process| process.pid() != Pid::INIT && process.pid() != caller);
                all
            }
        }
    }
}

fn own_group(call: &Call<'_>) -> Result<Pid, Errno> {
    let place = group::relations(call.process()?.pid()).ok_or(Errno::ESRCH)?;
    Ok(place.group)
}

/// The valid numbers; 0 asks only whether the signal could be sent.
fn check_number(number: i32) -> Result<(), Errno> {
    if (0..=64).contains(&number) {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// `kill(2)`, "For a process to have permission".
fn may_signal(
    sender: &Credentials,
    call: &Call<'_>,
    target: &Process,
    number: i32,
) -> Result<bool, Errno> {
    let other = target.credentials();
    let same_user = [sender.user.real, sender.user.effective]
        .iter()
        .any(|&id| id == other.user.real || id == other.user.saved);
    if same_user || sender.has(capability::KILL) {
        return Ok(true);
    }
    let session = |pid| group::relations(pid).map(|place| place.session);
    Ok(number == SIGCONT && session(target.pid()) == session(call.process()?.pid()))
}

/// `kill(2)`
pub fn kill(call: &mut Call<'_>, target: i32, number: i32) -> SysResult {
    check_number(number)?;
    let caller = call.process()?.pid();
    let target = Target::decode(call, target)?;
    let credentials = call.credentials();
    let info = KernelSigInfo::kill(number, caller.as_i32(), credentials.user.real);
    let mut sent = target.processes(caller).into_iter().map(|process| {
        if may_signal(&credentials, call, &process, number)? {
            deliver(&process, number, info)
        } else {
            Err(Errno::EPERM)
        }
    });
    match target {
        Target::Process(_) => sent.next().unwrap_or(Err(Errno::ESRCH))?,
        Target::Group(_) => any_sent(sent)?,
        // With so many, being refused by some is no error.
        Target::All => match any_sent(sent) {
            Err(Errno::EPERM) => {}
            result => result?,
        },
    }
    Ok(0)
}

/// Success if one was, else the last error. All are tried.
fn any_sent(sent: impl Iterator<Item = Result<(), Errno>>) -> Result<(), Errno> {
    let mut any = Err(Errno::ESRCH);
    for result in sent {
        if any.is_err() {
            any = result;
        }
    }
    any
}

fn deliver(process: &Process, number: i32, info: KernelSigInfo) -> Result<(), Errno> {
    if number == 0 {
        Ok(())
    } else {
        signal::send_to_process(process, info)
    }
}

/// `tkill(2)`
pub fn tkill(call: &mut Call<'_>, tid: i32, number: i32) -> SysResult {
    send_to(call, None, tid, number)
}

/// `tgkill(2)`
pub fn tgkill(call: &mut Call<'_>, tgid: i32, tid: i32, number: i32) -> SysResult {
    if tgid <= 0 {
        return Err(Errno::EINVAL);
    }
    send_to(call, Some(tgid), tid, number)
}

fn find_thread(tgid: Option<i32>, tid: i32) -> Result<ThreadRef, Errno> {
    if tid <= 0 {
        return Err(Errno::EINVAL);
    }
    let tid = Pid::new(tid.cast_unsigned()).ok_or(Errno::ESRCH)?;
    let thread = table::find_thread(tid).ok_or(Errno::ESRCH)?;
    let process = thread.require_process()?;
    if tgid.is_some_and(|tgid| process.pid().as_i32() != tgid) {
        return Err(Errno::ESRCH);
    }
    Ok(thread)
}

fn send_to(call: &Call<'_>, tgid: Option<i32>, tid: i32, number: i32) -> SysResult {
    let thread = find_thread(tgid, tid)?;
    check_number(number)?;
    let credentials = call.credentials();
    if !may_signal(&credentials, call, thread.require_process()?, number)? {
        return Err(Errno::EPERM);
    }
    if number != 0 {
        let sender = call.process()?.pid().as_i32();
        signal::send_to_thread(
            &thread,
            KernelSigInfo::tkill(number, sender, credentials.user.real),
        )?;
    }
    Ok(0)
}

/// Only a process itself may send itself what looks like a signal of the kernel or of `kill`.
fn check_forged(call: &Call<'_>, info: &KernelSigInfo, target: i32) -> Result<(), Errno> {
    let forged = info.si_code >= 0 || info.si_code == SI_TKILL;
    if forged && target != call.process()?.pid().as_i32() {
        Err(Errno::EPERM)
    } else {
        Ok(())
    }
}

fn read_info(from: UserAddr, number: i32) -> Result<KernelSigInfo, Errno> {
    let info: KernelSigInfo = from.read()?;
    Ok(KernelSigInfo {
        si_signo: number,
        ..info
    })
}

/// `rt_sigqueueinfo(2)`
pub fn rt_sigqueueinfo(call: &mut Call<'_>, pid: i32, number: i32, info: UserAddr) -> SysResult {
    let info = read_info(info, number)?;
    check_forged(call, &info, pid)?;
    check_number(number)?;
    let target = Pid::new(pid.cast_unsigned())
        .and_then(table::find)
        .ok_or(Errno::ESRCH)?;
    if !may_signal(&call.credentials(), call, &target, number)? {
        return Err(Errno::EPERM);
    }
    deliver(&target, number, info).map(|()| 0)
}

/// `rt_tgsigqueueinfo(2)`
pub fn rt_tgsigqueueinfo(
    call: &mut Call<'_>,
    tgid: i32,
    tid: i32,
    number: i32,
    info: UserAddr,
) -> SysResult {
    let info = read_info(info, number)?;
    if tgid <= 0 {
        return Err(Errno::EINVAL);
    }
    check_forged(call, &info, tgid)?;
    let thread = find_thread(Some(tgid), tid)?;
    check_number(number)?;
    if !may_signal(&call.credentials(), call, thread.require_process()?, number)? {
        return Err(Errno::EPERM);
    }
    if number != 0 {
        signal::send_to_thread(&thread, info)?;
    }
    Ok(0)
}
