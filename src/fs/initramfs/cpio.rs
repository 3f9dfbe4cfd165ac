//! The cpio formats newc and crc.

use alloc::vec::Vec;

use abi::PATH_MAX;

use super::tree::Unpacker;
use super::{Error, Input};

/// Bytes of file content handed on at a time.
const CHUNK: usize = 64 * 1024;
const HEADER: usize = 110;
const TRAILER: &[u8] = b"TRAILER!!!";

/// What an entry's header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) inode: u32,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u32,
    pub(super) modified: u32,
    pub(super) size: u32,
    pub(super) device: (u32, u32),
    pub(super) rdev: (u32, u32),
    name_len: u32,
    /// The sum of the content's bytes, in the format crc.
    checksum: Option<u32>,
}

impl Header {
    fn parse(bytes: &[u8; HEADER], at: usize) -> Result<Self, Error> {
        let (magic, fields) = bytes.split_at(6);
        let with_checksum = match magic {
            b"070701" => false,
            b"070702" => true,
            _ => return Err(Error::BadMagic(at)),
        };
        let mut values = [0; 13];
        for (value, digits) in values.iter_mut().zip(fields.chunks(8)) {
            let text = core::str::from_utf8(digits).map_err(|_| Error::BadHeader)?;
            *value = u32::from_str_radix(text, 16).map_err(|_| Error::BadHeader)?;
        }
        let [
            inode,
            mode,
            uid,
            gid,
            links,
            modified,
            size,
            major,
            minor,
            rmajor,
            rminor,
            name_len,
            sum,
        ] = values;
        Ok(Self {
            inode,
            mode,
            uid,
            gid,
            links,
            modified,
            size,
            device: (major, minor),
            rdev: (rmajor, rminor),
            name_len,
            checksum: with_checksum.then_some(sum),
        })
    }
}

/// An archive being read: the input, and how far into the archive it has come, since entries are padded to 4 bytes.
struct Archive<'i, I> {
    input: &'i mut I,
    /// Bytes from the start of the archive, or any multiple of 4 more.
    at: usize,
}

impl<I: Input> Archive<'_, I> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        if !buffer.is_empty() && !self.input.fill(buffer)? {
            return Err(Error::Truncated);
        }
        self.at += buffer.len();
        Ok(())
    }

    fn align(&mut self) -> Result<(), Error> {
        let mut padding = [0; 3];
        let len = self.at.next_multiple_of(4) - self.at;
        self.fill(padding.split_at_mut(len).0)
    }

    /// The rest of an entry whose header was read: its name, padded, without the zero at its end.
    fn name(&mut self, header: &Header) -> Result<Vec<u8>, Error> {
        let len = usize::try_from(header.name_len).map_err(|_| Error::BadHeader)?;
        if len == 0 || len > PATH_MAX {
            return Err(Error::BadHeader);
        }
        let mut name = alloc::vec![0; len];
        self.fill(&mut name)?;
        self.align()?;
        match name.pop() {
            Some(0) => Ok(name),
            _ => Err(Error::BadHeader),
        }
    }

    /// Hands the content of an entry to `take`, piece by piece, and checks its sum.
    fn content(
        &mut self,
        header: &Header,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut left = usize::try_from(header.size).map_err(|_| Error::BadHeader)?;
        let mut chunk = alloc::vec![0; left.min(CHUNK)];
        let mut sum = 0_u32;
        while left > 0 {
            let (part, _) = chunk.split_at_mut(left.min(CHUNK));
            self.fill(part)?;
            if header.checksum.is_some() {
                sum = part
                    .iter()
                    .fold(sum, |sum, &byte| sum.wrapping_add(u32::from(byte)));
            }
            take(part)?;
            left -= part.len();
        }
        self.align()?;
        let regular = header.mode & abi::stat::S_IFMT == abi::stat::S_IFREG;
        match header.checksum {
            Some(expected) if regular && header.size > 0 && expected != sum => {
                Err(Error::BadChecksum)
            }
            _ => Ok(()),
        }
    }

    /// Reads the entries up to and with the trailer.
    fn entries(&mut self, first: [u8; HEADER], unpacker: &mut Unpacker<'_>) -> Result<(), Error> {
        let mut bytes = first;
        loop {
            let header = Header::parse(&bytes, self.at - HEADER)?;
            let name = self.name(&header)?;
            if name == TRAILER {
                unpacker.end_of_archive();
                return Ok(());
            }
            let mut entry = unpacker.begin(&header, name);
            self.content(&header, |part| unpacker.add(&mut entry, part))?;
            unpacker.end(entry)?;
            self.fill(&mut bytes)?;
        }
    }
}

/// Reads one archive, which begins `at` bytes into the data.
pub(super) fn unpack_archive(
    input: &mut impl Input,
    at: usize,
    unpacker: &mut Unpacker<'_>,
) -> Result<(), Error> {
    let mut archive = Archive { input, at: 0 };
    let mut header = [0; HEADER];
    archive.fill(&mut header)?;
    match archive.entries(header, unpacker) {
        Err(Error::BadMagic(offset)) => Err(Error::BadMagic(at + offset)),
        other => other,
    }
}

/// Reads all archives of an input, with zeros in between, to its end.
pub(super) fn unpack_archives(
    input: &mut impl Input,
    unpacker: &mut Unpacker<'_>,
) -> Result<(), Error> {
    let mut word = [0; 4];
    while input.fill(&mut word)? {
        if word == [0; 4] {
            continue;
        }
        let mut header = [0; HEADER];
        let mut archive = Archive { input, at: 4 };
        let (start, rest) = header.split_at_mut(4);
        start.copy_from_slice(&word);
        archive.fill(rest)?;
        archive.entries(header, unpacker)?;
    }
    Ok(())
}
