//! `epoll(7)` and `eventfd(2)`.

use alloc::sync::Arc;

use abi::Errno;
use abi::fcntl::{EFD_SEMAPHORE, OpenFlags};
use abi::poll::{EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EpollEvent};

use super::{MILLISECOND, Timeout, with_mask};
use crate::fs::epoll::{self, Epoll};
use crate::fs::{OpenFile, eventfd};
use crate::memory::user::UserAddr;
use crate::process::syscalls::lookup::descriptor_limit;
use crate::process::syscalls::{Call, Fd, SysResult};

fn insert(call: &Call<'_>, file: Arc<OpenFile>, close_on_exec: bool) -> SysResult {
    let fd = call
        .files()?
        .insert(file, close_on_exec, descriptor_limit(call)?)?;
    usize::try_from(fd.0).map_err(|_| Errno::EBADF)
}

/// `epoll_create(2)`: the size has to be positive and means nothing.
pub fn epoll_create(call: &mut Call<'_>, size: i32) -> SysResult {
    if size <= 0 {
        Err(Errno::EINVAL)
    } else {
        insert(call, epoll::create(), false)
    }
}

/// `epoll_create1(2)`
pub fn epoll_create1(call: &mut Call<'_>, flags: u32) -> SysResult {
    if flags & !EPOLL_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    insert(call, epoll::create(), flags == EPOLL_CLOEXEC)
}

/// `epoll_ctl(2)`
pub fn epoll_ctl(
    call: &mut Call<'_>,
    set: Fd,
    operation: u32,
    fd: Fd,
    event: UserAddr,
) -> SysResult {
    let event = if operation == EPOLL_CTL_DEL {
        EpollEvent::default()
    } else {
        event.read()?
    };
    let files = call.files()?;
    let set_file = files.get(set)?;
    let file = files.get(fd)?;
    let set = set_file.ops_as::<Epoll>().ok_or(Errno::EINVAL)?;
    if Arc::ptr_eq(&set_file, &file) {
        return Err(Errno::EINVAL);
    }
    match operation {
        EPOLL_CTL_ADD => set.add(fd, &file, event)?,
        EPOLL_CTL_MOD => set.modify(fd, &file, event)?,
        EPOLL_CTL_DEL => set.remove(fd, &file)?,
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

fn wait(call: &Call<'_>, set: Fd, events: UserAddr, most: i32, timeout: Timeout) -> SysResult {
    let most = usize::try_from(most)
        .ok()
        .filter(|&most| most > 0)
        .ok_or(Errno::EINVAL)?;
    events.check(most.saturating_mul(size_of::<EpollEvent>()))?;
    let file = call.files()?.get(set)?;
    let set = file.ops_as::<Epoll>().ok_or(Errno::EINVAL)?;
    let found = match timeout {
        Timeout::Now => set.collect(most),
        Timeout::At(time) => set.wait(most, Some(time))?,
        Timeout::Never => set.wait(most, None)?,
    };
    for (index, event) in found.iter().enumerate() {
        events
            .offset(index * size_of::<EpollEvent>())
            .write(event)?;
    }
    Ok(found.len())
}

fn milliseconds(timeout: i32) -> Timeout {
    u64::try_from(timeout).map_or(Timeout::Never, |time| Timeout::after(time * MILLISECOND))
}

/// `epoll_wait(2)`: `timeout` in milliseconds, for ever if negative.
pub fn epoll_wait(
    call: &mut Call<'_>,
    set: Fd,
    events: UserAddr,
    most: i32,
    timeout: i32,
) -> SysResult {
    wait(call, set, events, most, milliseconds(timeout))
}

/// `epoll_pwait(2)`
pub fn epoll_pwait(
    call: &mut Call<'_>,
    set: Fd,
    events: UserAddr,
    most: i32,
    timeout: i32,
    mask: UserAddr,
    size: usize,
) -> SysResult {
    let timeout = milliseconds(timeout);
    with_mask(call, mask, size, |call| {
        wait(call, set, events, most, timeout)
    })
}

/// `epoll_pwait2(2)`
pub fn epoll_pwait2(
    call: &mut Call<'_>,
    set: Fd,
    events: UserAddr,
    most: i32,
    time: UserAddr,
    mask: UserAddr,
    size: usize,
) -> SysResult {
    let timeout = match time.is_null() {
        true => Timeout::Never,
        false => Timeout::of_timespec(time.read()?)?,
    };
    with_mask(call, mask, size, |call| {
        wait(call, set, events, most, timeout)
    })
}

/// `eventfd(2)`, whose system call has no flags.
pub fn eventfd(call: &mut Call<'_>, initial: u32) -> SysResult {
    eventfd2(call, initial, 0)
}

/// `eventfd2(2)`
pub fn eventfd2(call: &mut Call<'_>, initial: u32, flags: u32) -> SysResult {
    let open = OpenFlags::from_bits_retain(flags & !EFD_SEMAPHORE);
    if !(open - OpenFlags::O_CLOEXEC - OpenFlags::O_NONBLOCK).is_empty() {
        return Err(Errno::EINVAL);
    }
    let semaphore = flags & EFD_SEMAPHORE != 0;
    let file = eventfd::create(initial, semaphore, open & OpenFlags::O_NONBLOCK);
    insert(call, file, open.contains(OpenFlags::O_CLOEXEC))
}
