//! Waiting for descriptors (`poll(2)`, `select(2)`, `epoll(7)`).

mod epoll;
mod select;

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::poll::Pollfd;
use abi::time::{NSEC_PER_SEC, Timespec};

use super::lookup::descriptor_limit;
use super::{Call, Fd, SysResult, sigaction};
use crate::fs::{FdTable, OpenFile};
use crate::memory::user::UserAddr;
use crate::process::sync::{PollEvents, PollTable};
use crate::process::thread::Attention;

pub use epoll::{
    epoll_create, epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2, epoll_wait, eventfd,
    eventfd2,
};
pub use select::{pselect6, select};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = NSEC_PER_SEC / 1000;

/// One descriptor waited for.
struct Watch {
    /// None if the number stands for nothing.
    file: Option<Arc<OpenFile>>,
    events: PollEvents,
    found: PollEvents,
}

impl Watch {
    /// Watches `fd` for `events`, and for what is always reported.
    fn new(files: &FdTable, fd: Fd, events: PollEvents) -> Self {
        let always = PollEvents::POLLERR | PollEvents::POLLHUP;
        Self {
            file: files.get(fd).ok(),
            events: events | always,
            found: PollEvents::empty(),
        }
    }

    fn look(&mut self, table: Option<&mut PollTable>) -> bool {
        self.found = match &self.file {
            Some(file) => file.poll(table) & self.events,
            None => PollEvents::POLLNVAL,
        };
        !self.found.is_empty()
    }
}

/// When a wait ends.
#[derive(Clone, Copy)]
enum Timeout {
    /// At once.
    Now,
    /// At this time in nanoseconds since boot.
    At(u64),
    /// Never.
    Never,
}

impl Timeout {
    fn after(nanos: u64) -> Self {
        if nanos == 0 {
            Self::Now
        } else {
            Self::At(machine::time::now().saturating_add(nanos))
        }
    }

    fn of_timespec(time: Timespec) -> Result<Self, Errno> {
        time.to_nanos().map(Self::after).ok_or(Errno::EINVAL)
    }

    /// Nanoseconds left.
    fn left(self) -> u64 {
        match self {
            Self::At(time) => time.saturating_sub(machine::time::now()),
            Self::Now | Self::Never => 0,
        }
    }
}

/// Waits until something is the case for one of `watches`; how many it is for.
fn wait(watches: &mut [Option<Watch>], timeout: Timeout) -> SysResult {
    let mut scan = |mut table: Option<&mut PollTable>| {
        let mut count = 0;
        for watch in watches.iter_mut().flatten() {
            // Once something is found there will be no sleep, so nothing needs to be registered with.
            let found = watch.look(if count == 0 {
                table.as_deref_mut()
            } else {
                None
            });
            count += usize::from(found);
        }
        (count > 0).then_some(count)
    };
    let deadline = match timeout {
        Timeout::Now => return Ok(scan(None).unwrap_or(0)),
        Timeout::At(time) => Some(time),
        Timeout::Never => None,
    };
    match PollTable::poll_until(deadline, scan) {
        Err(Errno::ETIMEDOUT) => Ok(0),
        other => other,
    }
}

/// Runs `wait` with another signal mask, if `mask` is not null.
fn with_mask(
    call: &mut Call<'_>,
    mask: UserAddr,
    size: usize,
    wait: impl FnOnce(&mut Call<'_>) -> SysResult,
) -> SysResult {
    if mask.is_null() {
        return wait(call);
    }
    if size != size_of::<u64>() {
        return Err(Errno::EINVAL);
    }
    let old = call.thread.signals().blocked();
    sigaction::set_temporary_mask(call, sigaction::read_set(mask)?);
    let result = wait(call);
    if result != Err(Errno::ERESTARTNOHAND) {
        // No signal ended the wait, so none may be handled under that mask.
        call.thread.attention().clear(Attention::RESTORE_MASK);
        call.thread.set_blocked(old);
    }
    result
}

fn poll_list(call: &Call<'_>, list: UserAddr, count: u32, timeout: Timeout) -> SysResult {
    let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
    if count > descriptor_limit(call)? {
        return Err(Errno::EINVAL);
    }
    let entries: Vec<Pollfd> = list.read_array(count)?;
    let files = call.files()?;
    let mut watches = Vec::new();
    watches
        .try_reserve_exact(count)
        .map_err(|_| Errno::ENOMEM)?;
    watches.extend(entries.iter().map(|entry| {
        let events = PollEvents::from_bits_truncate(entry.events.cast_unsigned());
        (entry.fd >= 0).then(|| Watch::new(&files, Fd(entry.fd), events))
    }));
    let found = wait(&mut watches, timeout)?;
    for (index, (watch, mut entry)) in watches.iter().zip(entries).enumerate() {
        let events = watch
            .as_ref()
            .map_or(PollEvents::empty(), |watch| watch.found);
        entry.revents = events.bits().cast_signed();
        list.offset(index * size_of::<Pollfd>()).write(&entry)?;
    }
    Ok(found)
}

/// `poll(2)`: `timeout` in milliseconds, for ever if negative.
pub fn poll(call: &mut Call<'_>, list: UserAddr, count: u32, timeout: i32) -> SysResult {
    let timeout = match u64::try_from(timeout) {
        Ok(milliseconds) => Timeout::after(milliseconds * MILLISECOND),
        Err(_) => Timeout::Never,
    };
    poll_list(call, list, count, timeout)
}

/// `ppoll(2)`: what is left of the time is written back, as Linux's system call does.
pub fn ppoll(
    call: &mut Call<'_>,
    list: UserAddr,
    count: u32,
    time: UserAddr,
    mask: UserAddr,
    size: usize,
) -> SysResult {
    let timeout = match time.is_null() {
        true => Timeout::Never,
        false => Timeout::of_timespec(time.read()?)?,
    };
    let result = with_mask(call, mask, size, |call| {
        poll_list(call, list, count, timeout)
    });
    if !time.is_null() {
        // The result counts even if this cannot be written.
        let _ = time.write(&Timespec::from_nanos(timeout.left()));
    }
    result
}
