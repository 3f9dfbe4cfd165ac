//! Pending signals of a thread, or of a whole process.

use abi::Errno;
use abi::signal::{KernelSigInfo, SI_USER};
use alloc::collections::VecDeque;

use crate::{SigSet, Signal};

/// What became of a signal that was put into a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It is now pending.
    New,
    /// It was pending already and is not queued again; nobody needs to be told.
    Merged,
}

/// Signals that have been sent and not yet taken.
///
/// As on Linux, a signal can be pending without its information if that could not be stored; it is then delivered as if
/// sent by `kill(2)` from process 0.
#[derive(Debug, Default)]
pub struct PendingQueue {
    mask: SigSet,
    infos: VecDeque<KernelSigInfo>,
}

impl PendingQueue {
    /// Nothing pending.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mask: SigSet::EMPTY,
            infos: VecDeque::new(),
        }
    }

    /// The signals that are pending.
    #[must_use]
    pub const fn mask(&self) -> SigSet {
        self.mask
    }

    /// How many instances with information are queued, which is what `RLIMIT_SIGPENDING` counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.infos.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.mask.is_empty()
    }

    /// Queues a signal. `room` says how many more instances the sender's `RLIMIT_SIGPENDING` leaves; the kernel's own
    /// standard signals are stored beyond it.
    ///
    /// # Errors
    /// `EAGAIN` if there is no room for a real-time signal of `sigqueue(3)` or a timer; any other is pending even so.
    pub fn queue(
        &mut self,
        signal: Signal,
        info: KernelSigInfo,
        room: usize,
    ) -> Result<Queued, Errno> {
        if !signal.is_real_time() && self.mask.contains(signal) {
            return Ok(Queued::Merged);
        }
        let within = room > 0 || (!signal.is_real_time() && info.si_code >= 0);
        if within && self.infos.try_reserve(1).is_ok() {
            self.infos.push_back(info);
        } else if signal.is_real_time() && info.si_code != SI_USER {
            return Err(Errno::EAGAIN);
        }
        self.mask.insert(signal);
        Ok(Queued::New)
    }

    /// The signal that [`Self::dequeue`] would take: a synchronous one if there is one, else the lowest number.
    #[must_use]
    pub fn next(&self, blocked: SigSet) -> Option<Signal> {
        let ready = self.mask - blocked;
        (ready & SigSet::SYNCHRONOUS)
            .first()
            .or_else(|| ready.first())
    }

    /// Takes the next signal that is not blocked.
    pub fn dequeue(&mut self, blocked: SigSet) -> Option<(Signal, KernelSigInfo)> {
        let signal = self.next(blocked)?;
        Some((signal, self.take(signal)))
    }

    /// Takes the first instance of a signal that is pending.
    fn take(&mut self, signal: Signal) -> KernelSigInfo {
        let is_it = |info: &KernelSigInfo| info.si_signo == signal.raw();
        let info = self
            .infos
            .iter()
            .position(is_it)
            .and_then(|at| self.infos.remove(at));
        if !signal.is_real_time() || !self.infos.iter().any(is_it) {
            self.mask.remove(signal);
        }
        info.unwrap_or(KernelSigInfo::kill(signal.raw(), 0, 0))
    }

    /// Discards all instances of these signals.
    pub fn discard(&mut self, signals: SigSet) {
        if (self.mask & signals).is_empty() {
            return;
        }
        self.mask -= signals;
        let mask = self.mask;
        self.infos.retain(|info| {
            Signal::from_raw(info.si_signo).is_some_and(|signal| mask.contains(signal))
        });
    }

    /// Changes the information of a queued signal, if `change` finds it to be the one it looks for: for a timer whose last
    /// signal is still pending and which counts an overrun instead. Returns whether one was found.
    pub fn amend(
        &mut self,
        signal: Signal,
        mut change: impl FnMut(&mut KernelSigInfo) -> bool,
    ) -> bool {
        self.mask.contains(signal)
            && self
                .infos
                .iter_mut()
                .any(|info| info.si_signo == signal.raw() && change(info))
    }

    /// Discards everything.
    pub fn clear(&mut self) {
        self.mask = SigSet::EMPTY;
        self.infos.clear();
    }
}
