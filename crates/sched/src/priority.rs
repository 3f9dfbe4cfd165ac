//! The five priorities, and the parameters Linux knows them by.

use abi::Errno;
use abi::sched::{
    MAX_NICE, MAX_RT_PRIO, MIN_NICE, MIN_RT_PRIO, SCHED_BATCH, SCHED_FIFO, SCHED_IDLE,
    SCHED_NORMAL, SCHED_RR,
};

/// How important a task is; the most important is the least value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// `SCHED_FIFO` and `SCHED_RR`.
    RealTime = 0,
    /// Time sharing with a nice value of -5 or less.
    High = 1,
    /// Time sharing with a nice value of -4 to 4.
    Normal = 2,
    /// Time sharing with a nice value of 5 or more.
    Low = 3,
    /// `SCHED_IDLE`.
    Idle = 4,
}

impl Priority {
    /// How many there are.
    pub const COUNT: usize = 5;
    /// All, the most important first.
    pub const ALL: [Self; Self::COUNT] = [
        Self::RealTime,
        Self::High,
        Self::Normal,
        Self::Low,
        Self::Idle,
    ];

    /// Its place in [`Priority::ALL`].
    #[must_use]
    pub const fn level(self) -> usize {
        self as usize
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RealTime => "realtime",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
            Self::Idle => "idle",
        }
    }
}

/// The scheduling policies of Linux that a task can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LinuxPolicy {
    /// Time sharing.
    Normal = SCHED_NORMAL as u8,
    /// Real time until it blocks.
    Fifo = SCHED_FIFO as u8,
    /// Real time in turns.
    RoundRobin = SCHED_RR as u8,
    /// Time sharing without favour for waking.
    Batch = SCHED_BATCH as u8,
    /// Only when nothing else runs.
    Idle = SCHED_IDLE as u8,
}

impl LinuxPolicy {
    /// The policy with this `SCHED_*` number, without `SCHED_RESET_ON_FORK`.
    ///
    /// # Errors
    /// `EINVAL` for any other number.
    pub const fn from_raw(number: u32) -> Result<Self, Errno> {
        Ok(match number {
            SCHED_NORMAL => Self::Normal,
            SCHED_FIFO => Self::Fifo,
            SCHED_RR => Self::RoundRobin,
            SCHED_BATCH => Self::Batch,
            SCHED_IDLE => Self::Idle,
            _ => return Err(Errno::EINVAL),
        })
    }

    /// Whether it is one of the real-time policies.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        matches!(self, Self::Fifo | Self::RoundRobin)
    }
}

/// A task's scheduling parameters as Linux has them; valid by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    policy: LinuxPolicy,
    nice: i8,
    rt_priority: u8,
}

impl Params {
    /// What `sched_setscheduler(2)` sets: the real-time priority must be 1 to 99 for the real-time policies and 0 for
    /// the others. The nice value is clamped to -20 to 19, as `setpriority(2)` does, and kept for when it matters.
    ///
    /// # Errors
    /// `EINVAL` if the real-time priority does not fit the policy.
    pub const fn new(policy: LinuxPolicy, nice: i32, rt_priority: i32) -> Result<Self, Errno> {
        let fits = if policy.is_real_time() {
            rt_priority >= MIN_RT_PRIO && rt_priority <= MAX_RT_PRIO
        } else {
            rt_priority == 0
        };
        if fits {
            Ok(Self {
                policy,
                nice: clamp_nice(nice),
                rt_priority: rt_priority as u8,
            })
        } else {
            Err(Errno::EINVAL)
        }
    }

    /// The same with another nice value, clamped.
    #[must_use]
    pub const fn with_nice(self, nice: i32) -> Self {
        Self {
            nice: clamp_nice(nice),
            ..self
        }
    }

    /// The Linux policy.
    #[must_use]
    pub const fn policy(self) -> LinuxPolicy {
        self.policy
    }

    /// The nice value, -20 to 19.
    #[must_use]
    pub const fn nice(self) -> i32 {
        self.nice as i32
    }

    /// The real-time priority, 1 to 99; 0 if the policy is not a real-time one.
    #[must_use]
    pub const fn rt_priority(self) -> i32 {
        self.rt_priority as i32
    }

    /// The priority it amounts to.
    #[must_use]
    pub const fn priority(self) -> Priority {
        match self.policy {
            LinuxPolicy::Fifo | LinuxPolicy::RoundRobin => Priority::RealTime,
            LinuxPolicy::Idle => Priority::Idle,
            LinuxPolicy::Normal | LinuxPolicy::Batch => match self.nice {
                ..=-5 => Priority::High,
                -4..=4 => Priority::Normal,
                5.. => Priority::Low,
            },
        }
    }

    /// What field 18 of `/proc/PID/stat` shows: 20 plus nice, or -1 minus the real-time priority.
    #[must_use]
    pub const fn stat_priority(self) -> i32 {
        if self.policy.is_real_time() {
            -1 - self.rt_priority()
        } else {
            20 + self.nice()
        }
    }

    pub(crate) const fn to_bits(self) -> u32 {
        u32::from_le_bytes([
            self.policy as u8,
            self.nice as u8,
            self.rt_priority,
            self.priority() as u8,
        ])
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        let [policy, nice, rt_priority, _] = bits.to_le_bytes();
        let policy = match LinuxPolicy::from_raw(policy as u32) {
            Ok(policy) => policy,
            Err(_) => LinuxPolicy::Normal,
        };
        Self {
            policy,
            nice: nice as i8,
            rt_priority,
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        Priority::Normal.into()
    }
}

/// The typical parameters of a priority: `SCHED_RR` at 1, nice -10, 0 and 10, `SCHED_IDLE`.
impl From<Priority> for Params {
    fn from(priority: Priority) -> Self {
        let (policy, nice, rt_priority) = match priority {
            Priority::RealTime => (LinuxPolicy::RoundRobin, 0, 1),
            Priority::High => (LinuxPolicy::Normal, -10, 0),
            Priority::Normal => (LinuxPolicy::Normal, 0, 0),
            Priority::Low => (LinuxPolicy::Normal, 10, 0),
            Priority::Idle => (LinuxPolicy::Idle, 0, 0),
        };
        Self {
            policy,
            nice,
            rt_priority,
        }
    }
}

const fn clamp_nice(nice: i32) -> i8 {
    if nice < MIN_NICE {
        MIN_NICE as i8
    } else if nice > MAX_NICE {
        MAX_NICE as i8
    } else {
        nice as i8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_priority_survives_the_way_through_linux_parameters() {
        for priority in Priority::ALL {
            let params = Params::from(priority);
            assert_eq!(params.priority(), priority);
            assert_eq!(Params::from_bits(params.to_bits()), params);
            assert_eq!(params.to_bits() >> 24, priority as u32);
        }
    }

    #[test]
    fn parameters_are_checked_as_linux_does() {
        assert_eq!(Params::new(LinuxPolicy::Fifo, 0, 0), Err(Errno::EINVAL));
        assert_eq!(Params::new(LinuxPolicy::Fifo, 0, 100), Err(Errno::EINVAL));
        assert_eq!(Params::new(LinuxPolicy::Normal, 0, 1), Err(Errno::EINVAL));
        assert_eq!(LinuxPolicy::from_raw(4), Err(Errno::EINVAL));
        let params = Params::new(LinuxPolicy::Batch, 100, 0).unwrap();
        assert_eq!(
            (params.nice(), params.stat_priority(), params.priority()),
            (19, 39, Priority::Low)
        );
        assert_eq!(
            Params::new(LinuxPolicy::RoundRobin, 0, 99)
                .unwrap()
                .stat_priority(),
            -100
        );
        assert_eq!(params.with_nice(-100).nice(), -20);
    }
}
