//! Sets of descriptors to wait for (`epoll(7)`).
//!
//! Each descriptor in a set has a [`Trigger`], which the wait queues of its file pull. A wait looks only at the
//! descriptors whose trigger was pulled since they were last found to be idle.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::Bound;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::poll::{EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EpollEvent};

use super::{FileOps, OpenFile, reserve};
use crate::process::sync::{Mutex, PollEvents, PollTable, PollWake, WaitQueue};
use crate::process::syscalls::Fd;

/// How many sets may watch each other in a row.
const MAX_NESTING: usize = 5;

/// A set.
pub struct Epoll {
    signal: Arc<Signal>,
    watched: Mutex<Watched>,
}

/// How the triggers reach the waiters.
struct Signal {
    /// A trigger was pulled since the last look.
    pending: AtomicBool,
    queue: Arc<WaitQueue>,
}

/// What the wait queues of a watched file pull.
struct Trigger {
    pulled: AtomicBool,
    signal: Arc<Signal>,
}

impl PollWake for Trigger {
    fn wake(&self) {
        self.pulled.store(true, Ordering::SeqCst);
        self.signal.pending.store(true, Ordering::SeqCst);
        self.signal.queue.wake_all();
    }
}

/// A descriptor, as `epoll_ctl(2)` names it: the number and the open file.
type Key = (i32, usize);

#[derive(Default)]
struct Watched {
    items: BTreeMap<Key, Item>,
    /// The last descriptor reported: the next search begins behind it, so that each gets its turn.
    last: Option<Key>,
}

struct Item {
    file: Weak<OpenFile>,
    event: EpollEvent,
    /// `EPOLLONESHOT` has fired.
    disabled: bool,
    trigger: Arc<Trigger>,
    /// Keeps the trigger registered.
    _table: PollTable,
}

impl Item {
    fn wants(&self) -> PollEvents {
        let bits = u16::try_from(self.event.events & 0xffff).unwrap_or(0);
        PollEvents::from_bits_truncate(bits) | PollEvents::POLLERR | PollEvents::POLLHUP
    }

    fn has(&self, flag: u32) -> bool {
        self.event.events & flag != 0
    }

    /// What is the case and wanted; none once the file is closed.
    fn look(&self) -> Option<PollEvents> {
        let file = self.file.upgrade()?;
        let events = if self.disabled {
            PollEvents::empty()
        } else {
            file.poll(None) & self.wants()
        };
        Some(events)
    }
}

fn key(fd: Fd, file: &OpenFile) -> Key {
    (fd.0, file.identity())
}

impl Epoll {
    fn new() -> Self {
        let signal = Arc::new(Signal {
            pending: AtomicBool::new(false),
            queue: Arc::new(WaitQueue::nested()),
        });
        Self {
            signal,
            watched: Mutex::new(Watched::default()),
        }
    }

    /// `EPOLL_CTL_ADD`
    ///
    /// # Errors
    /// `EEXIST`, `EPERM` if the file cannot be waited for, `ELOOP` if sets would watch each other too deeply,
    /// `EINVAL`.
    pub fn add(&self, fd: Fd, file: &Arc<OpenFile>, event: EpollEvent) -> Result<(), Errno> {
        if !file.ops().can_poll() {
            return Err(Errno::EPERM);
        }
        if event.events & EPOLLEXCLUSIVE != 0 && event.events & EPOLLONESHOT != 0 {
            return Err(Errno::EINVAL);
        }
        if let Some(inner) = file.ops_as::<Self>()
            && (core::ptr::eq(inner, self) || inner.depth_without(self, MAX_NESTING).is_none())
        {
            return Err(Errno::ELOOP);
        }
        reserve::check()?;
        let mut watched = self.watched.lock();
        watched.items.retain(|_, item| item.file.strong_count() > 0);
        if watched.items.contains_key(&key(fd, file)) {
            return Err(Errno::EEXIST);
        }
        let trigger = Arc::new(Trigger {
            pulled: AtomicBool::new(true),
            signal: self.signal.clone(),
        });
        let mut table = PollTable::new(trigger.clone());
        file.poll(Some(&mut table));
        let item = Item {
            file: Arc::downgrade(file),
            event,
            disabled: false,
            trigger: trigger.clone(),
            _table: table,
        };
        watched.items.insert(key(fd, file), item);
        drop(watched);
        trigger.wake();
        Ok(())
    }

    /// How many sets deep this one watches; none if `other` is among them, or if it is more than `left`.
    fn depth_without(&self, other: &Self, left: usize) -> Option<usize> {
        let files: Vec<_> = {
            let watched = self.watched.lock();
            watched
                .items
                .values()
                .filter_map(|item| item.file.upgrade())
                .collect()
        };
        let left = left.checked_sub(1)?;
        files
            .iter()
            .filter_map(|file| file.ops_as::<Self>())
            .try_fold(0, |deepest: usize, inner| {
                if core::ptr::eq(inner, other) {
                    return None;
                }
                Some(deepest.max(inner.depth_without(other, left)? + 1))
            })
    }

    /// `EPOLL_CTL_MOD`
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL` with or for `EPOLLEXCLUSIVE`.
    pub fn modify(&self, fd: Fd, file: &OpenFile, event: EpollEvent) -> Result<(), Errno> {
        let mut watched = self.watched.lock();
        let item = watched.items.get_mut(&key(fd, file)).ok_or(Errno::ENOENT)?;
        if event.events & EPOLLEXCLUSIVE != 0 || item.has(EPOLLEXCLUSIVE) {
            return Err(Errno::EINVAL);
        }
        item.event = event;
        item.disabled = false;
        let trigger = item.trigger.clone();
        drop(watched);
        trigger.wake();
        Ok(())
    }

    /// `EPOLL_CTL_DEL`
    ///
    /// # Errors
    /// `ENOENT`.
    pub fn remove(&self, fd: Fd, file: &OpenFile) -> Result<(), Errno> {
        let removed = self.watched.lock().items.remove(&key(fd, file));
        removed.map(drop).ok_or(Errno::ENOENT)
    }

    /// Waits until something is to be reported, and gives at most `most` of it.
    ///
    /// # Errors
    /// `ERESTARTNOHAND` on a signal.
    pub fn wait(&self, most: usize, deadline: Option<u64>) -> Result<Vec<EpollEvent>, Errno> {
        loop {
            let found = self.collect(most);
            if !found.is_empty() {
                return Ok(found);
            }
            let pulled = || self.signal.pending.load(Ordering::SeqCst).then_some(());
            match self.signal.queue.wait_until_deadline(deadline, pulled) {
                Ok(()) => {}
                Err(Errno::ETIMEDOUT) => return Ok(Vec::new()),
                Err(Errno::ERESTARTSYS) => return Err(Errno::ERESTARTNOHAND),
                Err(error) => return Err(error),
            }
        }
    }

    /// What is to be reported now.
    #[must_use]
    pub fn collect(&self, most: usize) -> Vec<EpollEvent> {
        let mut found = Vec::new();
        let mut watched = self.watched.lock();
        self.signal.pending.store(false, Ordering::SeqCst);
        let start = watched.last.map_or(Bound::Unbounded, Bound::Excluded);
        let end = watched.last.map_or(Bound::Unbounded, Bound::Included);
        let behind: Vec<Key> = watched
            .items
            .range((start, Bound::Unbounded))
            .map(|(key, _)| *key)
            .collect();
        let before: Vec<Key> = match end {
            Bound::Unbounded => Vec::new(),
            _ => watched
                .items
                .range((Bound::Unbounded, end))
                .map(|(key, _)| *key)
                .collect(),
        };
        let mut left_over = false;
        for key in behind.into_iter().chain(before) {
            if found.len() >= most {
                left_over = true;
                break;
            }
            if let Some(event) = watched.report(key, &mut left_over) {
                found.push(event);
                watched.last = Some(key);
            }
        }
        if left_over {
            self.signal.pending.store(true, Ordering::SeqCst);
        }
        found
    }

    /// Whether anything is to be reported.
    fn is_ready(&self) -> bool {
        let watched = self.watched.lock();
        let ready = |item: &Item| {
            item.trigger.pulled.load(Ordering::SeqCst)
                && item.look().is_some_and(|events| !events.is_empty())
        };
        watched.items.values().any(ready)
    }
}

impl Watched {
    /// What is to be reported of one descriptor; `again` is set if it must be looked at the next time as well.
    fn report(&mut self, key: Key, again: &mut bool) -> Option<EpollEvent> {
        let item = self.items.get_mut(&key)?;
        if !item.trigger.pulled.swap(false, Ordering::SeqCst) {
            return None;
        }
        let Some(events) = item.look() else {
            self.items.remove(&key);
            return None;
        };
        if events.is_empty() {
            return None;
        }
        if item.has(EPOLLONESHOT) {
            item.disabled = true;
        } else if !item.has(EPOLLET) {
            item.trigger.pulled.store(true, Ordering::SeqCst);
            *again = true;
        }
        Some(EpollEvent {
            events: u32::from(events.bits()),
            data: item.event.data,
        })
    }
}

impl FileOps for Epoll {
    fn poll(&self, _: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        if let Some(table) = table {
            table.register(&self.signal.queue);
        }
        if self.is_ready() {
            PollEvents::POLLIN | PollEvents::POLLRDNORM
        } else {
            PollEvents::empty()
        }
    }

    fn label(&self, _: &OpenFile) -> Option<String> {
        Some(String::from("anon_inode:[eventpoll]"))
    }
}

/// A new, empty set.
#[must_use]
pub fn create() -> Arc<OpenFile> {
    OpenFile::anonymous(Arc::new(Epoll::new()), OpenFlags::O_RDWR)
}
