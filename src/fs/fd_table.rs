//! Descriptor tables: which number of a process stands for which open file.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Errno;
use machine::sync::SpinLock;

use super::{OpenFile, locks, reserve};
use crate::process::sync::levels;
use crate::process::syscalls::Fd;

/// The descriptors of a process, shared between its threads (and between processes after `clone(CLONE_FILES)`).
pub struct FdTable {
    /// Owner of the record locks set through this table.
    identity: u64,
    slots: SpinLock<Slots>,
}

struct Slots {
    slots: Vec<Slot>,
    /// No slot below is free.
    lowest_free: usize,
}

#[derive(Clone)]
enum Slot {
    Free,
    /// Given out by [`FdTable::reserve`], not filled yet.
    Reserved,
    Open {
        file: Arc<OpenFile>,
        close_on_exec: bool,
    },
}

impl Slot {
    fn file(&self) -> Option<&Arc<OpenFile>> {
        match self {
            Self::Open { file, .. } => Some(file),
            _ => None,
        }
    }
}

impl Slots {
    /// Takes the lowest free slot not below `from`.
    fn take_free(&mut self, from: usize, limit: usize) -> Result<usize, Errno> {
        let start = from.max(self.lowest_free);
        let free = self
            .slots
            .iter()
            .skip(start)
            .position(|slot| matches!(slot, Slot::Free));
        let index = free.map_or(start.max(self.slots.len()), |offset| start + offset);
        if index >= limit {
            return Err(Errno::EMFILE);
        }
        *self.make_room(index)? = Slot::Reserved;
        if from <= self.lowest_free {
            self.lowest_free = index + 1;
        }
        Ok(index)
    }

    /// The slot at `index`, growing the table as needed.
    fn make_room(&mut self, index: usize) -> Result<&mut Slot, Errno> {
        if index >= self.slots.len() {
            let missing = index + 1 - self.slots.len();
            self.slots.try_reserve(missing).map_err(|_| Errno::ENOMEM)?;
            self.slots.resize_with(index + 1, || Slot::Free);
        }
        self.slots.get_mut(index).ok_or(Errno::EBADF)
    }

    fn take(&mut self, index: usize) -> Option<Arc<OpenFile>> {
        let slot = self.slots.get_mut(index)?;
        slot.file()?;
        self.lowest_free = self.lowest_free.min(index);
        match core::mem::replace(slot, Slot::Free) {
            Slot::Open { file, .. } => Some(file),
            _ => None,
        }
    }
}

/// A descriptor number taken but not filled yet; given back when dropped.
pub struct Reservation<'a> {
    table: &'a FdTable,
    index: usize,
}

impl Reservation<'_> {
    /// Puts `file` there.
    pub fn fill(self, file: Arc<OpenFile>, close_on_exec: bool) -> Fd {
        let mut slots = self.table.slots.lock();
        if let Some(slot) = slots.slots.get_mut(self.index) {
            *slot = Slot::Open {
                file,
                close_on_exec,
            };
        }
        drop(slots);
        let fd = self.fd();
        core::mem::forget(self);
        fd
    }

    /// The number.
    #[must_use]
    pub fn fd(&self) -> Fd {
        number(self.index)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut slots = self.table.slots.lock();
        if let Some(slot) = slots.slots.get_mut(self.index) {
            *slot = Slot::Free;
        }
        slots.lowest_free = slots.lowest_free.min(self.index);
    }
}

fn number(index: usize) -> Fd {
    Fd(i32::try_from(index).unwrap_or(i32::MAX))
}

fn index(fd: Fd) -> Result<usize, Errno> {
    usize::try_from(fd.0).map_err(|_| Errno::EBADF)
}

impl Default for FdTable {
    fn default() -> Self {
        Self::new()
    }
}

impl FdTable {
    /// A table without descriptors.
    #[must_use]
    pub fn new() -> Self {
        Self::with_slots(Vec::new())
    }

    fn with_slots(slots: Vec<Slot>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let slots = Slots {
            slots,
            lowest_free: 0,
        };
        Self {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            slots: SpinLock::new(levels::THREAD, slots),
        }
    }

    /// The open file behind `fd`.
    ///
    /// # Errors
    /// `EBADF` if it is not open, or open by `O_PATH` only.
    pub fn get(&self, fd: Fd) -> Result<Arc<OpenFile>, Errno> {
        let file = self.get_any(fd)?;
        if file.is_path_only() {
            Err(Errno::EBADF)
        } else {
            Ok(file)
        }
    }

    /// The open file behind `fd`, one open by `O_PATH` included.
    ///
    /// # Errors
    /// `EBADF` if it is not open.
    pub fn get_any(&self, fd: Fd) -> Result<Arc<OpenFile>, Errno> {
        let index = index(fd)?;
        let slots = self.slots.lock();
        let file = slots.slots.get(index).and_then(Slot::file);
        file.cloned().ok_or(Errno::EBADF)
    }

    /// Takes the lowest free number, which must be below `limit` (`RLIMIT_NOFILE`).
    ///
    /// # Errors
    /// `EMFILE`, `ENOMEM`.
    pub fn reserve(&self, limit: usize) -> Result<Reservation<'_>, Errno> {
        reserve::check()?;
        let index = self.slots.lock().take_free(0, limit)?;
        Ok(Reservation { table: self, index })
    }

    /// Gives `file` the lowest free number, which must be below `limit` (`RLIMIT_NOFILE`).
    ///
    /// # Errors
    /// `EMFILE`, `ENOMEM`.
    pub fn insert(
        &self,
        file: Arc<OpenFile>,
        close_on_exec: bool,
        limit: usize,
    ) -> Result<Fd, Errno> {
        Ok(self.reserve(limit)?.fill(file, close_on_exec))
    }

    /// `fcntl(F_DUPFD)`: gives the file behind `fd` the lowest free number not below `from`.
    ///
    /// # Errors
    /// `EBADF`, `EINVAL` if `from` is not below `limit`, `EMFILE`, `ENOMEM`.
    pub fn duplicate(
        &self,
        fd: Fd,
        from: usize,
        close_on_exec: bool,
        limit: usize,
    ) -> Result<Fd, Errno> {
        let file = self.get_any(fd)?;
        if from >= limit {
            return Err(Errno::EINVAL);
        }
        let index = self.slots.lock().take_free(from, limit)?;
        Ok(Reservation { table: self, index }.fill(file, close_on_exec))
    }

    /// `dup3(2)`: gives the file behind `old` the number `new`, closing what was there.
    ///
    /// # Errors
    /// `EBADF` if `old` is not open or `new` not below `limit`, `EBUSY` if `new` is just being opened, `ENOMEM`.
    pub fn duplicate_to(
        &self,
        old: Fd,
        new: Fd,
        close_on_exec: bool,
        limit: usize,
    ) -> Result<Fd, Errno> {
        let target = index(new)?;
        if target >= limit {
            return Err(Errno::EBADF);
        }
        let file = self.get_any(old)?;
        let mut slots = self.slots.lock();
        let slot = slots.make_room(target)?;
        if matches!(slot, Slot::Reserved) {
            return Err(Errno::EBUSY);
        }
        let replaced = core::mem::replace(
            slot,
            Slot::Open {
                file,
                close_on_exec,
            },
        );
        drop(slots);
        if let Slot::Open { file, .. } = replaced {
            self.closed(file);
        }
        Ok(new)
    }

    /// `close(2)`.
    ///
    /// # Errors
    /// `EBADF` if it is not open.
    pub fn close(&self, fd: Fd) -> Result<(), Errno> {
        let file = self.slots.lock().take(index(fd)?).ok_or(Errno::EBADF)?;
        self.closed(file);
        Ok(())
    }

    /// `close_range(2)`: closes all numbers from `first` to `last`, both included.
    pub fn close_range(&self, first: usize, last: usize) {
        self.close_matching(first, last, |_| true);
    }

    /// Closes everything marked close-on-exec.
    pub fn close_on_exec(&self) {
        self.close_matching(0, usize::MAX, |close_on_exec| close_on_exec);
    }

    /// Closes everything.
    pub fn close_all(&self) {
        self.close_matching(0, usize::MAX, |_| true);
    }

    fn close_matching(&self, first: usize, last: usize, matches: impl Fn(bool) -> bool) {
        let mut next = first;
        while let Some((index, file)) = self.take_next(next, last, &matches) {
            self.closed(file);
            next = index + 1;
        }
    }

    fn take_next(
        &self,
        first: usize,
        last: usize,
        matches: &impl Fn(bool) -> bool,
    ) -> Option<(usize, Arc<OpenFile>)> {
        let mut slots = self.slots.lock();
        let mut candidates = slots.slots.iter().enumerate().skip(first);
        let chosen = candidates.find(|(_, slot)| match slot {
            Slot::Open { close_on_exec, .. } => matches(*close_on_exec),
            _ => false,
        });
        let index = chosen
            .map(|(index, _)| index)
            .filter(|&index| index <= last)?;
        slots.take(index).map(|file| (index, file))
    }

    /// Marks all numbers from `first` to `last`, both included, close-on-exec.
    pub fn mark_close_on_exec(&self, first: usize, last: usize) {
        let mut slots = self.slots.lock();
        let count = last.saturating_sub(first).saturating_add(1);
        for slot in slots.slots.iter_mut().skip(first).take(count) {
            if let Slot::Open { close_on_exec, .. } = slot {
                *close_on_exec = true;
            }
        }
    }

    /// Whether `fd` is marked close-on-exec.
    ///
    /// # Errors
    /// `EBADF` if it is not open.
    pub fn is_close_on_exec(&self, fd: Fd) -> Result<bool, Errno> {
        match self.slots.lock().slots.get(index(fd)?) {
            Some(Slot::Open { close_on_exec, .. }) => Ok(*close_on_exec),
            _ => Err(Errno::EBADF),
        }
    }

    /// Sets or clears the mark close-on-exec.
    ///
    /// # Errors
    /// `EBADF` if it is not open.
    pub fn set_close_on_exec(&self, fd: Fd, on: bool) -> Result<(), Errno> {
        match self.slots.lock().slots.get_mut(index(fd)?) {
            Some(Slot::Open { close_on_exec, .. }) => {
                *close_on_exec = on;
                Ok(())
            }
            _ => Err(Errno::EBADF),
        }
    }

    /// A copy for a child process: the same open files under the same numbers.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn fork_copy(&self) -> Result<Self, Errno> {
        let slots = self.slots.lock();
        let used = slots.slots.iter().rposition(|slot| slot.file().is_some());
        let used = used.map_or(0, |last| last + 1);
        let mut copy = Vec::new();
        copy.try_reserve_exact(used).map_err(|_| Errno::ENOMEM)?;
        copy.extend(slots.slots.iter().take(used).map(|slot| match slot {
            Slot::Reserved => Slot::Free,
            other => other.clone(),
        }));
        drop(slots);
        Ok(Self::with_slots(copy))
    }

    /// The open numbers in ascending order, as they are now.
    #[must_use]
    pub fn open_descriptors(&self) -> Vec<Fd> {
        let slots = self.slots.lock();
        let open = slots
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.file().is_some());
        open.map(|(index, _)| number(index)).collect()
    }

    /// How many slots the table has (`FDSize` in `/proc/PID/status`).
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.lock().slots.capacity()
    }

    /// Identifies this table as the owner of record locks.
    pub(super) fn identity(&self) -> u64 {
        self.identity
    }

    /// What every close does, after the table's lock is dropped: record locks of the file go, as POSIX wants.
    fn closed(&self, file: Arc<OpenFile>) {
        locks::release_records(self, &file);
        drop(file);
    }
}

impl Drop for FdTable {
    fn drop(&mut self) {
        self.close_all();
    }
}
