//! The line discipline: what becomes of each byte that arrives, is read, or is written.

use abi::signal::{SIGINT, SIGQUIT, SIGTSTP};
use abi::termios::{
    B38400, BRKINT, CREAD, CS8, ECHO, ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHONL, HUPCL, ICANON, ICRNL,
    IEXTEN, IGNBRK, IGNCR, IMAXBEL, INLCR, ISIG, ISTRIP, IUCLC, IUTF8, IXANY, IXON, NCCS, NOFLSH,
    ONLCR, OPOST, PARMRK, POSIX_VDISABLE, Termios2, VEOF, VEOL, VEOL2, VERASE, VINTR, VKILL,
    VLNEXT, VQUIT, VREPRINT, VSTART, VSTOP, VSUSP, VWERASE,
};
use alloc::vec::Vec;

use crate::input::{CAPACITY, Input, Mark};
use crate::output::{Column, to_lower};

/// The settings of a new terminal on Linux.
pub const STANDARD_TERMIOS: Termios2 = Termios2 {
    c_iflag: ICRNL | IXON,
    c_oflag: OPOST | ONLCR,
    c_cflag: B38400 | CS8 | CREAD | HUPCL,
    c_lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    c_line: 0,
    // INTR ^C, QUIT ^\, ERASE DEL, KILL ^U, EOF ^D, TIME 0, MIN 1, SWTC, START ^Q, STOP ^S, SUSP ^Z, EOL, REPRINT ^R,
    // DISCARD ^O, WERASE ^W, LNEXT ^V, EOL2.
    c_cc: [
        3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0,
    ],
    c_ispeed: 38400,
    c_ospeed: 38400,
};

/// What the arrival of a byte means to others.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing.
    None,
    /// There is more to read.
    Readable,
    /// This signal goes to the foreground process group. Unless `NOFLSH` is set the input has been discarded, and the
    /// driver's output should be; stopped output goes on.
    Signal(i32),
    /// The output is to stop.
    Stop,
    /// The output may go on; with `IXANY` there may also be more to read.
    Start,
}

/// A terminal's settings, its input and the state of its editing and echo.
#[derive(Debug)]
pub struct LineDiscipline {
    pub(crate) termios: Termios2,
    pub(crate) input: Input,
    pub(crate) column: Column,
    /// Erased characters are being printed (`ECHOPRT`).
    pub(crate) erasing: bool,
    /// The next byte is to be taken literally.
    literal: bool,
    pub(crate) stopped: bool,
    /// Echo that waits for the output to go on.
    pub(crate) held: Vec<u8>,
    /// The column before any of that.
    pub(crate) held_from: Column,
}

/// Where bytes are sent.
pub(crate) type Out<'a> = &'a mut dyn FnMut(&[u8]);

impl Default for LineDiscipline {
    fn default() -> Self {
        Self::new()
    }
}

impl LineDiscipline {
    /// A terminal with [`STANDARD_TERMIOS`]; allocates nothing until something is typed.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            termios: STANDARD_TERMIOS,
            input: Input::new(),
            column: Column { now: 0, start: 0 },
            erasing: false,
            literal: false,
            stopped: false,
            held: Vec::new(),
            held_from: Column { now: 0, start: 0 },
        }
    }

    /// The settings.
    #[must_use]
    pub const fn termios(&self) -> &Termios2 {
        &self.termios
    }

    /// Changes the settings. What is buffered stays: on a change to canonical mode it becomes one line, on a change from it, plain
    /// bytes. Without `IXON` stopped output goes on. Readers and writers should look again.
    pub fn set_termios(&mut self, termios: &Termios2) {
        let old = core::mem::replace(&mut self.termios, *termios);
        if (old.c_lflag ^ termios.c_lflag) & ICANON != 0 {
            self.input.switch(self.local(ICANON));
            self.erasing = false;
            self.literal = false;
        }
        if old.c_iflag & IXON != 0 && !self.iflag(IXON) {
            self.stopped = false;
        }
    }

    pub(crate) const fn local(&self, flag: u32) -> bool {
        self.termios.c_lflag & flag != 0
    }

    pub(crate) const fn iflag(&self, flag: u32) -> bool {
        self.termios.c_iflag & flag != 0
    }

    /// Whether the byte is this control character, and the character is not switched off.
    pub(crate) fn is(&self, byte: u8, index: usize) -> bool {
        const { assert!(VEOL2 < NCCS) };
        byte != POSIX_VDISABLE && self.termios.c_cc.get(index) == Some(&byte)
    }

    /// Takes a byte that has arrived; what it echoes goes to `out`.
    pub fn receive(&mut self, byte: u8, out: Out<'_>) -> Event {
        let mut byte = if self.iflag(ISTRIP) {
            byte & 0x7f
        } else {
            byte
        };
        if self.iflag(IUCLC) && self.local(IEXTEN) {
            byte = to_lower(byte);
        }
        let was_stopped = self.stopped;
        let event = if core::mem::take(&mut self.literal) {
            self.receive_ordinary(byte, false, out)
        } else {
            self.receive_special(byte, out)
        };
        self.release(out);
        let restarted =
            was_stopped && !self.stopped && matches!(event, Event::None | Event::Readable);
        if restarted { Event::Start } else { event }
    }

    /// A break condition on the line has been received.
    pub fn receive_break(&mut self, out: Out<'_>) -> Event {
        if self.iflag(IGNBRK) {
            Event::None
        } else if self.iflag(BRKINT) {
            self.signal(SIGINT)
        } else {
            if self.iflag(PARMRK) {
                let _ = self.store(0xff, out);
                let _ = self.store(0, out);
            }
            self.store(0, out)
        }
    }

    fn receive_special(&mut self, mut byte: u8, out: Out<'_>) -> Event {
        if self.iflag(IXON) {
            if self.is(byte, VSTART) {
                self.stopped = false;
                return Event::Start;
            }
            if self.is(byte, VSTOP) {
                self.stopped = true;
                return Event::Stop;
            }
        }
        if self.local(ISIG)
            && let Some(signal) = self.signal_of(byte)
        {
            let event = self.signal(signal);
            if self.local(ECHO) {
                self.echo(byte, out);
            }
            return event;
        }
        self.restart_by_any();
        let mut enter = false;
        match byte {
            b'\r' if self.iflag(IGNCR) => return Event::None,
            b'\r' if self.iflag(ICRNL) => (byte, enter) = (b'\n', true),
            b'\n' if self.iflag(INLCR) => byte = b'\r',
            _ => {}
        }
        if self.local(ICANON)
            && let Some(event) = self.receive_editing(byte, out)
        {
            return event;
        }
        self.receive_ordinary(byte, enter, out)
    }

    fn signal_of(&self, byte: u8) -> Option<i32> {
        [(VINTR, SIGINT), (VQUIT, SIGQUIT), (VSUSP, SIGTSTP)]
            .into_iter()
            .find(|&(index, _)| self.is(byte, index))
            .map(|(_, signal)| signal)
    }

    fn signal(&mut self, signal: i32) -> Event {
        if !self.local(NOFLSH) {
            self.flush_input();
            self.drop_held();
        }
        if self.iflag(IXON) {
            self.stopped = false;
        }
        Event::Signal(signal)
    }

    /// Canonical mode: the characters that edit or end the line; none if it is not one of these.
    fn receive_editing(&mut self, byte: u8, out: Out<'_>) -> Option<Event> {
        let extended = self.local(IEXTEN);
        if self.is(byte, VERASE) {
            self.erase_character(out);
        } else if self.is(byte, VKILL) {
            self.kill_line(out);
        } else if extended && self.is(byte, VWERASE) {
            self.erase_word(out);
        } else if extended && self.is(byte, VLNEXT) {
            self.literal = true;
            if self.local(ECHO) {
                self.finish_erasing(out);
                if self.local(ECHOCTL) {
                    self.send(b"^\x08", out);
                }
            }
        } else if extended && self.local(ECHO) && self.is(byte, VREPRINT) {
            self.reprint(byte, out);
        } else {
            return self.receive_line_end(byte, out);
        }
        Some(Event::None)
    }

    fn receive_line_end(&mut self, byte: u8, out: Out<'_>) -> Option<Event> {
        if byte == b'\n' {
            if !self.input.push_end(byte, Mark::LineEnd) {
                return Some(self.overflow(out));
            }
            if self.local(ECHO | ECHONL) {
                self.send(b"\n", out);
            }
        } else if self.is(byte, VEOF) {
            self.input.push_end(0, Mark::EndOfFile);
        } else if self.is(byte, VEOL) || (self.local(IEXTEN) && self.is(byte, VEOL2)) {
            if self.local(ECHO) {
                self.note_line_start();
                self.echo(byte, out);
            }
            self.input.push_end(byte, Mark::LineEnd);
        } else {
            return None;
        }
        Some(Event::Readable)
    }

    /// A byte of the input proper: echoed and stored. `enter`: it is a newline made from a carriage return, which moves
    /// the cursor where one that is typed as such shows as `^J`.
    fn receive_ordinary(&mut self, byte: u8, enter: bool, out: Out<'_>) -> Event {
        self.restart_by_any();
        if self.is_full() {
            return self.overflow(out);
        }
        if self.local(ECHO) {
            self.finish_erasing(out);
            if enter {
                self.send(b"\n", out);
            } else {
                self.note_line_start();
                self.echo(byte, out);
            }
        }
        if byte == 0xff && self.iflag(PARMRK) && !self.iflag(ISTRIP) {
            let _ = self.store(byte, out);
        }
        self.store(byte, out)
    }

    /// Any character lets stopped output go on, if `IXANY` is set.
    fn restart_by_any(&mut self) {
        if self.iflag(IXON) && self.iflag(IXANY) {
            self.stopped = false;
        }
    }

    /// Whether no more ordinary bytes can be stored; the last place is for the end of a line.
    fn is_full(&self) -> bool {
        self.input.len() >= CAPACITY - 1
    }

    fn store(&mut self, byte: u8, out: Out<'_>) -> Event {
        if !self.input.push(byte, CAPACITY - 1) {
            return self.overflow(out);
        }
        if self.local(ICANON) {
            Event::None
        } else {
            Event::Readable
        }
    }

    fn overflow(&mut self, out: Out<'_>) -> Event {
        if self.iflag(IMAXBEL) {
            self.send(b"\x07", out);
        }
        Event::None
    }

    /// The line being edited begins where the cursor is now, if nothing of it has been typed yet.
    fn note_line_start(&mut self) {
        if self.input.editing_len() == 0 {
            self.column.start = self.column.now;
        }
    }

    /// How many more bytes [`Self::receive`] can store; with 0 the driver should wait until something is read. Never 0
    /// while a line is being edited and no whole one can be read, so that it can be ended or erased.
    #[must_use]
    pub fn room(&self) -> usize {
        let left = (CAPACITY - 1).saturating_sub(self.input.len());
        left.max(usize::from(self.local(ICANON) && !self.input.has_line()))
    }

    /// How many bytes can be read (`FIONREAD`): in canonical mode those of whole lines.
    #[must_use]
    pub fn available(&self) -> usize {
        if self.local(ICANON) {
            self.input.complete()
        } else {
            self.input.len()
        }
    }

    /// Whether a read need not wait: in canonical mode for a line or an end of file, else for at least one byte.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        if self.local(ICANON) {
            self.input.has_line()
        } else {
            self.input.len() > 0
        }
    }

    /// Reads: in canonical mode at most one line, with 0 for an end of file (or if [`Self::is_readable`] is false); else what is
    /// there.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        if self.local(ICANON) {
            self.input.read_line(buffer)
        } else {
            self.input.read_bytes(buffer)
        }
    }

    /// Processes what a program writes (`OPOST`); what is to be sent goes to `out`. The caller looks at [`Self::stopped`] first.
    pub fn write(&mut self, bytes: &[u8], out: Out<'_>) {
        self.release(out);
        let utf8 = self.iflag(IUTF8);
        self.column.send(bytes, self.termios.c_oflag, utf8, out);
    }

    /// Whether the output is stopped.
    #[must_use]
    pub const fn stopped(&self) -> bool {
        self.stopped
    }

    /// Stops the output or lets it go on (`tcflow(3)`).
    pub fn set_stopped(&mut self, stopped: bool) {
        self.stopped = stopped;
    }

    /// Discards the input (`tcflush(3)`).
    pub fn flush_input(&mut self) {
        self.input.clear();
        self.erasing = false;
        self.literal = false;
    }

    /// The column the cursor is in, from 0, as far as the bytes sent tell.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column.now
    }
}
