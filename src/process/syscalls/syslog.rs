//! `syslog(2)`, which `klogctl(3)` and `dmesg(1)` use: the kernel's log and what of it the console shows.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU8, Ordering};

use abi::Errno;
use machine::sync::Once;

use super::{Call, SysResult};
use crate::log::{self, Cursor, Message, Seconds};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;
use crate::process::sync::Mutex;

/// The actions of `syslog(2)`.
mod action {
    pub const CLOSE: i32 = 0;
    pub const OPEN: i32 = 1;
    pub const READ: i32 = 2;
    pub const READ_ALL: i32 = 3;
    pub const READ_CLEAR: i32 = 4;
    pub const CLEAR: i32 = 5;
    pub const CONSOLE_OFF: i32 = 6;
    pub const CONSOLE_ON: i32 = 7;
    pub const CONSOLE_LEVEL: i32 = 8;
    pub const SIZE_UNREAD: i32 = 9;
    pub const SIZE_BUFFER: i32 = 10;
}

/// The console level to go back to after the console was switched off; 0 for none.
static SAVED_LEVEL: AtomicU8 = AtomicU8::new(0);
/// Where `READ` goes on, and what of a message it has not yet returned.
static READ: Once<Mutex<Unread>> = Once::new();

fn read_state() -> &'static Mutex<Unread> {
    READ.get_or_init(|| {
        Mutex::new(Unread {
            cursor: None,
            rest: Vec::new(),
        })
    })
}

struct Unread {
    cursor: Option<Cursor>,
    rest: Vec<u8>,
}

/// A message as `dmesg` gets it.
fn format_line(message: &Message) -> String {
    let text = String::from_utf8_lossy(&message.text);
    format!("<{}>[{}] {text}\n", message.priority, Seconds(message.time))
}

/// `syslog(2)`.
///
/// # Errors
/// `EINVAL` for an unknown action, a missing buffer or a bad level; `EPERM` without privilege; `EFAULT`.
pub fn syslog(call: &mut Call<'_>, action: i32, buffer: UserAddr, len: i32) -> SysResult {
    let unprivileged = matches!(action, action::READ_ALL | action::SIZE_BUFFER);
    if !unprivileged && !call.credentials().has(capability::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    match action {
        action::CLOSE | action::OPEN => Ok(0),
        action::READ => read(buffer, check_buffer(buffer, len)?),
        action::READ_ALL => read_all(buffer, check_buffer(buffer, len)?),
        action::READ_CLEAR => {
            let count = read_all(buffer, check_buffer(buffer, len)?)?;
            log::clear();
            Ok(count)
        }
        action::CLEAR => {
            log::clear();
            Ok(0)
        }
        action::CONSOLE_OFF => {
            let level = log::console_level();
            let _ = SAVED_LEVEL.compare_exchange(0, level, Ordering::Relaxed, Ordering::Relaxed);
            log::set_console_level(1);
            Ok(0)
        }
        action::CONSOLE_ON => {
            let level = SAVED_LEVEL.swap(0, Ordering::Relaxed);
            if level != 0 {
                log::set_console_level(level);
            }
            Ok(0)
        }
        action::CONSOLE_LEVEL => {
            let level = u8::try_from(len)
                .ok()
                .filter(|level| (1..=8).contains(level))
                .ok_or(Errno::EINVAL)?;
            SAVED_LEVEL.store(0, Ordering::Relaxed);
            log::set_console_level(level);
            Ok(0)
        }
        action::SIZE_UNREAD => Ok(unread()),
        action::SIZE_BUFFER => Ok(log::SIZE),
        _ => Err(Errno::EINVAL),
    }
}

fn check_buffer(buffer: UserAddr, len: i32) -> Result<usize, Errno> {
    if buffer.is_null() {
        Err(Errno::EINVAL)
    } else {
        usize::try_from(len).map_err(|_| Errno::EINVAL)
    }
}

/// The lines from `cursor` on.
fn lines(mut cursor: Cursor) -> Vec<String> {
    let mut lost = false;
    core::iter::from_fn(|| log::next(&mut cursor, &mut lost))
        .map(|message| format_line(&message))
        .collect()
}

fn unread() -> usize {
    let unread = read_state().lock();
    let ahead: usize = lines(unread.cursor.unwrap_or_else(log::oldest))
        .iter()
        .map(String::len)
        .sum();
    unread.rest.len() + ahead
}

/// Returns the last lines that fit.
fn read_all(buffer: UserAddr, len: usize) -> SysResult {
    let lines = lines(log::cleared());
    let mut room = len;
    let fitting = lines.iter().rev().take_while(|line| {
        let fits = line.len() <= room;
        room -= if fits { line.len() } else { 0 };
        fits
    });
    let skipped = lines.len() - fitting.count();
    let mut written = 0;
    for line in lines.iter().skip(skipped) {
        buffer.offset(written).write_bytes(line.as_bytes())?;
        written += line.len();
    }
    Ok(written)
}

/// Takes what has not been read yet, waiting for at least one message.
fn read(buffer: UserAddr, len: usize) -> SysResult {
    if len == 0 {
        return Ok(0);
    }
    loop {
        let mut unread = read_state().lock();
        let mut cursor = unread.cursor.unwrap_or_else(log::oldest);
        let mut lost = false;
        while unread.rest.len() < len
            && let Some(message) = log::next(&mut cursor, &mut lost)
        {
            unread
                .rest
                .extend_from_slice(format_line(&message).as_bytes());
        }
        unread.cursor = Some(cursor);
        if !unread.rest.is_empty() {
            let count = unread.rest.len().min(len);
            buffer.write_bytes(unread.rest.get(..count).unwrap_or_default())?;
            unread.rest.drain(..count);
            return Ok(count);
        }
        drop(unread);
        log::readers().wait_until(|| (log::end() > cursor).then_some(()))?;
    }
}
