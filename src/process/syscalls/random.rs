//! `getrandom(2)`.

use abi::Errno;
use bitflags::bitflags;

use super::{Arg, Call, SysResult};
use crate::drivers::memory::put_random;
use crate::memory::user::{Sink, UserAddr};

bitflags! {
    /// The flags of `getrandom(2)`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RandomFlags: u32 {
        /// `GRND_NONBLOCK`: without meaning, the generator is always ready.
        const NONBLOCK = 1;
        /// `GRND_RANDOM`: from `/dev/random`, which is the same.
        const RANDOM = 2;
        /// `GRND_INSECURE`: also before the generator is seeded, which never is the case.
        const INSECURE = 4;
    }
}

impl Arg for RandomFlags {
    fn decode(raw: u64) -> Result<Self, Errno> {
        let flags = Self::from_bits(u32::decode(raw)?).ok_or(Errno::EINVAL)?;
        if flags.contains(Self::RANDOM | Self::INSECURE) {
            Err(Errno::EINVAL)
        } else {
            Ok(flags)
        }
    }
}

/// `getrandom(2)`: fills a buffer with random bytes.
///
/// # Errors
/// `EFAULT`; `EINVAL` for wrong flags.
pub fn getrandom(
    _call: &mut Call<'_>,
    buffer: UserAddr,
    len: usize,
    _flags: RandomFlags,
) -> SysResult {
    const MOST: usize = i32::MAX as usize;
    put_random(&mut Sink::user(buffer, len.min(MOST))?)
}
