//! What a program does about signals (`sigaction(2)`, `sigprocmask(2)`, `sigsuspend(2)`, `sigaltstack(2)`).

use abi::Errno;
use abi::signal::{KernelSigInfo, SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, SigAction, SigInfo, StackT};
use abi::time::Timespec;
use signal::{SigSet, Signal};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::signal as signals;
use crate::process::sync::WaitQueue;
use crate::process::thread::Attention;

/// The size of the kernel's `sigset_t`; every call that takes one is told it and refuses others.
const SIGSET_SIZE: usize = 8;

fn check_size(size: usize) -> Result<(), Errno> {
    if size == SIGSET_SIZE {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// Reads a signal set.
pub(super) fn read_set(from: UserAddr) -> Result<SigSet, Errno> {
    from.read().map(SigSet::from_bits)
}

/// `rt_sigaction(2)`
pub fn rt_sigaction(
    call: &mut Call<'_>,
    number: i32,
    new: UserAddr,
    old: UserAddr,
    size: usize,
) -> SysResult {
    check_size(size)?;
    let new: Option<SigAction> = if new.is_null() {
        None
    } else {
        Some(new.read()?)
    };
    let number = Signal::from_raw(number).ok_or(Errno::EINVAL)?;
    let process = call.process()?;
    let actions = process.actions();
    let before = match new {
        None => actions.get(number),
        Some(action) => {
            let mut actions = actions.lock();
            let before = actions.set(number, action)?;
            let ignored = actions.ignores(number);
            drop(actions);
            if ignored {
                process.discard_signals(SigSet::from(number));
            }
            before
        }
    };
    if !old.is_null() {
        old.write(&before)?;
    }
    Ok(0)
}

/// `rt_sigprocmask(2)`
pub fn rt_sigprocmask(
    call: &mut Call<'_>,
    how: i32,
    new: UserAddr,
    old: UserAddr,
    size: usize,
) -> SysResult {
    check_size(size)?;
    let before = call.thread.signals().blocked();
    if !new.is_null() {
        let set = read_set(new)?;
        let after = match how {
            SIG_BLOCK => before | set,
            SIG_UNBLOCK => before - set,
            SIG_SETMASK => set,
            _ => return Err(Errno::EINVAL),
        };
        call.thread.set_blocked(after);
    }
    if !old.is_null() {
        old.write(&before.bits())?;
    }
    Ok(0)
}

/// `rt_sigpending(2)`
pub fn rt_sigpending(call: &mut Call<'_>, set: UserAddr, size: usize) -> SysResult {
    if size > SIGSET_SIZE {
        return Err(Errno::EINVAL);
    }
    let pending = signals::pending(call.thread) & call.thread.signals().blocked();
    let bytes = pending.bits().to_ne_bytes();
    set.write_bytes(bytes.get(..size).unwrap_or(&bytes))?;
    Ok(0)
}

/// Sets `mask` until a signal has been handled or the call ends without one.
pub(super) fn set_temporary_mask(call: &Call<'_>, mask: SigSet) {
    let thread = call.thread;
    thread.signals().save(thread.signals().blocked());
    thread.set_blocked(mask);
    thread.attention().raise(Attention::RESTORE_MASK);
}

/// `rt_sigsuspend(2)`
pub fn rt_sigsuspend(call: &mut Call<'_>, mask: UserAddr, size: usize) -> SysResult {
    check_size(size)?;
    set_temporary_mask(call, read_set(mask)?);
    pause(call)
}

/// `pause(2)`
pub fn pause(_call: &mut Call<'_>) -> SysResult {
    let nothing = WaitQueue::new();
    match nothing.wait_until(|| None::<()>) {
        Ok(()) | Err(_) => Err(Errno::ERESTARTNOHAND),
    }
}

/// `rt_sigtimedwait(2)`
pub fn rt_sigtimedwait(
    call: &mut Call<'_>,
    set: UserAddr,
    info: UserAddr,
    timeout: UserAddr,
    size: usize,
) -> SysResult {
    check_size(size)?;
    let wanted = read_set(set)?.blockable();
    let deadline = match timeout.is_null() {
        true => None,
        false => {
            let span = timeout
                .read::<Timespec>()?
                .to_nanos()
                .ok_or(Errno::EINVAL)?;
            Some(machine::time::now().saturating_add(span))
        }
    };
    let (number, found) = wait_for_signal(call, wanted, deadline)?;
    if !info.is_null() {
        info.write(&SigInfo::from(found))?;
    }
    usize::try_from(number.raw()).map_err(|_| Errno::EINVAL)
}

fn wait_for_signal(
    call: &Call<'_>,
    wanted: SigSet,
    deadline: Option<u64>,
) -> Result<(Signal, KernelSigInfo), Errno> {
    let thread = call.thread;
    // Announced before the first look, so that a signal sent from now on wakes the thread even if it is blocked.
    thread.signals().set_waited_for(wanted);
    let nothing = WaitQueue::new();
    let mut take = || {
        let found = signals::dequeue(thread, !wanted);
        if found.is_none() && !signals::has_deliverable(thread) {
            thread.attention().clear(Attention::SIGNAL);
        }
        found
    };
    let mut result = nothing.wait_until_deadline(deadline, &mut take);
    if result.is_err()
        && let Some(found) = take()
    {
        result = Ok(found);
    }
    thread.signals().set_waited_for(SigSet::EMPTY);
    thread.set_blocked(thread.signals().blocked());
    result.map_err(|error| match error {
        Errno::ETIMEDOUT => Errno::EAGAIN,
        _ => Errno::EINTR,
    })
}

/// `sigaltstack(2)`
pub fn sigaltstack(call: &mut Call<'_>, new: UserAddr, old: UserAddr) -> SysResult {
    let new: Option<StackT> = if new.is_null() {
        None
    } else {
        Some(new.read()?)
    };
    let signals = call.thread.signals();
    let before = signals.alternate_stack();
    if let Some(new) = new {
        signals.set_alternate_stack(before.set(&new, call.regs.rsp)?);
    }
    if !old.is_null() {
        old.write(&before.report(call.regs.rsp))?;
    }
    Ok(0)
}

/// `rt_sigreturn(2)`
pub fn rt_sigreturn(call: &mut Call<'_>) -> SysResult {
    signals::sigreturn(call.thread, call.regs);
    // The value of RAX comes from the frame; it is no result.
    usize::try_from(call.regs.rax).map_err(|_| Errno::EFAULT)
}
