//! VGA text mode, 80 columns by 25 rows.

use core::sync::atomic::{AtomicPtr, Ordering};

use super::{Attribute, TextDisplay};
use crate::dev::port;
use crate::mem::Caching;

const COLUMNS: usize = 80;
const ROWS: usize = 25;
const MEMORY: u64 = 0xb8000;

const INDEX: u16 = 0x3d4;
const DATA: u16 = 0x3d5;
const CURSOR_START: u8 = 0x0a;
const CURSOR_HIGH: u8 = 0x0e;
const CURSOR_LOW: u8 = 0x0f;

/// The text memory.
pub(super) struct Vga {
    cells: AtomicPtr<u16>,
}

fn write_register(register: u8, value: u8) {
    // SAFETY: cursor registers of the CRT controller.
    unsafe {
        port::write_u8(INDEX, register);
        port::write_u8(DATA, value);
    }
}

fn read_register(register: u8) -> u8 {
    // SAFETY: as above.
    unsafe {
        port::write_u8(INDEX, register);
        port::read_u8(DATA)
    }
}

/// The code page 437 byte for `ch`, as the adapter's own font has it.
fn glyph(ch: char) -> u8 {
    match ch {
        ' '..='~' => ch as u8,
        '─' => 0xc4,
        '│' => 0xb3,
        '┌' => 0xda,
        '┐' => 0xbf,
        '└' => 0xc0,
        '┘' => 0xd9,
        '├' => 0xc3,
        '┤' => 0xb4,
        '█' => 0xdb,
        '°' => 0xf8,
        'ä' => 0x84,
        'ö' => 0x94,
        'ü' => 0x81,
        'Ä' => 0x8e,
        'Ö' => 0x99,
        'Ü' => 0x9a,
        'ß' => 0xe1,
        'é' => 0x82,
        'è' => 0x8a,
        '\0' => b' ',
        _ => b'?',
    }
}

impl Vga {
    /// The adapter, if the cursor registers hold what is written to them.
    pub(super) fn probe() -> Option<Vga> {
        let old = read_register(CURSOR_LOW);
        write_register(CURSOR_LOW, 0x5a);
        let found = read_register(CURSOR_LOW) == 0x5a;
        write_register(CURSOR_LOW, old);
        found.then(|| Vga {
            cells: AtomicPtr::new(
                crate::mem::map_physical(MEMORY, COLUMNS * ROWS * 2, Caching::Uncached).cast(),
            ),
        })
    }

    fn cell(&self, index: usize) -> *mut u16 {
        debug_assert!(index < COLUMNS * ROWS);
        self.cells.load(Ordering::Relaxed).wrapping_add(index)
    }

    fn write(&self, index: usize, value: u16) {
        // SAFETY: every caller keeps `index` inside the grid, all of which is mapped.
        unsafe { self.cell(index).write_volatile(value) };
    }
}

impl TextDisplay for Vga {
    fn size(&self) -> (usize, usize) {
        (COLUMNS, ROWS)
    }

    fn write_cell(&self, x: usize, y: usize, ch: char, attribute: Attribute) {
        if x < COLUMNS && y < ROWS {
            self.write(
                y * COLUMNS + x,
                u16::from(attribute.0 & 0x7f) << 8 | u16::from(glyph(ch)),
            );
        }
    }

    fn scroll_up(&self, rows: usize) {
        let rows = rows.min(ROWS);
        for index in 0..(ROWS - rows) * COLUMNS {
            // SAFETY: `index + rows * COLUMNS` is inside the grid.
            let value = unsafe { self.cell(index + rows * COLUMNS).read_volatile() };
            self.write(index, value);
        }
        let blank = u16::from(Attribute::NORMAL.0) << 8 | u16::from(b' ');
        for index in (ROWS - rows) * COLUMNS..ROWS * COLUMNS {
            self.write(index, blank);
        }
    }

    fn set_cursor(&self, x: usize, y: usize) {
        const OFF: u8 = 0x20;
        if x >= COLUMNS || y >= ROWS {
            write_register(CURSOR_START, OFF);
            return;
        }
        let position = (y * COLUMNS + x) as u16;
        write_register(CURSOR_START, 14);
        write_register(CURSOR_LOW, position as u8);
        write_register(CURSOR_HIGH, (position >> 8) as u8);
    }
}
