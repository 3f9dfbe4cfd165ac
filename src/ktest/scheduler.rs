//! Scheduling: states, preemption, all CPUs.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use machine::cpu;

use super::threads::{Counter, start};
use super::{Outcome, check, check_eq, tests};
use crate::process::lifecycle::spawn::end_kernel_thread;
use crate::process::scheduler::{self, CpuSet, Schedulable};
use crate::process::state::{ProcessState, Sleep, Sleeps, ThreadState, Woken};
use crate::process::with_current_thread;

tests!("scheduler":
    a_wake_up_before_the_switch_is_not_lost,
    a_signal_does_not_end_an_uninterruptible_sleep,
    spinning_threads_are_preempted,
    affinity_moves_a_running_thread,
    time_on_the_cpu_is_counted,
);

fn a_wake_up_before_the_switch_is_not_lost() -> Outcome {
    let state = ThreadState::running();
    state.begin_sleep(Sleep::Interruptible);
    check_eq!(state.get(), ProcessState::Running);
    check_eq!(state.wake(Sleeps::WAITING), Woken::WasFalling);
    check!(!state.commit_sleep());
    check_eq!(state.get(), ProcessState::Running);
    Ok(())
}

fn a_signal_does_not_end_an_uninterruptible_sleep() -> Outcome {
    let state = ThreadState::running();
    state.begin_sleep(Sleep::Uninterruptible);
    check!(state.commit_sleep());
    check_eq!(state.letter(), 'D');
    check_eq!(state.wake(Sleeps::SIGNAL), Woken::No);
    check_eq!(state.wake(Sleeps::KILL), Woken::No);
    check_eq!(state.get(), ProcessState::Blocked);
    check_eq!(state.wake(Sleeps::WAITING), Woken::WasAsleep);
    check_eq!(state.get(), ProcessState::Ready);
    Ok(())
}

static SPIN: AtomicBool = AtomicBool::new(true);
static SPINNING: Counter = Counter::new();
static STOPPED: Counter = Counter::new();

fn spin() -> ! {
    SPINNING.add();
    while SPIN.load(Ordering::Relaxed) {
        spin_loop();
    }
    STOPPED.add();
    end_kernel_thread()
}

/// More threads that never sleep than CPUs: each only runs if the others are made to stop, and so does this test.
fn spinning_threads_are_preempted() -> Outcome {
    let threads = cpu::count() * 2 + 1;
    for _ in 0..threads {
        start(spin)?;
    }
    let all_ran = SPINNING.wait_for(threads);
    SPIN.store(false, Ordering::Relaxed);
    all_ran?;
    STOPPED.wait_for(threads)
}

fn affinity_moves_a_running_thread() -> Outcome {
    for target in cpu::ids() {
        let set = CpuSet::from_bits(1 << target.index());
        let moved = with_current_thread(|thread| Schedulable::set_affinity(thread, set));
        check_eq!(moved, Some(Ok(())));
        scheduler::yield_now();
        check_eq!(cpu::current(), target);
    }
    let back = with_current_thread(|thread| Schedulable::set_affinity(thread, CpuSet::ALL));
    check_eq!(back, Some(Ok(())));
    let nowhere =
        with_current_thread(|thread| Schedulable::set_affinity(thread, CpuSet::from_bits(0)));
    check_eq!(nowhere, Some(Err(abi::Errno::EINVAL)));
    Ok(())
}

fn time_on_the_cpu_is_counted() -> Outcome {
    static SINK: AtomicU64 = AtomicU64::new(0);
    scheduler::yield_now();
    let runtime = || {
        scheduler::yield_now();
        with_current_thread(|thread| thread.sched().runtime()).unwrap_or(0)
    };
    let before = runtime();
    for _ in 0..100_000 {
        SINK.fetch_add(1, Ordering::Relaxed);
    }
    check!(runtime() > before);
    Ok(())
}
