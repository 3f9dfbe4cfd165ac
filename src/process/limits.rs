//! Resource limits (`getrlimit(2)`).

use abi::Errno;
use abi::resource::{
    RLIM_INFINITY, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE,
    RLIMIT_NPROC, RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_STACK, Rlimit64,
};
use machine::sync::IrqSpinLock;

use super::sync::levels;

/// How many resources have limits.
const COUNT: usize = 16;

/// The limits of a process. Interrupt handlers look at them when they send signals.
pub struct Limits(IrqSpinLock<[Rlimit64; COUNT]>);

const fn limit(soft: u64, hard: u64) -> Rlimit64 {
    Rlimit64 {
        rlim_cur: soft,
        rlim_max: hard,
    }
}

impl Limits {
    /// What the first process starts with; `threads` is the most that memory can hold.
    #[must_use]
    pub fn initial(threads: u64) -> Self {
        let mut table = [limit(RLIM_INFINITY, RLIM_INFINITY); COUNT];
        let mut set = |resource: u32, soft, hard| {
            if let Some(entry) = table.get_mut(resource as usize) {
                *entry = limit(soft, hard);
            }
        };
        set(RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
        set(RLIMIT_CORE, 0, RLIM_INFINITY);
        set(RLIMIT_NPROC, threads / 2, threads / 2);
        set(RLIMIT_NOFILE, 1024, 4096);
        set(RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
        set(RLIMIT_SIGPENDING, threads / 2, threads / 2);
        set(RLIMIT_MSGQUEUE, 819_200, 819_200);
        set(RLIMIT_NICE, 0, 0);
        set(RLIMIT_RTPRIO, 0, 0);
        Self(IrqSpinLock::new(levels::LIMITS, table))
    }

    /// A copy, for a child.
    #[must_use]
    pub fn for_child(&self) -> Self {
        Self(IrqSpinLock::new(levels::LIMITS, *self.0.lock()))
    }

    /// One limit.
    ///
    /// # Errors
    /// `EINVAL` if there is no such resource.
    pub fn get(&self, resource: u32) -> Result<Rlimit64, Errno> {
        self.0
            .lock()
            .get(resource as usize)
            .copied()
            .ok_or(Errno::EINVAL)
    }

    /// The soft limit; unlimited if there is no such resource.
    #[must_use]
    pub fn soft(&self, resource: u32) -> u64 {
        self.get(resource)
            .map_or(RLIM_INFINITY, |limit| limit.rlim_cur)
    }

    /// Sets one limit and returns the old one.
    ///
    /// # Errors
    /// `EINVAL`: no such resource, or a soft limit above the hard one; `EPERM`: a hard limit raised without
    /// `privileged`, or `RLIMIT_NOFILE` above what descriptor tables hold.
    pub fn set(&self, resource: u32, new: Rlimit64, privileged: bool) -> Result<Rlimit64, Errno> {
        if new.rlim_cur > new.rlim_max {
            return Err(Errno::EINVAL);
        }
        if resource == RLIMIT_NOFILE && new.rlim_max > NR_OPEN {
            return Err(Errno::EPERM);
        }
        let mut table = self.0.lock();
        let entry = table.get_mut(resource as usize).ok_or(Errno::EINVAL)?;
        if new.rlim_max > entry.rlim_max && !privileged {
            return Err(Errno::EPERM);
        }
        Ok(core::mem::replace(entry, new))
    }
}

/// The most descriptors a process can be allowed (`/proc/sys/fs/nr_open`).
pub const NR_OPEN: u64 = 1 << 20;
