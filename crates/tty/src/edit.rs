//! Editing the line: erasing a character, a word or all of it, with the echo that shows it.

use abi::termios::{ECHO, ECHOCTL, ECHOE, ECHOK, ECHOKE, ECHOPRT, IUTF8, VERASE, VKILL};

use crate::LineDiscipline;
use crate::discipline::Out;
use crate::output::{is_continuation, is_control};

/// Whether it is a letter or digit, as Linux's `isalnum` sees it: Latin 1.
const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0xc0 && byte != 0xd7 && byte != 0xf7
}

/// The bytes of one character, at most 4 in valid UTF-8; longer runs of continuation bytes are erased in parts.
#[derive(Clone, Copy)]
struct Character {
    bytes: [u8; 8],
    len: usize,
}

impl LineDiscipline {
    /// The last character of the line being edited; none if it is empty or starts within a character.
    fn last_character(&self) -> Option<Character> {
        let mut found = Character {
            bytes: [0; 8],
            len: 0,
        };
        for byte in self.input.editing().rev().take(found.bytes.len()) {
            found.bytes[found.len] = byte;
            found.len += 1;
            if !(self.iflag(IUTF8) && is_continuation(byte)) {
                found.bytes[..found.len].reverse();
                return Some(found);
            }
        }
        None
    }

    fn remove(&mut self, character: Character) {
        self.input
            .truncate_editing(self.input.editing_len() - character.len);
    }

    /// The erase character.
    pub(crate) fn erase_character(&mut self, out: Out<'_>) {
        if let Some(character) = self.last_character() {
            self.remove(character);
            if self.local(ECHO) && !self.local(ECHOE | ECHOPRT) {
                self.echo(self.termios.c_cc[VERASE], out);
            } else {
                self.show_erased(character, out);
            }
        }
        self.end_if_empty(out);
    }

    /// The word-erase character: what is not a word at the end of the line, then a word.
    pub(crate) fn erase_word(&mut self, out: Out<'_>) {
        let mut in_word = false;
        while let Some(character) = self.last_character() {
            let first = character.bytes[0];
            if is_alphanumeric(first) || first == b'_' {
                in_word = true;
            } else if in_word {
                break;
            }
            self.remove(character);
            self.show_erased(character, out);
        }
        self.end_if_empty(out);
    }

    /// The kill character: all of the line.
    pub(crate) fn kill_line(&mut self, out: Out<'_>) {
        if self.input.editing_len() == 0 {
            return;
        }
        let wipes = self.local(ECHOK) && self.local(ECHOKE) && self.local(ECHOE);
        if self.local(ECHO) && wipes {
            while let Some(character) = self.last_character() {
                self.remove(character);
                self.show_erased(character, out);
            }
            self.end_if_empty(out);
            return;
        }
        self.input.truncate_editing(0);
        if self.local(ECHO) {
            self.finish_erasing(out);
            self.echo(self.termios.c_cc[VKILL], out);
            if self.local(ECHOK) {
                self.send(b"\n", out);
            }
        }
    }

    fn end_if_empty(&mut self, out: Out<'_>) {
        if self.input.editing_len() == 0 && self.local(ECHO) {
            self.finish_erasing(out);
        }
    }

    /// Shows that a character, already removed, is gone.
    fn show_erased(&mut self, character: Character, out: Out<'_>) {
        let first = character.bytes[0];
        if !self.local(ECHO) {
            return;
        }
        if self.local(ECHOPRT) {
            if !core::mem::replace(&mut self.erasing, true) {
                self.send(b"\\", out);
            }
            self.echo(first, out);
            if let Some(rest) = character.bytes.get(1..character.len) {
                self.send_raw(rest, out);
            }
        } else if first == b'\t' {
            self.unmove_tab(out);
        } else if !is_control(first) {
            self.wipe(out);
        } else if self.local(ECHOCTL) {
            self.wipe(out);
            self.wipe(out);
        }
    }

    fn wipe(&mut self, out: Out<'_>) {
        self.send(b"\x08 \x08", out);
    }

    /// Moves the cursor back to where it was before a tab, which the rest of the line tells.
    fn unmove_tab(&mut self, out: Out<'_>) {
        let mut width = 0;
        let mut after_tab = false;
        for byte in self.input.editing().rev() {
            if byte == b'\t' {
                after_tab = true;
                break;
            }
            if is_control(byte) {
                width += if self.local(ECHOCTL) { 2 } else { 0 };
            } else if !(self.iflag(IUTF8) && is_continuation(byte)) {
                width += 1;
            }
        }
        if !after_tab {
            width += self.column.start;
        }
        for _ in 0..8 - width % 8 {
            self.send_raw(b"\x08", out);
            self.column.back();
        }
    }

    /// Ends the printing of erased characters (`ECHOPRT`).
    pub(crate) fn finish_erasing(&mut self, out: Out<'_>) {
        if core::mem::take(&mut self.erasing) {
            self.send(b"/", out);
        }
    }

    /// The reprint character: shows the line again on a new one.
    pub(crate) fn reprint(&mut self, byte: u8, out: Out<'_>) {
        self.finish_erasing(out);
        self.echo(byte, out);
        self.send(b"\n", out);
        for index in 0..self.input.editing_len() {
            let byte = self.input.editing().nth(index);
            byte.into_iter().for_each(|byte| self.echo(byte, out));
        }
    }
}
