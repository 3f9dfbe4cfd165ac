//! Terminals.
//!
//! A [`Tty`] is one terminal: a [`Driver`] below (serial port, display, pseudo-terminal), the line discipline of the
//! crate `tty` above it, and the job control state: which session it belongs to and which process group is in the
//! foreground. A [`TtyFile`] is one open file of it. What arrives goes through [`Tty::receive`] in the drivers'
//! thread (or in the writer of a pseudo-terminal's master), never in an interrupt handler, because it may signal.
//!
//! | module | what is in it |
//! |---|---|
//! | [`file`] | opening, reading, writing, polling |
//! | [`ioctl`] | the requests of `ioctl_tty(2)` |
//! | [`job`] | controlling terminal, foreground and background, hang-up |
//! | [`serial`] | `ttyS0`, `ttyS1` |
//! | [`console`] | `tty0`, `tty1`, `/dev/console`, `/dev/tty` |
//! | [`pty`] | pseudo-terminals |

pub mod console;
pub mod file;
mod ioctl;
pub mod job;
pub mod pty;
pub mod serial;

use alloc::string::String;
use alloc::sync::Arc;

use ::tty::{Event, LineDiscipline};
use abi::signal::SIGWINCH;
use abi::termios::{Termios2, Winsize};
use machine::sync::SpinLock;

pub use self::file::TtyFile;
use self::job::Job;
use super::levels;
use crate::process::sync::WaitQueue;

/// What carries a terminal's bytes.
pub trait Driver: Send + Sync {
    /// Sends bytes; all of them, also beyond [`room`](Driver::room). Called with the terminal locked.
    fn send(&self, bytes: &[u8]);

    /// How many bytes can be sent now. The terminal's writers are to be woken when it grows from 0.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// How many bytes are on their way (`TIOCOUTQ`).
    fn pending(&self) -> usize {
        0
    }

    /// Forgets the bytes on their way (`tcflush(3)`).
    fn discard(&self) {}

    /// The terminal can take input again after it could not.
    fn resume(&self) {}

    /// How many open files the terminal has, whenever that changes. Called with the terminal locked.
    fn opens_changed(&self, count: u32) {
        let _ = count;
    }

    /// New settings: speed, character size, parity.
    fn configure(&self, termios: &Termios2) {
        let _ = termios;
    }

    /// What kind of terminal it is, for the requests only one kind knows.
    fn kind(&self) -> Kind;
}

/// Kinds of terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A serial port with its line number, I/O port and interrupt.
    Serial {
        /// The number in `ttyS0`.
        line: u32,
        /// First I/O port.
        port: u16,
        /// ISA interrupt.
        irq: u8,
    },
    /// The display and keyboard.
    Display,
    /// A pseudo-terminal with its number.
    Pseudo(u32),
}

/// One terminal.
pub struct Tty {
    /// Its device number.
    device: u64,
    name: String,
    driver: Arc<dyn Driver>,
    state: SpinLock<State>,
    /// Woken when there is something to read, at a hang-up, and when the settings change.
    readers: Arc<WaitQueue>,
    /// Woken when there is room to write, and at a hang-up.
    writers: Arc<WaitQueue>,
}

/// What changes of a terminal.
struct State {
    discipline: LineDiscipline,
    window: Winsize,
    job: Job,
    /// Counts hang-ups: files opened before the last one are dead.
    hangups: u32,
    /// Open files.
    opens: u32,
    /// `TIOCEXCL`: no further opens but by the superuser.
    exclusive: bool,
    /// The other side of a pseudo-terminal is closed.
    peer_closed: bool,
    /// Input was held back for lack of room.
    held_back: bool,
}

impl Tty {
    /// A terminal called `/dev/NAME` with Linux's standard settings.
    pub fn new(device: u64, name: String, driver: Arc<dyn Driver>, window: Winsize) -> Arc<Tty> {
        let state = State {
            discipline: LineDiscipline::new(),
            window,
            job: Job::default(),
            hangups: 0,
            opens: 0,
            exclusive: false,
            peer_closed: false,
            held_back: false,
        };
        Arc::new(Tty {
            device,
            name,
            driver,
            state: SpinLock::new(levels::TTY, state),
            readers: Arc::new(WaitQueue::new()),
            writers: Arc::new(WaitQueue::new()),
        })
    }

    /// The device number, as `/proc/PID/stat` has it in `tty_nr`.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// The name below `/dev`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives arrived bytes to the line discipline, as many as it has room for; returns how many. Sends the signals
    /// they ask for, so it must not be called with a lock held.
    pub fn receive(&self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            let mut state = self.state.lock();
            if state.discipline.room() == 0 {
                state.held_back = true;
                break;
            }
            let event = state
                .discipline
                .receive(byte, &mut |echo| self.driver.send(echo));
            let group = state.job.foreground();
            drop(state);
            taken += 1;
            self.act(event, group);
        }
        taken
    }

    fn act(&self, event: Event, foreground: Option<job::Group>) {
        match event {
            Event::None | Event::Stop => {}
            Event::Readable => self.readers.wake_all(),
            Event::Start => self.writers.wake_all(),
            Event::Signal(signal) => {
                if let Some(group) = foreground {
                    job::signal_group(group, signal);
                }
                // The signal may have flushed what was stopped or waited for.
                self.readers.wake_all();
                self.writers.wake_all();
            }
        }
    }

    /// The size of the window.
    pub fn window(&self) -> Winsize {
        self.state.lock().window
    }

    /// Sets the size of the window and tells the foreground if it changed.
    pub fn set_window(&self, window: Winsize) {
        let mut state = self.state.lock();
        if state.window == window {
            return;
        }
        state.window = window;
        let group = state.job.foreground();
        drop(state);
        if let Some(group) = group {
            job::signal_group(group, SIGWINCH);
        }
    }

    /// Wakes writers: the driver has room again.
    pub fn wake_writers(&self) {
        self.writers.wake_all();
    }
}
