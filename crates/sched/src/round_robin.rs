//! Round-robin over five priorities, with a bound on how long a priority can starve.
//!
//! The most important priority that has a task runs; the tasks of a priority take turns of [`SLICE`]. A priority that
//! has had waiting tasks but no CPU for [`AGE_LIMIT`] has *aged*: its first task gets one slice even so, which only a
//! real-time task may interrupt, and after that it is due again at once. Hence, with `n` tasks before it in its own
//! queue, a waiting task starts within `(n + 1) * (AGE_LIMIT + 5 * longest SLICE)`, as long as no real-time task wakes
//! up meanwhile (each such wake-up can cost two more slices). Real-time tasks wait at most for the slice of an aged one.

use crate::entity::{AWAY, CURRENT};
use crate::slab::List;
use crate::{Arrival, Entity, Outcome, Params, Policy, Priority, Slab, Task};

const LEVELS: usize = Priority::COUNT;
const MILLISECOND: u64 = 1_000_000;
const REAL_TIME: usize = Priority::RealTime as usize;

/// The length of a turn at each priority, in nanoseconds.
pub const SLICE: [u64; LEVELS] = [
    100 * MILLISECOND,
    8 * MILLISECOND,
    4 * MILLISECOND,
    4 * MILLISECOND,
    2 * MILLISECOND,
];

/// How long each priority can have waiting tasks without getting the CPU before it ages, in nanoseconds.
pub const AGE_LIMIT: [u64; LEVELS] = [
    u64::MAX,
    150 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    1000 * MILLISECOND,
];

/// The most tasks [`Policy::steal`] asks about.
const STEAL_SCAN: usize = 32;

/// The run queue of one CPU.
#[derive(Debug)]
pub struct RoundRobin<T> {
    /// Bit `i` is set if level `i` has waiting tasks.
    waiting: u32,
    current: Option<Current>,
    levels: [Level; LEVELS],
    slab: Slab<T>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    list: List,
    /// When the level last began or ended a turn on the CPU, or got a waiting task after having had none.
    served: u64,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    level: usize,
    /// Runs because its level has aged.
    aged: bool,
    slice_end: u64,
}

impl<T> Default for RoundRobin<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> RoundRobin<T> {
    /// An empty run queue of an idle CPU.
    #[must_use]
    pub const fn new() -> Self {
        let level = Level {
            list: List::EMPTY,
            served: 0,
        };
        Self {
            waiting: 0,
            current: None,
            levels: [level; LEVELS],
            slab: Slab::new(),
        }
    }

    /// When a level with waiting tasks will have aged.
    fn ages_at(&self, level: usize) -> u64 {
        self.levels[level].served.saturating_add(AGE_LIMIT[level])
    }

    /// The levels in `mask`, the most important first.
    fn levels_in(mut mask: u32) -> impl Iterator<Item = usize> {
        core::iter::from_fn(move || {
            let level = mask.trailing_zeros() as usize;
            mask &= mask.wrapping_sub(1);
            (level < LEVELS).then_some(level)
        })
    }

    /// The level that ages first among the waiting ones below `level`, and when.
    fn first_to_age(&self, level: usize) -> Option<(u64, usize)> {
        let below = self.waiting & !((2 << level) - 1);
        Self::levels_in(below)
            .map(|level| (self.ages_at(level), level))
            .min()
    }

    /// Marks that a level got a waiting task at `now`.
    fn note_waiting(&mut self, level: usize, now: u64) {
        if self.waiting & (1 << level) == 0 {
            self.waiting |= 1 << level;
            self.levels[level].served = self.levels[level].served.max(now);
        }
    }

    fn note_removed(&mut self, level: usize) {
        if self.levels[level].list.is_empty() {
            self.waiting &= !(1 << level);
        }
    }

    /// Brings the end of the current task's turn up to date. While nobody could have taken its place its turns followed
    /// each other without anyone looking, and the present one ends where the last of them would.
    fn renew_turn(&mut self, now: u64) {
        let Some(current) = &mut self.current else {
            return;
        };
        let rivals = self.waiting & ((2 << current.level) - 1);
        let yielded = current.slice_end == 0;
        if rivals == 0 && !current.aged && !yielded && current.slice_end <= now {
            let slice = SLICE[current.level];
            current.slice_end = now + slice - (now - current.slice_end) % slice;
        }
    }

    /// What a task that has just been put at `level` means for the current one; `before` are the levels that had
    /// waiting tasks until then.
    fn outcome(&self, level: usize, before: u32) -> Outcome {
        let Some(current) = self.current else {
            return Outcome::Preempt;
        };
        if level < current.level && (level == REAL_TIME || !current.aged) {
            Outcome::Preempt
        } else if before & (1 << level) == 0 {
            Outcome::Arm
        } else {
            Outcome::Keep
        }
    }

    /// Ends the current task's turn and returns what is left of its slice.
    fn end_turn(&mut self, now: u64) -> u64 {
        let Some(current) = self.current.take() else {
            return 0;
        };
        let left = current.slice_end.saturating_sub(now);
        // An aged task that a real-time one interrupts keeps its claim.
        let claim = if current.aged && left > 0 {
            AGE_LIMIT[current.level]
        } else {
            0
        };
        self.levels[current.level].served = now.saturating_sub(claim);
        left
    }
}

impl<T: Task> RoundRobin<T> {
    /// Where a task waits in this queue: its level and slot.
    fn find(&self, entity: &Entity) -> Option<(usize, u32)> {
        let slot = entity.place();
        let task = self.slab.get(slot)?;
        core::ptr::eq(task.entity(), entity).then(|| (entity.level(), slot))
    }

    fn remove(&mut self, level: usize, slot: u32) -> Option<T> {
        let task = self.slab.remove(&mut self.levels[level].list, slot)?;
        task.entity().set_place(AWAY);
        self.note_removed(level);
        Some(task)
    }

    fn push_back(&mut self, level: usize, task: T, now: u64) {
        self.note_waiting(level, now);
        task.entity().set_place(self.slab.next_slot());
        self.slab.push_back(&mut self.levels[level].list, task);
    }

    fn push_front(&mut self, level: usize, task: T, now: u64) {
        self.note_waiting(level, now);
        task.entity().set_place(self.slab.next_slot());
        self.slab.push_front(&mut self.levels[level].list, task);
    }

    fn set_current_level(&mut self, entity: &Entity, params: Params) -> Outcome {
        entity.store_params(params);
        let level = entity.level();
        if let Some(current) = &mut self.current {
            current.level = level;
            current.aged = false;
        }
        if self.waiting & ((1 << level) - 1) != 0 {
            Outcome::Preempt
        } else {
            Outcome::Arm
        }
    }
}

impl<T: Task + Send> Policy<T> for RoundRobin<T> {
    fn name(&self) -> &'static str {
        "rr"
    }

    fn enqueue(&mut self, task: T, arrival: Arrival, now: u64) -> Outcome {
        let entity = task.entity();
        let level = entity.level();
        if arrival != Arrival::Migrate || entity.slice_left() == 0 {
            entity.set_slice_left(SLICE[level]);
        }
        self.renew_turn(now);
        let before = self.waiting;
        self.push_back(level, task, now);
        self.outcome(level, before)
    }

    fn dequeue(&mut self, entity: &Entity) -> Option<T> {
        let (level, slot) = self.find(entity)?;
        self.remove(level, slot)
    }

    fn pick_next(&mut self, now: u64) -> Option<T> {
        if self.waiting == 0 {
            self.current = None;
            return None;
        }
        let mut level = (self.waiting.trailing_zeros() as usize).min(LEVELS - 1);
        let mut aged = false;
        if !self.waiting.is_power_of_two() {
            if let Some((at, lower)) = self.first_to_age(level)
                && at <= now
                && at <= self.ages_at(level)
            {
                level = lower;
            }
            aged = self.ages_at(level) <= now;
        }
        let task = self.slab.pop_front(&mut self.levels[level].list)?;
        self.note_removed(level);
        self.levels[level].served = now;
        let entity = task.entity();
        entity.set_place(CURRENT);
        let slice_end = now.saturating_add(entity.slice_left());
        self.current = Some(Current {
            level,
            aged,
            slice_end,
        });
        Some(task)
    }

    fn put_prev(&mut self, task: T, now: u64) {
        let left = self.end_turn(now);
        let entity = task.entity();
        let level = entity.level();
        if left == 0 {
            entity.set_slice_left(SLICE[level]);
            self.push_back(level, task, now);
        } else {
            entity.set_slice_left(left);
            self.push_front(level, task, now);
        }
    }

    fn leave(&mut self, current: &Entity, now: u64) {
        if let Some(current) = &mut self.current {
            current.aged = false;
        }
        let left = self.end_turn(now);
        current.set_slice_left(left);
        current.set_place(AWAY);
    }

    fn tick(&mut self, entity: &Entity, now: u64) -> Outcome {
        let Some(current) = self.current else {
            return if self.waiting == 0 {
                Outcome::Keep
            } else {
                Outcome::Preempt
            };
        };
        let level = current.level;
        let up_to_own = self.waiting & ((2 << level) - 1);
        let over = now >= current.slice_end;
        let lower_aged = || self.first_to_age(level).is_some_and(|(at, _)| at <= now);
        if over && (up_to_own != 0 || lower_aged()) {
            return Outcome::Preempt;
        }
        if !current.aged
            && (up_to_own & ((1 << level) - 1) != 0 || (up_to_own == 0 && lower_aged()))
        {
            return Outcome::Preempt;
        }
        if over {
            // Nobody to give way to: the next turn begins at once.
            entity.set_slice_left(SLICE[level]);
            let slice_end = now.saturating_add(SLICE[level]);
            self.current = Some(Current {
                level,
                aged: false,
                slice_end,
            });
            self.levels[level].served = now;
            return Outcome::Arm;
        }
        Outcome::Keep
    }

    fn next_deadline(&self) -> Option<u64> {
        let current = self.current?;
        if self.waiting == 0 {
            return None;
        }
        if current.aged || self.waiting & ((2 << current.level) - 1) != 0 {
            return Some(current.slice_end);
        }
        self.first_to_age(current.level).map(|(at, _)| at)
    }

    fn yield_current(&mut self, _current: &Entity) {
        if let Some(current) = &mut self.current {
            current.slice_end = 0;
        }
    }

    fn set_params(&mut self, entity: &Entity, params: Params, now: u64) -> Outcome {
        if entity.is_current() {
            return self.set_current_level(entity, params);
        }
        let Some((level, slot)) = self.find(entity) else {
            entity.store_params(params);
            return Outcome::Keep;
        };
        if params.priority().level() == level {
            entity.store_params(params);
            return Outcome::Keep;
        }
        let Some(task) = self.remove(level, slot) else {
            return Outcome::Keep;
        };
        entity.store_params(params);
        self.enqueue(task, Arrival::New, now)
    }

    fn steal(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Option<T> {
        let found = Self::levels_in(self.waiting)
            .flat_map(|level| {
                self.slab
                    .iter(self.levels[level].list)
                    .map(move |(slot, task)| (level, slot, task))
            })
            .take(STEAL_SCAN)
            .find(|(_, _, task)| accept(task))
            .map(|(level, slot, _)| (level, slot));
        let (level, slot) = found?;
        self.remove(level, slot)
    }

    fn for_each(&self, visit: &mut dyn FnMut(&T)) {
        for level in Self::levels_in(self.waiting) {
            for (_, task) in self.slab.iter(self.levels[level].list) {
                visit(task);
            }
        }
    }

    fn len(&self) -> usize {
        self.slab.len()
    }

    fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    fn grow(&mut self, slab: Slab<T>) -> Slab<T> {
        self.slab.move_to(slab)
    }
}
