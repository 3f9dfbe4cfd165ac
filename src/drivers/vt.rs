//! The text console on the machine's display and keyboard: `/dev/tty0` and `/dev/tty1`.
//!
//! [`Vt`] keeps the picture of the crate [`console`] up to date with what is written, and decodes the keys. Writing only changes the picture in memory; the drivers' thread ([`super::worker`]) brings the
//! display up to date, so that a burst of output costs one drawing and no interrupt waits for the display. Messages
//! of the kernel are drawn at once.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::termios::Winsize;
use console::{Cell, Key, Keyboard, Position, Terminal};
use machine::dev::display::{self, Attribute, TextDisplay};
use machine::sync::{IrqSpinLock, Level, Once, SpinLock};

use super::levels;
use super::worker::{self, Work};

/// The console on the display.
pub struct Vt {
    terminal: IrqSpinLock<Terminal>,
    keyboard: SpinLock<Keyboard>,
    shown: SpinLock<Shown>,
    /// The picture differs from the display.
    stale: AtomicBool,
    display: &'static dyn TextDisplay,
    width: usize,
    height: usize,
}

/// What the display shows now, so that only differences are drawn.
struct Shown {
    cells: Vec<Option<Cell>>,
    cursor: Option<Position>,
    /// Space for a copy of the changed rows.
    copy: Vec<Cell>,
}

static VT: Once<Vt> = Once::new();

/// The console on the display; none if the machine has no display.
pub fn get() -> Option<&'static Vt> {
    VT.get()
}

/// Takes over the display, if there is one.
pub fn init() {
    display::init();
    let Some(display) = display::get() else {
        return;
    };
    let (width, height) = display.size();
    let count = width * height;
    let shown = Shown {
        cells: alloc::vec![None; count],
        cursor: None,
        copy: Vec::with_capacity(count),
    };
    let _ = VT.set(Vt {
        terminal: IrqSpinLock::new(levels::TERMINAL, Terminal::new(width, height)),
        keyboard: SpinLock::new(levels::KEYBOARD, Keyboard::new()),
        // Nobody waits for it, and it is held with interrupts on, so it has no place in the order.
        shown: SpinLock::new(Level::UNORDERED, shown),
        stale: AtomicBool::new(false),
        display,
        width,
        height,
    });
}

impl Vt {
    /// Shows what a program writes.
    pub fn write(&self, bytes: &[u8]) {
        let mut terminal = self.terminal.lock();
        terminal.write(bytes);
        let work = if terminal.has_reply() {
            Work::DRAW | Work::KEYBOARD
        } else {
            Work::DRAW
        };
        drop(terminal);
        if !self.stale.swap(true, Ordering::AcqRel) || work != Work::DRAW {
            worker::request(work);
        }
    }

    /// Shows a message of the kernel, on a line of its own. Callable anywhere.
    pub fn print(&self, message: &str) {
        let mut terminal = self.terminal.lock();
        if terminal.screen().cursor.x != 0 {
            terminal.write(b"\r\n");
        }
        for line in message.split_inclusive('\n') {
            let (text, end) = line
                .strip_suffix('\n')
                .map_or((line, ""), |text| (text, "\r\n"));
            terminal.write(text.as_bytes());
            terminal.write(end.as_bytes());
        }
        drop(terminal);
        self.stale.store(true, Ordering::Release);
        self.draw();
    }

    /// What the terminal answers to programs' questions (where the cursor is, say), as if it were typed.
    pub fn take_reply(&self) -> Vec<u8> {
        self.terminal.lock().take_reply()
    }

    /// Takes a byte of the keyboard.
    pub fn scancode(&self, byte: u8) -> Option<Key> {
        let application_cursor = self.terminal.lock().application_cursor();
        self.keyboard.lock().scancode(byte, application_cursor)
    }

    /// Size of the display in characters.
    pub fn window(&self) -> Winsize {
        let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        Winsize {
            ws_row: cells(self.height),
            ws_col: cells(self.width),
            ..Winsize::default()
        }
    }

    /// Brings the display up to date. If somebody is doing so already, that one will draw this change too.
    pub fn draw(&self) {
        while self.stale.load(Ordering::Acquire) {
            let Some(mut shown) = self.shown.try_lock() else {
                return;
            };
            while self.stale.swap(false, Ordering::AcqRel) {
                self.draw_changes(&mut shown);
            }
        }
    }

    fn draw_changes(&self, shown: &mut Shown) {
        shown.copy.clear();
        let mut terminal = self.terminal.lock();
        let rows = terminal.screen().take_dirty();
        for y in rows.clone() {
            shown.copy.extend_from_slice(terminal.screen().row(y));
        }
        let cursor = terminal.visible_cursor();
        drop(terminal);
        let start = rows.start * self.width;
        let old = shown.cells.get_mut(start..).unwrap_or_default();
        for (index, (old, new)) in old.iter_mut().zip(&shown.copy).enumerate() {
            if *old != Some(*new) {
                *old = Some(*new);
                let at = start + index;
                let attribute = Attribute(new.attribute);
                self.display
                    .write_cell(at % self.width, at / self.width, new.character, attribute);
            }
        }
        if shown.cursor != cursor {
            shown.cursor = cursor;
            // A position outside the grid hides it.
            let at = cursor.unwrap_or(Position {
                x: self.width,
                y: self.height,
            });
            self.display.set_cursor(at.x, at.y);
        }
    }
}
