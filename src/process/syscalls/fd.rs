//! Descriptors (`open(2)`, `close(2)`, `dup(2)`, `fcntl(2)`, `ioctl(2)`, `flock(2)`, `memfd_create(2)`).

mod record_lock;

use alloc::sync::Arc;

use abi::Errno;
use abi::fcntl::{
    AT_FDCWD, CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE, F_ADD_SEALS, F_DUPFD, F_DUPFD_CLOEXEC,
    F_GET_SEALS, F_GETFD, F_GETFL, F_GETLK, F_GETOWN, F_GETPIPE_SZ, F_GETSIG, F_OFD_GETLK,
    F_OFD_SETLK, F_OFD_SETLKW, F_SETFD, F_SETFL, F_SETLK, F_SETLKW, F_SETOWN, F_SETPIPE_SZ,
    F_SETSIG, FD_CLOEXEC, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, MFD_ALLOW_SEALING, MFD_CLOEXEC,
    OpenFlags, OpenHow as UserOpenHow,
};

use super::lookup::{PathArg, descriptor_limit};
use super::{Call, Fd, SysResult};
use crate::fs::pipe::PipeEnd;
use crate::fs::tmpfs::{Seals, TmpInode};
use crate::fs::{self, FileType, OpenFile, OpenHow, ResolveFlags, locks, permission};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;

/// A descriptor as the value of a call.
fn number(fd: Fd) -> SysResult {
    usize::try_from(fd.0).map_err(|_| Errno::EBADF)
}

/// `open(2)`
pub fn open(call: &mut Call<'_>, path: UserAddr, flags: u32, mode: u32) -> SysResult {
    openat(call, Fd(AT_FDCWD), path, flags, mode)
}

/// `creat(2)`
pub fn creat(call: &mut Call<'_>, path: UserAddr, mode: u32) -> SysResult {
    let flags = OpenFlags::O_CREAT | OpenFlags::O_WRONLY | OpenFlags::O_TRUNC;
    openat(call, Fd(AT_FDCWD), path, flags.bits(), mode)
}

/// `openat(2)`: unknown flags have no effect.
pub fn openat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    flags: u32,
    mode: u32,
) -> SysResult {
    let mut flags = OpenFlags::from_bits_truncate(flags);
    if flags.contains(OpenFlags::O_PATH) {
        flags &= OpenFlags::O_PATH
            | OpenFlags::O_DIRECTORY
            | OpenFlags::O_NOFOLLOW
            | OpenFlags::O_CLOEXEC;
    }
    let how = OpenHow {
        flags,
        mode: mode & 0o7777,
        resolve: ResolveFlags::empty(),
    };
    open_with(call, directory, path, &how)
}

fn open_with(call: &Call<'_>, directory: Fd, path: UserAddr, how: &OpenHow) -> SysResult {
    let flags = how.flags;
    if flags.contains(OpenFlags::__O_TMPFILE) {
        let read_only = !flags.intersects(OpenFlags::O_ACCMODE);
        if !flags.contains(OpenFlags::O_TMPFILE) || flags.contains(OpenFlags::O_CREAT) || read_only
        {
            return Err(Errno::EINVAL);
        }
    }
    if flags.contains(OpenFlags::O_CREAT | OpenFlags::O_DIRECTORY) {
        return Err(Errno::EINVAL);
    }
    let arg = PathArg::new(call, directory, path)?;
    let files = call.files()?;
    let reservation = files.reserve(descriptor_limit(call)?)?;
    let file = fs::open(&arg.at(), how)?;
    number(reservation.fill(file, flags.contains(OpenFlags::O_CLOEXEC)))
}

/// `openat2(2)`
pub fn openat2(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    how: UserAddr,
    size: usize,
) -> SysResult {
    if size < size_of::<UserOpenHow>() {
        return Err(Errno::EINVAL);
    }
    if size > abi::PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    let mut extra = alloc::vec![0; size - size_of::<UserOpenHow>()];
    how.offset(size_of::<UserOpenHow>())
        .read_bytes(&mut extra)?;
    if extra.iter().any(|&byte| byte != 0) {
        return Err(Errno::E2BIG);
    }
    let how: UserOpenHow = how.read()?;
    let flags = u32::try_from(how.flags)
        .ok()
        .and_then(OpenFlags::from_bits)
        .ok_or(Errno::EINVAL)?;
    let creates = flags.intersects(OpenFlags::O_CREAT | OpenFlags::__O_TMPFILE);
    let mode = u32::try_from(how.mode).map_err(|_| Errno::EINVAL)?;
    if mode & !0o7777 != 0 || (mode != 0 && !creates) {
        return Err(Errno::EINVAL);
    }
    let how = OpenHow {
        flags,
        mode,
        resolve: resolve_flags(how.resolve)?,
    };
    open_with(call, directory, path, &how)
}

/// From `RESOLVE_*` to the flags of a walk.
fn resolve_flags(bits: u64) -> Result<ResolveFlags, Errno> {
    let table = [
        (1, ResolveFlags::NO_XDEV),
        (2, ResolveFlags::NO_MAGICLINKS),
        (4, ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS),
        (8, ResolveFlags::BENEATH),
        (16, ResolveFlags::IN_ROOT),
    ];
    let mut flags = ResolveFlags::empty();
    let mut known = 0;
    for (bit, flag) in table {
        known |= bit;
        if bits & bit != 0 {
            flags |= flag;
        }
    }
    let both = flags.contains(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT);
    if bits & !known != 0 || both {
        Err(Errno::EINVAL)
    } else {
        Ok(flags)
    }
}

/// `close(2)`
pub fn close(call: &mut Call<'_>, fd: Fd) -> SysResult {
    call.files()?.close(fd)?;
    Ok(0)
}

/// `close_range(2)`
pub fn close_range(call: &mut Call<'_>, first: u32, last: u32, flags: u32) -> SysResult {
    if flags & !(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) != 0 || first > last {
        return Err(Errno::EINVAL);
    }
    let index = |fd| usize::try_from(fd).unwrap_or(usize::MAX);
    let (first, last) = (index(first), index(last));
    let mut files = call.files()?;
    if flags & CLOSE_RANGE_UNSHARE != 0 {
        files = Arc::new(files.fork_copy()?);
        drop(call.thread.replace_files(Some(files.clone())));
    }
    if flags & CLOSE_RANGE_CLOEXEC != 0 {
        files.mark_close_on_exec(first, last);
    } else {
        files.close_range(first, last);
    }
    Ok(0)
}

/// `dup(2)`
pub fn dup(call: &mut Call<'_>, fd: Fd) -> SysResult {
    number(
        call.files()?
            .duplicate(fd, 0, false, descriptor_limit(call)?)?,
    )
}

/// `dup2(2)`
pub fn dup2(call: &mut Call<'_>, old: Fd, new: Fd) -> SysResult {
    let files = call.files()?;
    if old == new {
        files.get_any(old)?;
        return number(new);
    }
    number(files.duplicate_to(old, new, false, descriptor_limit(call)?)?)
}

/// `dup3(2)`
pub fn dup3(call: &mut Call<'_>, old: Fd, new: Fd, flags: u32) -> SysResult {
    let close_on_exec = OpenFlags::O_CLOEXEC.bits();
    if flags & !close_on_exec != 0 || old == new {
        return Err(Errno::EINVAL);
    }
    let files = call.files()?;
    number(files.duplicate_to(old, new, flags == close_on_exec, descriptor_limit(call)?)?)
}

/// `fcntl(2)`
pub fn fcntl(call: &mut Call<'_>, fd: Fd, command: u32, argument: u64) -> SysResult {
    let files = call.files()?;
    let file = files.get_any(fd)?;
    let small = u32::try_from(argument & u64::from(u32::MAX)).unwrap_or(0);
    match command {
        F_DUPFD | F_DUPFD_CLOEXEC => {
            let from = usize::try_from(small.cast_signed()).map_err(|_| Errno::EINVAL)?;
            let close_on_exec = command == F_DUPFD_CLOEXEC;
            return number(files.duplicate(fd, from, close_on_exec, descriptor_limit(call)?)?);
        }
        F_GETFD => return Ok(usize::from(files.is_close_on_exec(fd)?)),
        F_SETFD => {
            return files
                .set_close_on_exec(fd, small & FD_CLOEXEC != 0)
                .map(|()| 0);
        }
        F_GETFL => return usize::try_from(file.flags().bits()).map_err(|_| Errno::EINVAL),
        _ if file.is_path_only() => return Err(Errno::EBADF),
        _ => {}
    }
    let address = UserAddr::new(usize::try_from(argument).map_err(|_| Errno::EFAULT)?);
    match command {
        F_SETFL => set_flags(call, &file, OpenFlags::from_bits_retain(small)),
        F_GETLK | F_OFD_GETLK => record_lock::get(call, &file, command == F_OFD_GETLK, address),
        F_SETLK | F_SETLKW => record_lock::set(call, &file, false, command == F_SETLKW, address),
        F_OFD_SETLK | F_OFD_SETLKW => {
            record_lock::set(call, &file, true, command == F_OFD_SETLKW, address)
        }
        F_GETOWN => usize::try_from(file.owner()).map_err(|_| Errno::EINVAL),
        F_SETOWN => file.set_owner(small.cast_signed()).map(|()| 0),
        F_GETSIG => Ok(0),
        F_SETSIG => {
            if small <= 64 {
                Ok(0)
            } else {
                Err(Errno::EINVAL)
            }
        }
        F_GETPIPE_SZ => Ok(pipe_end(&file)?.capacity()),
        F_SETPIPE_SZ => {
            let bytes = usize::try_from(small).map_err(|_| Errno::EINVAL)?;
            let privileged = call.credentials().has(capability::SYS_RESOURCE);
            pipe_end(&file)?.set_capacity(bytes, privileged)
        }
        F_GET_SEALS => usize::try_from(sealable(&file)?.seals()?.bits()).map_err(|_| Errno::EINVAL),
        F_ADD_SEALS => {
            let seals = Seals::from_bits(small).ok_or(Errno::EINVAL)?;
            let inode = sealable(&file)?;
            if !file.writable() {
                return Err(Errno::EPERM);
            }
            inode.add_seals(seals).map(|()| 0)
        }
        _ => Err(Errno::EINVAL),
    }
}

fn pipe_end(file: &OpenFile) -> Result<&PipeEnd, Errno> {
    file.ops_as().ok_or(Errno::EBADF)
}

fn sealable(file: &OpenFile) -> Result<&TmpInode, Errno> {
    file.ops_as().ok_or(Errno::EINVAL)
}

fn set_flags(call: &Call<'_>, file: &OpenFile, flags: OpenFlags) -> SysResult {
    let added = flags - file.flags();
    if added.contains(OpenFlags::O_NOATIME) {
        let ownership = file.metadata().ownership();
        if !permission::is_owner(&ownership, &call.credentials()) {
            return Err(Errno::EPERM);
        }
    }
    file.set_flags(flags);
    Ok(0)
}

/// `flock(2)`
pub fn flock(call: &mut Call<'_>, fd: Fd, operation: u32) -> SysResult {
    let wait = operation & LOCK_NB == 0;
    let exclusive = match operation & !LOCK_NB {
        LOCK_SH => Some(false),
        LOCK_EX => Some(true),
        LOCK_UN => None,
        _ => return Err(Errno::EINVAL),
    };
    let file = call.files()?.get(fd)?;
    let Some(exclusive) = exclusive else {
        locks::unlock_whole(&file);
        return Ok(0);
    };
    if !file.readable() && !file.writable() {
        return Err(Errno::EBADF);
    }
    locks::lock_whole(&file, exclusive, wait)?;
    Ok(0)
}

/// Commands of `ioctl(2)` that every descriptor knows.
mod command {
    pub const FIONCLEX: u32 = 0x5450;
    pub const FIOCLEX: u32 = 0x5451;
    pub const FIOASYNC: u32 = 0x5452;
    pub const FIONBIO: u32 = 0x5421;
    pub const FIONREAD: u32 = 0x541b;
}

/// `ioctl(2)`
pub fn ioctl(call: &mut Call<'_>, fd: Fd, command: u32, argument: UserAddr) -> SysResult {
    let files = call.files()?;
    let file = files.get(fd)?;
    match command {
        command::FIOCLEX => files.set_close_on_exec(fd, true)?,
        command::FIONCLEX => files.set_close_on_exec(fd, false)?,
        command::FIONBIO | command::FIOASYNC => {
            let on = argument.read::<i32>()? != 0;
            let flag = if command == command::FIONBIO {
                OpenFlags::O_NONBLOCK
            } else {
                OpenFlags::FASYNC
            };
            let mut flags = file.flags();
            flags.set(flag, on);
            file.set_flags(flags);
        }
        command::FIONREAD if file.metadata().file_type == FileType::Regular => {
            let left = file.metadata().size.saturating_sub(file.position());
            argument.write(&i32::try_from(left).unwrap_or(i32::MAX))?;
        }
        _ => {
            let ops = file.ops().clone();
            return ops.ioctl(call, &file, command, argument);
        }
    }
    Ok(0)
}

/// `memfd_create(2)`
pub fn memfd_create(call: &mut Call<'_>, name: UserAddr, flags: u32) -> SysResult {
    /// The longest name, since the file is shown as `memfd:NAME`.
    const MAX_NAME: usize = 249;
    /// `MFD_NOEXEC_SEAL` and `MFD_EXEC`: the file may be run either way.
    const EXEC_FLAGS: u32 = 8 | 16;
    if flags & !(MFD_CLOEXEC | MFD_ALLOW_SEALING | EXEC_FLAGS) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = name.read_cstr(MAX_NAME + 1).map_err(|error| match error {
        Errno::ENAMETOOLONG => Errno::EINVAL,
        other => other,
    })?;
    let files = call.files()?;
    let reservation = files.reserve(descriptor_limit(call)?)?;
    let file = fs::memfd::create(&name, flags & MFD_ALLOW_SEALING != 0, &call.credentials())?;
    number(reservation.fill(file, flags & MFD_CLOEXEC != 0))
}
