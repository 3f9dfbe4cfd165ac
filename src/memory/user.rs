//! Addresses and buffers of user programs: typed access, and the two ends of `read(2)` and `write(2)`.
//!
//! [`UserAddr`] is an address a program gave us: nothing about it is known until an access through it succeeds.
//! [`Sink`] and [`Source`] are where a read puts its bytes and where a write takes them from, so that one
//! implementation of a file serves user ranges, `iovec` lists and the kernel's own buffers.
//!
//! Accesses may fault and sleep: never make one while holding a spin lock.

use alloc::vec::{self, Vec};

use abi::Errno;
use machine::mem::Page;
use machine::uaccess::{self, UserFault};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The first address above the user half (Linux's `TASK_SIZE_MAX` with four-level paging).
pub const USER_TOP: usize = 0x7fff_ffff_f000;

/// The most bytes one `read` or `write` moves (Linux's `MAX_RW_COUNT`).
pub const MAX_RW_COUNT: usize = 0x7fff_f000;

/// The longest path, its NUL included (`PATH_MAX`).
pub const PATH_MAX: usize = 4096;

/// The most entries of an `iovec` list (`UIO_MAXIOV`).
pub const MAX_IOVECS: usize = 1024;

/// An unchecked address in the current process's address space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserAddr(usize);

impl UserAddr {
    /// The null pointer.
    pub const NULL: Self = Self(0);

    /// Wraps an address as a program gave it.
    #[must_use]
    pub const fn new(address: usize) -> Self {
        Self(address)
    }

    /// The plain number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// Whether this is the null pointer, which many calls take for "not given".
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address `bytes` further on. Wraps: an access through a wrong result fails like any other.
    #[must_use]
    pub const fn offset(self, bytes: usize) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// `EFAULT` unless the `len` bytes from here lie in the user half (Linux's `access_ok`).
    pub const fn check(self, len: usize) -> Result<(), Errno> {
        if len > USER_TOP || self.0 > USER_TOP - len {
            Err(Errno::EFAULT)
        } else {
            Ok(())
        }
    }

    /// Reads one value. `EFAULT` if it cannot be read whole.
    pub fn read<T: FromBytes>(self) -> Result<T, Errno> {
        match size_of::<T>() {
            4 => decode(&uaccess::read_u32(self.0).map_err(efault)?.to_ne_bytes()),
            8 => decode(&uaccess::read_u64(self.0).map_err(efault)?.to_ne_bytes()),
            size if size <= 64 => self.read_buffered::<T, 64>(),
            size if size <= 256 => self.read_buffered::<T, 256>(),
            size => {
                let mut bytes = alloc::vec![0; size];
                self.read_bytes(&mut bytes)?;
                decode(&bytes)
            }
        }
    }

    fn read_buffered<T: FromBytes, const N: usize>(self) -> Result<T, Errno> {
        let mut buffer = [0; N];
        let bytes = buffer.get_mut(..size_of::<T>()).ok_or(Errno::EFAULT)?;
        self.read_bytes(bytes)?;
        decode(bytes)
    }

    /// Writes one value. `EFAULT` if it cannot be written whole.
    pub fn write<T: IntoBytes + Immutable + ?Sized>(self, value: &T) -> Result<(), Errno> {
        let bytes = value.as_bytes();
        if let Ok(word) = <[u8; 4]>::try_from(bytes) {
            return uaccess::write_u32(self.0, u32::from_ne_bytes(word)).map_err(efault);
        }
        if let Ok(word) = <[u8; 8]>::try_from(bytes) {
            return uaccess::write_u64(self.0, u64::from_ne_bytes(word)).map_err(efault);
        }
        self.write_bytes(bytes)
    }

    /// Fills `bytes` from here. `EFAULT` if they cannot all be read.
    pub fn read_bytes(self, bytes: &mut [u8]) -> Result<(), Errno> {
        uaccess::copy_from_user(bytes, self.0).map_err(efault)
    }

    /// Writes all of `bytes` here. `EFAULT` if they cannot all be written.
    pub fn write_bytes(self, bytes: &[u8]) -> Result<(), Errno> {
        uaccess::copy_to_user(self.0, bytes).map_err(efault)
    }

    /// Reads `count` values in a row. `EFAULT` if they cannot be read, `EINVAL` if the size overflows.
    pub fn read_array<T: FromBytes>(self, count: usize) -> Result<Vec<T>, Errno> {
        self.check(count.checked_mul(size_of::<T>()).ok_or(Errno::EINVAL)?)?;
        (0..count)
            .map(|i| self.offset(i * size_of::<T>()).read())
            .collect()
    }

    /// Reads a NUL-terminated string, without its NUL. `ENAMETOOLONG` if there is no NUL in the first `max` bytes,
    /// `EFAULT` if reading fails before one is found.
    pub fn read_cstr(self, max: usize) -> Result<Vec<u8>, Errno> {
        let mut text = Vec::new();
        self.read_cstr_into(&mut text, max)?;
        Ok(text)
    }

    /// Like [`UserAddr::read_cstr`], into a buffer that is cleared first.
    pub fn read_cstr_into(self, text: &mut Vec<u8>, max: usize) -> Result<(), Errno> {
        let mut chunk = [0; 128];
        text.clear();
        loop {
            let room = chunk.len().min(max - text.len());
            let (buffer, _) = chunk.split_at_mut(room);
            if buffer.is_empty() {
                return Err(Errno::ENAMETOOLONG);
            }
            let len =
                uaccess::read_cstr(self.0.wrapping_add(text.len()), buffer).map_err(efault)?;
            text.try_reserve(len).map_err(|_| Errno::ENOMEM)?;
            text.extend_from_slice(buffer.split_at(len).0);
            if len < room {
                return Ok(());
            }
        }
    }

    /// Reads a path: [`UserAddr::read_cstr`] with the limit of [`PATH_MAX`]. The empty path is the caller's concern.
    pub fn read_path(self) -> Result<Vec<u8>, Errno> {
        self.read_cstr(PATH_MAX)
    }

    /// Reads the list of ranges of `readv(2)` and its like, checked and cut to [`MAX_RW_COUNT`] as Linux does.
    /// `EINVAL` for too many entries or a negative length, `EFAULT` for a wrong address.
    pub fn read_iovecs(self, count: usize) -> Result<Vec<(UserAddr, usize)>, Errno> {
        if count > MAX_IOVECS {
            return Err(Errno::EINVAL);
        }
        let mut room = MAX_RW_COUNT;
        let mut list = Vec::with_capacity(count);
        for [base, len] in self.read_array::<[usize; 2]>(count)? {
            if isize::try_from(len).is_err() {
                return Err(Errno::EINVAL);
            }
            let base = UserAddr(base);
            base.check(len)?;
            let len = len.min(room);
            room -= len;
            list.push((base, len));
        }
        Ok(list)
    }
}

fn decode<T: FromBytes>(bytes: &[u8]) -> Result<T, Errno> {
    T::read_from_bytes(bytes).map_err(|_| Errno::EFAULT)
}

fn efault(_: UserFault) -> Errno {
    Errno::EFAULT
}

/// The user ranges still to be filled or read, first the one in use.
struct Ranges {
    address: usize,
    len: usize,
    rest: vec::IntoIter<(UserAddr, usize)>,
    remaining: usize,
}

impl Ranges {
    fn one(address: UserAddr, len: usize) -> Self {
        Self {
            address: address.0,
            len,
            rest: Vec::new().into_iter(),
            remaining: len,
        }
    }

    fn list(list: Vec<(UserAddr, usize)>) -> Self {
        let remaining = list.iter().map(|&(_, len)| len).sum();
        Self {
            address: 0,
            len: 0,
            rest: list.into_iter(),
            remaining,
        }
    }

    /// Offers up to `len` bytes, range by range, to `copy(address, offset, len)`; stops at the first fault.
    /// The number of bytes moved, or `EFAULT` if the very first failed.
    fn advance(
        &mut self,
        len: usize,
        mut copy: impl FnMut(usize, usize, usize) -> Result<(), UserFault>,
    ) -> Result<usize, Errno> {
        let mut done = 0;
        while done < len && self.remaining > 0 {
            if self.len == 0 {
                let Some((address, len)) = self.rest.next() else {
                    break;
                };
                (self.address, self.len) = (address.0, len);
                continue;
            }
            let part = self.len.min(len - done);
            let result = copy(self.address, done, part);
            let moved = result
                .as_ref()
                .map_or_else(|fault| fault.copied.min(part), |()| part);
            self.address = self.address.wrapping_add(moved);
            self.len -= moved;
            self.remaining -= moved;
            done += moved;
            if result.is_err() {
                return if done > 0 {
                    Ok(done)
                } else {
                    Err(Errno::EFAULT)
                };
            }
        }
        Ok(done)
    }
}

/// `len` bytes at `at`; both are in bounds by construction of the callers.
fn part(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    bytes.get(at..at.saturating_add(len)).unwrap_or_default()
}

enum Target<'a> {
    User(Ranges),
    Kernel(&'a mut [u8]),
}

/// Where a read puts its bytes: one user range, a list of them, or a kernel buffer.
///
/// A `put` that faults after some bytes reports those; the next one reports `EFAULT`. A file's `read` that has
/// put anything returns the count ([`Sink::done`]), not the error: [`Sink::result`] does just that.
pub struct Sink<'a> {
    target: Target<'a>,
    done: usize,
}

impl<'a> Sink<'a> {
    /// A user range, cut to [`MAX_RW_COUNT`]. `EFAULT` if it is not in the user half.
    pub fn user(address: UserAddr, len: usize) -> Result<Self, Errno> {
        address.check(len)?;
        Ok(Self {
            target: Target::User(Ranges::one(address, len.min(MAX_RW_COUNT))),
            done: 0,
        })
    }

    /// A list as [`UserAddr::read_iovecs`] gives it.
    #[must_use]
    pub fn iovec(list: Vec<(UserAddr, usize)>) -> Self {
        Self {
            target: Target::User(Ranges::list(list)),
            done: 0,
        }
    }

    /// A buffer of the kernel.
    #[must_use]
    pub fn kernel(buffer: &'a mut [u8]) -> Self {
        Self {
            target: Target::Kernel(buffer),
            done: 0,
        }
    }

    /// How many bytes there is still room for.
    #[must_use]
    pub fn remaining(&self) -> usize {
        match &self.target {
            Target::User(ranges) => ranges.remaining,
            Target::Kernel(buffer) => buffer.len(),
        }
    }

    /// How many bytes have been put.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// What a read that ended with `result` returns: the bytes put so far if there are any.
    pub fn result(&self, result: Result<(), Errno>) -> Result<usize, Errno> {
        if self.done > 0 {
            Ok(self.done)
        } else {
            result.map(|()| 0)
        }
    }

    /// Puts as many of `bytes` as there is room for and returns how many; `EFAULT` if not even the first could be put.
    pub fn put(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        self.fill(
            bytes.len(),
            |address, at, len| uaccess::copy_to_user(address, part(bytes, at, len)),
            |buffer| buffer.copy_from_slice(part(bytes, 0, buffer.len())),
        )
    }

    /// Puts up to `len` bytes of `page`, from `offset` on. Like [`Sink::put`].
    pub fn put_page(&mut self, page: &Page, offset: usize, len: usize) -> Result<usize, Errno> {
        self.fill(
            len,
            |address, at, len| page.copy_to_user(offset + at, len, address),
            |buffer| page.read(offset, buffer),
        )
    }

    /// Puts up to `len` zero bytes. Like [`Sink::put`].
    pub fn put_zeros(&mut self, len: usize) -> Result<usize, Errno> {
        self.fill(
            len,
            |address, _, len| uaccess::zero_user(address, len),
            |buffer| buffer.fill(0),
        )
    }

    fn fill(
        &mut self,
        len: usize,
        user: impl FnMut(usize, usize, usize) -> Result<(), UserFault>,
        kernel: impl FnOnce(&mut [u8]),
    ) -> Result<usize, Errno> {
        let moved = match &mut self.target {
            Target::User(ranges) => ranges.advance(len, user)?,
            Target::Kernel(buffer) => {
                let len = len.min(buffer.len());
                let (now, later) = core::mem::take(buffer).split_at_mut(len);
                kernel(now);
                *buffer = later;
                len
            }
        };
        self.done += moved;
        Ok(moved)
    }
}

enum Origin<'a> {
    User(Ranges),
    Kernel(&'a [u8]),
}

/// Where a write takes its bytes from: one user range, a list of them, or a kernel buffer.
///
/// Faults are reported as by [`Sink`].
pub struct Source<'a> {
    origin: Origin<'a>,
    done: usize,
}

impl<'a> Source<'a> {
    /// A user range, cut to [`MAX_RW_COUNT`]. `EFAULT` if it is not in the user half.
    pub fn user(address: UserAddr, len: usize) -> Result<Self, Errno> {
        address.check(len)?;
        Ok(Self {
            origin: Origin::User(Ranges::one(address, len.min(MAX_RW_COUNT))),
            done: 0,
        })
    }

    /// A list as [`UserAddr::read_iovecs`] gives it.
    #[must_use]
    pub fn iovec(list: Vec<(UserAddr, usize)>) -> Self {
        Self {
            origin: Origin::User(Ranges::list(list)),
            done: 0,
        }
    }

    /// Bytes of the kernel.
    #[must_use]
    pub fn kernel(bytes: &'a [u8]) -> Self {
        Self {
            origin: Origin::Kernel(bytes),
            done: 0,
        }
    }

    /// How many bytes are still to be taken.
    #[must_use]
    pub fn remaining(&self) -> usize {
        match &self.origin {
            Origin::User(ranges) => ranges.remaining,
            Origin::Kernel(bytes) => bytes.len(),
        }
    }

    /// How many bytes have been taken.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// What a write that ended with `result` returns: the bytes taken so far if there are any.
    pub fn result(&self, result: Result<(), Errno>) -> Result<usize, Errno> {
        if self.done > 0 {
            Ok(self.done)
        } else {
            result.map(|()| 0)
        }
    }

    /// Fills as much of `bytes` as there is data for and returns how much; `EFAULT` if not even the first byte
    /// could be read.
    pub fn take(&mut self, bytes: &mut [u8]) -> Result<usize, Errno> {
        let wanted = bytes.len();
        let moved = match &mut self.origin {
            Origin::User(ranges) => ranges.advance(wanted, |address, at, len| {
                let target = bytes
                    .get_mut(at..at.saturating_add(len))
                    .unwrap_or_default();
                uaccess::copy_from_user(target, address)
            })?,
            Origin::Kernel(from) => {
                let (now, later) = from.split_at(wanted.min(from.len()));
                bytes.split_at_mut(now.len()).0.copy_from_slice(now);
                *from = later;
                now.len()
            }
        };
        self.done += moved;
        Ok(moved)
    }

    /// Takes up to `len` bytes into `page` from `offset` on. Like [`Source::take`].
    pub fn take_into_page(
        &mut self,
        page: &Page,
        offset: usize,
        len: usize,
    ) -> Result<usize, Errno> {
        let moved = match &mut self.origin {
            Origin::User(ranges) => ranges.advance(len, |address, at, len| {
                page.copy_from_user(offset + at, len, address)
            })?,
            Origin::Kernel(from) => {
                let (now, later) = from.split_at(len.min(from.len()));
                page.write(offset, now);
                *from = later;
                now.len()
            }
        };
        self.done += moved;
        Ok(moved)
    }
}
