//! What the keys of a PS/2 keyboard (US layout, scan code set 1) send: bytes as `keymaps(5)` and
//! `console_codes(4)` have them for `TERM=linux`.

use pc_keyboard::{
    DecodedKey, EventDecoder, HandleControl, KeyCode, KeyEvent, KeyState, ScancodeSet,
    ScancodeSet1, layouts::Us104Key,
};

/// What a key press asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Key {
    /// Bytes to hand to the terminal.
    Bytes(KeyBytes),
    /// Ctrl-Alt-Del.
    Reboot,
}

/// The few bytes one key press sends.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeyBytes {
    bytes: [u8; 8],
    len: usize,
}

impl KeyBytes {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(slot) = self.bytes.get_mut(self.len) {
                *slot = byte;
                self.len += 1;
            }
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// Turns scan codes into what a terminal receives.
pub struct Keyboard {
    scancodes: ScancodeSet1,
    events: EventDecoder<Us104Key>,
    alt: bool,
    control: bool,
}

impl Default for Keyboard {
    fn default() -> Self {
        Keyboard::new()
    }
}

impl Keyboard {
    /// A keyboard with no key held down.
    pub const fn new() -> Keyboard {
        Keyboard {
            scancodes: ScancodeSet1::new(),
            events: EventDecoder::new(Us104Key, HandleControl::Ignore),
            alt: false,
            control: false,
        }
    }

    /// Takes one byte of the keyboard; `application_cursor` is the terminal's mode DECCKM.
    pub fn scancode(&mut self, byte: u8, application_cursor: bool) -> Option<Key> {
        let event = self.scancodes.advance_state(byte).ok()??;
        self.track_modifiers(&event);
        let pressed = event.state != KeyState::Up;
        let decoded = self.events.process_keyevent(event);
        if !pressed {
            return None;
        }
        let mut bytes = KeyBytes::default();
        match decoded? {
            DecodedKey::RawKey(KeyCode::Delete) | DecodedKey::Unicode('\x7f')
                if self.alt && self.control =>
            {
                return Some(Key::Reboot);
            }
            DecodedKey::Unicode(character) => self.character(character, &mut bytes),
            DecodedKey::RawKey(code) => bytes.push(special(code, application_cursor)),
        }
        (bytes.len > 0).then_some(Key::Bytes(bytes))
    }

    fn track_modifiers(&mut self, event: &KeyEvent) {
        let down = event.state == KeyState::Down;
        match event.code {
            KeyCode::LAlt => self.alt = down,
            KeyCode::LControl | KeyCode::RControl => self.control = down,
            _ => {}
        }
    }

    fn character(&self, character: char, bytes: &mut KeyBytes) {
        if self.alt {
            bytes.push(b"\x1b");
        }
        match character {
            // The Delete and Backspace keys, as the decoder names them; with Ctrl, Backspace sends ^H.
            '\x7f' => bytes.push(b"\x1b[3~"),
            '\x08' if self.control => bytes.push(b"\x08"),
            '\x08' => bytes.push(b"\x7f"),
            '\n' => bytes.push(b"\r"),
            _ if self.control => {
                if let Some(code) = control(character) {
                    bytes.push(&[code]);
                }
            }
            _ => bytes.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The control code Ctrl makes of a character.
fn control(character: char) -> Option<u8> {
    let byte = u8::try_from(character).ok()?;
    match byte {
        b'a'..=b'z' => Some(byte - b'a' + 1),
        b'@'..=b'_' => Some(byte - b'@'),
        b' ' | b'2' | b'`' => Some(0),
        b'3'..=b'7' => Some(byte - b'3' + 0x1b),
        b'8' | b'?' => Some(0x7f),
        b'/' | b'-' => Some(0x1f),
        0..=0x1f => Some(byte),
        _ => None,
    }
}

/// The escape sequence of a key without a character.
fn special(code: KeyCode, application_cursor: bool) -> &'static [u8] {
    match (code, application_cursor) {
        (KeyCode::ArrowUp | KeyCode::Numpad8, false) => b"\x1b[A",
        (KeyCode::ArrowDown | KeyCode::Numpad2, false) => b"\x1b[B",
        (KeyCode::ArrowRight | KeyCode::Numpad6, false) => b"\x1b[C",
        (KeyCode::ArrowLeft | KeyCode::Numpad4, false) => b"\x1b[D",
        (KeyCode::ArrowUp | KeyCode::Numpad8, true) => b"\x1bOA",
        (KeyCode::ArrowDown | KeyCode::Numpad2, true) => b"\x1bOB",
        (KeyCode::ArrowRight | KeyCode::Numpad6, true) => b"\x1bOC",
        (KeyCode::ArrowLeft | KeyCode::Numpad4, true) => b"\x1bOD",
        (KeyCode::Numpad5, _) => b"\x1b[G",
        (KeyCode::Home | KeyCode::Numpad7, _) => b"\x1b[1~",
        (KeyCode::Insert | KeyCode::Numpad0, _) => b"\x1b[2~",
        (KeyCode::Delete | KeyCode::NumpadPeriod, _) => b"\x1b[3~",
        (KeyCode::End | KeyCode::Numpad1, _) => b"\x1b[4~",
        (KeyCode::PageUp | KeyCode::Numpad9, _) => b"\x1b[5~",
        (KeyCode::PageDown | KeyCode::Numpad3, _) => b"\x1b[6~",
        (KeyCode::F1, _) => b"\x1b[[A",
        (KeyCode::F2, _) => b"\x1b[[B",
        (KeyCode::F3, _) => b"\x1b[[C",
        (KeyCode::F4, _) => b"\x1b[[D",
        (KeyCode::F5, _) => b"\x1b[[E",
        (KeyCode::F6, _) => b"\x1b[17~",
        (KeyCode::F7, _) => b"\x1b[18~",
        (KeyCode::F8, _) => b"\x1b[19~",
        (KeyCode::F9, _) => b"\x1b[20~",
        (KeyCode::F10, _) => b"\x1b[21~",
        (KeyCode::F11, _) => b"\x1b[23~",
        (KeyCode::F12, _) => b"\x1b[24~",
        (KeyCode::PauseBreak, _) => b"\x1b[P",
        _ => b"",
    }
}
