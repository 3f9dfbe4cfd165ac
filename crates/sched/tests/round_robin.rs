//! Runs the round-robin policy against a plain model: no task is lost or run twice, turns keep their order, a less
//! important task only runs when its priority has aged, and none starves longer than stated.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use sched::{
    AGE_LIMIT, Arrival, Entity, Outcome, Params, Policy, Priority, RoundRobin, SLICE, Slab, Task,
};

struct Thread {
    id: usize,
    entity: Entity,
}

impl Task for Thread {
    fn entity(&self) -> &Entity {
        &self.entity
    }
}

type Handle = Arc<Thread>;

fn thread(id: usize, priority: Priority) -> Handle {
    Arc::new(Thread {
        id,
        entity: Entity::new(priority.into()),
    })
}

/// The rules, in the plainest form: a queue of ids for each level, and when each level last had the CPU.
#[derive(Default)]
struct Model {
    queues: [VecDeque<usize>; Priority::COUNT],
    served: [u64; Priority::COUNT],
    current: Option<usize>,
    /// The current task runs ahead of a more important level.
    ahead: bool,
    /// The level's task was interrupted while it ran ahead.
    claim: [bool; Priority::COUNT],
}

impl Model {
    fn push(&mut self, level: usize, id: usize, now: u64, front: bool) {
        if self.queues[level].is_empty() {
            self.served[level] = self.served[level].max(now);
        }
        if front {
            self.queues[level].push_front(id)
        } else {
            self.queues[level].push_back(id)
        }
    }

    fn forget(&mut self, id: usize) {
        for queue in &mut self.queues {
            queue.retain(|&other| other != id);
        }
    }

    fn waiting(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }
}

#[derive(Clone, Debug)]
enum Op {
    New(Priority),
    /// Wakes the n-th blocked thread.
    Wake(usize),
    Block,
    Yield,
    /// Lets time pass, ticking at each deadline.
    Run(u64),
    SetPriority(usize, Priority),
    Kill(usize),
    Steal,
    Grow(usize),
}

fn priority() -> impl Strategy<Value = Priority> {
    prop::sample::select(Priority::ALL.to_vec())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => priority().prop_map(Op::New),
        3 => any::<usize>().prop_map(Op::Wake),
        2 => Just(Op::Block),
        1 => Just(Op::Yield),
        4 => (1u64..300_000_000).prop_map(Op::Run),
        2 => (any::<usize>(), priority()).prop_map(|(n, p)| Op::SetPriority(n, p)),
        1 => any::<usize>().prop_map(Op::Kill),
        1 => Just(Op::Steal),
        1 => (0usize..64).prop_map(Op::Grow),
    ]
}

/// A CPU with its run queue, checked against the model at every step.
struct Cpu {
    queue: RoundRobin<Handle>,
    model: Model,
    threads: Vec<Handle>,
    current: Option<Handle>,
    blocked: Vec<Handle>,
    now: u64,
}

impl Cpu {
    fn new() -> Self {
        let (queue, model) = (RoundRobin::new(), Model::default());
        Self {
            queue,
            model,
            threads: Vec::new(),
            current: None,
            blocked: Vec::new(),
            now: 0,
        }
    }

    fn level(thread: &Handle) -> usize {
        thread.entity.priority().level()
    }

    fn spawn(&mut self, priority: Priority) -> Handle {
        let new = thread(self.threads.len(), priority);
        self.threads.push(new.clone());
        new
    }

    fn enqueue(&mut self, thread: Handle, arrival: Arrival) {
        let level = Self::level(&thread);
        self.model.push(level, thread.id, self.now, false);
        let outcome = self.queue.enqueue(thread, arrival, self.now);
        match &self.current {
            None => assert_eq!(outcome, Outcome::Preempt),
            Some(current) if level >= Self::level(current) => assert_ne!(outcome, Outcome::Preempt),
            Some(_) if level == 0 => assert_eq!(outcome, Outcome::Preempt),
            Some(_) => {}
        }
        if outcome == Outcome::Preempt {
            self.reschedule();
        }
    }

    /// Puts the current thread back and picks again.
    fn reschedule(&mut self) {
        if let Some(current) = self.current.take() {
            let (level, id) = (Self::level(&current), current.id);
            self.queue.put_prev(current, self.now);
            // Whether it goes to the front is the policy's word; the order of the others is not touched.
            let mut order = Vec::new();
            self.queue.for_each(&mut |task| order.push(task.id));
            let start: usize = self.model.queues[..level].iter().map(VecDeque::len).sum();
            let front = order[start] == id;
            self.model.served[level] = self.now;
            self.model.claim[level] = self.model.ahead && front;
            self.model.push(level, id, self.now, front);
            self.model.current = None;
        }
        self.pick();
    }

    fn pick(&mut self) {
        let waiting = self.model.waiting();
        self.current = self.queue.pick_next(self.now);
        assert_eq!(self.current.is_some(), waiting > 0);
        let Some(current) = &self.current else { return };
        let level = Self::level(current);
        assert_eq!(
            self.model.queues[level].pop_front(),
            Some(current.id),
            "turns out of order"
        );
        let top = self
            .model
            .queues
            .iter()
            .position(|queue| !queue.is_empty())
            .unwrap_or(level);
        let waited = self.now - self.model.served[level];
        let entitled = waited >= AGE_LIMIT[level] || self.model.claim[level];
        assert!(top >= level || entitled, "level {level} ran before {top}");
        self.model.ahead = waited >= AGE_LIMIT[level] || self.model.claim[level];
        self.model.claim[level] = false;
        self.model.served[level] = self.now;
        self.model.current = Some(current.id);
        assert!(current.entity.is_current());
    }

    fn block(&mut self) {
        if let Some(current) = self.current.take() {
            self.queue.leave(&current.entity, self.now);
            self.model.served[Self::level(&current)] = self.now;
            self.model.current = None;
            self.blocked.push(current);
            self.pick();
        }
    }

    fn run(&mut self, nanos: u64) {
        let end = self.now + nanos;
        while let Some(deadline) = self.queue.next_deadline() {
            if deadline > end {
                break;
            }
            self.now = self.now.max(deadline);
            let current = self
                .current
                .clone()
                .expect("a deadline without a current task");
            let outcome = self.queue.tick(&current.entity, self.now);
            if outcome == Outcome::Preempt {
                self.reschedule();
            }
            let next = self.queue.next_deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a deadline that does not move"
            );
        }
        self.now = end;
    }

    fn set_priority(&mut self, id: usize, priority: Priority) {
        let thread = self.threads[id].clone();
        let (old, queued) = (Self::level(&thread), thread.entity.is_queued());
        let outcome = self
            .queue
            .set_params(&thread.entity, priority.into(), self.now);
        assert_eq!(thread.entity.priority(), priority);
        if queued && old != priority.level() {
            self.model.forget(id);
            self.model.push(priority.level(), id, self.now, false);
        }
        if self.model.current == Some(id) {
            self.model.ahead = false;
        }
        if outcome == Outcome::Preempt {
            self.reschedule();
        }
    }

    fn kill(&mut self, id: usize) {
        let thread = self.threads[id].clone();
        let found = self.queue.dequeue(&thread.entity);
        assert_eq!(
            found.is_some(),
            self.model.queues.iter().any(|queue| queue.contains(&id))
        );
        if let Some(found) = found {
            assert_eq!(found.id, id);
            self.model.forget(id);
            self.blocked.push(found);
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::New(priority) => {
                let new = self.spawn(priority);
                self.enqueue(new, Arrival::New);
            }
            Op::Wake(n) if !self.blocked.is_empty() => {
                let thread = self.blocked.swap_remove(n % self.blocked.len());
                self.enqueue(thread, Arrival::Wake);
            }
            Op::Block => self.block(),
            Op::Yield => {
                if let Some(current) = self.current.clone() {
                    self.queue.yield_current(&current.entity);
                    self.reschedule();
                }
            }
            Op::Run(nanos) => self.run(nanos),
            Op::SetPriority(n, priority) if !self.threads.is_empty() => {
                self.set_priority(n % self.threads.len(), priority);
            }
            Op::Kill(n) if !self.threads.is_empty() => self.kill(n % self.threads.len()),
            Op::Steal => {
                let wanted = self.model.queues.iter().flatten().next().copied();
                let stolen = self.queue.steal(&mut |_| true);
                assert_eq!(stolen.as_ref().map(|thread| thread.id), wanted);
                if let Some(thread) = stolen {
                    self.model.forget(thread.id);
                    self.blocked.push(thread);
                }
            }
            Op::Grow(n) => drop(self.queue.grow(Slab::with_capacity(n).unwrap())),
            Op::Wake(_) | Op::SetPriority(..) | Op::Kill(_) => {}
        }
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.queue.len(), self.model.waiting());
        let mut order = Vec::new();
        self.queue.for_each(&mut |task| order.push(task.id));
        assert_eq!(
            order,
            self.model
                .queues
                .iter()
                .flatten()
                .copied()
                .collect::<Vec<_>>()
        );
        assert_eq!(
            self.current.as_ref().map(|thread| thread.id),
            self.model.current
        );
        let everywhere = order.len() + self.blocked.len() + usize::from(self.current.is_some());
        assert_eq!(everywhere, self.threads.len(), "a task was lost or doubled");
        for thread in &self.threads {
            assert_eq!(thread.entity.is_queued(), order.contains(&thread.id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn agrees_with_the_model(ops in prop::collection::vec(op(), 1..200)) {
        let mut cpu = Cpu::new();
        for op in ops {
            cpu.apply(op);
        }
    }

    /// Threads that never block, at any mix of priorities: each waits no longer than the documented bound.
    #[test]
    fn none_starves(counts in prop::array::uniform5(0usize..4)) {
        let mut cpu = Cpu::new();
        for (priority, count) in Priority::ALL.into_iter().zip(counts) {
            for _ in 0..count {
                let new = cpu.spawn(priority);
                cpu.enqueue(new, Arrival::New);
            }
        }
        let longest = SLICE.into_iter().max().unwrap();
        let mut last_ran = vec![0; cpu.threads.len()];
        while cpu.now < 20_000_000_000 {
            cpu.run(1_000_000);
            let Some(current) = &cpu.current else { break };
            last_ran[current.id] = cpu.now;
            for (id, &last) in last_ran.iter().enumerate() {
                let level = Cpu::level(&cpu.threads[id]);
                let before = counts[level].saturating_sub(1) as u64;
                let age = if level == 0 { 0 } else { AGE_LIMIT[level] };
                let bound = (before + 1) * (age + 5 * longest) + 1_000_000;
                prop_assert!(cpu.now - last <= bound, "thread {} of level {} starves", id, level);
            }
        }
    }
}

#[test]
fn a_lone_task_needs_no_timer() {
    let mut queue = RoundRobin::new();
    assert_eq!(
        queue.enqueue(thread(0, Priority::Normal), Arrival::New, 0),
        Outcome::Preempt
    );
    let current = queue.pick_next(0).unwrap();
    assert_eq!(queue.next_deadline(), None);
    assert_eq!(
        queue.enqueue(thread(1, Priority::Normal), Arrival::New, 5),
        Outcome::Arm
    );
    assert_eq!(queue.next_deadline(), Some(SLICE[2]));
    assert_eq!(
        queue.enqueue(thread(2, Priority::Normal), Arrival::New, 6),
        Outcome::Keep
    );
    assert_eq!(queue.tick(&current.entity, SLICE[2] - 1), Outcome::Keep);
    assert_eq!(queue.tick(&current.entity, SLICE[2]), Outcome::Preempt);
}

#[test]
fn a_preempted_task_keeps_the_rest_of_its_slice_and_its_place() {
    let mut queue = RoundRobin::new();
    let _ = queue.enqueue(thread(0, Priority::Normal), Arrival::New, 0);
    let _ = queue.enqueue(thread(1, Priority::Normal), Arrival::New, 0);
    let first = queue.pick_next(0).unwrap();
    assert_eq!(
        queue.enqueue(thread(2, Priority::RealTime), Arrival::Wake, 1_000_000),
        Outcome::Preempt
    );
    queue.put_prev(first, 1_000_000);
    let urgent = queue.pick_next(1_000_000).unwrap();
    assert_eq!(urgent.id, 2);
    queue.leave(&urgent.entity, 2_000_000);
    assert_eq!(queue.pick_next(2_000_000).unwrap().id, 0);
    assert_eq!(
        queue.next_deadline(),
        Some(2_000_000 + SLICE[2] - 1_000_000)
    );
}

#[test]
fn a_starving_level_gets_a_slice_from_a_real_time_hog() {
    let mut queue = RoundRobin::new();
    let _ = queue.enqueue(thread(0, Priority::RealTime), Arrival::New, 0);
    let hog = queue.pick_next(0).unwrap();
    let _ = queue.enqueue(thread(1, Priority::Normal), Arrival::New, 0);
    let aged = queue.next_deadline().unwrap();
    assert_eq!(aged, AGE_LIMIT[2]);
    assert_eq!(queue.tick(&hog.entity, aged), Outcome::Preempt);
    queue.put_prev(hog, aged);
    let normal = queue.pick_next(aged).unwrap();
    assert_eq!(normal.id, 1);
    assert_eq!(queue.next_deadline(), Some(aged + SLICE[2]));
}

#[test]
fn grown_slabs_do_not_allocate_and_keep_their_tasks() {
    let mut queue = RoundRobin::new();
    let _ = queue.enqueue(thread(0, Priority::Low), Arrival::New, 0);
    drop(queue.grow(Slab::with_capacity(100).unwrap()));
    assert!(queue.capacity() >= 100);
    assert_eq!(queue.pick_next(0).unwrap().id, 0);
    assert_eq!(queue.grow(Slab::with_capacity(10).unwrap()).capacity(), 10);
}

#[test]
fn parameters_of_a_task_that_is_nowhere_are_stored() {
    let mut queue = RoundRobin::<Handle>::new();
    let away = thread(0, Priority::Low);
    assert_eq!(
        queue.set_params(&away.entity, Params::from(Priority::High), 0),
        Outcome::Keep
    );
    assert_eq!(away.entity.priority(), Priority::High);
}

#[test]
fn a_task_that_ran_alone_is_not_cut_short_by_the_first_to_come() {
    let mut queue = RoundRobin::new();
    let [first, second] = [thread(0, Priority::Normal), thread(1, Priority::Normal)];
    let slice = SLICE[Priority::Normal.level()];
    let _ = queue.enqueue(first.clone(), Arrival::New, 0);
    let current = queue.pick_next(0).unwrap();
    // Ten turns and a quarter later somebody else comes: three quarters of the turn are left.
    let now = 10 * slice + slice / 4;
    let _ = queue.enqueue(second, Arrival::New, now);
    assert_eq!(queue.next_deadline(), Some(11 * slice));
    assert_eq!(queue.tick(current.entity(), now), Outcome::Keep);
    assert_eq!(queue.tick(current.entity(), 11 * slice), Outcome::Preempt);
}
