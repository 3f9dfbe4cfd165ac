//! Job control: the session a terminal controls, its foreground process group, and what happens to processes in the
//! background (`termios(3)`, `setsid(2)`, `tcsetpgrp(3)`).

use alloc::sync::Arc;

use abi::Errno;
use abi::signal::{SIGCONT, SIGHUP, SIGTTIN, SIGTTOU};

use super::Tty;
use crate::process::Pid;
use crate::process::group::{self, Caller};

/// A process group, by its number.
pub type Group = Pid;

/// Which session a terminal controls and which of its groups is in the foreground.
#[derive(Clone, Copy, Debug, Default)]
pub struct Job {
    session: Option<Pid>,
    foreground: Option<Group>,
}

impl Job {
    /// The foreground process group.
    pub fn foreground(&self) -> Option<Group> {
        self.foreground
    }

    /// The session.
    pub fn session(&self) -> Option<Pid> {
        self.session
    }
}

/// Sends a signal of the kernel to all processes of a group.
pub fn signal_group(group: Group, signal: i32) {
    group::signal(group, signal);
}

/// Whether the caller may override settings of terminals.
pub fn caller_is_superuser() -> bool {
    crate::process::current_process().is_none_or(|process| process.credentials().is_superuser())
}

/// The caller's controlling terminal.
pub fn own_terminal() -> Option<Arc<Tty>> {
    group::terminal(&group::caller()?)
}

impl Tty {
    /// The session it controls.
    pub fn session(&self) -> Option<Pid> {
        self.state.lock().job.session
    }

    /// Its foreground process group, `tpgid` in `/proc/PID/stat`.
    pub fn foreground(&self) -> Option<Group> {
        self.state.lock().job.foreground
    }

    /// Whether it is the controlling terminal of the caller's session.
    fn controls(&self, caller: &Caller) -> bool {
        self.session() == Some(caller.session)
    }

    /// Refuses reading to the background (`SIGTTIN`).
    ///
    /// # Errors
    /// `EIO` if the signal is blocked or ignored or the group is orphaned, `ERESTARTSYS` once it is sent.
    pub fn check_background_read(&self) -> Result<(), Errno> {
        let Some(caller) = self.background_caller() else {
            return Ok(());
        };
        if group::blocks_or_ignores(SIGTTIN) || group::is_orphaned(caller.group) {
            return Err(Errno::EIO);
        }
        signal_group(caller.group, SIGTTIN);
        Err(Errno::ERESTARTSYS)
    }

    /// Refuses writing and changes of settings to the background (`SIGTTOU`).
    ///
    /// # Errors
    /// `EIO` if the group is orphaned, `ERESTARTSYS` once the signal is sent.
    pub fn check_background_change(&self) -> Result<(), Errno> {
        let Some(caller) = self.background_caller() else {
            return Ok(());
        };
        if group::blocks_or_ignores(SIGTTOU) {
            return Ok(());
        }
        if group::is_orphaned(caller.group) {
            return Err(Errno::EIO);
        }
        signal_group(caller.group, SIGTTOU);
        Err(Errno::ERESTARTSYS)
    }

    /// The caller, if this terminal controls it and it is in the background.
    fn background_caller(&self) -> Option<Caller> {
        let caller = group::caller()?;
        let job = self.state.lock().job;
        let background = job.session == Some(caller.session)
            && job.foreground.is_some_and(|f| f != caller.group);
        background.then_some(caller)
    }

    /// At an open without `O_NOCTTY`: becomes the controlling terminal of a session leader that has none.
    pub fn offer_control(self: &Arc<Self>) {
        let Some(caller) = group::caller() else {
            return;
        };
        if caller.is_leader() && group::terminal(&caller).is_none() && self.session().is_none() {
            self.take_control(&caller);
        }
    }

    fn take_control(self: &Arc<Self>, caller: &Caller) {
        self.state.lock().job = Job {
            session: Some(caller.session),
            foreground: Some(caller.group),
        };
        group::set_terminal(caller, Some(self.clone()));
    }

    /// `TIOCSCTTY`. `steal`: take it from another session, for the superuser.
    ///
    /// # Errors
    /// `EPERM` if the caller leads no session, has another terminal, or the terminal controls another session.
    pub fn become_controlling(self: &Arc<Self>, steal: bool) -> Result<(), Errno> {
        let caller = group::caller().ok_or(Errno::EPERM)?;
        if caller.is_leader() && self.controls(&caller) {
            return Ok(());
        }
        if !caller.is_leader() || group::terminal(&caller).is_some() {
            return Err(Errno::EPERM);
        }
        if let Some(other) = self.session() {
            if !steal || !caller_is_superuser() {
                return Err(Errno::EPERM);
            }
            group::clear_terminal(other);
        }
        self.take_control(&caller);
        Ok(())
    }

    /// `TIOCNOTTY`: the caller's session gives the terminal up if the caller leads it.
    ///
    /// # Errors
    /// `ENOTTY` if it is not the caller's controlling terminal.
    pub fn give_up(&self) -> Result<(), Errno> {
        let caller = group::caller()
            .filter(|caller| self.controls(caller))
            .ok_or(Errno::ENOTTY)?;
        if caller.is_leader() {
            self.end_session(caller.session);
        } else {
            group::detach_process(&caller);
        }
        Ok(())
    }

    /// The leader of the session it controls gave it up or, for a pseudo-terminal, ended: the foreground is told.
    fn end_session(&self, session: Pid) {
        let foreground = self.release(session);
        if let Some(group) = foreground {
            signal_group(group, SIGHUP);
            signal_group(group, SIGCONT);
        }
    }

    /// Stops controlling `session`; returns what was in the foreground.
    fn release(&self, session: Pid) -> Option<Group> {
        let mut state = self.state.lock();
        if state.job.session != Some(session) {
            return None;
        }
        let job = core::mem::take(&mut state.job);
        drop(state);
        group::clear_terminal(session);
        job.foreground
    }

    /// The leader of `session`, whose controlling terminal this is, has ended.
    pub fn leader_ended(&self, session: Pid) {
        if matches!(self.driver.kind(), super::Kind::Pseudo(_)) {
            self.end_session(session);
        } else {
            self.hang_up();
        }
    }

    /// Hangs up (`vhangup(2)`): open files go dead, the session and the foreground get `SIGHUP` and `SIGCONT`.
    pub fn hang_up(&self) {
        let mut state = self.state.lock();
        state.hangups = state.hangups.wrapping_add(1);
        state.discipline.flush_input();
        state.discipline.set_stopped(false);
        let session = state.job.session;
        drop(state);
        if let Some(session) = session {
            let foreground = self.release(session);
            group::signal_process(session, SIGHUP);
            group::signal_process(session, SIGCONT);
            if let Some(group) = foreground {
                signal_group(group, SIGHUP);
                signal_group(group, SIGCONT);
            }
        }
        self.readers.wake_all();
        self.writers.wake_all();
    }

    /// `TIOCSPGRP`: puts a group of the caller's session in the foreground.
    ///
    /// # Errors
    /// `ENOTTY` if it is not the caller's controlling terminal, `ESRCH` if there is no such group, `EPERM` if the
    /// group is in another session, and those of [`check_background_change`](Self::check_background_change).
    pub fn set_foreground(&self, group: i32) -> Result<(), Errno> {
        self.check_background_change()?;
        let caller = group::caller()
            .filter(|caller| self.controls(caller))
            .ok_or(Errno::ENOTTY)?;
        let number = u32::try_from(group).map_err(|_| Errno::EINVAL)?;
        let group = Pid::new(number).ok_or(Errno::ESRCH)?;
        match group::session_of(group) {
            None => Err(Errno::ESRCH),
            Some(session) if session != caller.session => Err(Errno::EPERM),
            Some(_) => {
                self.state.lock().job.foreground = Some(group);
                Ok(())
            }
        }
    }
}
