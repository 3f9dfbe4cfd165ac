//! Reading and writing open files (`read(2)`, `write(2)`, `lseek(2)` and their kin).

mod copy;

use abi::Errno;
use abi::fcntl::{FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE};

use super::lookup::PathArg;
use super::{Call, Fd, SysResult};
use crate::fs::permission::{self, Access};
use crate::fs::{AttributeChange, FileType, ResolveFlags};
use crate::memory::user::{Sink, Source, UserAddr};

pub use copy::{copy_file_range, sendfile};

/// `read(2)`
pub fn read(call: &mut Call<'_>, fd: Fd, buffer: UserAddr, len: usize) -> SysResult {
    let file = call.files()?.get(fd)?;
    if !file.readable() {
        return Err(Errno::EBADF);
    }
    file.read(&mut Sink::user(buffer, len)?)
}

/// `write(2)`
pub fn write(call: &mut Call<'_>, fd: Fd, buffer: UserAddr, len: usize) -> SysResult {
    let file = call.files()?.get(fd)?;
    if !file.writable() {
        return Err(Errno::EBADF);
    }
    file.write(&mut Source::user(buffer, len)?)
}

/// `readv(2)`
pub fn readv(call: &mut Call<'_>, fd: Fd, list: UserAddr, count: usize) -> SysResult {
    let file = call.files()?.get(fd)?;
    file.read(&mut Sink::iovec(list.read_iovecs(count)?))
}

/// `writev(2)`
pub fn writev(call: &mut Call<'_>, fd: Fd, list: UserAddr, count: usize) -> SysResult {
    let file = call.files()?.get(fd)?;
    file.write(&mut Source::iovec(list.read_iovecs(count)?))
}

/// A position given by a program. `EINVAL` if negative.
fn position(offset: i64) -> Result<u64, Errno> {
    u64::try_from(offset).map_err(|_| Errno::EINVAL)
}

/// `pread64(2)`
pub fn pread64(
    call: &mut Call<'_>,
    fd: Fd,
    buffer: UserAddr,
    len: usize,
    offset: i64,
) -> SysResult {
    let position = position(offset)?;
    let file = call.files()?.get(fd)?;
    file.read_at(position, &mut Sink::user(buffer, len)?)
}

/// `pwrite64(2)`
pub fn pwrite64(
    call: &mut Call<'_>,
    fd: Fd,
    buffer: UserAddr,
    len: usize,
    offset: i64,
) -> SysResult {
    let position = position(offset)?;
    let file = call.files()?.get(fd)?;
    file.write_at(position, &mut Source::user(buffer, len)?)
}

/// `preadv(2)`
pub fn preadv(call: &mut Call<'_>, fd: Fd, list: UserAddr, count: usize, offset: i64) -> SysResult {
    let position = position(offset)?;
    let file = call.files()?.get(fd)?;
    file.read_at(position, &mut Sink::iovec(list.read_iovecs(count)?))
}

/// `pwritev(2)`
pub fn pwritev(
    call: &mut Call<'_>,
    fd: Fd,
    list: UserAddr,
    count: usize,
    offset: i64,
) -> SysResult {
    let position = position(offset)?;
    let file = call.files()?.get(fd)?;
    file.write_at(position, &mut Source::iovec(list.read_iovecs(count)?))
}

/// `preadv2(2)`: offset -1 means the file's position; of the flags none has an effect here.
pub fn preadv2(
    call: &mut Call<'_>,
    fd: Fd,
    list: UserAddr,
    count: usize,
    offset: i64,
    _high: u64,
    flags: u32,
) -> SysResult {
    check_rwf(flags)?;
    if offset == -1 {
        readv(call, fd, list, count)
    } else {
        preadv(call, fd, list, count, offset)
    }
}

/// `pwritev2(2)`: offset -1 means the file's position; of the flags none has an effect here.
pub fn pwritev2(
    call: &mut Call<'_>,
    fd: Fd,
    list: UserAddr,
    count: usize,
    offset: i64,
    _high: u64,
    flags: u32,
) -> SysResult {
    check_rwf(flags)?;
    if offset == -1 {
        writev(call, fd, list, count)
    } else {
        pwritev(call, fd, list, count, offset)
    }
}

/// `RWF_HIPRI`, `RWF_DSYNC` and `RWF_SYNC` change nothing for files in memory; the others are not supported.
fn check_rwf(flags: u32) -> Result<(), Errno> {
    if flags & !7 == 0 {
        Ok(())
    } else {
        Err(Errno::EOPNOTSUPP)
    }
}

/// `lseek(2)`
pub fn lseek(call: &mut Call<'_>, fd: Fd, offset: i64, whence: u32) -> SysResult {
    let file = call.files()?.get(fd)?;
    let position = file.seek(offset, whence)?;
    usize::try_from(position).map_err(|_| Errno::EOVERFLOW)
}

/// `truncate(2)`
pub fn truncate(call: &mut Call<'_>, path: UserAddr, len: i64) -> SysResult {
    let size = position(len)?;
    let arg = PathArg::current(call, path)?;
    let path = arg.resolve(ResolveFlags::empty())?;
    let inode = path.inode();
    match inode.file_type() {
        FileType::Directory => return Err(Errno::EISDIR),
        FileType::Regular => {}
        _ => return Err(Errno::EINVAL),
    }
    path.mount().check_writable()?;
    permission::check(&**inode, &arg.credentials, Access::WRITE)?;
    if let Some(gate) = inode.write_gate() {
        gate.begin_write()?;
    }
    let result = inode.set_attributes(&AttributeChange::to_size(size));
    if let Some(gate) = inode.write_gate() {
        gate.end_write();
    }
    result.map(|()| 0)
}

/// `ftruncate(2)`
pub fn ftruncate(call: &mut Call<'_>, fd: Fd, len: i64) -> SysResult {
    let size = position(len)?;
    let file = call.files()?.get(fd)?;
    let inode = file
        .inode()
        .filter(|inode| inode.file_type() == FileType::Regular);
    let inode = inode.filter(|_| file.writable()).ok_or(Errno::EINVAL)?;
    inode.set_attributes(&AttributeChange::to_size(size))?;
    Ok(0)
}

/// `fallocate(2)`
pub fn fallocate(call: &mut Call<'_>, fd: Fd, mode: u32, offset: i64, len: i64) -> SysResult {
    let file = call.files()?.get(fd)?;
    let start = position(offset)?;
    let len = position(len)?;
    if len == 0 {
        return Err(Errno::EINVAL);
    }
    if mode & FALLOC_FL_PUNCH_HOLE != 0 && mode & FALLOC_FL_KEEP_SIZE == 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    if !file.writable() {
        return Err(Errno::EBADF);
    }
    match file.metadata().file_type {
        FileType::Regular => {}
        FileType::Fifo => return Err(Errno::ESPIPE),
        FileType::Directory => return Err(Errno::EISDIR),
        _ => return Err(Errno::ENODEV),
    }
    file.ops().allocate(&file, mode, start, len)?;
    Ok(0)
}

/// `fsync(2)` and `fdatasync(2)`: everything is in memory, so there is nothing to wait for.
pub fn fsync(call: &mut Call<'_>, fd: Fd) -> SysResult {
    let file = call.files()?.get(fd)?;
    match file.metadata().file_type {
        FileType::Regular | FileType::Directory | FileType::BlockDevice => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `sync(2)`: like [`fsync`].
pub fn sync(_call: &mut Call<'_>) -> SysResult {
    Ok(0)
}

/// `syncfs(2)`: like [`fsync`].
pub fn syncfs(call: &mut Call<'_>, fd: Fd) -> SysResult {
    call.files()?.get(fd)?;
    Ok(0)
}

/// `fadvise64(2)`: advice that nothing here needs.
pub fn fadvise64(call: &mut Call<'_>, fd: Fd, _offset: i64, _len: i64, advice: u32) -> SysResult {
    let file = call.files()?.get(fd)?;
    if file.metadata().file_type == FileType::Fifo {
        return Err(Errno::ESPIPE);
    }
    if advice > 5 {
        Err(Errno::EINVAL)
    } else {
        Ok(0)
    }
}

/// `readahead(2)`: all is in memory already.
pub fn readahead(call: &mut Call<'_>, fd: Fd, _offset: i64, _count: usize) -> SysResult {
    let file = call.files()?.get(fd)?;
    if !file.readable() {
        return Err(Errno::EBADF);
    }
    if file.metadata().file_type == FileType::Regular {
        Ok(0)
    } else {
        Err(Errno::EINVAL)
    }
}
