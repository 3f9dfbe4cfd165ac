//! Out of memory: who must go so that the others can go on.

use abi::WaitStatus;
use abi::signal::SIGKILL;
use alloc::sync::Arc;

use super::lifecycle::exit;
use super::{Pid, Process, current_process, scheduler, table};

/// What a thread that found no memory does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody else was killed, or is on the way out: try again.
    Retry,
    /// The thread's own process was killed: unwind to the way back to user mode.
    CurrentKilled,
}

/// How often the caller lets others run so that a victim can end, before another is chosen.
const PATIENCE: usize = 64;

/// Makes memory free: kills the largest process, unless one that was killed is still on its way out.
pub fn relieve() -> Outcome {
    let current = current_process();
    if let Some(current) = &current
        && is_ending(current)
    {
        return Outcome::CurrentKilled;
    }
    if table::all()
        .iter()
        .any(|process| is_ending(process) && memory_of(process) > 0)
    {
        for _ in 0..PATIENCE {
            scheduler::yield_now();
            if machine::mem::has_reserve() {
                return Outcome::Retry;
            }
        }
    }
    let Some(victim) = choose() else {
        crate::power::fatal(format_args!("out of memory, and no process to end"));
    };
    log::warn!(
        "out of memory: killed process {} ({}), {} KiB resident",
        victim.pid(),
        victim.name(),
        memory_of(&victim) / 1024
    );
    exit::exit_group(&victim, WaitStatus::signaled(SIGKILL, false));
    if current.is_some_and(|current| Arc::ptr_eq(&current, &victim)) {
        return Outcome::CurrentKilled;
    }
    scheduler::yield_now();
    Outcome::Retry
}

fn is_ending(process: &Process) -> bool {
    process.group.lock().ending.is_some()
}

/// Bytes resident, adjusted by `/proc/PID/oom_score_adj` in thousandths of all memory.
fn badness(process: &Process) -> i64 {
    let total = machine::mem::stats().total as u64 / 1000;
    let adjustment = i64::from(process.oom_score_adj()) * i64::try_from(total).unwrap_or(0);
    i64::try_from(memory_of(process))
        .unwrap_or(i64::MAX)
        .saturating_add(adjustment)
}

fn memory_of(process: &Process) -> u64 {
    let memory = process.main_thread().and_then(|thread| thread.memory());
    memory.map_or(0, |memory| memory.resident_bytes())
}

/// The process whose end frees most; never the first one, nor one that is exempt.
fn choose() -> Option<Arc<Process>> {
    table::all()
        .into_iter()
        .filter(|process| {
            process.pid() != Pid::INIT && process.oom_score_adj() > -1000 && !is_ending(process)
        })
        .filter(|process| memory_of(process) > 0)
        .max_by_key(|process| badness(process))
}
