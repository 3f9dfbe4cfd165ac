//! Reading the parts of a program's file that the kernel itself looks at.

use alloc::vec::Vec;

use abi::Errno;
use vm::script::HEAD_SIZE;

use crate::fs::OpenFile;
use crate::memory::user::Sink;

/// The first bytes of a file; fewer if it is shorter.
pub(super) fn head(file: &OpenFile) -> Result<Vec<u8>, Errno> {
    read(file, 0, HEAD_SIZE)
}

/// `len` bytes at `position`; fewer at the end of the file.
///
/// # Errors
/// Those of reading, and `ENOMEM`.
pub(super) fn read(file: &OpenFile, position: u64, len: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(len, 0);
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        // Not `OpenFile::read_at`: a program need not be readable by who runs it.
        let count = file
            .ops()
            .read_at(file, position + done as u64, &mut Sink::kernel(rest))?;
        if count == 0 {
            break;
        }
        done += count;
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// Exactly `len` bytes at `position`.
///
/// # Errors
/// `EIO` if the file ends before.
pub(super) fn read_exact(file: &OpenFile, position: u64, len: usize) -> Result<Vec<u8>, Errno> {
    let bytes = read(file, position, len)?;
    if bytes.len() == len {
        Ok(bytes)
    } else {
        Err(Errno::EIO)
    }
}
