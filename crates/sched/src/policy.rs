//! The interface between a run queue and the code that switches tasks.

use crate::{Entity, Params, Slab, Task};

/// How a task comes to a run queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was just created.
    New,
    /// It was blocked, and what it waited for has happened.
    Wake,
    /// It moves here from another CPU's queue or another policy.
    Migrate,
}

/// What the CPU of a run queue has to do after a change to the queue.
#[must_use = "dropping an outcome loses a reschedule"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing: the current task goes on, its timer stays.
    Keep,
    /// The current task goes on, but [`Policy::next_deadline`] is now earlier: set the timer.
    Arm,
    /// Another task should run: reschedule.
    Preempt,
}

/// One CPU's run queue. `now` is the time in nanoseconds and must not go backwards.
///
/// The current task is not in the queue. It comes from [`pick_next`](Policy::pick_next), and goes back by
/// [`put_prev`](Policy::put_prev) if it is still runnable, or is taken leave of by [`leave`](Policy::leave) if it has
/// blocked or ended. Without a current task the CPU is idle.
///
/// The policy may be changed while the system runs: take every task out of the old one by
/// [`steal`](Policy::steal) and enqueue it in the new one.
pub trait Policy<T: Task>: Send {
    /// The policy's name, as shown to and written by users.
    fn name(&self) -> &'static str;

    /// Adds a runnable task. Allocates only if the slab is full.
    fn enqueue(&mut self, task: T, arrival: Arrival, now: u64) -> Outcome;

    /// Takes a waiting task out; none if it does not wait in this queue.
    fn dequeue(&mut self, entity: &Entity) -> Option<T>;

    /// Takes out the task to run next, which becomes the current one; none if there is none, and then the CPU is idle.
    fn pick_next(&mut self, now: u64) -> Option<T>;

    /// Takes back the current task, which is still runnable: at the front of its queue if it was preempted, at the end
    /// if its slice is used up or it has yielded.
    fn put_prev(&mut self, task: T, now: u64);

    /// The current task, whose entity this is, has blocked, ended, or moves elsewhere.
    fn leave(&mut self, current: &Entity, now: u64);

    /// The timer has fired, or it is time to check: does the current task go on?
    fn tick(&mut self, current: &Entity, now: u64) -> Outcome;

    /// When [`tick`](Policy::tick) must be called at the latest; none if the current task can run for ever.
    fn next_deadline(&self) -> Option<u64>;

    /// The current task gives way; the caller then calls `put_prev` and `pick_next`.
    fn yield_current(&mut self, current: &Entity);

    /// Changes the parameters of a task that waits here, is current here, or is nowhere (then they are just stored).
    fn set_params(&mut self, entity: &Entity, params: Params, now: u64) -> Outcome;

    /// Takes out the waiting task that another CPU should run, among those that `accept` (affinity): the most important,
    /// and of these the one that has waited longest. Looks at a bounded number of tasks unless `accept` takes the first.
    fn steal(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Option<T>;

    /// Shows every waiting task, in the order they would run if nothing else happened.
    fn for_each(&self, visit: &mut dyn FnMut(&T));

    /// Waiting tasks, the current one not counted.
    fn len(&self) -> usize;

    /// Whether no task waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many tasks can wait without an allocation.
    fn capacity(&self) -> usize;

    /// Moves the waiting tasks to a larger slab, made outside the queue's lock, and returns the old one, to be dropped
    /// outside the lock as well. A slab that is not larger is returned as it came.
    fn grow(&mut self, slab: Slab<T>) -> Slab<T>;
}
