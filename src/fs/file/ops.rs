//! The interface of whatever can be read, written or waited for.

use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;

use abi::Errno;
use abi::fcntl::{OpenFlags, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET};

use super::OpenFile;
use crate::fs::Metadata;
use crate::memory::Backing;
use crate::memory::user::{Sink, Source, UserAddr};
use crate::process::sync::{PollEvents, PollTable};
use crate::process::syscalls::{Call, SysResult};

/// The behaviour of an open file.
///
/// Something with positions (a regular file, a generated file) says so by [`is_seekable`](FileOps::is_seekable) and
/// implements `read_at` and `write_at`; the position is then kept by [`OpenFile`]. A stream (pipe, terminal)
/// implements `read` and `write`. Access modes have been checked; `O_NONBLOCK` is to be asked of the file at each
/// call ([`OpenFile::is_nonblocking`]), since `fcntl(2)` can change it.
pub trait FileOps: Send + Sync + Any {
    /// Whether there are positions to seek to.
    fn is_seekable(&self) -> bool {
        false
    }

    /// `read(2)`. 0 is the end of the file. For seekable files this reads at the file's position and advances it.
    ///
    /// # Errors
    /// `EINVAL` by default for streams.
    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        if !self.is_seekable() {
            return Err(Errno::EINVAL);
        }
        let mut position = file.position.lock();
        let count = self.read_at(file, *position, sink)?;
        *position = position.saturating_add(count as u64);
        Ok(count)
    }

    /// `write(2)`. For seekable files this writes at the file's position and advances it, or at the end (`O_APPEND`).
    ///
    /// # Errors
    /// `EINVAL` by default for streams.
    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        if !self.is_seekable() {
            return Err(Errno::EINVAL);
        }
        let mut position = file.position.lock();
        if file.flags().contains(OpenFlags::O_APPEND) {
            let (count, end) = self.append(file, source)?;
            *position = end;
            return Ok(count);
        }
        let count = self.write_at(file, *position, source)?;
        *position = position.saturating_add(count as u64);
        Ok(count)
    }

    /// `pread(2)`: reads at `position` without touching the file's.
    ///
    /// # Errors
    /// `EINVAL` by default. (For streams the caller has refused with `ESPIPE`.)
    fn read_at(&self, file: &OpenFile, position: u64, sink: &mut Sink<'_>) -> SysResult {
        let _ = (file, position, sink);
        Err(Errno::EINVAL)
    }

    /// `pwrite(2)`: writes at `position` without touching the file's.
    ///
    /// # Errors
    /// `EINVAL` by default.
    fn write_at(&self, file: &OpenFile, position: u64, source: &mut Source<'_>) -> SysResult {
        let _ = (file, position, source);
        Err(Errno::EINVAL)
    }

    /// Writes at the end, as one step; the count and the new end.
    ///
    /// # Errors
    /// Those of [`write_at`](FileOps::write_at).
    fn append(&self, file: &OpenFile, source: &mut Source<'_>) -> Result<(usize, u64), Errno> {
        let end = self.size(file);
        let count = self.write_at(file, end, source)?;
        Ok((count, end.saturating_add(count as u64)))
    }

    /// The size `SEEK_END` counts from. By default what [`OpenFile::metadata`] says.
    fn size(&self, file: &OpenFile) -> u64 {
        file.metadata().size
    }

    /// `lseek(2)` of a seekable file.
    ///
    /// # Errors
    /// `EINVAL` for a position before the start or an unknown `whence`, `ENXIO` for data or holes past the end,
    /// `EOVERFLOW`.
    fn seek(&self, file: &OpenFile, offset: i64, whence: u32) -> Result<u64, Errno> {
        seek_by_size(self.size(file), file, offset, whence)
    }

    /// What is the case now. With a table, first registers every queue whose wake-up can change the answer.
    fn poll(&self, file: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        let _ = (file, table);
        PollEvents::POLLIN | PollEvents::POLLOUT | PollEvents::POLLRDNORM | PollEvents::POLLWRNORM
    }

    /// Whether [`poll`](FileOps::poll) can ever change its answer; `epoll_ctl(2)` refuses others with `EPERM`.
    fn can_poll(&self) -> bool {
        !self.is_seekable()
    }

    /// `ioctl(2)`, except what every file knows (`FIONBIO`, `FIOCLEX` and their like).
    ///
    /// # Errors
    /// `ENOTTY` for commands it does not know.
    fn ioctl(
        &self,
        call: &mut Call<'_>,
        file: &OpenFile,
        command: u32,
        argument: UserAddr,
    ) -> SysResult {
        let _ = (call, file, command, argument);
        Err(Errno::ENOTTY)
    }

    /// `fallocate(2)`, with its `mode`.
    ///
    /// # Errors
    /// `EOPNOTSUPP` by default; `ENOSPC`, `EFBIG`.
    fn allocate(&self, file: &OpenFile, mode: u32, start: u64, len: u64) -> Result<(), Errno> {
        let _ = (file, mode, start, len);
        Err(Errno::EOPNOTSUPP)
    }

    /// The pages to map (`mmap(2)`); callers use [`OpenFile::backing`].
    ///
    /// # Errors
    /// `ENODEV` if it cannot be mapped.
    fn backing(self: Arc<Self>, file: &OpenFile) -> Result<Arc<dyn Backing>, Errno> {
        let _ = file;
        Err(Errno::ENODEV)
    }

    /// Attributes, for something that is in no directory.
    fn metadata(&self) -> Option<Metadata> {
        None
    }

    /// What `/proc/PID/fd/N` shows for something that is in no directory: `pipe:[5]`, `anon_inode:[eventfd]`.
    fn label(&self, file: &OpenFile) -> Option<String> {
        let _ = file;
        None
    }

    /// Additional lines of `/proc/PID/fdinfo/N`.
    fn fdinfo(&self) -> String {
        String::new()
    }

    /// The last descriptor is gone.
    fn release(&self, file: &OpenFile) {
        let _ = file;
    }
}

/// [`FileOps::seek`] for anything whose size is known and that has no holes.
///
/// # Errors
/// As documented there.
pub fn seek_by_size(size: u64, file: &OpenFile, offset: i64, whence: u32) -> Result<u64, Errno> {
    let mut position = file.position.lock();
    let target = match whence {
        SEEK_SET => Some(offset),
        SEEK_CUR => position.cast_signed().checked_add(offset),
        SEEK_END => size.cast_signed().checked_add(offset),
        SEEK_DATA | SEEK_HOLE => {
            let inside = u64::try_from(offset).is_ok_and(|at| at < size);
            let found = if whence == SEEK_DATA {
                offset
            } else {
                size.cast_signed()
            };
            Some(inside.then_some(found).ok_or(Errno::ENXIO)?)
        }
        _ => return Err(Errno::EINVAL),
    };
    let target = target.ok_or(Errno::EOVERFLOW)?;
    *position = u64::try_from(target).map_err(|_| Errno::EINVAL)?;
    Ok(*position)
}
