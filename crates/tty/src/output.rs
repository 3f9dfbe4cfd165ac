//! What is done to bytes on their way out: the `c_oflag` processing, and keeping track of the column.

use abi::termios::{OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TAB3, TABDLY};

const SPACES: &[u8; 8] = b"        ";

/// Where the cursor stands, as far as the bytes sent tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// The column, from 0.
    pub(crate) now: usize,
    /// The column at which the line being edited began.
    pub(crate) start: usize,
}

/// Whether it is a control character, as Linux's `iscntrl` sees it: bytes above 0x7f are not.
pub(crate) const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control()
}

/// Whether it continues a UTF-8 sequence.
pub(crate) const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Lower case in Latin 1, as Linux's `tolower`.
pub(crate) const fn to_lower(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' | 0xc0..=0xd6 | 0xd8..=0xde => byte + 0x20,
        _ => byte,
    }
}

/// Upper case in Latin 1, as Linux's `toupper`, which also maps the two letters that have none.
const fn to_upper(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | 0xdf..=0xf6 | 0xf8..=0xff => byte - 0x20,
        _ => byte,
    }
}

impl Column {
    /// Sends bytes with output processing, as `c_oflag` says; with `utf8` a sequence counts as one column.
    pub(crate) fn send(
        &mut self,
        bytes: &[u8],
        oflag: u32,
        utf8: bool,
        out: &mut dyn FnMut(&[u8]),
    ) {
        if oflag & OPOST == 0 {
            out(bytes);
            return;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let plain = rest
                .iter()
                .take_while(|&&byte| !is_control(byte) && oflag & OLCUC == 0)
                .count();
            let (now, later) = rest.split_at(plain);
            if !now.is_empty() {
                self.now += now
                    .iter()
                    .filter(|&&byte| !(utf8 && is_continuation(byte)))
                    .count();
                out(now);
            }
            rest = later;
            if let Some((&byte, later)) = rest.split_first() {
                self.send_special(byte, oflag, utf8, out);
                rest = later;
            }
        }
    }

    fn send_special(&mut self, byte: u8, oflag: u32, utf8: bool, out: &mut dyn FnMut(&[u8])) {
        match byte {
            b'\n' => {
                if oflag & (ONLRET | ONLCR) != 0 {
                    self.now = 0;
                }
                self.start = self.now;
                out(if oflag & ONLCR != 0 { b"\r\n" } else { b"\n" });
            }
            b'\r' if oflag & ONOCR != 0 && self.now == 0 => {}
            b'\r' if oflag & OCRNL != 0 => {
                if oflag & ONLRET != 0 {
                    self.now = 0;
                    self.start = 0;
                }
                out(b"\n");
            }
            b'\r' => {
                self.now = 0;
                self.start = 0;
                out(b"\r");
            }
            b'\t' => {
                let spaces = 8 - self.now % 8;
                self.now += spaces;
                out(if oflag & TABDLY == TAB3 {
                    &SPACES[..spaces]
                } else {
                    b"\t"
                });
            }
            0x08 => {
                self.back();
                out(&[byte]);
            }
            _ if is_control(byte) => out(&[byte]),
            _ => {
                self.now += usize::from(!(utf8 && is_continuation(byte)));
                out(&[if oflag & OLCUC != 0 {
                    to_upper(byte)
                } else {
                    byte
                }]);
            }
        }
    }

    pub(crate) fn back(&mut self) {
        self.now = self.now.saturating_sub(1);
    }
}
