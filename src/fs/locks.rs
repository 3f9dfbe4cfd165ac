//! Advisory locks: whole files by `flock(2)`, ranges by `fcntl(2)`, for a process or for an open file.
//!
//! All locks of the system are in one table: locks are few, calls rare, and the search for deadlocks needs them all.
//! Two counters keep every other `close(2)` away from it.

mod ranges;

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use abi::Errno;
use hashbrown::HashMap;
use machine::sync::SpinLock;

use super::{FdTable, OpenFile, levels, reserve};
use crate::process::sync::WaitQueue;

pub use ranges::Range;
use ranges::{Record, Records};

/// Whose a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A process's, by its descriptor table.
    Process(u64),
    /// An open file's.
    File(usize),
}

/// A lock on a range as `F_GETLK` reports it.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    /// The bytes locked.
    pub range: Range,
    /// Whether for writing.
    pub exclusive: bool,
    /// The process that set it; -1 for a lock of an open file.
    pub pid: i32,
}

/// A record lock to be set.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// For whom.
    pub owner: Owner,
    /// The bytes.
    pub range: Range,
    /// Whether for writing.
    pub exclusive: bool,
    /// The process that asks; -1 for a lock of an open file.
    pub pid: i32,
}

/// A file, by file system and inode number.
type Key = (u64, u64);

#[derive(Default)]
struct FileLocks {
    /// The open files that hold it by `flock`, and whether exclusively.
    whole: Vec<(usize, bool)>,
    records: Records,
}

impl FileLocks {
    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.records.is_empty()
    }
}

struct Table {
    files: HashMap<Key, FileLocks>,
    /// Who waits for whom, for record locks of processes.
    waits: Vec<(Owner, Owner)>,
}

static TABLE: SpinLock<Option<Table>> = SpinLock::new(levels::REGISTRY, None);
static RELEASED: WaitQueue = WaitQueue::new();
/// Locks of open files (`flock` and open-file record locks) set.
static FILE_LOCKS: AtomicUsize = AtomicUsize::new(0);
/// Record locks of processes set.
static PROCESS_LOCKS: AtomicUsize = AtomicUsize::new(0);

fn with_table<R>(f: impl FnOnce(&mut Table) -> R) -> R {
    let mut table = TABLE.lock();
    let table = table.get_or_insert_with(|| Table {
        files: HashMap::new(),
        waits: Vec::new(),
    });
    let result = f(table);
    table.count();
    result
}

impl Table {
    fn file(&mut self, key: Key) -> Result<&mut FileLocks, Errno> {
        reserve::check().map_err(|_| Errno::ENOLCK)?;
        self.files.try_reserve(1).map_err(|_| Errno::ENOLCK)?;
        Ok(self.files.entry(key).or_default())
    }

    /// Sets the two counters right.
    fn count(&self) {
        let process = |record: &&Record| matches!(record.owner, Owner::Process(_));
        let (mut files, mut processes) = (0, 0);
        for locks in self.files.values() {
            let mine = locks.records.iter().filter(process).count();
            processes += mine;
            files += locks.whole.len() + locks.records.iter().count() - mine;
        }
        FILE_LOCKS.store(files, Ordering::SeqCst);
        PROCESS_LOCKS.store(processes, Ordering::SeqCst);
    }

    fn tidy(&mut self, key: Key) {
        if self.files.get(&key).is_some_and(FileLocks::is_empty) {
            self.files.remove(&key);
        }
    }

    /// Whether `holder` waits, perhaps through others, for `waiter`.
    fn would_deadlock(&self, waiter: Owner, holder: Owner) -> bool {
        let mut current = holder;
        for _ in 0..=self.waits.len() {
            if current == waiter {
                return true;
            }
            match self.waits.iter().find(|(from, _)| *from == current) {
                Some(&(_, to)) => current = to,
                None => return false,
            }
        }
        false
    }
}

fn key(file: &OpenFile) -> Key {
    let metadata = file.metadata();
    (metadata.device, metadata.inode)
}

/// `flock(2)`: locks the whole file for `file`, replacing a lock it has on it. Waits if `wait`.
///
/// # Errors
/// `EWOULDBLOCK` if it would have to wait, `ERESTARTSYS`, `ENOLCK`.
pub fn lock_whole(file: &OpenFile, exclusive: bool, wait: bool) -> Result<(), Errno> {
    let (key, owner) = (key(file), file.identity());
    let result = match try_lock_whole(key, owner, exclusive) {
        Some(result) => result,
        None if !wait => Err(Errno::EWOULDBLOCK),
        None => RELEASED
            .wait_until(|| try_lock_whole(key, owner, exclusive))
            .and_then(|result| result),
    };
    // A conversion may have given up the old lock.
    RELEASED.wake_all();
    result
}

fn try_lock_whole(key: Key, owner: usize, exclusive: bool) -> Option<Result<(), Errno>> {
    with_table(|table| {
        let file = match table.file(key) {
            Ok(file) => file,
            Err(error) => return Some(Err(error)),
        };
        file.whole.retain(|&(other, _)| other != owner);
        if file.whole.iter().any(|&(_, other)| exclusive || other) {
            return None;
        }
        if file.whole.try_reserve(1).is_err() {
            return Some(Err(Errno::ENOLCK));
        }
        file.whole.push((owner, exclusive));
        Some(Ok(()))
    })
}

/// `flock(LOCK_UN)`.
pub fn unlock_whole(file: &OpenFile) {
    let (key, owner) = (key(file), file.identity());
    with_table(|table| {
        if let Some(locks) = table.files.get_mut(&key) {
            locks.whole.retain(|&(other, _)| other != owner);
        }
        table.tidy(key);
    });
    RELEASED.wake_all();
}

/// `F_GETLK`: the first lock in the way of `request`.
#[must_use]
pub fn find_conflict(file: &OpenFile, request: &Request) -> Option<Conflict> {
    let key = key(file);
    let record = with_table(|table| {
        table
            .files
            .get(&key)
            .and_then(|locks| locks.records.conflict(request))
    })?;
    Some(Conflict {
        range: record.range,
        exclusive: record.exclusive,
        pid: record.pid,
    })
}

/// `F_SETLK` and `F_SETLKW`: sets a record lock. Waits if `wait`.
///
/// # Errors
/// `EAGAIN` if it would have to wait, `EDEADLK` if that would never end, `ERESTARTSYS`, `ENOLCK`.
pub fn lock_range(file: &OpenFile, request: &Request, wait: bool) -> Result<(), Errno> {
    let key = key(file);
    let result = match try_lock_range(key, request, wait) {
        Some(result) => result,
        None if !wait => Err(Errno::EAGAIN),
        None => {
            let waited = RELEASED.wait_until(|| try_lock_range(key, request, true));
            with_table(|table| table.waits.retain(|&(from, _)| from != request.owner));
            waited.and_then(|result| result)
        }
    };
    if result.is_ok() {
        RELEASED.wake_all();
    }
    result
}

fn try_lock_range(key: Key, request: &Request, wait: bool) -> Option<Result<(), Errno>> {
    with_table(|table| {
        table.waits.retain(|&(from, _)| from != request.owner);
        let file = match table.file(key) {
            Ok(file) => file,
            Err(error) => return Some(Err(error)),
        };
        let Some(conflict) = file.records.conflict(request) else {
            return Some(file.records.set(request));
        };
        let both_processes = matches!(
            (request.owner, conflict.owner),
            (Owner::Process(_), Owner::Process(_))
        );
        if wait && both_processes {
            if table.would_deadlock(request.owner, conflict.owner) {
                return Some(Err(Errno::EDEADLK));
            }
            table.waits.push((request.owner, conflict.owner));
        }
        None
    })
}

/// `F_UNLCK`: unlocks a range.
///
/// # Errors
/// `ENOLCK` if splitting a lock takes memory there is not.
pub fn unlock_range(file: &OpenFile, owner: Owner, range: Range) -> Result<(), Errno> {
    let result = unlock(key(file), owner, range);
    RELEASED.wake_all();
    result
}

fn unlock(key: Key, owner: Owner, range: Range) -> Result<(), Errno> {
    with_table(|table| {
        let result = match table.files.get_mut(&key) {
            Some(locks) => locks.records.clear(owner, range),
            None => Ok(()),
        };
        table.tidy(key);
        result
    })
}

/// A descriptor of `table` for `file` was closed: the process's record locks on it go.
pub(super) fn release_records(table: &FdTable, file: &OpenFile) {
    if PROCESS_LOCKS.load(Ordering::SeqCst) == 0 {
        return;
    }
    if unlock(key(file), Owner::Process(table.identity()), Range::ALL).is_ok() {
        RELEASED.wake_all();
    }
}

/// `file` is closed for good: its locks go.
pub(super) fn release_open_file(file: &OpenFile) {
    if FILE_LOCKS.load(Ordering::SeqCst) == 0 {
        return;
    }
    unlock_whole(file);
    if unlock(key(file), Owner::File(file.identity()), Range::ALL).is_ok() {
        RELEASED.wake_all();
    }
}

/// The owner of the record locks set by a process with this descriptor table.
#[must_use]
pub fn process_owner(table: &FdTable) -> Owner {
    Owner::Process(table.identity())
}

/// The owner of the record locks set for this open file.
#[must_use]
pub fn file_owner(file: &OpenFile) -> Owner {
    Owner::File(file.identity())
}
