//! Loading programs (`execve(2)`): from a file, arguments and environment to an address space ready to run.
//!
//! Nothing of the running program is touched: a new [`MemoryMap`] is filled, and its owner puts it in place of the old
//! one when all has succeeded. [`Failure`] tells the errors a program sees from those that Linux meets when there is no
//! way back, which end the process.

mod commit;
mod elf;
mod file;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::stat::{S_ISGID, S_ISUID, S_IXGRP};
use abi::system::MS_NOSUID;
use machine::user::UserRegs;
use vm::script;
use vm::stack_image::Strings;

use crate::fs::{At, FsContext, OpenFile, ResolveFlags, open_for_exec};
use crate::memory::MemoryMap;
use crate::process::Credentials;

pub use commit::{give_up, replace_image};

/// How many scripts may be interpreted by scripts.
const MAX_SCRIPTS: usize = 5;

/// Why a program was not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The caller goes on with this error.
    Error(Errno),
    /// The file turned out wrong after the point of no return of Linux: the process ends with `SIGSEGV`.
    Fatal(Errno),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Error(errno)
    }
}

impl Failure {
    /// The error, for who has no process to end.
    #[must_use]
    pub const fn errno(self) -> Errno {
        match self {
            Self::Error(errno) | Self::Fatal(errno) => errno,
        }
    }
}

/// On whose behalf a program is loaded.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Where paths begin.
    pub fs: &'a FsContext,
    /// Whose rights count.
    pub credentials: &'a Credentials,
    /// `RLIMIT_STACK` in bytes.
    pub stack_limit: u64,
    /// Whether addresses are chosen at random.
    pub randomize: bool,
    /// Whether set-user-ID and set-group-ID bits count (`PR_SET_NO_NEW_PRIVS`).
    pub may_gain_privileges: bool,
}

impl Environment<'_> {
    /// Opens a program or an interpreter.
    fn open(&self, path: &[u8]) -> Result<Arc<OpenFile>, Errno> {
        let at = At {
            context: self.fs,
            credentials: self.credentials,
            start: None,
            path,
        };
        open_for_exec(&at, ResolveFlags::empty())
    }
}

/// A program ready to run.
pub struct LoadedProgram {
    /// Its address space.
    pub memory: Arc<MemoryMap>,
    /// Where it starts: the interpreter's entry point if it has one.
    pub entry: usize,
    /// The initial stack pointer.
    pub stack_pointer: usize,
    /// The credentials it runs with, after set-user-ID and set-group-ID bits.
    pub credentials: Credentials,
    /// Whether those differ from the real identities (`AT_SECURE`).
    pub secure: bool,
    name: String,
}

impl LoadedProgram {
    /// The registers it starts with.
    #[must_use]
    pub fn registers(&self) -> UserRegs {
        UserRegs {
            rip: self.entry as u64,
            rsp: self.stack_pointer as u64,
            rflags: INITIAL_FLAGS,
            ..UserRegs::default()
        }
    }

    /// What `ps` shows as its name: the last component of its path.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.clone()
    }
}

/// RFLAGS of a new program: interrupts on, and bit 1, which is always set.
const INITIAL_FLAGS: u64 = 0x202;

/// Loads the program at `path`, for code of the kernel.
///
/// # Errors
/// Those of `execve(2)`.
pub fn load_path(
    path: &[u8],
    arguments: &[Vec<u8>],
    environment: &[Vec<u8>],
    fs: &FsContext,
    credentials: &Credentials,
) -> Result<LoadedProgram, Errno> {
    let stack_limit = vm::layout::DEFAULT_STACK_LIMIT;
    let mut strings = Strings::new(path, stack_limit)?;
    arguments
        .iter()
        .try_for_each(|text| strings.push_arg(text))?;
    environment
        .iter()
        .try_for_each(|text| strings.push_env(text))?;
    let environment = Environment {
        fs,
        credentials,
        stack_limit,
        randomize: randomization_allowed(),
        may_gain_privileges: true,
    };
    let file = environment.open(path)?;
    load(file, path, strings, &environment).map_err(Failure::errno)
}

/// Whether addresses are chosen at random: unless the boot option `norandmaps` is given.
#[must_use]
pub fn randomization_allowed() -> bool {
    !crate::init::has_boot_option("norandmaps")
}

/// Loads the program in `file`, which was found at `path`, following `#!` lines.
///
/// # Errors
/// See `execve(2)`.
pub fn load(
    mut file: Arc<OpenFile>,
    path: &[u8],
    mut strings: Strings,
    environment: &Environment<'_>,
) -> Result<LoadedProgram, Failure> {
    let mut current = path.to_vec();
    for _ in 0..=MAX_SCRIPTS {
        let head = file::head(&file)?;
        let Some(script) = script::parse(&head)? else {
            let name = base_name(path);
            return elf::load(&file, &head, &strings, environment, name);
        };
        let parts = [Some(script.interpreter), script.argument, Some(&current)];
        let arguments: Vec<&[u8]> = parts.into_iter().flatten().collect();
        strings.replace_first_arg(&arguments)?;
        file = environment.open(script.interpreter)?;
        current = script.interpreter.to_vec();
    }
    Err(Errno::ELOOP.into())
}

fn base_name(path: &[u8]) -> String {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    String::from_utf8_lossy(name).into_owned()
}

/// The credentials a program runs with, and whether it must distrust its environment.
fn new_credentials(file: &OpenFile, environment: &Environment<'_>) -> (Credentials, bool) {
    let old = environment.credentials;
    let owner = file.inode().map(|inode| inode.ownership());
    let honoured = environment.may_gain_privileges
        && file.path().is_some_and(|path| !path.mount().has(MS_NOSUID));
    let owner = owner.filter(|_| honoured);
    let set_uid = owner
        .as_ref()
        .filter(|owner| owner.mode & S_ISUID != 0)
        .map(|owner| owner.uid);
    let both = S_ISGID | S_IXGRP;
    let set_gid = owner
        .as_ref()
        .filter(|owner| owner.mode & both == both)
        .map(|owner| owner.gid);
    let new = old.after_exec(set_uid, set_gid);
    let secure = new.user.effective != old.user.real || new.group.effective != old.group.real;
    (new, secure)
}
