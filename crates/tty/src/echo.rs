//! Echo: what a terminal shows of what is typed, held back while its output is stopped.

use abi::termios::{ECHOCTL, IUTF8};

use crate::LineDiscipline;
use crate::discipline::Out;
use crate::input::CAPACITY;
use crate::output::is_control;

impl LineDiscipline {
    /// Echoes a byte, a control character as `^X` if `ECHOCTL` is set.
    pub(crate) fn echo(&mut self, byte: u8, out: Out<'_>) {
        if self.local(ECHOCTL) && is_control(byte) && byte != b'\t' {
            self.send_raw(&[b'^', byte ^ 0o100], out);
            self.column.now += 2;
        } else if byte == 0xff {
            // Linux's echo passes this one by the output processing.
            self.send_raw(&[byte], out);
            self.column.now += 1;
        } else {
            self.send(&[byte], out);
        }
    }

    /// Remembers the column before echo is first held back.
    fn note_held(&mut self) {
        if self.stopped && self.held.is_empty() {
            self.held_from = self.column;
        }
    }

    /// Sends echo with output processing.
    pub(crate) fn send(&mut self, bytes: &[u8], out: Out<'_>) {
        self.note_held();
        let mut column = self.column;
        let (oflag, utf8) = (self.termios.c_oflag, self.iflag(IUTF8));
        column.send(bytes, oflag, utf8, &mut |bytes| self.send_raw(bytes, out));
        self.column = column;
    }

    /// Sends echo as it is; held back while the output is stopped, as far as there is room.
    pub(crate) fn send_raw(&mut self, bytes: &[u8], out: Out<'_>) {
        self.note_held();
        if !self.stopped {
            self.release(out);
            out(bytes);
        } else if self.held.len() + bytes.len() <= CAPACITY
            && self.held.try_reserve(bytes.len()).is_ok()
        {
            self.held.extend_from_slice(bytes);
        }
    }

    /// Forgets the echo that was held back, as if it had never moved the cursor.
    pub(crate) fn drop_held(&mut self) {
        if !self.held.is_empty() {
            self.held.clear();
            self.column = self.held_from;
        }
    }

    /// Sends the echo that was held back, once the output may go on.
    pub(crate) fn release(&mut self, out: Out<'_>) {
        if !self.stopped && !self.held.is_empty() {
            out(&self.held);
            self.held.clear();
        }
    }
}
