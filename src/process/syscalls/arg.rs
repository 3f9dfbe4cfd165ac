//! Arguments of system calls: from a register to a type.

use abi::Errno;
use proctree::Pid;

use crate::memory::user::UserAddr;

/// A type a system call takes as an argument.
pub trait Arg: Sized {
    /// From the register, the way the C prototype of the call reads it: what is wider than the type is cut off.
    ///
    /// # Errors
    /// Where a value of the type cannot be made of it; `EINVAL` unless the type says otherwise.
    fn decode(raw: u64) -> Result<Self, Errno>;
}

/// The low half of a register, which is all that calls with `int` arguments look at.
const fn low(raw: u64) -> u32 {
    let [a, b, c, d, ..] = raw.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl Arg for u64 {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Ok(raw)
    }
}

impl Arg for i64 {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Ok(raw.cast_signed())
    }
}

impl Arg for usize {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Self::try_from(raw).map_err(|_| Errno::EINVAL)
    }
}

impl Arg for u32 {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Ok(low(raw))
    }
}

impl Arg for i32 {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Ok(low(raw).cast_signed())
    }
}

impl Arg for UserAddr {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        usize::try_from(raw)
            .map(Self::new)
            .map_err(|_| Errno::EFAULT)
    }
}

/// A file descriptor as a program gave it; any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub i32);

impl Arg for Fd {
    #[inline]
    fn decode(raw: u64) -> Result<Self, Errno> {
        Ok(Self(low(raw).cast_signed()))
    }
}

/// A process or thread id that must name one; other numbers give `ESRCH`.
impl Arg for Pid {
    fn decode(raw: u64) -> Result<Self, Errno> {
        Self::new(low(raw)).ok_or(Errno::ESRCH)
    }
}

/// An id where 0 stands for the caller's own; negative and unused numbers give `ESRCH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidOrSelf(pub Option<Pid>);

impl Arg for PidOrSelf {
    fn decode(raw: u64) -> Result<Self, Errno> {
        match low(raw) {
            0 => Ok(Self(None)),
            number => Pid::new(number)
                .map(|pid| Self(Some(pid)))
                .ok_or(Errno::ESRCH),
        }
    }
}
