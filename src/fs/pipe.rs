//! Pipes and FIFOs (`pipe(7)`, `fifo(7)`): a byte stream between two descriptors.

mod buffer;
mod fifo;

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use abi::fcntl::OpenFlags;
use abi::stat::{PIPEFS_MAGIC, Statfs, makedev};
use abi::{Errno, PIPE_BUF};
use machine::sync::SpinLock;

use super::file::raise;
use super::metadata::{self, FileType, Metadata, Ownership};
use super::{Dentry, FileOps, FileSystem, Inode, Mount, OpenFile, Path, levels};
use crate::memory::user::{Sink, Source, UserAddr};
use crate::process::sync::{Mutex, PollEvents, PollTable, WaitQueue};
use crate::process::syscalls::{Call, SysResult};

use buffer::Buffer;
pub use fifo::{FifoSlot, open_fifo};

/// Bytes a new pipe can hold.
pub const DEFAULT_CAPACITY: usize = 64 * 1024;
/// Bytes an unprivileged user may make a pipe hold.
pub const MAX_CAPACITY: usize = 1024 * 1024;
/// `FIONREAD` of `ioctl_tty(2)`: how many bytes can be read.
const FIONREAD: u32 = 0x541b;

/// What the two ends share.
///
/// `len` and `capacity` repeat what the buffer knows, for waiters to look at without its lock; they change only
/// under it. A reader sleeps while `len` is 0 and is woken by the write that changes that; a writer sleeps until there
/// is room for the rest of what it writes, at most [`PIPE_BUF`], and is woken when that much may have become free.
struct Pipe {
    buffer: Mutex<Buffer>,
    len: AtomicUsize,
    capacity: AtomicUsize,
    readers: Ends,
    writers: Ends,
}

/// All open ends of one kind.
struct Ends {
    open: AtomicU32,
    /// How many have ever been opened: lets an opener of a FIFO see a peer that came and went.
    opened: AtomicU32,
    /// Where ends of this kind wait.
    queue: Arc<WaitQueue>,
}

impl Ends {
    fn new() -> Self {
        Self {
            open: AtomicU32::new(0),
            opened: AtomicU32::new(0),
            queue: Arc::new(WaitQueue::new()),
        }
    }

    fn add(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.opened.fetch_add(1, Ordering::SeqCst);
    }

    fn remove(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    fn none(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    fn ever(&self) -> u32 {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Pipe {
    fn new() -> Result<Arc<Self>, Errno> {
        Ok(Arc::new(Self {
            buffer: Mutex::new(Buffer::new(DEFAULT_CAPACITY)?),
            len: AtomicUsize::new(0),
            capacity: AtomicUsize::new(DEFAULT_CAPACITY),
            readers: Ends::new(),
            writers: Ends::new(),
        }))
    }

    fn end(self: &Arc<Self>, reads: bool, writes: bool) -> PipeEnd {
        if reads {
            self.readers.add();
        }
        if writes {
            self.writers.add();
        }
        PipeEnd {
            pipe: self.clone(),
            reads,
            writes,
            writers_before: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.len.load(Ordering::SeqCst) == 0
    }

    fn room(&self) -> usize {
        let capacity = self.capacity.load(Ordering::SeqCst);
        capacity.saturating_sub(self.len.load(Ordering::SeqCst))
    }

    fn read(&self, nonblocking: bool, sink: &mut Sink<'_>) -> SysResult {
        if sink.remaining() == 0 {
            return Ok(0);
        }
        loop {
            let mut buffer = self.buffer.lock();
            if !buffer.is_empty() {
                let result = buffer.read(sink);
                self.len.store(buffer.len(), Ordering::SeqCst);
                let wake = buffer.is_empty() || buffer.room() >= PIPE_BUF;
                drop(buffer);
                if wake {
                    self.writers.queue.wake_all();
                }
                return sink.result(result);
            }
            drop(buffer);
            if self.writers.none() {
                return Ok(0);
            }
            if nonblocking {
                return Err(Errno::EAGAIN);
            }
            let ready = || (!self.is_empty() || self.writers.none()).then_some(());
            self.readers.queue.wait_until(ready)?;
        }
    }

    fn write(&self, nonblocking: bool, source: &mut Source<'_>) -> SysResult {
        let atomic = source.remaining() <= PIPE_BUF;
        let mut written = 0;
        while source.remaining() > 0 {
            if self.readers.none() {
                raise(abi::signal::SIGPIPE);
                return partial(written, Errno::EPIPE);
            }
            let mut buffer = self.buffer.lock();
            let needed = if atomic { source.remaining() } else { 1 };
            if buffer.room() >= needed {
                let before = buffer.len();
                let result = buffer.write(source);
                self.len.store(buffer.len(), Ordering::SeqCst);
                let added = buffer.len() - before;
                drop(buffer);
                // Threads only wait while it is empty, but edge-triggered pollers hear of every write.
                if added != 0 {
                    self.readers.queue.wake_all();
                }
                written += added;
                if let Err(error) = result {
                    return partial(written, error);
                }
                continue;
            }
            drop(buffer);
            if nonblocking {
                return partial(written, Errno::EAGAIN);
            }
            let needed = source.remaining().min(PIPE_BUF);
            let ready = || (self.room() >= needed || self.readers.none()).then_some(());
            if let Err(error) = self.writers.queue.wait_until(ready) {
                return partial(written, error);
            }
        }
        Ok(written)
    }

    fn resize(&self, capacity: usize) -> Result<usize, Errno> {
        let mut buffer = self.buffer.lock();
        buffer.resize(capacity)?;
        self.capacity.store(capacity, Ordering::SeqCst);
        drop(buffer);
        self.writers.queue.wake_all();
        Ok(capacity)
    }
}

/// One end of a pipe, or both of a FIFO opened `O_RDWR`.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    reads: bool,
    writes: bool,
    /// How many writers a FIFO had ever had when this end was opened without one: as long as none came since, the
    /// lack of writers is no hang-up.
    writers_before: u32,
}

impl PipeEnd {
    /// `fcntl(F_GETPIPE_SZ)`: bytes the pipe can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pipe.capacity.load(Ordering::Relaxed)
    }

    /// `fcntl(F_SETPIPE_SZ)`: makes the pipe hold at least `bytes`, and gives how many.
    ///
    /// # Errors
    /// `EPERM` beyond [`MAX_CAPACITY`] unless `privileged`, `EINVAL`, `EBUSY` if more is in it, `ENOMEM`.
    pub fn set_capacity(&self, bytes: usize, privileged: bool) -> Result<usize, Errno> {
        const LARGEST: usize = 1 << 30;
        if bytes > LARGEST {
            return Err(Errno::EINVAL);
        }
        let capacity = bytes.max(abi::PAGE_SIZE).next_power_of_two();
        if capacity > MAX_CAPACITY && capacity > self.capacity() && !privileged {
            return Err(Errno::EPERM);
        }
        self.pipe.resize(capacity)
    }
}

impl FileOps for PipeEnd {
    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        self.pipe.read(file.is_nonblocking(), sink)
    }

    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        self.pipe.write(file.is_nonblocking(), source)
    }

    fn poll(&self, _file: &OpenFile, mut table: Option<&mut PollTable>) -> PollEvents {
        let pipe = &*self.pipe;
        let mut events = PollEvents::empty();
        if self.reads {
            if let Some(table) = &mut table {
                table.register(&pipe.readers.queue);
            }
            if !pipe.is_empty() {
                events |= PollEvents::POLLIN | PollEvents::POLLRDNORM;
            }
            if pipe.writers.none() && pipe.writers.ever() != self.writers_before {
                events |= PollEvents::POLLHUP;
            }
        }
        if self.writes {
            if let Some(table) = &mut table {
                table.register(&pipe.writers.queue);
            }
            if pipe.room() >= PIPE_BUF {
                events |= PollEvents::POLLOUT | PollEvents::POLLWRNORM;
            }
            if pipe.readers.none() {
                events |= PollEvents::POLLERR;
            }
        }
        events
    }

    fn ioctl(&self, _: &mut Call<'_>, _: &OpenFile, command: u32, argument: UserAddr) -> SysResult {
        if command != FIONREAD {
            return Err(Errno::ENOTTY);
        }
        let len = self.pipe.len.load(Ordering::Relaxed);
        argument.write(&i32::try_from(len).unwrap_or(i32::MAX))?;
        Ok(0)
    }

    fn label(&self, file: &OpenFile) -> Option<String> {
        let attributes = file.metadata();
        (attributes.device == PIPE_DEVICE).then(|| format!("pipe:[{}]", attributes.inode))
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        if self.reads {
            self.pipe.readers.remove();
            self.pipe.writers.queue.wake_all();
        }
        if self.writes {
            self.pipe.writers.remove();
            self.pipe.readers.queue.wake_all();
        }
    }
}

/// The inode of a pipe without a name.
struct PipeInode {
    slot: FifoSlot,
    attributes: Metadata,
}

impl Inode for PipeInode {
    fn file_type(&self) -> FileType {
        FileType::Fifo
    }

    fn metadata(&self) -> Metadata {
        self.attributes
    }

    fn fifo(&self) -> Option<&FifoSlot> {
        Some(&self.slot)
    }
}

/// The file system such inodes are on: it has no tree, and is mounted nowhere.
struct PipeFs;

/// The number of that file system: the last one of those without a device.
const PIPE_DEVICE: u64 = makedev(0, 0xf_ffff);

impl FileSystem for PipeFs {
    fn type_name(&self) -> &'static str {
        "pipefs"
    }

    fn root(&self) -> Arc<dyn Inode> {
        let attributes = super::generated(FileType::Directory, 0o555, 1);
        let slot = FifoSlot::new();
        Arc::new(PipeInode { slot, attributes })
    }

    fn statistics(&self) -> Statfs {
        Statfs {
            f_type: PIPEFS_MAGIC,
            f_bsize: 4096,
            f_namelen: 255,
            f_frsize: 4096,
            ..Statfs::default()
        }
    }
}

/// The mount of the one pipe file system.
fn pipe_mount() -> Arc<Mount> {
    static MOUNT: SpinLock<Option<Arc<Mount>>> = SpinLock::new(levels::REGISTRY, None);
    if let Some(mount) = &*MOUNT.lock() {
        return mount.clone();
    }
    let new = Mount::detached(Arc::new(PipeFs), "pipefs");
    MOUNT.lock().get_or_insert(new).clone()
}

/// A new pipe: the end to read and the end to write. `flags` may hold `O_NONBLOCK`.
///
/// # Errors
/// `ENOMEM`.
pub fn pipe(flags: OpenFlags, owner: Ownership) -> Result<(Arc<OpenFile>, Arc<OpenFile>), Errno> {
    let mount = pipe_mount();
    let attributes = Metadata {
        device: PIPE_DEVICE,
        uid: owner.uid,
        gid: owner.gid,
        ..super::generated(FileType::Fifo, owner.mode, metadata::anonymous_inode())
    };
    let pipe = Pipe::new()?;
    let slot = FifoSlot::with(&pipe);
    let dentry = Dentry::root(Arc::new(PipeInode { slot, attributes }));
    let path = Path::new(mount, dentry);
    let reader = Arc::new(pipe.end(true, false));
    let writer = Arc::new(pipe.end(false, true));
    Ok((
        OpenFile::at_path(reader, path.clone(), flags | OpenFlags::O_RDONLY),
        OpenFile::at_path(writer, path, flags | OpenFlags::O_WRONLY),
    ))
}

/// What a write that cannot go on returns: what it has written, or why it has written nothing.
fn partial(written: usize, error: Errno) -> SysResult {
    if written == 0 {
        Err(error)
    } else {
        Ok(written)
    }
}
