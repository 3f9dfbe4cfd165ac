//! The control functions of the Linux console (`TERM=linux`, `console_codes(4)`): turns bytes into
//! changes of a `Screen`, and answers the questions a program may ask of its terminal.

use crate::screen::{DEFAULT_PEN, Pen, Position, Screen};
use alloc::vec::Vec;
use vte::{Params, Parser, Perform};

/// VGA colour of each ANSI colour 0..8.
const ANSI_TO_VGA: [u8; 8] = [0, 4, 2, 6, 1, 5, 3, 7];

/// DEC special graphics for `` ` `` to `~`.
const GRAPHICS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
    '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// What DECSC saves and DECRC brings back.
#[derive(Clone, Copy)]
struct Saved {
    cursor: Position,
    pen: Pen,
    graphics: [bool; 2],
    shifted: bool,
}

/// Where a `ESC ]` sequence private to the Linux console stands: those have no terminator, which a
/// standard parser would wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Private {
    None,
    Escape,
    Bracket,
    Palette(u8),
}

/// The state of the terminal beyond its picture.
struct Modes {
    autowrap: bool,
    insert: bool,
    origin: bool,
    newline: bool,
    cursor_visible: bool,
    application_cursor: bool,
    /// G0 and G1 are DEC graphics rather than Unicode.
    graphics: [bool; 2],
    /// SO was received: G1 is in use.
    shifted: bool,
    saved: Saved,
}

impl Modes {
    fn new() -> Modes {
        let saved = Saved {
            cursor: Position::default(),
            pen: DEFAULT_PEN,
            graphics: [false; 2],
            shifted: false,
        };
        Modes {
            autowrap: true,
            insert: false,
            origin: false,
            newline: false,
            cursor_visible: true,
            application_cursor: false,
            graphics: [false; 2],
            shifted: false,
            saved,
        }
    }
}

/// A terminal: screen, modes and the parser of its byte stream.
pub struct Terminal {
    parser: Parser,
    private: Private,
    state: State,
}

struct State {
    screen: Screen,
    modes: Modes,
    /// Answers (device attributes, cursor position) that go back as if typed.
    reply: Vec<u8>,
}

impl Terminal {
    /// A terminal of the given size in characters.
    pub fn new(width: usize, height: usize) -> Terminal {
        let state = State {
            screen: Screen::new(width, height),
            modes: Modes::new(),
            reply: Vec::new(),
        };
        Terminal {
            parser: Parser::new(),
            private: Private::None,
            state,
        }
    }

    /// Shows `bytes`.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_byte(byte);
        }
    }

    fn write_byte(&mut self, byte: u8) {
        let (next, consumed) = match (self.private, byte) {
            (Private::None | Private::Escape, 0x1b) => (Private::Escape, false),
            (Private::Escape, b']') => (Private::Bracket, true),
            (Private::Bracket, b'R') => (Private::None, true),
            (Private::Bracket, b'P') => (Private::Palette(7), true),
            (Private::Palette(left), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => (
                if left > 1 {
                    Private::Palette(left - 1)
                } else {
                    Private::None
                },
                true,
            ),
            _ => (Private::None, false),
        };
        // An ordinary `ESC ]` string: give the parser the bracket held back.
        if self.private == Private::Bracket && !consumed {
            self.parser.advance(&mut self.state, b"]");
        }
        // A private sequence ends with the parser still inside its escape: CAN returns it to the ground.
        if consumed && next == Private::None {
            self.parser.advance(&mut self.state, &[0x18]);
        }
        self.private = next;
        if !consumed {
            self.parser.advance(&mut self.state, &[byte]);
        }
    }

    /// The picture.
    pub fn screen(&mut self) -> &mut Screen {
        &mut self.state.screen
    }

    /// Where the cursor is shown, if it is.
    pub fn visible_cursor(&self) -> Option<Position> {
        self.state
            .modes
            .cursor_visible
            .then_some(self.state.screen.cursor)
    }

    /// Whether cursor keys send `ESC O A` instead of `ESC [ A` (DECCKM).
    pub fn application_cursor(&self) -> bool {
        self.state.modes.application_cursor
    }

    /// Whether there are answers to take.
    pub fn has_reply(&self) -> bool {
        !self.state.reply.is_empty()
    }

    /// The answers produced since the last call.
    pub fn take_reply(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.state.reply)
    }
}

/// Parameter `index`, with 0 and absence read as `default`.
fn parameter(params: &Params, index: usize, default: usize) -> usize {
    match params.iter().nth(index).and_then(|p| p.first()) {
        None | Some(0) => default,
        Some(&value) => usize::from(value),
    }
}

impl State {
    fn reset(&mut self) {
        self.screen = Screen::new(self.screen.width(), self.screen.height());
        self.modes = Modes::new();
    }

    fn save(&mut self) {
        self.modes.saved = Saved {
            cursor: self.screen.cursor,
            pen: self.screen.pen,
            graphics: self.modes.graphics,
            shifted: self.modes.shifted,
        };
    }

    fn restore(&mut self) {
        let saved = self.modes.saved;
        self.screen.go_to(saved.cursor.x, saved.cursor.y);
        self.screen.pen = saved.pen;
        self.modes.graphics = saved.graphics;
        self.modes.shifted = saved.shifted;
    }

    /// Cursor addressing as the origin mode wants it.
    fn go_to(&mut self, x: usize, y: usize) {
        let y = if self.modes.origin {
            (y + self.screen.margins.start).min(self.screen.margins.end - 1)
        } else {
            y
        };
        self.screen.go_to(x, y);
    }

    fn move_cursor(&mut self, action: char, count: usize) {
        let Position { x, y } = self.screen.cursor;
        let margins = self.screen.margins.clone();
        let top = if y >= margins.start { margins.start } else { 0 };
        let bottom = if y < margins.end {
            margins.end - 1
        } else {
            self.screen.height() - 1
        };
        match action {
            'A' => self.screen.go_to(x, y.saturating_sub(count).max(top)),
            'B' | 'e' => self.screen.go_to(x, (y + count).min(bottom)),
            'C' | 'a' => self.screen.go_to(x + count, y),
            'D' => self.screen.go_to(x.saturating_sub(count), y),
            'E' => self.screen.go_to(0, (y + count).min(bottom)),
            _ => self.screen.go_to(0, y.saturating_sub(count).max(top)),
        }
    }

    fn erase_display(&mut self, mode: usize) {
        let Position { x, y } = self.screen.cursor;
        let (width, height) = (self.screen.width(), self.screen.height());
        match mode {
            0 => {
                self.screen.erase_columns(x..width);
                self.screen.erase_rows(y + 1..height);
            }
            1 => {
                self.screen.erase_rows(0..y);
                self.screen.erase_columns(0..x + 1);
            }
            2 | 3 => self.screen.erase_rows(0..height),
            _ => {}
        }
    }

    fn erase_line(&mut self, mode: usize) {
        let (x, width) = (self.screen.cursor.x, self.screen.width());
        match mode {
            0 => self.screen.erase_columns(x..width),
            1 => self.screen.erase_columns(0..x + 1),
            2 => self.screen.erase_columns(0..width),
            _ => {}
        }
    }

    fn shift_lines(&mut self, action: char, count: usize) {
        let (y, margins) = (self.screen.cursor.y, self.screen.margins.clone());
        if !margins.contains(&y) {
            return;
        }
        if action == 'L' {
            self.screen.scroll_down(y..margins.end, count);
        } else {
            self.screen.scroll_up(y..margins.end, count);
        }
        self.screen.go_to(0, y);
    }

    fn set_modes(&mut self, params: &Params, private: bool, on: bool) {
        for parameter in params.iter().filter_map(|p| p.first()) {
            match (private, parameter) {
                (true, 1) => self.modes.application_cursor = on,
                (true, 6) => {
                    self.modes.origin = on;
                    self.go_to(0, 0);
                }
                (true, 7) => self.modes.autowrap = on,
                (true, 25) => self.modes.cursor_visible = on,
                (false, 4) => self.modes.insert = on,
                (false, 20) => self.modes.newline = on,
                _ => {}
            }
        }
    }

    fn set_margins(&mut self, params: &Params) {
        let height = self.screen.height();
        let top = parameter(params, 0, 1) - 1;
        let bottom = parameter(params, 1, height).min(height);
        if top + 1 < bottom {
            self.screen.margins = top..bottom;
            self.go_to(0, 0);
        }
    }

    fn report_status(&mut self, params: &Params) {
        match parameter(params, 0, 0) {
            5 => self.reply.extend_from_slice(b"\x1b[0n"),
            6 => {
                let Position { x, y } = self.screen.cursor;
                let y = if self.modes.origin {
                    y.saturating_sub(self.screen.margins.start)
                } else {
                    y
                };
                self.reply
                    .extend_from_slice(alloc::format!("\x1b[{};{}R", y + 1, x + 1).as_bytes());
            }
            _ => {}
        }
    }

    fn render(&mut self, params: &Params) {
        let mut values = params.iter().flatten().copied();
        if params.is_empty() {
            self.screen.pen = DEFAULT_PEN;
        }
        while let Some(value) = values.next() {
            let pen = &mut self.screen.pen;
            match value {
                0 => *pen = DEFAULT_PEN,
                1 => pen.bold = true,
                2 | 21 | 22 => pen.bold = false,
                4 => pen.underline = true,
                7 => pen.reverse = true,
                24 => pen.underline = false,
                27 => pen.reverse = false,
                10 => self.modes.shifted = false,
                11 | 12 => self.modes.shifted = true,
                30..=37 => pen.foreground = ansi(value - 30),
                39 => pen.foreground = DEFAULT_PEN.foreground,
                40..=47 => pen.background = ansi(value - 40),
                49 => pen.background = DEFAULT_PEN.background,
                90..=97 => pen.foreground = ansi(value - 90) | 8,
                100..=107 => pen.background = ansi(value - 100),
                38 => {
                    if let Some(colour) = extended(&mut values) {
                        pen.foreground = colour;
                    }
                }
                48 => {
                    if let Some(colour) = extended(&mut values) {
                        pen.background = colour & 7;
                    }
                }
                _ => {}
            }
        }
    }
}

fn ansi(value: u16) -> u8 {
    ANSI_TO_VGA.get(usize::from(value)).copied().unwrap_or(7)
}

/// Reads the rest of `38;5;N` or `38;2;R;G;B` and gives the nearest of the 16 colours.
fn extended(values: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match values.next()? {
        5 => match values.next()? {
            n @ 0..=7 => Some(ansi(n)),
            n @ 8..=15 => Some(ansi(n - 8) | 8),
            n @ 16..=231 => {
                let n = n - 16;
                Some(nearest((n / 36) * 51, (n / 6 % 6) * 51, (n % 6) * 51))
            }
            n => {
                let grey = n.saturating_sub(232).min(23) * 10 + 8;
                Some(nearest(grey, grey, grey))
            }
        },
        2 => {
            let (red, green, blue) = (values.next()?, values.next()?, values.next()?);
            Some(nearest(red, green, blue))
        }
        _ => None,
    }
}

/// The VGA colour for components 0..256: a bit for each strong one, bright if one is very strong.
fn nearest(red: u16, green: u16, blue: u16) -> u8 {
    let peak = red.max(green).max(blue);
    let strong = |component: u16| component > peak / 2 && component > 0x2a;
    let hue = u8::from(strong(red)) << 2 | u8::from(strong(green)) << 1 | u8::from(strong(blue));
    match peak {
        0..=0x2a => 0,
        0x2b..=0x7f if hue == 7 => 8,
        0xd5.. => hue | 8,
        _ => hue,
    }
}

impl Perform for State {
    fn print(&mut self, character: char) {
        let graphics = self.modes.graphics[usize::from(self.modes.shifted)];
        let character = match character {
            '`'..='~' if graphics => {
                let index = u32::from(character).wrapping_sub(0x60);
                usize::try_from(index)
                    .ok()
                    .and_then(|i| GRAPHICS.get(i))
                    .copied()
                    .unwrap_or(character)
            }
            '\x7f' => return,
            other => other,
        };
        self.screen
            .put(character, self.modes.autowrap, self.modes.insert);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x08 => {
                let Position { x, y } = self.screen.cursor;
                self.screen.go_to(x.saturating_sub(1), y);
            }
            b'\t' => self.screen.tab(),
            b'\n' | 0x0b | 0x0c => {
                self.screen.line_feed();
                if self.modes.newline {
                    self.screen.cursor.x = 0;
                }
            }
            b'\r' => self.screen.go_to(0, self.screen.cursor.y),
            0x0e => self.modes.shifted = true,
            0x0f => self.modes.shifted = false,
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        match (intermediates, byte) {
            ([], b'c') => self.reset(),
            ([], b'D') => self.screen.line_feed(),
            ([], b'E') => {
                self.screen.line_feed();
                self.screen.cursor.x = 0;
            }
            ([], b'H') => self.screen.set_tab(true),
            ([], b'M') => self.screen.reverse_line_feed(),
            ([], b'Z') => self.reply.extend_from_slice(b"\x1b[?6c"),
            ([], b'7') => self.save(),
            ([], b'8') => self.restore(),
            ([b'('], set) => self.modes.graphics[0] = set == b'0',
            ([b')'], set) => self.modes.graphics[1] = set == b'0',
            ([b'#'], b'8') => {
                let (width, height) = (self.screen.width(), self.screen.height());
                for y in 0..height {
                    self.screen.go_to(0, y);
                    (0..width).for_each(|_| self.screen.put('E', false, false));
                }
                self.screen.go_to(0, 0);
            }
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        let count = parameter(params, 0, 1);
        let mode = parameter(params, 0, 0);
        let (x, y) = (self.screen.cursor.x, self.screen.cursor.y);
        match (intermediates, action) {
            _ if ignore => {}
            ([b'?'], 'h' | 'l') => self.set_modes(params, true, action == 'h'),
            ([], 'h' | 'l') => self.set_modes(params, false, action == 'h'),
            ([], 'A'..='F' | 'a' | 'e') => self.move_cursor(action, count),
            ([], 'G' | '`') => self.screen.go_to(count - 1, y),
            ([], 'H' | 'f') => self.go_to(parameter(params, 1, 1) - 1, count - 1),
            ([], 'd') => self.go_to(x, count - 1),
            ([], 'J') => self.erase_display(mode),
            ([], 'K') => self.erase_line(mode),
            ([], 'L' | 'M') => self.shift_lines(action, count),
            ([], 'P') => self.screen.delete_cells(count),
            ([], '@') => self.screen.insert_cells(count),
            ([], 'X') => self.screen.erase_columns(x..x + count),
            ([], 'S') => self.screen.scroll_up(self.screen.margins.clone(), count),
            ([], 'T') => self.screen.scroll_down(self.screen.margins.clone(), count),
            ([], 'c') => self.reply.extend_from_slice(b"\x1b[?6c"),
            ([], 'g') if mode == 0 => self.screen.set_tab(false),
            ([], 'g') if mode == 3 => self.screen.clear_tabs(),
            ([], 'm') => self.render(params),
            ([], 'n') => self.report_status(params),
            ([], 'r') => self.set_margins(params),
            ([], 's') => self.save(),
            ([], 'u') => self.restore(),
            _ => {}
        }
    }
}
