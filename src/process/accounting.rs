//! Who used how much: CPU times and event counts of threads and processes (`getrusage(2)`, `times(2)`).

use alloc::string::String;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::resource::Rusage;
use abi::time::Timeval;
use machine::sync::SpinLock;
use machine::time::{self, Stopwatch};

use super::sync::levels;
use super::{Process, Thread};

/// A thread's times. One clock runs while it is in user mode, started and stopped at each crossing, and one while it
/// has a CPU, so the sums are exact.
#[derive(Default)]
pub struct CpuTimes {
    user: Stopwatch,
    on_cpu: Stopwatch,
    /// What of the time in user mode has been added to a CPU's time.
    charged: AtomicU64,
    minor_faults: AtomicU64,
    major_faults: AtomicU64,
}

impl CpuTimes {
    /// The clock that runs in user mode.
    #[must_use]
    pub fn user_clock(&self) -> &Stopwatch {
        &self.user
    }

    /// The clock that runs while the thread has a CPU.
    pub(super) fn cpu_clock(&self) -> &Stopwatch {
        &self.on_cpu
    }

    /// Nanoseconds in user mode and in the kernel, up to this moment.
    #[must_use]
    pub fn now(&self) -> (u64, u64) {
        let now = time::ticks();
        // In this order, so that the part is not more than the whole.
        let user = self.user.nanos_at(now);
        let all = self.on_cpu.nanos_at(now);
        (user, all.saturating_sub(user))
    }

    // Only the thread itself writes what follows, hence no atomic additions.

    /// The time in user mode that no CPU has been charged with yet; to be called by the CPU the thread is on, in the
    /// kernel.
    pub(super) fn charge_user(&self) -> u64 {
        let user = self.user.nanos_at(0);
        user.saturating_sub(self.charged.swap(user, Ordering::Relaxed))
    }

    /// The same for a look at a thread that runs.
    pub(super) fn uncharged_user(&self) -> u64 {
        let charged = self.charged.load(Ordering::Acquire);
        self.now().0.saturating_sub(charged)
    }

    /// Counts a page fault that needed no I/O.
    pub fn count_minor_fault(&self) {
        let count = self.minor_faults.load(Ordering::Relaxed) + 1;
        self.minor_faults.store(count, Ordering::Relaxed);
    }

    /// Page faults without I/O.
    #[must_use]
    pub fn minor_faults(&self) -> u64 {
        self.minor_faults.load(Ordering::Relaxed)
    }
}

/// A sum of what threads used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Nanoseconds in user mode.
    pub user: u64,
    /// Nanoseconds in the kernel.
    pub system: u64,
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Times a thread waited.
    pub voluntary_switches: u64,
    /// Times a thread was preempted.
    pub involuntary_switches: u64,
    /// The greatest resident set, in bytes.
    pub max_resident: u64,
}

impl Usage {
    /// What one thread has used.
    #[must_use]
    pub fn of_thread(thread: &Thread) -> Self {
        let (times, sched) = (thread.times(), thread.sched());
        let (user, system) = times.now();
        Self {
            user,
            system,
            minor_faults: times.minor_faults(),
            major_faults: times.major_faults.load(Ordering::Relaxed),
            voluntary_switches: sched.voluntary_switches(),
            involuntary_switches: sched.involuntary_switches(),
            max_resident: 0,
        }
    }

    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.user += other.user;
        self.system += other.system;
        self.minor_faults += other.minor_faults;
        self.major_faults += other.major_faults;
        self.voluntary_switches += other.voluntary_switches;
        self.involuntary_switches += other.involuntary_switches;
        self.max_resident = self.max_resident.max(other.max_resident);
    }

    /// As `getrusage(2)` reports it.
    #[must_use]
    pub fn to_rusage(&self) -> Rusage {
        Rusage {
            ru_utime: timeval(self.user),
            ru_stime: timeval(self.system),
            ru_maxrss: signed(self.max_resident / 1024),
            ru_minflt: signed(self.minor_faults),
            ru_majflt: signed(self.major_faults),
            ru_nvcsw: signed(self.voluntary_switches),
            ru_nivcsw: signed(self.involuntary_switches),
            ..Rusage::default()
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn timeval(nanos: u64) -> Timeval {
    Timeval {
        tv_sec: signed(nanos / 1_000_000_000),
        tv_usec: signed(nanos / 1_000 % 1_000_000),
    }
}

/// The sums a process keeps.
pub struct Accounting {
    sums: SpinLock<Sums>,
}

#[derive(Default)]
struct Sums {
    /// Of its ended threads.
    threads: Usage,
    /// Of the children it has waited for, and theirs.
    children: Usage,
    last_name: String,
    last_user: u32,
}

impl Default for Accounting {
    fn default() -> Self {
        Self::new()
    }
}

impl Accounting {
    /// Nothing used yet.
    #[must_use]
    pub const fn new() -> Self {
        let usage = Usage {
            user: 0,
            system: 0,
            minor_faults: 0,
            major_faults: 0,
            voluntary_switches: 0,
            involuntary_switches: 0,
            max_resident: 0,
        };
        let sums = Sums {
            threads: usage,
            children: usage,
            last_name: String::new(),
            last_user: 0,
        };
        Self {
            sums: SpinLock::new(levels::THREAD, sums),
        }
    }

    /// Takes over what a thread that ends has used, and its name.
    pub fn add_thread(&self, thread: &Thread, name: String) {
        let mut usage = Usage::of_thread(thread);
        usage.max_resident = thread
            .memory()
            .map_or(0, |memory| memory.peak_resident_bytes());
        let user = thread.credentials().user.real;
        let mut sums = self.sums.lock();
        sums.threads.add(&usage);
        sums.last_name = name;
        sums.last_user = user;
    }

    /// Takes over what a child that has been waited for has used, and its children.
    pub fn add_child(&self, child: &Process) {
        let mut usage = child.usage();
        usage.add(&child.accounting.children());
        self.sums.lock().children.add(&usage);
    }

    /// What the children that were waited for have used.
    #[must_use]
    pub fn children(&self) -> Usage {
        self.sums.lock().children
    }

    /// The real user of the thread that ended last.
    #[must_use]
    pub fn last_user(&self) -> u32 {
        self.sums.lock().last_user
    }

    /// The name of the thread that ended last.
    #[must_use]
    pub fn last_name(&self) -> String {
        self.sums.lock().last_name.clone()
    }
}

impl Process {
    /// What all its threads have used, ended ones included.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = self.accounting.sums.lock().threads;
        for thread in self.threads() {
            usage.add(&Usage::of_thread(&thread));
            if let Some(memory) = thread.memory() {
                usage.max_resident = usage.max_resident.max(memory.peak_resident_bytes());
            }
        }
        usage
    }
}
