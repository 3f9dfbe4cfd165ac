//! What keys send.

use console::{Key, Keyboard};

/// Feeds scan codes of set 1 and collects what is sent.
fn typed(codes: &[u8], application_cursor: bool) -> Vec<u8> {
    let mut keyboard = Keyboard::new();
    let keys = codes
        .iter()
        .filter_map(|&code| keyboard.scancode(code, application_cursor));
    keys.flat_map(|key| match key {
        Key::Bytes(bytes) => bytes.as_slice().to_vec(),
        Key::Reboot => b"REBOOT".to_vec(),
    })
    .collect()
}

#[test]
fn letters_and_shift() {
    assert_eq!(typed(&[0x1e, 0x9e], false), b"a");
    assert_eq!(typed(&[0x2a, 0x1e, 0x9e, 0xaa, 0x30], false), b"Ab");
}

#[test]
fn control_makes_control_codes() {
    assert_eq!(typed(&[0x1d, 0x2e, 0xae, 0x9d, 0x2e], false), b"\x03c");
    assert_eq!(typed(&[0x1d, 0x39], false), b"\0");
    assert_eq!(typed(&[0x1d, 0x2b], false), b"\x1c");
}

#[test]
fn alt_puts_an_escape_in_front() {
    assert_eq!(typed(&[0x38, 0x21, 0xa1, 0xb8], false), b"\x1bf");
}

#[test]
fn enter_erase_and_escape() {
    assert_eq!(typed(&[0x1c, 0x0e, 0x01], false), b"\r\x7f\x1b");
}

#[test]
fn cursor_keys_follow_the_mode() {
    assert_eq!(typed(&[0xe0, 0x48, 0xe0, 0xc8], false), b"\x1b[A");
    assert_eq!(typed(&[0xe0, 0x48], true), b"\x1bOA");
    assert_eq!(typed(&[0xe0, 0x53], false), b"\x1b[3~");
}

#[test]
fn three_fingers_restart() {
    assert_eq!(typed(&[0x1d, 0x38, 0xe0, 0x53], false), b"REBOOT");
}
