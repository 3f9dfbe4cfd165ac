//! Creating and ending threads and processes, and who they are.

use core::sync::atomic::Ordering;

use abi::process::{CloneArgs, CloneFlags};
use abi::{Errno, WaitStatus};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::Pid;
use crate::process::lifecycle::clone::{self as cloning, Request};
use crate::process::lifecycle::exit;
use crate::process::table::TREE;

/// `fork(2)`
pub fn fork(call: &mut Call<'_>) -> SysResult {
    cloning::clone(call, &Request::fork())
}

/// `vfork(2)`
pub fn vfork(call: &mut Call<'_>) -> SysResult {
    let flags = CloneFlags::CLONE_VFORK | CloneFlags::CLONE_VM;
    cloning::clone(
        call,
        &Request {
            flags,
            ..Request::fork()
        },
    )
}

/// `clone(2)`
pub fn clone(
    call: &mut Call<'_>,
    flags: u64,
    stack: u64,
    parent_tid: UserAddr,
    child_tid: UserAddr,
    tls: u64,
) -> SysResult {
    let low = flags & 0xffff_ffff;
    let signal = low & CloneFlags::CSIGNAL.bits();
    let request = Request {
        flags: CloneFlags::from_bits_retain(low & !CloneFlags::CSIGNAL.bits()),
        exit_signal: u32::try_from(signal).map_err(|_| Errno::EINVAL)?,
        stack,
        parent_tid,
        child_tid,
        tls,
    };
    cloning::clone(call, &request)
}

/// The length of the first version of `struct clone_args`.
const CLONE_ARGS_SIZE_VER0: usize = 64;

/// `clone3(2)`
pub fn clone3(call: &mut Call<'_>, args: UserAddr, size: usize) -> SysResult {
    let args = read_clone_args(args, size)?;
    let flags = CloneFlags::from_bits(args.flags).ok_or(Errno::EINVAL)?;
    let wrong = flags.intersects(CloneFlags::CSIGNAL | CloneFlags::CLONE_DETACHED)
        || args.exit_signal > 64
        || (args.stack == 0) != (args.stack_size == 0)
        || args.set_tid_size > 32
        || flags.intersects(CloneFlags::CLONE_THREAD | CloneFlags::CLONE_PARENT)
            && args.exit_signal != 0;
    if wrong {
        return Err(Errno::EINVAL);
    }
    if args.set_tid_size != 0 {
        // Choosing the id is for restoring checkpoints and not implemented.
        return Err(Errno::EINVAL);
    }
    let address = |raw: u64| {
        usize::try_from(raw)
            .map(UserAddr::new)
            .map_err(|_| Errno::EFAULT)
    };
    let request = Request {
        flags,
        exit_signal: u32::try_from(args.exit_signal).map_err(|_| Errno::EINVAL)?,
        stack: args.stack.wrapping_add(args.stack_size),
        parent_tid: address(args.parent_tid)?,
        child_tid: address(args.child_tid)?,
        tls: args.tls,
    };
    cloning::clone(call, &request)
}

/// A structure that may be shorter (older) than ours, or longer if what we do not know is zero.
fn read_clone_args(from: UserAddr, size: usize) -> Result<CloneArgs, Errno> {
    use zerocopy::{FromBytes, IntoBytes};
    if size > abi::PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    if size < CLONE_ARGS_SIZE_VER0 {
        return Err(Errno::EINVAL);
    }
    let mut bytes = CloneArgs::default();
    let known = size.min(size_of::<CloneArgs>());
    let place = bytes.as_mut_bytes().get_mut(..known).ok_or(Errno::EINVAL)?;
    from.read_bytes(place)?;
    let rest: alloc::vec::Vec<u8> = from.offset(known).read_array(size - known)?;
    if rest.iter().any(|&byte| byte != 0) {
        return Err(Errno::E2BIG);
    }
    CloneArgs::read_from_bytes(bytes.as_bytes()).map_err(|_| Errno::EINVAL)
}

/// `_exit(2)`: the thread alone.
pub fn exit(call: &mut Call<'_>, status: i32) -> SysResult {
    exit::exit_thread(call.thread, WaitStatus::exited(status));
    Ok(0)
}

/// `exit_group(2)`
pub fn exit_group(call: &mut Call<'_>, status: i32) -> SysResult {
    exit::exit_group(call.process()?, WaitStatus::exited(status));
    Ok(0)
}

/// `getpid(2)`
pub fn getpid(call: &mut Call<'_>) -> SysResult {
    Ok(call.process()?.pid().raw() as usize)
}

/// `gettid(2)`
pub fn gettid(call: &mut Call<'_>) -> SysResult {
    Ok(call.thread.tid().map_or(0, Pid::raw) as usize)
}

/// `getppid(2)`
pub fn getppid(call: &mut Call<'_>) -> SysResult {
    Ok(call.process()?.parent_pid() as usize)
}

/// `set_tid_address(2)`
pub fn set_tid_address(call: &mut Call<'_>, address: UserAddr) -> SysResult {
    call.thread
        .clear_tid()
        .store(address.get(), Ordering::Relaxed);
    gettid(call)
}

/// The size of `struct robust_list_head`.
const ROBUST_LIST_HEAD: usize = 24;

/// `set_robust_list(2)`
pub fn set_robust_list(call: &mut Call<'_>, head: UserAddr, length: usize) -> SysResult {
    if length != ROBUST_LIST_HEAD {
        return Err(Errno::EINVAL);
    }
    call.thread
        .robust_list()
        .store(head.get(), Ordering::Relaxed);
    Ok(0)
}

/// `get_robust_list(2)`
pub fn get_robust_list(
    call: &mut Call<'_>,
    tid: i32,
    head: UserAddr,
    length: UserAddr,
) -> SysResult {
    let thread = match tid {
        0 => call.thread.clone(),
        _ => {
            let tid = Pid::new(tid.cast_unsigned()).ok_or(Errno::ESRCH)?;
            TREE.lock().thread(tid).cloned().ok_or(Errno::ESRCH)?
        }
    };
    let (own, other) = (call.credentials(), thread.credentials());
    if !own.has(crate::process::credentials::capability::SYS_PTRACE)
        && own.user.effective != other.user.real
    {
        return Err(Errno::EPERM);
    }
    length.write(&ROBUST_LIST_HEAD)?;
    head.write(&thread.robust_list().load(Ordering::Relaxed))?;
    Ok(0)
}
