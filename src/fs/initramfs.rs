//! The initial root: unpacks a cpio archive, as the boot loader hands it over, into the tree.
//!
//! The format is Linux's (`Documentation/driver-api/early-userspace/buffer-format.rst`): any number of archives in the
//! formats newc and crc, each plain or compressed by gzip, with zeros in between. What does not fit into the tree
//! (a file whose directory is missing, say) is left out and counted, as Linux leaves it out.

mod cpio;
mod gzip;
mod tree;

use core::fmt;

use abi::Errno;

use super::FsContext;
use gzip::Inflate;
use tree::Unpacker;

/// What was unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Names made, directories included.
    pub entries: usize,
    /// Bytes of file content.
    pub bytes: u64,
    /// Entries left out because they did not fit into the tree.
    pub skipped: usize,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries, {} KiB", self.entries, self.bytes >> 10)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} left out"),
        }
    }
}

/// Why unpacking ended early. What came before is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The data end within an archive.
    Truncated,
    /// Neither a cpio archive nor anything known at this offset.
    BadMagic(usize),
    /// A field of an entry's header is not a hexadecimal number, or makes no sense.
    BadHeader,
    /// The checksum of a file in a crc archive does not match.
    BadChecksum,
    /// The compressed data are damaged.
    BadCompression,
    /// Compressed in a way this kernel does not know; its name.
    Unsupported(&'static str),
    /// No room for it.
    NoSpace(Errno),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the archive ends too early"),
            Self::BadMagic(offset) => write!(f, "no cpio archive at byte {offset}"),
            Self::BadHeader => f.write_str("damaged header in the cpio archive"),
            Self::BadChecksum => f.write_str("checksum error in the cpio archive"),
            Self::BadCompression => f.write_str("damaged compressed data"),
            Self::Unsupported(name) => write!(f, "compressed by {name}, which is not supported"),
            Self::NoSpace(errno) => write!(f, "no room ({errno:?})"),
        }
    }
}

/// Where an archive's bytes come from.
trait Input {
    /// Fills `buffer`; false, with nothing read, at the end of the input.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Error>;
}

/// Input that lies in memory as it is.
struct Plain<'a> {
    data: &'a [u8],
    at: usize,
}

impl Input for Plain<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Error> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(false);
        }
        let bytes = rest.get(..buffer.len()).ok_or(Error::Truncated)?;
        buffer.copy_from_slice(bytes);
        self.at += bytes.len();
        Ok(true)
    }
}

/// Unpacks `data` into the tree `context` sees, adding what was done to `stats`.
///
/// # Errors
/// See [`Error`].
pub fn unpack(data: &[u8], context: &FsContext, stats: &mut Stats) -> Result<(), Error> {
    let mut unpacker = Unpacker::new(context, stats);
    let result = unpack_all(data, &mut unpacker);
    unpacker.finish();
    result
}

fn unpack_all(data: &[u8], unpacker: &mut Unpacker<'_>) -> Result<(), Error> {
    let mut at = 0;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let Some(zeros) = rest.iter().position(|&byte| byte != 0) else {
            return Ok(());
        };
        at += zeros;
        let rest = data.get(at..).unwrap_or_default();
        match rest {
            [b'0', ..] => {
                let mut input = Plain { data, at };
                cpio::unpack_archive(&mut input, at, unpacker)?;
                at = input.at;
            }
            [0x1f, 0x8b, ..] => {
                let mut input = Inflate::new(rest)?;
                let result = cpio::unpack_archives(&mut input, unpacker);
                // Damage to the compressed data explains whatever is wrong with what came out.
                let len = input.finish();
                if result.is_err() && len != Err(Error::BadCompression) {
                    return result;
                }
                at += len?;
            }
            _ => return Err(unknown(rest, at)),
        }
    }
}

fn unknown(data: &[u8], at: usize) -> Error {
    const KNOWN: [(&[u8], &str); 6] = [
        (&[0xfd, b'7', b'z', b'X', b'Z'], "xz"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (&[0x02, 0x21, 0x4c, 0x18], "lz4"),
        (b"BZh", "bzip2"),
        (&[0x5d, 0x00, 0x00], "lzma"),
        (&[0x89, b'L', b'Z', b'O'], "lzo"),
    ];
    let found = KNOWN.iter().find(|(magic, _)| data.starts_with(magic));
    found.map_or(Error::BadMagic(at), |(_, name)| Error::Unsupported(name))
}

/// Makes what Linux's built-in archive has: `/dev`, `/dev/console` and `/root`.
pub fn make_default_tree(context: &FsContext) {
    let mut stats = Stats::default();
    let mut unpacker = Unpacker::new(context, &mut stats);
    unpacker.make_defaults();
    unpacker.finish();
}
