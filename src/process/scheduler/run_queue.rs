//! The run queues of the CPUs, and the switch from one thread to the next.

use alloc::sync::Arc;

use machine::cpu::{self, CpuId, CpuLocal};
use machine::irq::IrqGuard;
use machine::sync::IrqSpinLock;
use machine::{cpu_local, preempt, task, time};
use sched::{Arrival, Outcome, Params, Policy, RoundRobin};

use super::placement;
use super::schedulable::Queued;
use crate::process::ThreadRef;
use crate::process::integration::timers;
use crate::process::state::ProcessState;
use crate::process::sync::levels;
use crate::process::thread::Attention;

/// One CPU's run queue.
pub(super) struct RunQueue {
    pub policy: RoundRobin<Queued>,
    /// The thread that runs; the idle thread if nothing else can.
    pub current: Option<ThreadRef>,
    pub idle: Option<ThreadRef>,
    /// Switches from one thread to another.
    pub switches: u64,
    /// Nanoseconds spent in the idle thread.
    pub idle_time: u64,
    /// Nanoseconds of threads in user mode, of those of them with a positive nice value, and in the kernel.
    pub user_time: u64,
    pub nice_time: u64,
    pub system_time: u64,
    /// When the current thread got the CPU.
    pub since: u64,
}

pub(super) static RUN_QUEUES: CpuLocal<IrqSpinLock<RunQueue>> =
    cpu_local!(IrqSpinLock::new(levels::RUN_QUEUE, RunQueue::new()));

/// Why the running thread gives up the CPU.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Sleep,
    Yield,
    Preempt,
}

impl RunQueue {
    const fn new() -> Self {
        Self {
            policy: RoundRobin::new(),
            current: None,
            idle: None,
            switches: 0,
            idle_time: 0,
            user_time: 0,
            nice_time: 0,
            system_time: 0,
            since: 0,
        }
    }

    fn is_idle(&self, thread: &ThreadRef) -> bool {
        self.idle
            .as_ref()
            .is_some_and(|idle| Arc::ptr_eq(idle, thread))
    }

    /// Takes leave of the current thread; none if it does not give up the CPU after all.
    fn put_current(&mut self, reason: Reason, now: u64) -> Option<ThreadRef> {
        let thread = self.current.take()?;
        let idle = self.is_idle(&thread);
        if reason == Reason::Sleep && !thread.state().commit_sleep() {
            self.current = Some(thread);
            return None;
        }
        if reason == Reason::Yield && !idle {
            self.policy.yield_current(thread.sched().entity());
        }
        if reason == Reason::Sleep {
            thread.sched().count_voluntary_switch();
            self.policy.leave(thread.sched().entity(), now);
        } else {
            thread.state().preempt();
            if !idle && thread.sched().allows(cpu::current()) {
                self.policy.put_prev(Queued(thread.clone()), now);
            } else if !idle {
                self.policy.leave(thread.sched().entity(), now);
            }
        }
        Some(thread)
    }

    /// Makes the next thread current.
    fn pick(&mut self, now: u64) -> Option<ThreadRef> {
        let next = match self.policy.pick_next(now) {
            Some(Queued(thread)) => thread,
            None => self.idle.clone()?,
        };
        next.state().dispatch();
        self.current = Some(next.clone());
        Some(next)
    }

    /// Counts the time `thread` has had the CPU.
    fn account(&mut self, thread: &ThreadRef, now: u64) {
        let ran = now.saturating_sub(self.since);
        self.since = now;
        if self.is_idle(thread) {
            self.idle_time += ran;
        } else {
            thread.sched().add_runtime(ran);
            let user = thread.times().charge_user().min(ran);
            if thread.sched().params().nice() > 0 {
                self.nice_time += user;
            } else {
                self.user_time += user;
            }
            self.system_time += ran - user;
        }
    }
}

/// Makes `thread` this CPU's idle thread and current.
pub(super) fn adopt_idle(thread: &ThreadRef) {
    let irq = IrqGuard::new();
    let mut queue = RUN_QUEUES.get(&irq).lock();
    queue.idle = Some(thread.clone());
    queue.current = Some(thread.clone());
    queue.since = time::now();
    thread.times().cpu_clock().start();
    thread.sched().set_cpu(cpu::current());
}

/// Chooses who runs next on this CPU and switches to it.
pub(super) fn reschedule(reason: Reason) {
    let irq = IrqGuard::new();
    preempt::clear_need_resched();
    let ticks = time::ticks();
    let now = time::at(ticks);
    let mut queue = RUN_QUEUES.get(&irq).lock();
    let Some(previous) = queue.put_current(reason, now) else {
        return;
    };
    let Some(next) = queue.pick(now) else {
        return;
    };
    queue.account(&previous, now);
    let deadline = earliest(queue.policy.next_deadline(), cpu_tick(&next, now));
    let same = Arc::ptr_eq(&previous, &next);
    queue.switches += u64::from(!same);
    if !same && reason != Reason::Sleep {
        previous.sched().count_involuntary_switch();
    }
    placement::set_idle(cpu::current(), queue.is_idle(&next));
    drop(queue);
    timers::set_slice(&irq, deadline);
    if same {
        return;
    }
    previous.times().cpu_clock().stop_at(ticks);
    next.times().cpu_clock().start_at(ticks);
    if previous.state().get() == ProcessState::Ready && !previous.sched().allows(cpu::current()) {
        enqueue_on(placement::choose(&previous), &previous, Arrival::Migrate);
    }
    drop(previous);
    switch(next, &irq);
}

fn switch(next: ThreadRef, irq: &IrqGuard) {
    next.sched().set_cpu(cpu::current());
    if let Some(memory) = next.memory() {
        memory.activate();
    }
    task::switch_to(next, irq);
}

/// The end of the running thread.
pub(super) fn exit() -> ! {
    let irq = IrqGuard::new();
    preempt::clear_need_resched();
    let ticks = time::ticks();
    let now = time::at(ticks);
    let mut queue = RUN_QUEUES.get(&irq).lock();
    if let Some(previous) = queue.current.take() {
        previous.state().exit();
        queue.policy.leave(previous.sched().entity(), now);
        queue.account(&previous, now);
    }
    let next = queue.pick(now);
    queue.switches += 1;
    let idle = next.as_ref().is_some_and(|next| queue.is_idle(next));
    placement::set_idle(cpu::current(), idle);
    let deadline = queue.policy.next_deadline();
    drop(queue);
    timers::set_slice(&irq, deadline);
    let Some(next) = next else {
        // Every CPU has had an idle thread since before its first thread ran.
        crate::power::fatal(format_args!("a CPU without an idle thread"));
    };
    next.times().cpu_clock().start_at(ticks);
    next.sched().set_cpu(cpu::current());
    if let Some(memory) = next.memory() {
        memory.activate();
    }
    task::exit_to(next, irq)
}

/// Puts a thread that is Ready into a run queue and sees to it that the CPU notices.
pub(super) fn enqueue(thread: &ThreadRef, arrival: Arrival) {
    let irq = IrqGuard::new();
    let cpu = placement::choose(thread);
    enqueue_on(cpu, thread, arrival);
    drop(irq);
}

/// Like [`enqueue`], on a CPU chosen by the caller, which has interrupts off.
pub(super) fn enqueue_on(cpu: CpuId, thread: &ThreadRef, arrival: Arrival) {
    let now = time::now();
    let mut queue = RUN_QUEUES.of(cpu).lock();
    thread.sched().set_cpu(cpu);
    let outcome = queue.policy.enqueue(Queued(thread.clone()), arrival, now);
    let idle = queue
        .current
        .as_ref()
        .is_some_and(|current| queue.is_idle(current));
    drop(queue);
    let outcome = if idle { Outcome::Preempt } else { outcome };
    notify(cpu, outcome);
}

/// Makes `cpu` act on what a change of its run queue asks for.
fn notify(cpu: CpuId, outcome: Outcome) {
    let here = cpu == cpu::current();
    match outcome {
        Outcome::Keep => {}
        Outcome::Preempt if here => preempt::set_need_resched(),
        // Rescheduling sets the timer too.
        Outcome::Arm | Outcome::Preempt if !here => cpu::kick(cpu),
        Outcome::Arm | Outcome::Preempt => {
            let irq = IrqGuard::new();
            let deadline = RUN_QUEUES.get(&irq).lock().policy.next_deadline();
            timers::set_slice(&irq, deadline);
        }
    }
}

/// When the CPU time of a thread that now runs must be looked at.
fn cpu_tick(thread: &ThreadRef, now: u64) -> Option<u64> {
    thread.process()?.timers().next_cpu_tick(now)
}

fn earliest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Asks the policy whether the current thread's turn is over. Called by the timer with interrupts off.
pub fn check_slice(irq: &IrqGuard, now: u64) {
    let mut queue = RUN_QUEUES.get(irq).lock();
    let RunQueue {
        policy,
        current,
        idle,
        ..
    } = &mut *queue;
    let Some(current) = current else {
        return;
    };
    if idle.as_ref().is_some_and(|idle| Arc::ptr_eq(idle, current)) {
        return;
    }
    let outcome = policy.tick(current.sched().entity(), now);
    let tick = cpu_tick(current, now);
    if tick.is_some() {
        current.attention().raise(Attention::CPU_TIME);
    }
    let deadline = earliest(policy.next_deadline(), tick);
    drop(queue);
    if outcome == Outcome::Preempt {
        preempt::set_need_resched();
    } else {
        timers::set_slice(irq, deadline);
    }
}

/// Changes a thread's scheduling parameters wherever it is.
pub fn set_params(thread: &ThreadRef, params: Params) {
    let irq = IrqGuard::new();
    loop {
        let cpu = thread.sched().cpu();
        let mut queue = RUN_QUEUES.of(cpu).lock();
        // The thread may have moved between the look and the lock.
        if thread.sched().cpu() == cpu {
            let outcome = queue
                .policy
                .set_params(thread.sched().entity(), params, time::now());
            drop(queue);
            notify(cpu, outcome);
            break;
        }
    }
    drop(irq);
}

/// Takes a waiting thread out of the run queue of `cpu` for this CPU to run; none if it has none that may.
pub(super) fn steal(from: CpuId, to: CpuId) -> Option<ThreadRef> {
    let mut queue = RUN_QUEUES.of(from).lock();
    let stolen = queue
        .policy
        .steal(&mut |task| task.0.sched().affinity().contains(to));
    stolen.map(|Queued(thread)| thread)
}

/// How many threads wait in the run queue of `cpu`, the running one not counted.
pub(super) fn waiting(cpu: CpuId) -> usize {
    RUN_QUEUES.of(cpu).lock().policy.len()
}

/// Whether `thread` has `cpu` at the moment.
pub(super) fn is_current(cpu: CpuId, thread: &ThreadRef) -> bool {
    let queue = RUN_QUEUES.of(cpu).lock();
    queue
        .current
        .as_ref()
        .is_some_and(|current| Arc::ptr_eq(current, thread))
}

/// If `thread` runs or waits on a CPU outside its affinity, makes it leave.
pub(super) fn enforce_affinity(thread: &ThreadRef) {
    let irq = IrqGuard::new();
    let cpu = thread.sched().cpu();
    if thread.sched().affinity().contains(cpu) {
        return;
    }
    let mut queue = RUN_QUEUES.of(cpu).lock();
    let waiting = queue.policy.dequeue(thread.sched().entity());
    drop(queue);
    match waiting {
        Some(Queued(thread)) => enqueue_on(placement::choose(&thread), &thread, Arrival::Migrate),
        None if is_current(cpu, thread) => notify(cpu, Outcome::Preempt),
        None => {}
    }
    drop(irq);
}
