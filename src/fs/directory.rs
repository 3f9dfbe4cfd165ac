//! Open directories, and reading them (`getdents64(2)`).

use alloc::vec::Vec;

use abi::stat::{DIRENT64_HEADER, write_dirent64};
use abi::{Errno, NAME_MAX};

use super::inode::FIRST_ENTRY;
use super::{DirectoryEntry, FileOps, FileType, OpenFile, Path};
use crate::memory::user::Sink;
use crate::process::syscalls::SysResult;

/// The behaviour of every open directory.
pub(super) struct DirectoryFile;

impl FileOps for DirectoryFile {
    fn is_seekable(&self) -> bool {
        true
    }

    fn read_at(&self, _: &OpenFile, _: u64, _: &mut Sink<'_>) -> SysResult {
        Err(Errno::EISDIR)
    }

    fn size(&self, _: &OpenFile) -> u64 {
        Range::END
    }
}

/// Positions within a directory.
struct Range;

impl Range {
    /// Behind every entry, as far as `lseek(SEEK_END)` is concerned.
    const END: u64 = i64::MAX as u64;
}

/// How entries are laid out for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `struct linux_dirent64`.
    Dirent64,
    /// `struct linux_dirent`, of the older call.
    Dirent,
}

impl Layout {
    /// Appends an entry to `out` if that stays within `limit` bytes.
    fn append(self, out: &mut Vec<u8>, limit: usize, entry: &DirectoryEntry<'_>) -> bool {
        let start = out.len();
        let mut record = [0; (DIRENT64_HEADER + NAME_MAX + 1).next_multiple_of(8)];
        let kind = entry.file_type as u8;
        let next = entry.next.cast_signed();
        let Some(len) = write_dirent64(&mut record, entry.inode, next, kind, entry.name) else {
            return true;
        };
        if self == Self::Dirent64 {
            return append_record(out, limit, &record, len);
        }
        // The older layout has the name one byte earlier, and the type in the last byte.
        let len = (DIRENT64_HEADER - 1 + entry.name.len() + 2).next_multiple_of(8);
        let (_, tail) = record.split_at_mut(DIRENT64_HEADER - 1);
        tail.fill(0);
        if let Some(name) = tail.get_mut(..entry.name.len()) {
            name.copy_from_slice(entry.name);
        }
        if let Some(last) = record.get_mut(len - 1) {
            *last = kind;
        }
        let reclen = u16::try_from(len).unwrap_or(u16::MAX).to_ne_bytes();
        record
            .split_at_mut(16)
            .1
            .split_at_mut(2)
            .0
            .copy_from_slice(&reclen);
        append_record(out, limit, &record, len) && out.len() > start
    }
}

fn append_record(out: &mut Vec<u8>, limit: usize, record: &[u8], len: usize) -> bool {
    if out.len() + len > limit {
        return false;
    }
    out.extend_from_slice(record.get(..len).unwrap_or_default());
    true
}

/// Reads entries of the directory `file` from its position on, as many as fit into `limit` bytes; its position moves
/// behind them once `deliver` has taken them.
///
/// # Errors
/// `ENOTDIR`, `ENOENT` for a removed directory, `EINVAL` if not even one entry fits.
pub fn read_entries(
    file: &OpenFile,
    limit: usize,
    layout: Layout,
    deliver: impl FnOnce(&[u8]) -> Result<(), Errno>,
) -> SysResult {
    let path = file
        .path()
        .filter(|path| path.inode().file_type() == FileType::Directory);
    let path = path.ok_or(Errno::ENOTDIR)?;
    if path.dentry().is_removed() {
        return Err(Errno::ENOENT);
    }
    let mut position = file.position.lock();
    let mut out = Vec::new();
    out.try_reserve_exact(limit).map_err(|_| Errno::ENOMEM)?;
    let mut next = *position;
    let mut too_small = false;
    let mut emit = |entry: DirectoryEntry<'_>| {
        let fits = layout.append(&mut out, limit, &entry);
        if fits {
            next = entry.next;
        } else {
            too_small = true;
        }
        fits
    };
    if emit_dots(path, *position, &mut emit) {
        path.inode()
            .read_directory((*position).max(FIRST_ENTRY), &mut emit)?;
    }
    if out.is_empty() && too_small {
        return Err(Errno::EINVAL);
    }
    deliver(&out)?;
    *position = next;
    path.inode().touch_accessed();
    Ok(out.len())
}

/// Reports `.` and `..`; false if there was no room for them.
fn emit_dots(
    path: &Path,
    position: u64,
    emit: &mut impl FnMut(DirectoryEntry<'_>) -> bool,
) -> bool {
    let parent = path
        .dentry()
        .parent()
        .unwrap_or_else(|| path.dentry().clone());
    let dots: [(&[u8], u64); 2] = [
        (b".", path.inode().number()),
        (b"..", parent.inode().number()),
    ];
    (0..)
        .zip(dots)
        .skip_while(|(index, _)| *index < position)
        .all(|(index, (name, inode))| {
            emit(DirectoryEntry {
                name,
                inode,
                file_type: FileType::Directory,
                next: index + 1,
            })
        })
}
