//! Time stamps (`utimensat(2)` and its ancestors).

use abi::Errno;
use abi::fcntl::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};
use abi::time::{Timespec, Timeval, UTIME_NOW, UTIME_OMIT, Utimbuf};

use super::{CURRENT, path_of};
use crate::fs::metadata::{check_timespec, now};
use crate::fs::permission::{self, Access};
use crate::fs::{AttributeChange, Path, ResolveFlags};
use crate::memory::user::UserAddr;
use crate::process::Credentials;
use crate::process::syscalls::lookup::{PathArg, at_flags};
use crate::process::syscalls::{Call, Fd, SysResult};

/// The new access and modification times; `None` is the current time for both.
type Times = Option<[Timespec; 2]>;

fn change_times(path: &Path, credentials: &Credentials, times: Times) -> SysResult {
    let [accessed, modified] = times.unwrap_or(
        [Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        }; 2],
    );
    if accessed.tv_nsec == UTIME_OMIT && modified.tv_nsec == UTIME_OMIT {
        return Ok(0);
    }
    path.mount().check_writable()?;
    let inode = path.inode();
    let owner = permission::is_owner(&inode.ownership(), credentials);
    let both_now = accessed.tv_nsec == UTIME_NOW && modified.tv_nsec == UTIME_NOW;
    if !owner && !both_now {
        return Err(Errno::EPERM);
    }
    if !owner {
        permission::check(&**inode, credentials, Access::WRITE)?;
    }
    let current = now();
    let choose = |time: Timespec| match time.tv_nsec {
        UTIME_NOW => Some(current),
        UTIME_OMIT => None,
        _ => Some(time),
    };
    inode.set_attributes(&AttributeChange {
        accessed: choose(accessed),
        modified: choose(modified),
        ..AttributeChange::default()
    })?;
    Ok(0)
}

/// `utimensat(2)`: without a path it is about `directory` itself.
pub fn utimensat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    times: UserAddr,
    flags: u32,
) -> SysResult {
    let times = if times.is_null() {
        None
    } else {
        Some(read_times(times)?)
    };
    let omitted = |times: &[Timespec; 2]| times.iter().all(|time| time.tv_nsec == UTIME_OMIT);
    if times.as_ref().is_some_and(omitted) {
        return Ok(0);
    }
    let walk = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)?;
    if path.is_null() && directory != CURRENT {
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        let path = path_of(call, directory)?;
        return change_times(&path, &call.credentials(), times);
    }
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    change_times(&arg.resolve(walk)?, &arg.credentials, times)
}

fn read_times(address: UserAddr) -> Result<[Timespec; 2], Errno> {
    let times: [Timespec; 2] = [
        address.read()?,
        address.offset(size_of::<Timespec>()).read()?,
    ];
    for time in times {
        if time.tv_nsec != UTIME_NOW && time.tv_nsec != UTIME_OMIT {
            check_timespec(time)?;
        }
    }
    Ok(times)
}

fn read_timevals(address: UserAddr) -> Result<Times, Errno> {
    if address.is_null() {
        return Ok(None);
    }
    let read = |index: usize| -> Result<Timespec, Errno> {
        let time: Timeval = address.offset(index * size_of::<Timeval>()).read()?;
        if !(0..1_000_000).contains(&time.tv_usec) {
            return Err(Errno::EINVAL);
        }
        Ok(Timespec {
            tv_sec: time.tv_sec,
            tv_nsec: time.tv_usec * 1000,
        })
    };
    Ok(Some([read(0)?, read(1)?]))
}

/// `utimes(2)`
pub fn utimes(call: &mut Call<'_>, path: UserAddr, times: UserAddr) -> SysResult {
    futimesat(call, CURRENT, path, times)
}

/// `futimesat(2)`
pub fn futimesat(call: &mut Call<'_>, directory: Fd, path: UserAddr, times: UserAddr) -> SysResult {
    let times = read_timevals(times)?;
    if path.is_null() && directory != CURRENT {
        let path = path_of(call, directory)?;
        return change_times(&path, &call.credentials(), times);
    }
    let arg = PathArg::new(call, directory, path)?;
    change_times(
        &arg.resolve(ResolveFlags::empty())?,
        &arg.credentials,
        times,
    )
}

/// `utime(2)`
pub fn utime(call: &mut Call<'_>, path: UserAddr, times: UserAddr) -> SysResult {
    let times = if times.is_null() {
        None
    } else {
        let times: Utimbuf = times.read()?;
        let at = |tv_sec| Timespec { tv_sec, tv_nsec: 0 };
        Some([at(times.actime), at(times.modtime)])
    };
    let arg = PathArg::current(call, path)?;
    change_times(
        &arg.resolve(ResolveFlags::empty())?,
        &arg.credentials,
        times,
    )
}
