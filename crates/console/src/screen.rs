//! The picture of a text terminal: a grid of character cells, a cursor, a scrolling region and the
//! pen new characters are drawn with. What bytes do to it is the business of `escape`.

use alloc::vec;
use alloc::vec::Vec;
use core::mem::swap;
use core::ops::Range;

/// Light grey on black.
pub const DEFAULT_PEN: Pen = Pen {
    foreground: 7,
    background: 0,
    bold: false,
    underline: false,
    reverse: false,
};

/// One character position: a Unicode character and a VGA attribute byte (background << 4 | foreground).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The character shown.
    pub character: char,
    /// VGA attribute: foreground colour in bits 0..4, background in bits 4..7.
    pub attribute: u8,
}

/// The rendition new characters get (SGR).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pen {
    /// VGA foreground colour, 0..16.
    pub foreground: u8,
    /// VGA background colour, 0..8.
    pub background: u8,
    /// Shown as the bright variant of the foreground colour.
    pub bold: bool,
    /// Shown as bright cyan, since the text modes cannot underline in colour.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
}

impl Pen {
    /// The VGA attribute byte this rendition is drawn with.
    pub fn attribute(self) -> u8 {
        let mut foreground = if self.underline { 3 } else { self.foreground };
        let mut background = self.background & 7;
        if self.reverse {
            swap(&mut foreground, &mut background);
            foreground &= 7;
            background &= 7;
        }
        if self.bold || self.underline {
            foreground |= 8;
        }
        background << 4 | (foreground & 15)
    }
}

/// A cursor position, counted from 0 at the top left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
}

/// The grid with cursor, margins and tab stops; remembers which rows changed since they were last drawn.
pub struct Screen {
    width: usize,
    height: usize,
    cells: Vec<Cell>,
    dirty: Range<usize>,
    tabs: Vec<bool>,
    /// The cursor; `x == width` never happens, see `wrap_pending`.
    pub cursor: Position,
    /// The last column was just written: the next character goes to the next row (VT100 "last column" flag).
    pub wrap_pending: bool,
    /// Rendition of new characters and of erased cells.
    pub pen: Pen,
    /// Scrolling region, as rows.
    pub margins: Range<usize>,
}

impl Screen {
    /// An empty screen of the given size in characters; sizes below 2×2 are raised to that.
    pub fn new(width: usize, height: usize) -> Screen {
        let (width, height) = (width.max(2), height.max(2));
        let blank = Cell {
            character: ' ',
            attribute: DEFAULT_PEN.attribute(),
        };
        Screen {
            width,
            height,
            cells: vec![blank; width * height],
            dirty: 0..height,
            tabs: (0..width).map(|x| x % 8 == 0).collect(),
            cursor: Position::default(),
            wrap_pending: false,
            pen: DEFAULT_PEN,
            margins: 0..height,
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The cells of row `y`; an empty slice for a row that does not exist.
    pub fn row(&self, y: usize) -> &[Cell] {
        self.cells
            .get(y * self.width..(y + 1) * self.width)
            .unwrap_or(&[])
    }

    /// The rows changed since the last call.
    pub fn take_dirty(&mut self) -> Range<usize> {
        core::mem::replace(&mut self.dirty, 0..0)
    }

    fn touch(&mut self, rows: Range<usize>) {
        if self.dirty.is_empty() {
            self.dirty = rows;
        } else {
            self.dirty = self.dirty.start.min(rows.start)..self.dirty.end.max(rows.end);
        }
    }

    fn blank(&self) -> Cell {
        let pen = Pen {
            underline: false,
            reverse: false,
            ..self.pen
        };
        Cell {
            character: ' ',
            attribute: pen.attribute(),
        }
    }

    /// Puts `cell` at the cursor and advances it; `autowrap` and `insert` are the modes DECAWM and IRM.
    pub fn put(&mut self, character: char, autowrap: bool, insert: bool) {
        if self.wrap_pending && autowrap {
            self.cursor.x = 0;
            self.line_feed();
        }
        self.wrap_pending = false;
        if insert {
            self.insert_cells(1);
        }
        let at = self.cursor.y * self.width + self.cursor.x;
        let attribute = self.pen.attribute();
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = Cell {
                character,
                attribute,
            };
        }
        self.touch(self.cursor.y..self.cursor.y + 1);
        if self.cursor.x + 1 < self.width {
            self.cursor.x += 1;
        } else {
            self.wrap_pending = true;
        }
    }

    /// Moves the cursor to a position, held inside the screen.
    pub fn go_to(&mut self, x: usize, y: usize) {
        self.cursor = Position {
            x: x.min(self.width - 1),
            y: y.min(self.height - 1),
        };
        self.wrap_pending = false;
    }

    /// Moves the cursor down one row, scrolling at the bottom margin.
    pub fn line_feed(&mut self) {
        if self.cursor.y + 1 == self.margins.end {
            self.scroll_up(self.margins.clone(), 1);
        } else if self.cursor.y + 1 < self.height {
            self.cursor.y += 1;
        }
        self.wrap_pending = false;
    }

    /// Moves the cursor up one row, scrolling at the top margin (reverse index).
    pub fn reverse_line_feed(&mut self) {
        if self.cursor.y == self.margins.start {
            self.scroll_down(self.margins.clone(), 1);
        } else if self.cursor.y > 0 {
            self.cursor.y -= 1;
        }
        self.wrap_pending = false;
    }

    /// Moves the cursor to the next tab stop, at most to the last column.
    pub fn tab(&mut self) {
        let next =
            (self.cursor.x + 1..self.width).find(|&x| self.tabs.get(x).copied().unwrap_or(false));
        self.cursor.x = next.unwrap_or(self.width - 1);
        self.wrap_pending = false;
    }

    /// Sets or clears the tab stop at the cursor.
    pub fn set_tab(&mut self, set: bool) {
        if let Some(tab) = self.tabs.get_mut(self.cursor.x) {
            *tab = set;
        }
    }

    /// Removes all tab stops.
    pub fn clear_tabs(&mut self) {
        self.tabs.fill(false);
    }

    /// Moves `rows` up by `count`, filling with blanks from below.
    pub fn scroll_up(&mut self, rows: Range<usize>, count: usize) {
        let count = count.min(rows.len());
        let from = (rows.start + count) * self.width..rows.end * self.width;
        self.cells.copy_within(from, rows.start * self.width);
        self.erase_rows(rows.end - count..rows.end);
        self.touch(rows);
    }

    /// Moves `rows` down by `count`, filling with blanks from above.
    pub fn scroll_down(&mut self, rows: Range<usize>, count: usize) {
        let count = count.min(rows.len());
        let from = rows.start * self.width..(rows.end - count) * self.width;
        self.cells
            .copy_within(from, (rows.start + count) * self.width);
        self.erase_rows(rows.start..rows.start + count);
        self.touch(rows);
    }

    /// Blanks whole rows.
    pub fn erase_rows(&mut self, rows: Range<usize>) {
        let blank = self.blank();
        if let Some(cells) = self
            .cells
            .get_mut(rows.start * self.width..rows.end * self.width)
        {
            cells.fill(blank);
        }
        self.touch(rows);
    }

    /// Blanks columns of the cursor's row.
    pub fn erase_columns(&mut self, columns: Range<usize>) {
        let blank = self.blank();
        let (start, end) = (columns.start.min(self.width), columns.end.min(self.width));
        let row = self.cursor.y * self.width;
        if start < end
            && let Some(cells) = self.cells.get_mut(row + start..row + end)
        {
            cells.fill(blank);
        }
        self.touch(self.cursor.y..self.cursor.y + 1);
    }

    /// Moves what is right of the cursor right by `count` columns (ICH).
    pub fn insert_cells(&mut self, count: usize) {
        let (row, x) = (self.cursor.y * self.width, self.cursor.x);
        let count = count.min(self.width - x);
        self.cells
            .copy_within(row + x..row + self.width - count, row + x + count);
        self.erase_columns(x..x + count);
    }

    /// Moves what is right of the cursor left by `count` columns (DCH).
    pub fn delete_cells(&mut self, count: usize) {
        let (row, x) = (self.cursor.y * self.width, self.cursor.x);
        let count = count.min(self.width - x);
        self.cells
            .copy_within(row + x + count..row + self.width, row + x);
        self.erase_columns(self.width - count..self.width);
    }
}
