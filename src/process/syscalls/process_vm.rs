//! Copying between the memories of two processes: `process_vm_readv(2)`, `process_vm_writev(2)`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::{Errno, PAGE_SIZE};
use proctree::Pid;

use super::{Call, SysResult};
use crate::memory::MemoryMap;
use crate::memory::user::{MAX_IOVECS, Sink, Source, UserAddr};
use crate::process::credentials::capability;
use crate::process::{Process, table};

/// `process_vm_readv(2)`.
pub fn process_vm_readv(
    call: &mut Call<'_>,
    pid: Pid,
    local: UserAddr,
    local_count: usize,
    remote: UserAddr,
    remote_count: usize,
) -> SysResult {
    let (memory, ranges) = open(call, pid, remote, remote_count)?;
    let mut sink = Sink::iovec(local.read_iovecs(local_count)?);
    let mut buffer = alloc::vec![0; PAGE_SIZE];
    let result = each_part(&ranges, |address, len| {
        let wanted = len.min(sink.remaining());
        let (part, _) = buffer.split_at_mut(wanted);
        let read = memory.read_memory(address, part)?;
        let put = sink.put(part.split_at(read).0)?;
        Ok(put == len)
    });
    sink.result(result)
}

/// `process_vm_writev(2)`.
pub fn process_vm_writev(
    call: &mut Call<'_>,
    pid: Pid,
    local: UserAddr,
    local_count: usize,
    remote: UserAddr,
    remote_count: usize,
) -> SysResult {
    let (memory, ranges) = open(call, pid, remote, remote_count)?;
    let mut source = Source::iovec(local.read_iovecs(local_count)?);
    let mut buffer = alloc::vec![0; PAGE_SIZE];
    let mut done = 0;
    let result = each_part(&ranges, |address, len| {
        let wanted = len.min(source.remaining());
        let (part, _) = buffer.split_at_mut(wanted);
        let taken = source.take(part)?;
        let written = memory.write_memory(address, part.split_at(taken).0)?;
        done += written;
        Ok(written == len)
    });
    if done > 0 {
        Ok(done)
    } else {
        result.map(|()| 0)
    }
}

/// Calls `copy(address, len)` for each piece of the ranges, none larger than a page, until it says false.
fn each_part(
    ranges: &[[usize; 2]],
    mut copy: impl FnMut(usize, usize) -> Result<bool, Errno>,
) -> Result<(), Errno> {
    for &[start, len] in ranges {
        let mut done = 0;
        while done < len {
            let part = (len - done).min(PAGE_SIZE);
            if !copy(start.wrapping_add(done), part)? {
                return Ok(());
            }
            done += part;
        }
    }
    Ok(())
}

/// The memory of the other process and the ranges in it.
fn open(
    call: &Call<'_>,
    pid: Pid,
    list: UserAddr,
    count: usize,
) -> Result<(Arc<MemoryMap>, Vec<[usize; 2]>), Errno> {
    if call.regs.r9 != 0 || count > MAX_IOVECS {
        return Err(Errno::EINVAL);
    }
    let ranges = list.read_array::<[usize; 2]>(count)?;
    let process = table::find(pid).ok_or(Errno::ESRCH)?;
    check_access(call, &process)?;
    let thread = process.main_thread().ok_or(Errno::ESRCH)?;
    Ok((thread.memory().ok_or(Errno::ESRCH)?, ranges))
}

/// `EPERM` unless the caller may inspect the process: all its identities are the caller's, or a capability allows it.
fn check_access(call: &Call<'_>, process: &Arc<Process>) -> Result<(), Errno> {
    let own = call.credentials();
    if Arc::ptr_eq(call.process()?, process) || own.has(capability::SYS_PTRACE) {
        return Ok(());
    }
    let other = process.main_thread().ok_or(Errno::ESRCH)?.credentials();
    let same = |ids: &crate::process::credentials::Ids, id: u32| {
        ids.real == id && ids.effective == id && ids.saved == id
    };
    let allowed = same(&other.user, own.user.real) && same(&other.group, own.group.real);
    if allowed { Ok(()) } else { Err(Errno::EPERM) }
}
