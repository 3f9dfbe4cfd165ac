//! Copying between descriptors within the kernel (`sendfile(2)`, `copy_file_range(2)`).

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;

use super::position;
use crate::fs::{FileType, OpenFile};
use crate::memory::user::{MAX_RW_COUNT, Sink, Source, UserAddr};
use crate::process::syscalls::{Call, Fd, SysResult};

/// Bytes copied at a time between two files.
const COPY_CHUNK: usize = 64 * 1024;

/// Where one side of a copy stands: at a position of its own, or at the file's.
struct End {
    file: Arc<OpenFile>,
    position: Option<u64>,
}

impl End {
    fn read(&self, buffer: &mut [u8]) -> SysResult {
        let mut sink = Sink::kernel(buffer);
        match self.position {
            Some(position) => self.file.read_at(position, &mut sink),
            None => self.file.read(&mut sink),
        }
    }

    fn write(&self, bytes: &[u8]) -> SysResult {
        let mut source = Source::kernel(bytes);
        match self.position {
            Some(position) => self.file.write_at(position, &mut source),
            None => self.file.write(&mut source),
        }
    }

    fn advance(&mut self, count: usize) {
        if let Some(position) = &mut self.position {
            *position = position.saturating_add(count as u64);
        }
    }

    /// Gives back what was read but could not be written.
    fn unread(&self, count: usize) {
        if self.position.is_none() && self.file.ops().is_seekable() {
            let back = i64::try_from(count).map_or(0, |count| -count);
            let _ = self.file.seek(back, abi::fcntl::SEEK_CUR);
        }
    }
}

/// Copies up to `count` bytes; stops at the end of the input and at the first error, which counts only if nothing was
/// copied before.
fn copy(from: &mut End, to: &mut End, count: usize) -> SysResult {
    let mut buffer = Vec::new();
    let chunk = count.min(COPY_CHUNK);
    buffer.try_reserve_exact(chunk).map_err(|_| Errno::ENOMEM)?;
    buffer.resize(chunk, 0);
    let mut copied = 0;
    while copied < count {
        let (part, _) = buffer.split_at_mut(chunk.min(count - copied));
        let read = match from.read(part) {
            Ok(0) => break,
            Ok(read) => read,
            Err(_) if copied > 0 => break,
            Err(error) => return Err(error),
        };
        let written = match to.write(part.get(..read).unwrap_or_default()) {
            Ok(written) => written,
            Err(error) => {
                from.unread(read);
                if copied > 0 {
                    break;
                }
                return Err(error);
            }
        };
        from.advance(written);
        to.advance(written);
        copied += written;
        if written < read {
            from.unread(read - written);
            break;
        }
    }
    Ok(copied)
}

/// Reads the position a program keeps at `address`, if it gave one.
fn own_position(address: UserAddr) -> Result<Option<u64>, Errno> {
    if address.is_null() {
        Ok(None)
    } else {
        position(address.read::<i64>()?).map(Some)
    }
}

/// Writes back a position read by [`own_position`].
fn store_position(address: UserAddr, end: &End) -> Result<(), Errno> {
    end.position
        .map_or(Ok(()), |position| address.write(&position))
}

/// `sendfile(2)`
pub fn sendfile(
    call: &mut Call<'_>,
    out: Fd,
    input: Fd,
    offset: UserAddr,
    count: usize,
) -> SysResult {
    let files = call.files()?;
    let from = files.get(input)?;
    let to = files.get(out)?;
    if !from.readable() || !to.writable() {
        return Err(Errno::EBADF);
    }
    let position = own_position(offset)?;
    if position.is_some() && !from.ops().is_seekable() {
        return Err(Errno::ESPIPE);
    }
    let directory = from.metadata().file_type.is_directory();
    if directory || !from.ops().is_seekable() || to.flags().contains(OpenFlags::O_APPEND) {
        return Err(Errno::EINVAL);
    }
    let mut from = End {
        file: from,
        position,
    };
    let mut to = End {
        file: to,
        position: None,
    };
    let copied = copy(&mut from, &mut to, count.min(MAX_RW_COUNT))?;
    store_position(offset, &from)?;
    Ok(copied)
}

/// `copy_file_range(2)`
pub fn copy_file_range(
    call: &mut Call<'_>,
    input: Fd,
    input_offset: UserAddr,
    output: Fd,
    output_offset: UserAddr,
    count: usize,
    flags: u32,
) -> SysResult {
    let files = call.files()?;
    let (from, to) = (files.get(input)?, files.get(output)?);
    let positions = (own_position(input_offset)?, own_position(output_offset)?);
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    for file in [&from, &to] {
        match file.metadata().file_type {
            FileType::Regular => {}
            FileType::Directory => return Err(Errno::EISDIR),
            _ => return Err(Errno::EINVAL),
        }
    }
    if !from.readable() || !to.writable() || to.flags().contains(OpenFlags::O_APPEND) {
        return Err(Errno::EBADF);
    }
    let count = count.min(MAX_RW_COUNT);
    let starts = (
        positions.0.unwrap_or_else(|| from.position()),
        positions.1.unwrap_or_else(|| to.position()),
    );
    let same = from
        .inode()
        .zip(to.inode())
        .is_some_and(|(a, b)| Arc::ptr_eq(a, b));
    if same && starts.0.abs_diff(starts.1) < count as u64 {
        return Err(Errno::EINVAL);
    }
    let mut from = End {
        file: from,
        position: positions.0,
    };
    let mut to = End {
        file: to,
        position: positions.1,
    };
    let copied = copy(&mut from, &mut to, count)?;
    store_position(input_offset, &from)?;
    store_position(output_offset, &to)?;
    Ok(copied)
}
