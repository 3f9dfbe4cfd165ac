//! Job control: stopping and continuing a process.

use machine::sync::IrqSpinLock;
use signal::{SigSet, Signal};

use super::notify::Notice;
use super::state::ThreadGroup;
use crate::process::state::{Sleep, Sleeps};
use crate::process::thread::Attention;
use crate::process::{ThreadRef, scheduler};

/// What a `wait` with `WUNTRACED` or `WCONTINUED` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReport {
    /// Stopped by this signal.
    Stopped(Signal),
    /// Continued.
    Continued,
}

impl ThreadGroup {
    /// Takes signals out of all queues of the process.
    pub(super) fn discard(&mut self, set: SigSet) {
        if set.is_empty() {
            return;
        }
        self.pending.discard(set);
        for thread in &self.threads {
            let mut pending = thread.signals().pending.lock();
            pending.discard(set);
            thread.signals().publish_pending(&pending);
        }
    }

    /// Continues the process if it is stopped or about to be.
    pub(super) fn resume(&mut self) -> Option<Notice> {
        let was_stopped = self.stopped != 0 && self.stopped == self.threads.len();
        self.stop_signal.take()?;
        self.stopped = 0;
        for thread in &self.threads {
            thread.attention().clear(Attention::STOP);
            scheduler::wake_from(thread, Sleeps::CONTINUE);
        }
        if !was_stopped {
            return None;
        }
        self.report = Some(StopReport::Continued);
        Some(Notice::Continued)
    }

    /// Begins to stop the process.
    fn begin_stop(&mut self, number: Signal) {
        self.stop_signal = Some(number);
        for thread in &self.threads {
            thread.attention().raise(Attention::STOP);
            if !scheduler::wake_from(thread, Sleeps::SIGNAL) {
                scheduler::interrupt(thread);
            }
        }
    }

    /// Counts the caller as stopped; what the parent is to be told if it is the last one.
    fn thread_stopped(&mut self) -> Option<Notice> {
        self.stopped += 1;
        self.check_all_stopped()
    }

    /// A thread has ended: if the others are all stopped, the process is.
    pub fn thread_left(&mut self) -> Option<Notice> {
        self.stop_signal?;
        self.check_all_stopped()
    }

    fn check_all_stopped(&mut self) -> Option<Notice> {
        let number = self.stop_signal?;
        if self.stopped < self.threads.len() || matches!(self.report, Some(StopReport::Stopped(_)))
        {
            return None;
        }
        self.report = Some(StopReport::Stopped(number));
        Some(Notice::Stopped(number))
    }
}

/// Stops the running thread's process with `number`, unless a `SIGCONT` or the end has come first.
pub(super) fn stop_process(thread: &ThreadRef, number: Signal) {
    let Some(process) = thread.process() else {
        return;
    };
    let mut group = process.group.lock();
    if group.ending.is_none() && group.stop_signal.is_none() {
        group.begin_stop(number);
    }
}

/// Stays stopped until `SIGCONT` or the end.
pub(super) fn stop_here(thread: &ThreadRef) {
    thread.attention().clear(Attention::STOP);
    let Some(process) = thread.process() else {
        return;
    };
    let notice = {
        let mut group = process.group.lock();
        if group.stop_signal.is_none() || group.ending.is_some() {
            return;
        }
        group.thread_stopped()
    };
    if let Some(notice) = notice {
        super::notify_parent(process, notice);
    }
    while is_stopped(&process.group) && !thread.is_exiting() {
        thread.state().begin_sleep(Sleep::Stopped);
        if is_stopped(&process.group) && !thread.is_exiting() {
            scheduler::sleep();
        } else {
            thread.state().cancel_sleep();
        }
    }
}

fn is_stopped(group: &IrqSpinLock<ThreadGroup>) -> bool {
    group.lock().stop_signal.is_some()
}
