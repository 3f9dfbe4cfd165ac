//! The initial stack of a program: its argument strings, environment and auxiliary vector.
//!
//! From the lowest address: `argc`, the argument pointers, a null, the environment pointers, a null, the auxiliary
//! vector, padding, 16 random bytes, the platform's name, padding, the argument strings, the environment strings, the
//! path, and eight zeroes (System V ABI for AMD64, 3.4.1; Linux's `create_elf_tables`).

use core::iter;
use core::ops::Range;

use abi::auxv::{
    AT_BASE, AT_CLKTCK, AT_EGID, AT_ENTRY, AT_EUID, AT_EXECFN, AT_FLAGS, AT_GID, AT_HWCAP,
    AT_HWCAP2, AT_MINSIGSTKSZ, AT_NULL, AT_PAGESZ, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PLATFORM,
    AT_RANDOM, AT_SECURE, AT_UID,
};
use abi::time::USER_HZ;
use abi::{Errno, PAGE_SIZE};
use alloc::vec::Vec;

/// The longest single argument, its terminating zero included.
pub const MAX_ARG_STRLEN: usize = 131_072;
/// What arguments and environment may always have.
const ARG_MAX: usize = 131_072;
/// What they may have at most, however large the stack may be: three quarters of 8 MiB.
const ARG_LIMIT: usize = 6 << 20;
const WORD: usize = size_of::<u64>();
const PLATFORM: &[u8] = b"x86_64\0";
const PROGRAM_HEADER_SIZE: u64 = 56;

/// The strings of an `execve(2)`: arguments, environment and path, each with its terminating zero, in the order in which they
/// will lie in memory.
#[derive(Clone, Debug)]
pub struct Strings {
    bytes: Vec<u8>,
    arg_count: usize,
    env_count: usize,
    env_start: usize,
    path_start: usize,
    limit: usize,
}

impl Strings {
    /// No strings yet, for a program whose path is this and whose `RLIMIT_STACK` is `stack_limit` bytes. Arguments are
    /// added first, then the environment.
    ///
    /// # Errors
    /// `E2BIG` if the path does not fit, `ENOMEM`.
    pub fn new(path: &[u8], stack_limit: u64) -> Result<Self, Errno> {
        let quarter = usize::try_from(stack_limit / 4).unwrap_or(usize::MAX);
        let limit = quarter.clamp(ARG_MAX, ARG_LIMIT);
        let mut strings = Self {
            bytes: Vec::new(),
            arg_count: 0,
            env_count: 0,
            env_start: 0,
            path_start: 0,
            limit,
        };
        strings.put(0, path)?;
        Ok(strings)
    }

    /// How many arguments there are.
    #[must_use]
    pub fn arg_count(&self) -> usize {
        self.arg_count
    }

    /// Adds an argument, given without its zero.
    ///
    /// # Errors
    /// `E2BIG` if it or all together are too long, `ENOMEM`.
    pub fn push_arg(&mut self, arg: &[u8]) -> Result<(), Errno> {
        self.arg_count += 1;
        let added = self.put(self.env_start, arg)?;
        self.env_start += added;
        self.path_start += added;
        Ok(())
    }

    /// Adds a string of the environment, given without its zero.
    ///
    /// # Errors
    /// `E2BIG` if it or all together are too long, `ENOMEM`.
    pub fn push_env(&mut self, env: &[u8]) -> Result<(), Errno> {
        self.env_count += 1;
        let added = self.put(self.path_start, env)?;
        self.path_start += added;
        Ok(())
    }

    /// Replaces the first argument by these, as for a script: its interpreter, perhaps an option, and its path.
    ///
    /// # Errors
    /// `E2BIG` if all together are too long, `ENOMEM`.
    pub fn replace_first_arg(&mut self, args: &[&[u8]]) -> Result<(), Errno> {
        if self.arg_count > 0 {
            let end = self
                .bytes
                .iter()
                .position(|&byte| byte == 0)
                .map_or(0, |at| at + 1);
            self.bytes.drain(..end);
            self.env_start -= end;
            self.path_start -= end;
            self.arg_count -= 1;
        }
        for arg in args.iter().rev() {
            self.arg_count += 1;
            let added = self.put(0, arg)?;
            self.env_start += added;
            self.path_start += added;
        }
        Ok(())
    }

    /// Inserts a string and its zero; the pointer tables and the terminating word count towards the limit.
    fn put(&mut self, at: usize, string: &[u8]) -> Result<usize, Errno> {
        let len = string.len() + 1;
        let pointers = (self.arg_count.max(1) + self.env_count) * WORD;
        if len > MAX_ARG_STRLEN || self.bytes.len() + len + pointers > self.limit {
            return Err(Errno::E2BIG);
        }
        self.bytes.try_reserve(len).map_err(|_| Errno::ENOMEM)?;
        self.bytes.extend_from_slice(string);
        self.bytes.push(0);
        // In the usual order only the path lies behind, so that little is moved.
        self.bytes[at..].rotate_right(len);
        Ok(len)
    }

    /// The arguments as `/proc/PID/cmdline` shows them.
    #[must_use]
    pub fn args(&self) -> &[u8] {
        &self.bytes[..self.env_start]
    }
}

/// What the auxiliary vector says beyond the constants and the addresses in the image itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Auxv {
    /// CPUID leaf 1, EDX.
    pub hwcap: u64,
    /// Further features, see [`AT_HWCAP2`].
    pub hwcap2: u64,
    /// Least size of a signal stack in bytes.
    pub minsigstksz: u64,
    /// Address of the program headers.
    pub phdr: u64,
    /// Number of program headers.
    pub phnum: u64,
    /// Load address of the interpreter; 0 without one.
    pub base: u64,
    /// Entry point of the program itself.
    pub entry: u64,
    /// Real user id.
    pub uid: u32,
    /// Effective user id.
    pub euid: u32,
    /// Real group id.
    pub gid: u32,
    /// Effective group id.
    pub egid: u32,
    /// Whether the program runs with another's rights.
    pub secure: bool,
}

/// The finished stack: what to put where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackImage {
    /// The bytes from `stack_pointer` up to the top.
    pub bytes: Vec<u8>,
    /// The initial RSP; a multiple of 16.
    pub stack_pointer: usize,
    /// Where the argument strings lie.
    pub args: Range<usize>,
    /// Where the environment strings lie.
    pub env: Range<usize>,
    /// Where the auxiliary vector lies, its `AT_NULL` included.
    pub auxv: Range<usize>,
}

/// Number of entries in the vector.
const AUXV_ENTRIES: usize = 20;

impl Auxv {
    /// The vector in Linux's order.
    fn entries(&self, random: usize, path: usize, platform: usize) -> [(u64, u64); AUXV_ENTRIES] {
        [
            (AT_MINSIGSTKSZ, self.minsigstksz),
            (AT_HWCAP, self.hwcap),
            (AT_PAGESZ, PAGE_SIZE as u64),
            (AT_CLKTCK, USER_HZ),
            (AT_PHDR, self.phdr),
            (AT_PHENT, PROGRAM_HEADER_SIZE),
            (AT_PHNUM, self.phnum),
            (AT_BASE, self.base),
            (AT_FLAGS, 0),
            (AT_ENTRY, self.entry),
            (AT_UID, self.uid.into()),
            (AT_EUID, self.euid.into()),
            (AT_GID, self.gid.into()),
            (AT_EGID, self.egid.into()),
            (AT_SECURE, self.secure.into()),
            (AT_RANDOM, random as u64),
            (AT_HWCAP2, self.hwcap2),
            (AT_EXECFN, path as u64),
            (AT_PLATFORM, platform as u64),
            (AT_NULL, 0),
        ]
    }
}

/// The start addresses of `count` strings that lie one after another from `address`.
fn addresses(strings: &[u8], address: usize, count: usize) -> impl Iterator<Item = u64> {
    let mut at = 0;
    iter::repeat_with(move || {
        let here = address + at;
        at += strings[at..]
            .iter()
            .position(|&byte| byte == 0)
            .map_or(0, |len| len + 1);
        here as u64
    })
    .take(count)
}

impl StackImage {
    /// Lays out the stack below `top` (page-aligned). `offset` moves the vectors down, for randomness within the page; `random`
    /// are the bytes for `AT_RANDOM`. A program without arguments gets an empty one, as on Linux.
    ///
    /// # Errors
    /// `ENOMEM`, also if `top` is too low for the image.
    pub fn new(
        strings: &Strings,
        auxv: &Auxv,
        random: &[u8; 16],
        top: usize,
        offset: usize,
    ) -> Result<Self, Errno> {
        let missing_arg = usize::from(strings.arg_count == 0);
        let arg_count = strings.arg_count + missing_arg;
        let words = 1 + arg_count + 1 + strings.env_count + 1 + 2 * AUXV_ENTRIES;
        let below = |at: usize, len: usize| at.checked_sub(len).ok_or(Errno::ENOMEM);

        let args_start = below(top, WORD + strings.bytes.len() + missing_arg)?;
        let platform = below((below(args_start, offset)?) & !15, PLATFORM.len())?;
        let random_at = below(platform, random.len())?;
        let stack_pointer = below(random_at, words * WORD)? & !15;
        let strings_at = args_start + missing_arg;
        let env_start = strings_at + strings.env_start;
        let path = strings_at + strings.path_start;

        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(top - stack_pointer)
            .map_err(|_| Errno::ENOMEM)?;
        let mut word = |value: u64| bytes.extend_from_slice(&value.to_ne_bytes());
        word(arg_count as u64);
        addresses(&strings.bytes, args_start, missing_arg).for_each(&mut word);
        addresses(&strings.bytes, strings_at, strings.arg_count).for_each(&mut word);
        word(0);
        addresses(
            &strings.bytes[strings.env_start..],
            env_start,
            strings.env_count,
        )
        .for_each(&mut word);
        word(0);
        for (key, value) in auxv.entries(random_at, path, platform) {
            word(key);
            word(value);
        }
        let auxv_end = stack_pointer + words * WORD;
        bytes.resize(random_at - stack_pointer, 0);
        bytes.extend_from_slice(random);
        bytes.extend_from_slice(PLATFORM);
        bytes.resize(strings_at - stack_pointer, 0);
        bytes.extend_from_slice(&strings.bytes);
        bytes.resize(top - stack_pointer, 0);
        Ok(Self {
            bytes,
            stack_pointer,
            args: args_start..env_start,
            env: env_start..path,
            auxv: auxv_end - 2 * AUXV_ENTRIES * WORD..auxv_end,
        })
    }
}
