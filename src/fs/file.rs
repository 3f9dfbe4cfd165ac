//! Open files: the object behind descriptors.

mod ops;

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use abi::Errno;
use abi::fcntl::{OpenFlags, SEEK_HOLE};
use abi::signal::KernelSigInfo;

use super::inode::Inode;
use super::metadata::Metadata;
use super::{FileType, Path, locks};
use crate::memory::Backing;
use crate::memory::user::{Sink, Source};
use crate::process::sync::{Mutex, PollEvents, PollTable};
use crate::process::syscalls::SysResult;

use crate::process::{signal, with_current_thread};
pub use ops::{FileOps, seek_by_size};

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
        if whence > SEEK_HOLE {
            return Err(Errno::EINVAL);
        }
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
