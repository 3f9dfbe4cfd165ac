//! Open files: the object behind descriptors, and the interface of whatever can be read, written or waited for.

use alloc::string::String;
use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use abi::Errno;
use abi::fcntl::{OpenFlags, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET};
use abi::signal::KernelSigInfo;

use super::inode::Inode;
use super::metadata::Metadata;
use super::{FileType, Path, locks};
use crate::memory::Backing;
use crate::memory::user::{Sink, Source, UserAddr};
use crate::process::sync::{Mutex, PollEvents, PollTable};
use crate::process::syscalls::{Call, SysResult};
use crate::process::{signal, with_current_thread};

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

/// How a file was opened: what descriptors share after `dup(2)` and `fork(2)` (Linux's open file description).
pub struct OpenFile {
    ops: Arc<dyn FileOps>,
    path: Option<Path>,
    /// The access mode and `O_PATH`; never change.
    access: OpenFlags,
    /// What `F_GETFL` shows.
    flags: AtomicU32,
    /// Where the next `read` or `write` of a seekable file happens.
    pub(super) position: Mutex<u64>,
    usage: Usage,
    /// Who gets `SIGIO`: a process, or a group if negative; 0 for nobody.
    owner: AtomicI32,
}

/// What an open file counts as at its inode's [`WriteGate`](super::WriteGate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// Nothing.
    Plain,
    /// A writer.
    Writes,
    /// A running program's image.
    Runs,
}

impl OpenFile {
    /// An open file for something without a name: a pipe's end, an event descriptor. `flags` hold the access mode.
    #[must_use]
    pub fn anonymous(ops: Arc<dyn FileOps>, flags: OpenFlags) -> Arc<Self> {
        Arc::new(Self::build(ops, None, flags, Usage::Plain))
    }

    /// An open file for the object at `path`, which the caller has opened.
    #[must_use]
    pub fn at_path(ops: Arc<dyn FileOps>, path: Path, flags: OpenFlags) -> Arc<Self> {
        Arc::new(Self::build(ops, Some(path), flags, Usage::Plain))
    }

    pub(super) fn build(
        ops: Arc<dyn FileOps>,
        path: Option<Path>,
        flags: OpenFlags,
        usage: Usage,
    ) -> Self {
        let shown = flags - OpenFlags::O_CLOEXEC - CREATION_FLAGS;
        Self {
            ops,
            path,
            access: flags & (OpenFlags::O_ACCMODE | OpenFlags::O_PATH),
            flags: AtomicU32::new(shown.bits()),
            position: Mutex::new(0),
            usage,
            owner: AtomicI32::new(0),
        }
    }

    /// Its behaviour.
    #[must_use]
    pub fn ops(&self) -> &Arc<dyn FileOps> {
        &self.ops
    }

    /// Its behaviour, if it is a `T`.
    #[must_use]
    pub fn ops_as<T: FileOps>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.ops;
        any.downcast_ref()
    }

    /// Where it was found; none for pipes and the like.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    /// Its inode; none for pipes and the like.
    #[must_use]
    pub fn inode(&self) -> Option<&Arc<dyn Inode>> {
        self.path.as_ref().map(|path| path.dentry().inode())
    }

    /// The status flags and access mode, as `F_GETFL` shows them.
    #[must_use]
    pub fn flags(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }

    /// Changes the flags `F_SETFL` can change.
    pub fn set_flags(&self, flags: OpenFlags) {
        let mask = OpenFlags::SETFL_MASK.bits();
        let new = flags.bits() & mask;
        let change = |old: u32| Some((old & !mask) | new);
        let _ = self
            .flags
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    /// Whether calls should fail with `EAGAIN` instead of waiting.
    #[must_use]
    pub fn is_nonblocking(&self) -> bool {
        self.flags().contains(OpenFlags::O_NONBLOCK)
    }

    /// Whether it was opened for reading.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.access.readable() && !self.is_path_only()
    }

    /// Whether it was opened for writing.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.access.writable() && !self.is_path_only()
    }

    /// Whether it only names a place in the tree (`O_PATH`).
    #[must_use]
    pub fn is_path_only(&self) -> bool {
        self.access.contains(OpenFlags::O_PATH)
    }

    /// The position of a seekable file.
    #[must_use]
    pub fn position(&self) -> u64 {
        *self.position.lock()
    }

    /// Attributes: of its inode, or of the object itself.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        match &self.path {
            Some(path) => path.dentry().inode().metadata(),
            None => self
                .ops
                .metadata()
                .unwrap_or_else(|| super::inode::generated(FileType::Regular, 0o600, 0)),
        }
    }

    /// The text of its link in `/proc/PID/fd`, seen by a process whose root is `root`.
    #[must_use]
    pub fn describe(&self, root: &Path) -> alloc::vec::Vec<u8> {
        match (&self.path, self.ops.label(self)) {
            (_, Some(label)) => label.into_bytes(),
            (Some(path), None) => path.display(root),
            (None, None) => b"anon_inode:[unknown]".to_vec(),
        }
    }

    /// `read(2)` once the descriptor is found.
    ///
    /// # Errors
    /// `EBADF` if not open for reading, else those of the file.
    pub fn read(&self, sink: &mut Sink<'_>) -> SysResult {
        if !self.readable() {
            return Err(Errno::EBADF);
        }
        self.ops.read(self, sink)
    }

    /// `write(2)` once the descriptor is found.
    ///
    /// # Errors
    /// `EBADF` if not open for writing, else those of the file.
    pub fn write(&self, source: &mut Source<'_>) -> SysResult {
        if !self.writable() {
            return Err(Errno::EBADF);
        }
        self.ops.write(self, source)
    }

    /// `pread(2)` once the descriptor is found.
    ///
    /// # Errors
    /// `EBADF` if not open for reading, `ESPIPE` if not seekable, else those of the file.
    pub fn read_at(&self, position: u64, sink: &mut Sink<'_>) -> SysResult {
        if !self.ops.is_seekable() {
            return Err(Errno::ESPIPE);
        }
        if !self.readable() {
            return Err(Errno::EBADF);
        }
        self.ops.read_at(self, position, sink)
    }

    /// `pwrite(2)` once the descriptor is found. With `O_APPEND` it appends, as Linux does.
    ///
    /// # Errors
    /// `EBADF` if not open for writing, `ESPIPE` if not seekable, else those of the file.
    pub fn write_at(&self, position: u64, source: &mut Source<'_>) -> SysResult {
        if !self.ops.is_seekable() {
            return Err(Errno::ESPIPE);
        }
        if !self.writable() {
            return Err(Errno::EBADF);
        }
        if self.flags().contains(OpenFlags::O_APPEND) {
            return self.ops.append(self, source).map(|(count, _)| count);
        }
        self.ops.write_at(self, position, source)
    }

    /// `lseek(2)` once the descriptor is found.
    ///
    /// # Errors
    /// `ESPIPE` if not seekable, else those of [`FileOps::seek`].
    pub fn seek(&self, offset: i64, whence: u32) -> Result<u64, Errno> {
        if !self.ops.is_seekable() {
            return Err(Errno::ESPIPE);
        }
        self.ops.seek(self, offset, whence)
    }

    /// The pages to map (`mmap(2)`).
    ///
    /// # Errors
    /// `ENODEV` if it cannot be mapped.
    pub fn backing(&self) -> Result<Arc<dyn Backing>, Errno> {
        self.ops.clone().backing(self)
    }

    /// What is the case now, see [`FileOps::poll`].
    pub fn poll(&self, table: Option<&mut PollTable>) -> PollEvents {
        self.ops.poll(self, table)
    }

    /// `fcntl(F_GETOWN)`: who gets `SIGIO`, a group if negative.
    #[must_use]
    pub fn owner(&self) -> i32 {
        self.owner.load(Ordering::Relaxed)
    }

    /// `fcntl(F_SETOWN)`.
    ///
    /// # Errors
    /// `EINVAL` for a number no group can have.
    pub fn set_owner(&self, owner: i32) -> Result<(), Errno> {
        owner.checked_neg().ok_or(Errno::EINVAL)?;
        self.owner.store(owner, Ordering::Relaxed);
        Ok(())
    }

    /// Identifies this open file as the owner of locks.
    pub(super) fn identity(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// Sends the running thread a signal for what it does to a file: `SIGPIPE`, `SIGXFSZ`.
pub(super) fn raise(number: i32) {
    with_current_thread(|thread| {
        let pid = thread.process().map_or(0, |process| process.pid().raw());
        let uid = thread.credentials().user.real;
        // A thread on its way out no longer takes signals.
        let _ = signal::send_to_thread(thread, KernelSigInfo::kill(number, pid.cast_signed(), uid));
    });
}

/// Flags of `open(2)` that act once and are not kept.
const CREATION_FLAGS: OpenFlags = OpenFlags::O_CREAT
    .union(OpenFlags::O_EXCL)
    .union(OpenFlags::O_NOCTTY)
    .union(OpenFlags::O_TRUNC);

impl Drop for OpenFile {
    fn drop(&mut self) {
        locks::release_open_file(self);
        self.ops.release(self);
        let gate = self
            .path
            .as_ref()
            .and_then(|path| path.dentry().inode().write_gate());
        match (self.usage, gate) {
            (Usage::Writes, Some(gate)) => gate.end_write(),
            (Usage::Runs, Some(gate)) => gate.end_run(),
            _ => {}
        }
    }
}
