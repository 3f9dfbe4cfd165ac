//! Wait queues, the sleeping mutex, timers.

use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;
use machine::time;

use super::threads::{Counter, start};
use super::{Outcome, check, check_eq, tests};
use crate::process::lifecycle::spawn::end_kernel_thread;
use crate::process::scheduler;
use crate::process::sync::{Mutex, WaitQueue};

tests!("sync": mutex_excludes, a_wait_ends_at_its_deadline, wake_one_wakes_one, a_condition_that_holds_needs_no_sleep);

const THREADS: usize = 8;
const ROUNDS: usize = 500;

static SHARED: Mutex<usize> = Mutex::with_waiters(WaitQueue::new(), 0);
static DONE: Counter = Counter::new();

fn add_under_lock() -> ! {
    for _ in 0..ROUNDS {
        let mut value = SHARED.lock();
        let read = *value;
        // Gives the others every chance to break in.
        scheduler::yield_now();
        *value = read + 1;
    }
    DONE.add();
    end_kernel_thread()
}

fn mutex_excludes() -> Outcome {
    for _ in 0..THREADS {
        start(add_under_lock)?;
    }
    DONE.wait_for(THREADS)?;
    check_eq!(*SHARED.lock(), THREADS * ROUNDS);
    Ok(())
}

fn a_wait_ends_at_its_deadline() -> Outcome {
    let queue = WaitQueue::new();
    let deadline = time::now() + 2_000_000;
    let waited = queue.wait_until_deadline(Some(deadline), || None::<()>);
    check_eq!(waited, Err(Errno::ETIMEDOUT));
    check!(time::now() >= deadline);
    check!(!queue.has_waiters());
    Ok(())
}

static GATE: WaitQueue = WaitQueue::new();
static OPEN: AtomicBool = AtomicBool::new(false);
static ASLEEP: Counter = Counter::new();
static WOKEN: Counter = Counter::new();

fn sleep_at_gate() -> ! {
    ASLEEP.add();
    let _ = GATE.wait_until(|| OPEN.swap(false, Ordering::SeqCst).then_some(()));
    WOKEN.add();
    end_kernel_thread()
}

fn wake_one_wakes_one() -> Outcome {
    for _ in 0..3 {
        start(sleep_at_gate)?;
    }
    ASLEEP.wait_for(3)?;
    for round in 1..=3 {
        check_eq!(WOKEN.get(), round - 1);
        OPEN.store(true, Ordering::SeqCst);
        GATE.wake_one();
        WOKEN.wait_for(round)?;
        check!(!OPEN.load(Ordering::SeqCst));
    }
    Ok(())
}

fn a_condition_that_holds_needs_no_sleep() -> Outcome {
    let queue = WaitQueue::new();
    check_eq!(queue.wait_until_deadline(Some(0), || Some(7)), Ok(7));
    Ok(())
}
