//! The text display: VGA text memory, or characters drawn into a framebuffer.

mod framebuffer;
mod vga;

use ksync::Once;

/// Foreground and background, as VGA has them: bits 0..4 the foreground colour, bits 4..7 the background colour, in
/// the order black, blue, green, cyan, red, magenta, brown, grey and (foreground only) their bright forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute(pub u8);

impl Attribute {
    /// Light grey on black.
    pub const NORMAL: Attribute = Attribute(0x07);
    /// White on red.
    pub const ALARM: Attribute = Attribute(0x4f);
}

/// A grid of character cells. The methods take `&self` and may be called in any context; if calls overlap, the worst
/// that happens is a garbled picture.
pub trait TextDisplay: Send + Sync {
    /// Columns and rows.
    fn size(&self) -> (usize, usize);

    /// Shows `ch` at column `x`, row `y`; nothing outside the grid.
    fn write_cell(&self, x: usize, y: usize, ch: char, attribute: Attribute);

    /// Moves everything up by `rows` and clears the rows that come free.
    fn scroll_up(&self, rows: usize);

    /// Shows the cursor at column `x`, row `y`; hides it if that is outside the grid.
    fn set_cursor(&self, x: usize, y: usize);

    /// Clears everything.
    fn clear(&self) {
        self.scroll_up(self.size().1);
    }
}

enum Display {
    Vga(vga::Vga),
    Framebuffer(framebuffer::FramebufferText),
    None,
}

static DISPLAY: Once<Display> = Once::new();

/// The machine's display, if it has one: the boot loader's framebuffer, else VGA text. `None` before [`init`].
pub fn get() -> Option<&'static dyn TextDisplay> {
    match DISPLAY.get()? {
        Display::Vga(vga) => Some(vga),
        Display::Framebuffer(framebuffer) => Some(framebuffer),
        Display::None => None,
    }
}

/// Looks for the display. Needs `mem::init`; later calls do nothing.
pub fn init() {
    if DISPLAY.get().is_some() {
        return;
    }
    let framebuffer = crate::boot::info()
        .framebuffer
        .and_then(framebuffer::FramebufferText::new);
    let display = match framebuffer {
        Some(framebuffer) => Display::Framebuffer(framebuffer),
        None => vga::Vga::probe().map_or(Display::None, Display::Vga),
    };
    let _ = DISPLAY.set(display);
}
