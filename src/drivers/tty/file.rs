//! Open files of a terminal.

use alloc::sync::Arc;
use alloc::vec;

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::termios::{ICANON, TOSTOP, VMIN, VTIME};

use super::{State, Tty};
use crate::fs::{FileOps, OpenFile};
use crate::memory::user::{Sink, Source, UserAddr};
use crate::process::sync::{PollEvents, PollTable};
use crate::process::syscalls::{Call, SysResult};

/// The most bytes the line discipline keeps, hence the most one read returns.
const INPUT_SIZE: usize = 4096;
/// How many bytes of output are processed under one lock.
const OUTPUT_CHUNK: usize = 128;
/// The unit of `VTIME`.
const DECISECOND: u64 = 100_000_000;

/// What `poll(2)` says of a terminal that was hung up.
const HUNG_UP: PollEvents = PollEvents::POLLIN
    .union(PollEvents::POLLRDNORM)
    .union(PollEvents::POLLOUT)
    .union(PollEvents::POLLWRNORM)
    .union(PollEvents::POLLERR)
    .union(PollEvents::POLLHUP);

/// An open file of a terminal.
pub struct TtyFile {
    pub(super) tty: Arc<Tty>,
    /// The terminal's count of hang-ups when this was opened.
    hangups: u32,
    /// Opened as `/dev/console`: no job control on reading and writing, and a hang-up leaves it alone.
    console: bool,
}

/// When a read that is not of whole lines is satisfied (`VMIN` and `VTIME`).
#[derive(Clone, Copy)]
struct Patience {
    minimum: usize,
    time: u64,
}

impl State {
    fn is_canonical(&self) -> bool {
        self.discipline.termios().c_lflag & ICANON != 0
    }

    fn patience(&self) -> Patience {
        let characters = &self.discipline.termios().c_cc;
        let value = |index: usize| characters.get(index).copied().unwrap_or(0);
        Patience {
            minimum: value(VMIN).into(),
            time: u64::from(value(VTIME)) * DECISECOND,
        }
    }

    /// Whether a read of up to `want` bytes can return now without looking at the clock.
    fn satisfies(&self, want: usize) -> bool {
        if self.is_canonical() {
            return self.discipline.is_readable();
        }
        let Patience { minimum, time } = self.patience();
        let needed = if time > 0 { 1 } else { minimum.min(want) };
        self.discipline.available() >= needed
    }
}

impl TtyFile {
    /// Opens a terminal. `console`: through `/dev/console`.
    ///
    /// # Errors
    /// `EBUSY` under `TIOCEXCL`, `EIO` if a pseudo-terminal's master is closed.
    pub fn open(tty: Arc<Tty>, flags: OpenFlags, console: bool) -> Result<Arc<dyn FileOps>, Errno> {
        let mut state = tty.state.lock();
        if state.peer_closed {
            return Err(Errno::EIO);
        }
        if state.exclusive && !super::job::caller_is_superuser() {
            return Err(Errno::EBUSY);
        }
        state.opens += 1;
        let hangups = state.hangups;
        tty.driver.opens_changed(state.opens);
        drop(state);
        if !console && flags.readable() && !flags.contains(OpenFlags::O_NOCTTY) {
            tty.offer_control();
        }
        Ok(Arc::new(TtyFile {
            tty,
            hangups,
            console,
        }))
    }

    /// The terminal.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }

    pub(super) fn is_dead(&self, state: &State) -> bool {
        !self.console && state.hangups != self.hangups
    }

    fn check_alive(&self) -> Result<(), Errno> {
        if self.is_dead(&self.tty.state.lock()) {
            Err(Errno::EIO)
        } else {
            Ok(())
        }
    }

    /// Waits until a read of up to `want` bytes may return.
    fn wait_input(&self, want: usize) -> Result<(), Errno> {
        let mut ready = || {
            let state = self.tty.state.lock();
            (state.satisfies(want) || state.peer_closed || self.is_dead(&state)).then_some(())
        };
        let (canonical, Patience { minimum, time }) = {
            let state = self.tty.state.lock();
            (state.is_canonical(), state.patience())
        };
        if canonical || time == 0 {
            return self.tty.readers.wait_until(ready);
        }
        if minimum == 0 {
            let deadline = machine::time::now() + time;
            return match self.tty.readers.wait_until_deadline(Some(deadline), ready) {
                Err(Errno::ETIMEDOUT) => Ok(()),
                other => other,
            };
        }
        self.tty.readers.wait_until(&mut ready)?;
        self.wait_between_bytes(minimum.min(want), time)
    }

    /// After the first byte: waits for `needed` bytes, or until none has come for `time` nanoseconds.
    fn wait_between_bytes(&self, needed: usize, time: u64) -> Result<(), Errno> {
        let mut seen = self.tty.state.lock().discipline.available();
        while seen < needed {
            let more = || {
                let state = self.tty.state.lock();
                let available = state.discipline.available();
                (available > seen || state.peer_closed || self.is_dead(&state)).then_some(available)
            };
            let deadline = machine::time::now() + time;
            match self.tty.readers.wait_until_deadline(Some(deadline), more) {
                Ok(available) if available > seen => seen = available,
                // Silence, a signal or a hang-up: what is there is returned.
                _ => break,
            }
        }
        Ok(())
    }

    fn has_input(&self) -> bool {
        let state = self.tty.state.lock();
        state.is_canonical() && state.discipline.is_readable() || state.discipline.available() > 0
    }

    /// Decides whether a nonblocking read may go on.
    fn check_nonblocking(&self) -> Result<(), Errno> {
        let state = self.tty.state.lock();
        let immediate = !state.is_canonical() && {
            let Patience { minimum, time } = state.patience();
            minimum == 0 && time == 0
        };
        let ended = state.peer_closed || self.is_dead(&state);
        drop(state);
        if immediate || ended || self.has_input() {
            Ok(())
        } else {
            Err(Errno::EAGAIN)
        }
    }

    /// What a read returns once it need not wait; none if another reader was faster.
    fn take_input(&self, buffer: &mut [u8]) -> Option<SysResult> {
        let mut state = self.tty.state.lock();
        if self.is_dead(&state) {
            return Some(Ok(0));
        }
        let due = if state.is_canonical() {
            state.discipline.is_readable()
        } else {
            state.patience().minimum == 0 || state.discipline.available() > 0
        };
        if !due {
            return state.peer_closed.then_some(Err(Errno::EIO));
        }
        let count = state.discipline.read(buffer);
        let resume = core::mem::take(&mut state.held_back);
        drop(state);
        if resume {
            self.tty.driver.resume();
        }
        Some(Ok(count))
    }

    /// Sends as much of `bytes` as can be sent now; `None` if nothing can.
    fn send_some(&self, bytes: &[u8]) -> Option<Result<usize, Errno>> {
        let mut state = self.tty.state.lock();
        if self.is_dead(&state) || state.peer_closed {
            return Some(Err(Errno::EIO));
        }
        let room = self.tty.driver.room();
        if state.discipline.stopped() || room == 0 {
            return None;
        }
        let now = bytes.get(..room).unwrap_or(bytes);
        state
            .discipline
            .write(now, &mut |output| self.tty.driver.send(output));
        Some(Ok(now.len()))
    }

    /// Sends all of `bytes`; returns how many were sent and why not the others.
    fn send_all(&self, file: &OpenFile, bytes: &[u8]) -> (usize, Result<(), Errno>) {
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            let step = match self.send_some(rest) {
                Some(step) => step,
                None if file.is_nonblocking() => Err(Errno::EAGAIN),
                None => self
                    .tty
                    .writers
                    .wait_until(|| self.send_some(rest))
                    .and_then(|step| step),
            };
            match step {
                Ok(count) => sent += count,
                Err(error) => return (sent, Err(error)),
            }
        }
        (sent, Ok(()))
    }
}

impl FileOps for TtyFile {
    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        let want = sink.remaining();
        if want == 0 {
            return Ok(0);
        }
        if self.is_dead(&self.tty.state.lock()) {
            return Ok(0);
        }
        if !self.console {
            self.tty.check_background_read()?;
        }
        let mut buffer = vec![0; want.min(INPUT_SIZE)];
        let count = loop {
            if file.is_nonblocking() {
                self.check_nonblocking()?;
            } else if let Err(error) = self.wait_input(want)
                && !self.has_input()
            {
                return Err(error);
            }
            if let Some(count) = self.take_input(&mut buffer) {
                break count?;
            }
        };
        sink.put(buffer.get(..count).unwrap_or(&[]))
    }

    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        self.check_alive()?;
        let stops = self.tty.state.lock().discipline.termios().c_lflag & TOSTOP != 0;
        if stops && !self.console {
            self.tty.check_background_change()?;
        }
        let mut buffer = [0; OUTPUT_CHUNK];
        let mut written = 0;
        while source.remaining() > 0 {
            let (count, result) = match source.take(&mut buffer) {
                Ok(taken) => self.send_all(file, buffer.get(..taken).unwrap_or(&[])),
                Err(error) => (0, Err(error)),
            };
            written += count;
            match result {
                Ok(()) => {}
                Err(error) if written == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(written)
    }

    fn poll(&self, _file: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        if let Some(table) = table {
            table.register(&self.tty.readers);
            table.register(&self.tty.writers);
        }
        let state = self.tty.state.lock();
        if self.is_dead(&state) || state.peer_closed {
            return HUNG_UP;
        }
        let mut events = PollEvents::empty();
        let Patience { minimum, time } = state.patience();
        let needed = if time == 0 { minimum.max(1) } else { 1 };
        let readable = if state.is_canonical() {
            state.discipline.is_readable()
        } else {
            state.discipline.available() >= needed
        };
        if readable {
            events |= PollEvents::POLLIN | PollEvents::POLLRDNORM;
        }
        if !state.discipline.stopped() && self.tty.driver.room() > 0 {
            events |= PollEvents::POLLOUT | PollEvents::POLLWRNORM;
        }
        events
    }

    fn ioctl(
        &self,
        call: &mut Call<'_>,
        _file: &OpenFile,
        command: u32,
        argument: UserAddr,
    ) -> SysResult {
        self.check_alive()?;
        super::ioctl::terminal(self, call, command, argument)
    }

    fn release(&self, _file: &OpenFile) {
        let mut state = self.tty.state.lock();
        state.opens -= 1;
        if state.opens == 0 {
            state.exclusive = false;
        }
        self.tty.driver.opens_changed(state.opens);
    }
}
