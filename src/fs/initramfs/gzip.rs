//! Decompression of gzip (RFC 1952) as a stream.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::{Error, Input};

/// Bytes decompressed at a time.
const BUFFER: usize = 64 * 1024;

/// One gzip member being decompressed.
pub(super) struct Inflate<'a> {
    data: &'a [u8],
    /// Next byte of `data` to be decompressed.
    at: usize,
    state: Box<InflateState>,
    buffer: Vec<u8>,
    /// What of `buffer` is decompressed and not handed out.
    ready: core::ops::Range<usize>,
    crc: u32,
    len: u32,
    ended: bool,
}

impl<'a> Inflate<'a> {
    /// Begins with the member at the start of `data`.
    pub(super) fn new(data: &'a [u8]) -> Result<Self, Error> {
        Ok(Self {
            data,
            at: header_len(data)?,
            state: InflateState::new_boxed(DataFormat::Raw),
            buffer: vec![0; BUFFER],
            ready: 0..0,
            crc: !0,
            len: 0,
            ended: false,
        })
    }

    fn refill(&mut self) -> Result<(), Error> {
        let input = self.data.get(self.at..).unwrap_or_default();
        let result = inflate(&mut self.state, input, &mut self.buffer, MZFlush::None);
        self.at += result.bytes_consumed;
        self.ready = 0..result.bytes_written;
        let written = self.buffer.get(self.ready.clone()).unwrap_or_default();
        self.crc = crc32(self.crc, written);
        self.len = self
            .len
            .wrapping_add(u32::try_from(written.len()).unwrap_or(0));
        match result.status {
            Ok(MZStatus::StreamEnd) => self.ended = true,
            Ok(_) if result.bytes_written > 0 => {}
            Ok(_) | Err(MZError::Buf) if self.at >= self.data.len() => {
                return Err(Error::Truncated);
            }
            _ => return Err(Error::BadCompression),
        }
        Ok(())
    }

    /// Checks the trailer, once all was read, and gives the member's length.
    pub(super) fn finish(mut self) -> Result<usize, Error> {
        while !self.ended {
            self.refill()?;
        }
        let trailer = self
            .data
            .get(self.at..self.at + 8)
            .ok_or(Error::Truncated)?;
        let (crc, len) = trailer.split_at(4);
        if crc != (!self.crc).to_le_bytes() || len != self.len.to_le_bytes() {
            return Err(Error::BadCompression);
        }
        Ok(self.at + 8)
    }
}

impl Input for Inflate<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        let mut done = 0;
        while done < buffer.len() {
            if self.ready.is_empty() {
                if self.ended {
                    return if done == 0 {
                        Ok(false)
                    } else {
                        Err(Error::Truncated)
                    };
                }
                self.refill()?;
                continue;
            }
            let part = self.ready.len().min(buffer.len() - done);
            let from = self.buffer.get(self.ready.start..self.ready.start + part);
            if let (Some(from), Some(to)) = (from, buffer.get_mut(done..done + part)) {
                to.copy_from_slice(from);
            }
            self.ready.start += part;
            done += part;
        }
        Ok(true)
    }
}

/// The length of the header of a gzip member.
fn header_len(data: &[u8]) -> Result<usize, Error> {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let &[_, _, method, flags, ..] = data.get(..10).ok_or(Error::Truncated)? else {
        return Err(Error::Truncated);
    };
    if method != 8 || flags & 0xe0 != 0 {
        return Err(Error::BadCompression);
    }
    let mut len = 10;
    if flags & EXTRA != 0 {
        let &[low, high] = data.get(len..len + 2).ok_or(Error::Truncated)? else {
            return Err(Error::Truncated);
        };
        len += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = data.get(len..).ok_or(Error::Truncated)?;
            len += rest
                .iter()
                .position(|&byte| byte == 0)
                .ok_or(Error::Truncated)?
                + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        len += 2;
    }
    Ok(len)
}

/// Tables for eight bytes at a time: `TABLES[k][b]` is the CRC of byte `b` followed by `k` zero bytes.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[k - 1][byte];
            tables[k][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        k += 1;
    }
    tables
}

/// Continues the CRC-32 of gzip over `bytes`; begins with all ones and ends with an inversion, both by the caller.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let look_up = |table: usize, byte: u8| TABLES[table][usize::from(byte)];
    let (chunks, rest) = bytes.as_chunks::<8>();
    let crc = chunks.iter().fold(crc, |crc, &[a, b, c, d, e, f, g, h]| {
        let [w, x, y, z] = (crc ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
        look_up(7, w)
            ^ look_up(6, x)
            ^ look_up(5, y)
            ^ look_up(4, z)
            ^ look_up(3, e)
            ^ look_up(2, f)
            ^ look_up(1, g)
            ^ look_up(0, h)
    });
    rest.iter().fold(crc, |crc, &byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ look_up(0, low ^ byte)
    })
}
