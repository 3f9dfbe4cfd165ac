//! Event counters (`eventfd(2)`).

use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use abi::fcntl::OpenFlags;

use super::{FileOps, OpenFile};
use crate::memory::user::{Sink, Source};
use crate::process::sync::{PollEvents, PollTable, WaitQueue};
use crate::process::syscalls::SysResult;

/// The highest value of a counter.
const MAX: u64 = u64::MAX - 1;

/// A counter that can be waited for.
struct EventFd {
    count: AtomicU64,
    /// Each read takes one instead of all.
    semaphore: bool,
    queue: Arc<WaitQueue>,
}

impl EventFd {
    fn try_take(&self) -> Option<u64> {
        let left = |count: u64| match count {
            0 => None,
            _ if self.semaphore => Some(count - 1),
            _ => Some(0),
        };
        let taken = self
            .count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        taken
            .ok()
            .map(|count| if self.semaphore { 1 } else { count })
    }

    fn try_add(&self, value: u64) -> Option<()> {
        let sum = |count: u64| count.checked_add(value).filter(|&sum| sum <= MAX);
        self.count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, sum)
            .ok()
            .map(drop)
    }

    /// Tries until it succeeds, sleeping in between unless that is not wanted.
    fn wait<R>(&self, file: &OpenFile, attempt: impl Fn() -> Option<R>) -> Result<R, Errno> {
        if let Some(value) = attempt() {
            return Ok(value);
        }
        if file.is_nonblocking() {
            return Err(Errno::EAGAIN);
        }
        self.queue.wait_until(attempt)
    }
}

impl FileOps for EventFd {
    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        if sink.remaining() < size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let value = self.wait(file, || self.try_take())?;
        self.queue.wake_all();
        sink.put(&value.to_ne_bytes())
    }

    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        let mut bytes = [0; size_of::<u64>()];
        if source.remaining() < bytes.len() {
            return Err(Errno::EINVAL);
        }
        if source.take(&mut bytes)? < bytes.len() {
            return Err(Errno::EFAULT);
        }
        let value = u64::from_ne_bytes(bytes);
        if value == u64::MAX {
            return Err(Errno::EINVAL);
        }
        self.wait(file, || self.try_add(value))?;
        self.queue.wake_all();
        Ok(bytes.len())
    }

    fn poll(&self, _: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        if let Some(table) = table {
            table.register(&self.queue);
        }
        let count = self.count.load(Ordering::SeqCst);
        let mut events = PollEvents::empty();
        events.set(PollEvents::POLLIN | PollEvents::POLLRDNORM, count > 0);
        events.set(PollEvents::POLLOUT | PollEvents::POLLWRNORM, count < MAX);
        events
    }

    fn label(&self, _: &OpenFile) -> Option<String> {
        Some(String::from("anon_inode:[eventfd]"))
    }

    fn fdinfo(&self) -> String {
        alloc::format!(
            "eventfd-count: {:16x}\n",
            self.count.load(Ordering::Relaxed)
        )
    }
}

/// A new counter. `flags` may hold `O_NONBLOCK`.
#[must_use]
pub fn create(initial: u32, semaphore: bool, flags: OpenFlags) -> Arc<OpenFile> {
    let counter = EventFd {
        count: AtomicU64::new(u64::from(initial)),
        semaphore,
        queue: Arc::new(WaitQueue::new()),
    };
    OpenFile::anonymous(Arc::new(counter), flags | OpenFlags::O_RDWR)
}
