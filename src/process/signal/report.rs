//! What `/proc` tells of pending signals.

use signal::SigSet;

use super::ThreadSignals;
use crate::process::Process;

impl ThreadSignals {
    /// How many signals wait for this thread alone.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.pending.lock().len()
    }
}

impl Process {
    /// The signals sent to the process as a whole that wait.
    #[must_use]
    pub fn pending_signals(&self) -> SigSet {
        self.group.lock().pending.mask()
    }

    /// How many signals wait for the process as a whole.
    #[must_use]
    pub fn queued_signals(&self) -> usize {
        self.group.lock().pending.len()
    }
}
