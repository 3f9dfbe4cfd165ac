//! FIFOs: pipes with a name (`fifo(7)`).

use alloc::sync::{Arc, Weak};

use abi::Errno;
use abi::fcntl::OpenFlags;
use machine::sync::SpinLock;

use super::Pipe;
use crate::fs::{FileOps, levels};

/// Where a FIFO's inode keeps the pipe its openers share, while there are any.
pub struct FifoSlot {
    pipe: SpinLock<Weak<Pipe>>,
    /// Whether it has a name: openers of a pipe without one (through `/proc/PID/fd`) never wait for each other.
    named: bool,
}

impl Default for FifoSlot {
    fn default() -> Self {
        Self::new()
    }
}

impl FifoSlot {
    /// A FIFO nobody has open.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            pipe: SpinLock::new(levels::PAGES, Weak::new()),
            named: true,
        }
    }

    /// The slot of a pipe that is made with its ends open.
    pub(super) fn with(pipe: &Arc<Pipe>) -> Self {
        Self {
            pipe: SpinLock::new(levels::PAGES, Arc::downgrade(pipe)),
            named: false,
        }
    }

    fn pipe(&self) -> Result<Arc<Pipe>, Errno> {
        if let Some(pipe) = self.pipe.lock().upgrade() {
            return Ok(pipe);
        }
        let new = Pipe::new()?;
        let mut slot = self.pipe.lock();
        if let Some(pipe) = slot.upgrade() {
            return Ok(pipe);
        }
        *slot = Arc::downgrade(&new);
        Ok(new)
    }
}

/// Opens a FIFO: waits until the other end is opened too, unless `flags` say otherwise.
///
/// # Errors
/// `EINVAL` for access mode 3, `ENXIO` for a writer with `O_NONBLOCK` and no reader, `ERESTARTSYS`, `ENOMEM`.
pub fn open_fifo(slot: &FifoSlot, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    let pipe = slot.pipe()?;
    let nonblocking = flags.contains(OpenFlags::O_NONBLOCK);
    let (reads, writes) = (flags.readable(), flags.writable());
    if !reads && !writes {
        return Err(Errno::EINVAL);
    }
    if slot.named && writes && !reads && nonblocking && pipe.readers.none() {
        return Err(Errno::ENXIO);
    }
    let (readers_before, writers_before) = (pipe.readers.ever(), pipe.writers.ever());
    let mut end = pipe.end(reads, writes);
    if reads {
        pipe.writers.queue.wake_all();
    }
    if writes {
        pipe.readers.queue.wake_all();
    }
    if !slot.named {
        return Ok(Arc::new(end));
    }
    if reads && !writes && pipe.writers.none() {
        if nonblocking {
            end.writers_before = writers_before;
        } else {
            let came = || (pipe.writers.ever() != writers_before).then_some(());
            pipe.readers.queue.wait_until(came)?;
        }
    } else if writes && !reads && pipe.readers.none() {
        let came = || (pipe.readers.ever() != readers_before).then_some(());
        pipe.writers.queue.wait_until(came)?;
    }
    Ok(Arc::new(end))
}
