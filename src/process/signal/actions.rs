//! What a process does about each signal, shared and locked.

use abi::Errno;
use abi::signal::SigAction;
use machine::sync::{IrqSpinLock, IrqSpinLockGuard};
use signal::{SigActions, Signal};

use crate::process::sync::levels;

/// The signal actions of a process, or of several after `clone(CLONE_SIGHAND)`.
pub struct SharedActions(IrqSpinLock<SigActions>);

impl Default for SharedActions {
    fn default() -> Self {
        Self::new(SigActions::new())
    }
}

impl SharedActions {
    fn new(actions: SigActions) -> Self {
        Self(IrqSpinLock::new(levels::SIGNAL_ACTIONS, actions))
    }

    /// A copy for a child.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn try_clone(&self) -> Result<Self, Errno> {
        Ok(Self::new(self.lock().try_clone()?))
    }

    /// The actions.
    pub fn lock(&self) -> IrqSpinLockGuard<'_, SigActions> {
        self.0.lock()
    }

    /// What is done about one signal.
    #[must_use]
    pub fn get(&self, number: Signal) -> SigAction {
        self.lock().get(number)
    }

    /// Whether a signal would have no effect if it were not blocked.
    #[must_use]
    pub fn is_ignored(&self, number: Signal) -> bool {
        self.lock().ignores(number)
    }
}
