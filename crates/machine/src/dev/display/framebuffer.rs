//! Text drawn into a linear framebuffer.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use spleen_font::FONT_8X16;

use super::{Attribute, TextDisplay};
use crate::boot::Framebuffer;
use crate::mem::Caching;

const GLYPH_WIDTH: usize = 8;
const GLYPH_HEIGHT: usize = 16;
const GLYPHS: usize = 256;
/// Cursor position that means that it is hidden.
const HIDDEN: usize = usize::MAX;

/// Red, green and blue of the 16 colours.
const PALETTE: [[u8; 3]; 16] = [
    [0, 0, 0],
    [0, 0, 170],
    [0, 170, 0],
    [0, 170, 170],
    [170, 0, 0],
    [170, 0, 170],
    [170, 85, 0],
    [170, 170, 170],
    [85, 85, 85],
    [85, 85, 255],
    [85, 255, 85],
    [85, 255, 255],
    [255, 85, 85],
    [255, 85, 255],
    [255, 255, 85],
    [255, 255, 255],
];

/// A framebuffer with a grid of cells.
pub(super) struct FramebufferText {
    pixels: AtomicPtr<u8>,
    pitch: usize,
    bytes_per_pixel: usize,
    columns: usize,
    rows: usize,
    colours: [u32; 16],
    glyphs: Box<[[u8; GLYPH_HEIGHT]; GLYPHS]>,
    cursor: AtomicUsize,
}

/// The rows of the Latin-1 characters in the font, one bit a pixel from the left. The font is in the format PSF 1: a
/// header of 4 bytes, the glyphs, and for each glyph the UTF-16 characters it stands for, ended by 0xffff.
fn load_glyphs() -> Option<Box<[[u8; GLYPH_HEIGHT]; GLYPHS]>> {
    const MAGIC: [u8; 2] = [0x36, 0x04];
    const HAS_512_GLYPHS: u8 = 1;
    let (&[magic0, magic1, mode, height], rest) = FONT_8X16.split_first_chunk()?;
    let count = if mode & HAS_512_GLYPHS != 0 { 512 } else { 256 };
    if [magic0, magic1] != MAGIC || usize::from(height) != GLYPH_HEIGHT {
        return None;
    }
    let (images, characters) = rest.split_at_checked(count * GLYPH_HEIGHT)?;
    let mut images = images.as_chunks::<GLYPH_HEIGHT>().0.iter();
    let mut image = images.next();
    let mut glyphs = Box::new([[0; GLYPH_HEIGHT]; GLYPHS]);
    for character in characters
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(u16::from_le_bytes)
    {
        if character == 0xffff {
            image = images.next();
        } else if let (Some(glyph), Some(image)) = (glyphs.get_mut(usize::from(character)), image) {
            *glyph = *image;
        }
    }
    Some(glyphs)
}

impl FramebufferText {
    /// Maps the framebuffer. `None` if its format or size is not one we can draw in.
    pub(super) fn new(info: Framebuffer) -> Option<FramebufferText> {
        let bytes_per_pixel = usize::from(info.bits_per_pixel).div_ceil(8);
        let (pitch, width, height) = (
            info.pitch as usize,
            info.width as usize,
            info.height as usize,
        );
        if !(2..=4).contains(&bytes_per_pixel)
            || pitch < width * bytes_per_pixel
            || height > 1 << 14
            || pitch > 1 << 17
        {
            return None;
        }
        let (columns, rows) = (width / GLYPH_WIDTH, height / GLYPH_HEIGHT);
        if columns == 0 || rows == 0 {
            return None;
        }
        let colour = |[red, green, blue]: [u8; 3]| {
            [red, green, blue].into_iter().zip(info.channels).fold(
                0,
                |pixel, (value, (position, width))| {
                    let width = width.min(8);
                    pixel | (u32::from(value) >> (8 - width)).unbounded_shl(position.into())
                },
            )
        };
        let text = FramebufferText {
            pixels: AtomicPtr::new(crate::mem::map_physical(
                info.address,
                pitch * height,
                Caching::Uncached,
            )),
            pitch,
            bytes_per_pixel,
            columns,
            rows,
            colours: PALETTE.map(colour),
            glyphs: load_glyphs()?,
            cursor: AtomicUsize::new(HIDDEN),
        };
        text.clear();
        Some(text)
    }

    /// Writes one pixel of the grid.
    fn put(&self, x: usize, y: usize, colour: u32) {
        debug_assert!(x < self.columns * GLYPH_WIDTH && y < self.rows * GLYPH_HEIGHT);
        let at = self
            .pixels
            .load(Ordering::Relaxed)
            .wrapping_add(y * self.pitch + x * self.bytes_per_pixel);
        // SAFETY: the callers keep to the grid, which lies inside the mapped framebuffer.
        unsafe {
            match self.bytes_per_pixel {
                4 => at.cast::<u32>().write_unaligned(colour),
                bytes => {
                    for index in 0..bytes {
                        at.add(index).write((colour >> (8 * index)) as u8);
                    }
                }
            }
        }
    }

    /// Turns the pixels of the cursor at cell `index` into their opposite, which shows or hides it.
    fn flip_cursor(&self, index: usize) {
        if index >= self.columns * self.rows {
            return;
        }
        let (x, y) = (
            index % self.columns * GLYPH_WIDTH,
            (index / self.columns + 1) * GLYPH_HEIGHT - 2,
        );
        for line in y..y + 2 {
            let start = line * self.pitch + x * self.bytes_per_pixel;
            for byte in 0..GLYPH_WIDTH * self.bytes_per_pixel {
                let at = self
                    .pixels
                    .load(Ordering::Relaxed)
                    .wrapping_add(start + byte);
                // SAFETY: the cell is inside the grid, which lies inside the mapped framebuffer.
                unsafe { at.write_volatile(!at.read_volatile()) };
            }
        }
    }
}

impl TextDisplay for FramebufferText {
    fn size(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    fn write_cell(&self, x: usize, y: usize, ch: char, attribute: Attribute) {
        if x >= self.columns || y >= self.rows {
            return;
        }
        let code = u8::try_from(ch).unwrap_or(b'?');
        let foreground = self.colours[usize::from(attribute.0 & 0xf)];
        let background = self.colours[usize::from(attribute.0 >> 4 & 0x7)];
        for (line, row) in self.glyphs[usize::from(code)].iter().enumerate() {
            for column in 0..GLYPH_WIDTH {
                let colour = if row >> (7 - column) & 1 != 0 {
                    foreground
                } else {
                    background
                };
                self.put(x * GLYPH_WIDTH + column, y * GLYPH_HEIGHT + line, colour);
            }
        }
        if self.cursor.load(Ordering::Relaxed) == y * self.columns + x {
            self.flip_cursor(y * self.columns + x);
        }
    }

    fn scroll_up(&self, rows: usize) {
        let cursor = self.cursor.load(Ordering::Relaxed);
        self.flip_cursor(cursor);
        let rows = rows.min(self.rows);
        let line = GLYPH_HEIGHT * self.pitch;
        let pixels = self.pixels.load(Ordering::Relaxed);
        // SAFETY: both ranges lie inside the mapped framebuffer, whose height is at least that of the grid.
        unsafe { core::ptr::copy(pixels.add(rows * line), pixels, (self.rows - rows) * line) };
        // SAFETY: the rest of the grid; black is all zero in every format.
        unsafe { core::ptr::write_bytes(pixels.add((self.rows - rows) * line), 0, rows * line) };
        self.flip_cursor(cursor);
    }

    fn set_cursor(&self, x: usize, y: usize) {
        let inside = x < self.columns && y < self.rows;
        let position = if inside { y * self.columns + x } else { HIDDEN };
        let old = self.cursor.swap(position, Ordering::Relaxed);
        if old != position {
            self.flip_cursor(old);
            self.flip_cursor(position);
        }
    }
}
