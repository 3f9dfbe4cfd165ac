//! A process's table of what each signal does.

use abi::Errno;
use abi::signal::{
    SA_EXPOSE_TAGBITS, SA_NOCLDSTOP, SA_NOCLDWAIT, SA_NODEFER, SA_ONSTACK, SA_RESETHAND,
    SA_RESTART, SA_RESTORER, SA_SIGINFO, SIG_DFL, SIG_IGN, SigAction,
};
use alloc::vec::Vec;

use crate::{DefaultAction, SigSet, Signal};

const KNOWN_FLAGS: u64 = SA_NOCLDSTOP
    | SA_NOCLDWAIT
    | SA_SIGINFO
    | SA_EXPOSE_TAGBITS
    | SA_RESTORER
    | SA_ONSTACK
    | SA_RESTART
    | SA_NODEFER
    | SA_RESETHAND;

const DEFAULT: SigAction = SigAction {
    sa_handler: SIG_DFL,
    sa_flags: 0,
    sa_restorer: 0,
    sa_mask: 0,
};

/// What a process has set for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The default action.
    Default(DefaultAction),
    /// Ignored.
    Ignore,
    /// A handler runs.
    Handler,
}

/// What a thread does with a signal it has taken from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing; it goes on to the next.
    Ignore,
    /// The whole process ends; with a core dump if `core`.
    Terminate {
        /// Whether the default action is to dump core.
        core: bool,
    },
    /// The whole process stops, unless it is in an orphaned group and the signal comes from the terminal.
    Stop,
    /// This handler runs.
    Handle(SigAction),
}

/// The dispositions of the 64 signals.
///
/// Most programs set a few; only the actions up to the highest signal set are stored, and a copy for a child that
/// has set none allocates nothing.
#[derive(Debug, Default)]
pub struct SigActions {
    handled: SigSet,
    /// Set to `SIG_IGN`.
    ignored: SigSet,
    /// By [`Signal::index`]; what lies beyond the end has the default or is ignored, without flags.
    stored: Vec<SigAction>,
}

impl SigActions {
    /// Everything at its default.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            handled: SigSet::EMPTY,
            ignored: SigSet::EMPTY,
            stored: Vec::new(),
        }
    }

    /// A copy, for `fork(2)`.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn try_clone(&self) -> Result<Self, Errno> {
        let mut stored = Vec::new();
        stored
            .try_reserve_exact(self.stored.len())
            .map_err(|_| Errno::ENOMEM)?;
        stored.extend_from_slice(&self.stored);
        Ok(Self {
            handled: self.handled,
            ignored: self.ignored,
            stored,
        })
    }

    /// The action of a signal.
    #[must_use]
    pub fn get(&self, signal: Signal) -> SigAction {
        match self.stored.get(signal.index()) {
            Some(action) => *action,
            None if self.ignored.contains(signal) => SigAction {
                sa_handler: SIG_IGN,
                ..DEFAULT
            },
            None => DEFAULT,
        }
    }

    /// Sets the action of a signal, as `rt_sigaction(2)` does, and returns the former one. If [`Self::ignores`] is true of
    /// it afterwards, the caller must discard pending instances from all queues of the process.
    ///
    /// # Errors
    /// `EINVAL` for `SIGKILL` and `SIGSTOP`, `ENOMEM`.
    pub fn set(&mut self, signal: Signal, action: SigAction) -> Result<SigAction, Errno> {
        if signal.is_kernel_only() {
            return Err(Errno::EINVAL);
        }
        let old = self.get(signal);
        let action = SigAction {
            sa_flags: action.sa_flags & KNOWN_FLAGS,
            sa_mask: SigSet::from_bits(action.sa_mask).blockable().bits(),
            ..action
        };
        if action != old {
            self.reserve(signal)?;
            self.stored[signal.index()] = action;
            self.note_handler(signal, action.sa_handler);
        }
        Ok(old)
    }

    /// Extends the stored actions up to this signal.
    fn reserve(&mut self, signal: Signal) -> Result<(), Errno> {
        let missing = (signal.index() + 1).saturating_sub(self.stored.len());
        self.stored
            .try_reserve(missing)
            .map_err(|_| Errno::ENOMEM)?;
        while let Some(next) = Signal::from_raw(self.stored.len() as i32 + 1)
            && next <= signal
        {
            let action = self.get(next);
            self.stored.push(action);
        }
        Ok(())
    }

    fn note_handler(&mut self, signal: Signal, handler: u64) {
        self.handled.remove(signal);
        self.ignored.remove(signal);
        match handler {
            SIG_DFL => {}
            SIG_IGN => self.ignored.insert(signal),
            _ => self.handled.insert(signal),
        }
    }

    fn set_default(&mut self, signal: Signal) {
        if let Some(action) = self.stored.get_mut(signal.index()) {
            action.sa_handler = SIG_DFL;
        }
        self.note_handler(signal, SIG_DFL);
    }

    /// What a signal does.
    #[must_use]
    pub const fn disposition(&self, signal: Signal) -> Disposition {
        if self.handled.contains(signal) {
            Disposition::Handler
        } else if self.ignored.contains(signal) {
            Disposition::Ignore
        } else {
            Disposition::Default(signal.default_action())
        }
    }

    /// Signals with a handler (`SigCgt` of `/proc/PID/status`).
    #[must_use]
    pub const fn handled(&self) -> SigSet {
        self.handled
    }

    /// Signals set to be ignored (`SigIgn` of `/proc/PID/status`).
    #[must_use]
    pub const fn ignored(&self) -> SigSet {
        self.ignored
    }

    /// Whether a signal has no effect: set to be ignored, or ignored by default. `SIGCONT` counts, for continuing is done
    /// when it is sent.
    #[must_use]
    pub fn ignores(&self, signal: Signal) -> bool {
        (self.ignored | (SigSet::IGNORED_BY_DEFAULT - self.handled)).contains(signal)
    }

    /// Whether a signal ends the process, if it is not blocked.
    #[must_use]
    pub fn is_fatal(&self, signal: Signal) -> bool {
        matches!(
            self.disposition(signal),
            Disposition::Default(DefaultAction::Terminate | DefaultAction::CoreDump)
        )
    }

    /// `execve(2)`, and `clone3(2)` with `CLONE_CLEAR_SIGHAND`: handled signals go back to the default, ignored ones stay.
    pub fn reset_handlers(&mut self) {
        self.handled = SigSet::EMPTY;
        self.stored.clear();
    }

    /// Takes note that a signal is being delivered to a thread, and says what it does. `unkillable`: the process is the init
    /// of its namespace, which only signals it handles reach. A handler with `SA_RESETHAND` is taken out of the table.
    pub fn deliver(&mut self, signal: Signal, unkillable: bool) -> Delivery {
        match self.disposition(signal) {
            Disposition::Ignore => Delivery::Ignore,
            Disposition::Handler => {
                let action = self.get(signal);
                if action.sa_flags & SA_RESETHAND != 0 {
                    self.set_default(signal);
                }
                Delivery::Handle(action)
            }
            Disposition::Default(action) => match action {
                DefaultAction::Ignore | DefaultAction::Continue => Delivery::Ignore,
                _ if unkillable && !signal.is_kernel_only() => Delivery::Ignore,
                DefaultAction::Stop => Delivery::Stop,
                DefaultAction::Terminate => Delivery::Terminate { core: false },
                DefaultAction::CoreDump => Delivery::Terminate { core: true },
            },
        }
    }

    /// Prepares for a signal that the thread cannot escape because its own instruction caused it: if it is blocked or
    /// ignored, it is unblocked and goes back to the default. Returns whether the process must lose its protection as
    /// init, since nothing would stop the fault from recurring.
    pub fn force(&mut self, signal: Signal, blocked: &mut SigSet) -> bool {
        if blocked.contains(signal) || self.ignored.contains(signal) {
            self.set_default(signal);
            blocked.remove(signal);
        }
        !self.handled.contains(signal)
    }

    /// Whether children vanish without a wait: `SIGCHLD` is ignored or has `SA_NOCLDWAIT`.
    #[must_use]
    pub fn reaps_children(&self) -> bool {
        let action = self.get(Signal::SIGCHLD);
        action.sa_handler == SIG_IGN || action.sa_flags & SA_NOCLDWAIT != 0
    }

    /// Whether `SIGCHLD` is to be sent when a child stops or continues.
    #[must_use]
    pub fn wants_child_stops(&self) -> bool {
        let action = self.get(Signal::SIGCHLD);
        action.sa_handler != SIG_IGN && action.sa_flags & SA_NOCLDSTOP == 0
    }

    /// The signals blocked while a handler runs, if these were blocked before.
    #[must_use]
    pub fn mask_in_handler(action: &SigAction, signal: Signal, blocked: SigSet) -> SigSet {
        let mut mask = blocked | SigSet::from_bits(action.sa_mask);
        if action.sa_flags & SA_NODEFER == 0 {
            mask.insert(signal);
        }
        mask.blockable()
    }
}
