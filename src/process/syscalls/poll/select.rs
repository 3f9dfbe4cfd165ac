//! `select(2)`: sets of descriptors as bit maps.

use alloc::vec::Vec;

use abi::Errno;
use abi::poll::SigSetArg;
use abi::time::{Timespec, Timeval};

use super::{Timeout, Watch, wait, with_mask};
use crate::memory::user::UserAddr;
use crate::process::sync::PollEvents;
use crate::process::syscalls::{Call, Fd, SysResult};

/// What makes a descriptor readable, writable or exceptional for `select`.
const READABLE: PollEvents = PollEvents::POLLIN
    .union(PollEvents::POLLRDNORM)
    .union(PollEvents::POLLRDBAND)
    .union(PollEvents::POLLHUP)
    .union(PollEvents::POLLERR);
const WRITABLE: PollEvents = PollEvents::POLLOUT
    .union(PollEvents::POLLWRNORM)
    .union(PollEvents::POLLWRBAND)
    .union(PollEvents::POLLERR);
const EXCEPTIONAL: PollEvents = PollEvents::POLLPRI;

/// The three sets of a call.
struct Sets {
    addresses: [UserAddr; 3],
    /// Each in whole words of 64 bits.
    bits: [Vec<u64>; 3],
}

impl Sets {
    fn read(addresses: [UserAddr; 3], count: usize) -> Result<Self, Errno> {
        let words = count.div_ceil(64);
        let read = |address: UserAddr| {
            if address.is_null() {
                Ok(Vec::new())
            } else {
                address.read_array(words)
            }
        };
        let [reads, writes, exceptions] = addresses;
        let bits = [read(reads)?, read(writes)?, read(exceptions)?];
        Ok(Self { addresses, bits })
    }

    /// Which of the three events descriptor `fd` is to be watched for.
    fn wanted(&self, fd: usize) -> [bool; 3] {
        let has = |set: &Vec<u64>| {
            set.get(fd / 64)
                .is_some_and(|word| word >> (fd % 64) & 1 == 1)
        };
        let [reads, writes, exceptions] = &self.bits;
        [has(reads), has(writes), has(exceptions)]
    }

    /// Leaves in the sets what was found, writes them back, and counts the bits.
    fn write_back(mut self, watches: &[Option<Watch>]) -> SysResult {
        let mut total = 0;
        let kinds = [READABLE, WRITABLE, EXCEPTIONAL];
        for ((set, address), kind) in self.bits.iter_mut().zip(self.addresses).zip(kinds) {
            for (index, word) in set.iter_mut().enumerate() {
                let mut kept = 0;
                for (bit, watch) in watches.iter().skip(index * 64).take(64).enumerate() {
                    let found = watch
                        .as_ref()
                        .is_some_and(|watch| watch.found.intersects(kind));
                    kept |= u64::from(found) << bit;
                }
                *word &= kept;
                total += word.count_ones();
                address.offset(index * 8).write(word)?;
            }
        }
        usize::try_from(total).map_err(|_| Errno::EINVAL)
    }
}

fn select_sets(
    call: &Call<'_>,
    count: i32,
    addresses: [UserAddr; 3],
    timeout: Timeout,
) -> SysResult {
    let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
    let files = call.files()?;
    // Numbers beyond the table stand for nothing and are not looked at.
    let count = count.min(files.capacity().max(64));
    let sets = Sets::read(addresses, count)?;
    let mut watches = Vec::new();
    watches
        .try_reserve_exact(count)
        .map_err(|_| Errno::ENOMEM)?;
    for fd in 0..count {
        let wanted = sets.wanted(fd);
        if wanted == [false; 3] {
            watches.push(None);
            continue;
        }
        let mut events = PollEvents::empty();
        for (wanted, kind) in wanted.into_iter().zip([READABLE, WRITABLE, EXCEPTIONAL]) {
            if wanted {
                events |= kind;
            }
        }
        let fd = Fd(i32::try_from(fd).map_err(|_| Errno::EBADF)?);
        let mut watch = Watch::new(&files, fd, events);
        if watch.file.is_none() {
            return Err(Errno::EBADF);
        }
        // Only what the sets ask for ends the wait.
        watch.events = events;
        watches.push(Some(watch));
    }
    wait(&mut watches, timeout)?;
    sets.write_back(&watches)
}

/// `select(2)`: what is left of the time is written back.
pub fn select(
    call: &mut Call<'_>,
    count: i32,
    reads: UserAddr,
    writes: UserAddr,
    exceptions: UserAddr,
    time: UserAddr,
) -> SysResult {
    let timeout = if time.is_null() {
        Timeout::Never
    } else {
        let time: Timeval = time.read()?;
        // More than a second's worth of microseconds is allowed here.
        let seconds = u64::try_from(time.tv_sec).map_err(|_| Errno::EINVAL)?;
        let micros = u64::try_from(time.tv_usec).map_err(|_| Errno::EINVAL)?;
        let nanos = seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(micros.saturating_mul(1000));
        Timeout::after(nanos)
    };
    let result = select_sets(call, count, [reads, writes, exceptions], timeout);
    if !time.is_null() {
        let _ = time.write(&Timeval::from_nanos(timeout.left()));
    }
    result
}

/// `pselect6(2)`: the last argument is the address of a signal mask and its size.
pub fn pselect6(
    call: &mut Call<'_>,
    count: i32,
    reads: UserAddr,
    writes: UserAddr,
    exceptions: UserAddr,
    time: UserAddr,
    mask: UserAddr,
) -> SysResult {
    let timeout = match time.is_null() {
        true => Timeout::Never,
        false => Timeout::of_timespec(time.read()?)?,
    };
    let mask = if mask.is_null() {
        SigSetArg::default()
    } else {
        mask.read()?
    };
    let address = UserAddr::new(usize::try_from(mask.mask).map_err(|_| Errno::EFAULT)?);
    let size = usize::try_from(mask.size).map_err(|_| Errno::EINVAL)?;
    let result = with_mask(call, address, size, |call| {
        select_sets(call, count, [reads, writes, exceptions], timeout)
    });
    if !time.is_null() {
        let _ = time.write(&Timespec::from_nanos(timeout.left()));
    }
    result
}
