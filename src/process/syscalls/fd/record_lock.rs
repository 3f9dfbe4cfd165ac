//! Record locks by `fcntl(2)`: `F_SETLK`, `F_GETLK` and the forms for open files.

use abi::Errno;
use abi::fcntl::{F_RDLCK, F_UNLCK, F_WRLCK, Flock, SEEK_CUR, SEEK_END, SEEK_SET};

use crate::fs::OpenFile;
use crate::fs::locks::{self, Conflict, Owner, Range, Request};
use crate::memory::user::UserAddr;
use crate::process::syscalls::{Call, SysResult};

fn owner(
    call: &Call<'_>,
    file: &OpenFile,
    of_file: bool,
    lock: &Flock,
) -> Result<(Owner, i32), Errno> {
    if of_file {
        // Locks of open files have no process; the field is reserved.
        return if lock.l_pid == 0 {
            Ok((locks::file_owner(file), -1))
        } else {
            Err(Errno::EINVAL)
        };
    }
    let pid = i32::try_from(call.process()?.pid().raw()).unwrap_or(i32::MAX);
    Ok((locks::process_owner(&*call.files()?), pid))
}

/// The bytes a `struct flock` is about.
fn range(file: &OpenFile, lock: &Flock) -> Result<Range, Errno> {
    let base = match u32::try_from(lock.l_whence) {
        Ok(SEEK_SET) => 0,
        Ok(SEEK_CUR) => file.position().cast_signed(),
        Ok(SEEK_END) => file.metadata().size.cast_signed(),
        _ => return Err(Errno::EINVAL),
    };
    let start = base.checked_add(lock.l_start).ok_or(Errno::EOVERFLOW)?;
    // A negative length means the bytes before the start.
    let (first, last) = match lock.l_len {
        0 => (start, i64::MAX),
        len if len > 0 => (start, start.checked_add(len - 1).ok_or(Errno::EOVERFLOW)?),
        len => (start.checked_add(len).ok_or(Errno::EINVAL)?, start - 1),
    };
    let first = u64::try_from(first).map_err(|_| Errno::EINVAL)?;
    let last = u64::try_from(last).map_err(|_| Errno::EINVAL)?;
    Ok(Range { first, last })
}

/// `F_GETLK`
pub(super) fn get(call: &Call<'_>, file: &OpenFile, of_file: bool, address: UserAddr) -> SysResult {
    let mut lock: Flock = address.read()?;
    let exclusive = match lock.l_type {
        F_RDLCK => false,
        F_WRLCK => true,
        _ => return Err(Errno::EINVAL),
    };
    let (owner, pid) = owner(call, file, of_file, &lock)?;
    let request = Request {
        owner,
        range: range(file, &lock)?,
        exclusive,
        pid,
    };
    match locks::find_conflict(file, &request) {
        Some(conflict) => describe(&mut lock, &conflict),
        None => lock.l_type = F_UNLCK,
    }
    address.write(&lock)?;
    Ok(0)
}

fn describe(lock: &mut Flock, conflict: &Conflict) {
    let Range { first, last } = conflict.range;
    lock.l_type = if conflict.exclusive { F_WRLCK } else { F_RDLCK };
    lock.l_whence = 0;
    lock.l_start = first.cast_signed();
    lock.l_len = if last == Range::END {
        0
    } else {
        (last - first + 1).cast_signed()
    };
    lock.l_pid = conflict.pid;
}

/// `F_SETLK` and `F_SETLKW`
pub(super) fn set(
    call: &Call<'_>,
    file: &OpenFile,
    of_file: bool,
    wait: bool,
    address: UserAddr,
) -> SysResult {
    let lock: Flock = address.read()?;
    let (owner, pid) = owner(call, file, of_file, &lock)?;
    let range = range(file, &lock)?;
    let (exclusive, allowed) = match lock.l_type {
        F_UNLCK => return locks::unlock_range(file, owner, range).map(|()| 0),
        F_RDLCK => (false, file.readable()),
        F_WRLCK => (true, file.writable()),
        _ => return Err(Errno::EINVAL),
    };
    if !allowed {
        return Err(Errno::EBADF);
    }
    let request = Request {
        owner,
        range,
        exclusive,
        pid,
    };
    locks::lock_range(file, &request, wait)?;
    Ok(0)
}
