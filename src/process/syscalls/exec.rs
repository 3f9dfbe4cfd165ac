//! `execve(2)` and `execveat(2)`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use abi::Errno;
use abi::fcntl::{AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW};
use abi::resource::RLIMIT_STACK;
use abi::system::ADDR_NO_RANDOMIZE;
use vm::stack_image::{MAX_ARG_STRLEN, Strings};

use super::{Call, Fd, SysResult};
use crate::fs::{At, OpenFile, Path, ResolveFlags, open_for_exec};
use crate::memory::user::UserAddr;
use crate::process::lifecycle::exec::{self, Environment, Failure};

/// `execve(2)`.
pub fn execve(
    call: &mut Call<'_>,
    path: UserAddr,
    arguments: UserAddr,
    environment: UserAddr,
) -> SysResult {
    execveat(call, Fd(AT_FDCWD), path, arguments, environment, 0)
}

/// `execveat(2)`.
pub fn execveat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    arguments: UserAddr,
    environment: UserAddr,
    flags: u32,
) -> SysResult {
    if flags & !(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0 {
        return Err(Errno::EINVAL);
    }
    let path = path.read_path()?;
    if path.is_empty() && flags & AT_EMPTY_PATH == 0 {
        return Err(Errno::ENOENT);
    }
    let file = open(call, directory, &path, flags)?;
    let shown = shown_path(directory, path);
    let stack_limit = call.process()?.limits().soft(RLIMIT_STACK);
    let mut strings = Strings::new(&shown, stack_limit)?;
    let mut buffer = Vec::new();
    read_strings(arguments, &mut buffer, |text| strings.push_arg(text))?;
    read_strings(environment, &mut buffer, |text| strings.push_env(text))?;
    drop(buffer);
    execute(call, file, &shown, strings, stack_limit)
}

/// Opens the program.
fn open(call: &Call<'_>, directory: Fd, path: &[u8], flags: u32) -> Result<Arc<OpenFile>, Errno> {
    let mut how = ResolveFlags::empty();
    how.set(ResolveFlags::EMPTY_PATH, flags & AT_EMPTY_PATH != 0);
    how.set(ResolveFlags::NO_FOLLOW, flags & AT_SYMLINK_NOFOLLOW != 0);
    let start = start_of(call, directory, path)?;
    let (context, credentials) = (call.fs()?, call.credentials());
    let at = At {
        context: &context,
        credentials: &credentials,
        start: start.as_ref(),
        path,
    };
    open_for_exec(&at, how)
}

/// Where a relative path begins; none for the current directory.
fn start_of(call: &Call<'_>, directory: Fd, path: &[u8]) -> Result<Option<Path>, Errno> {
    if directory == Fd(AT_FDCWD) || path.first() == Some(&b'/') {
        return Ok(None);
    }
    let file = call.files()?.get_any(directory)?;
    file.path().cloned().map(Some).ok_or(Errno::EACCES)
}

/// What the program is told of its path: for one opened by a descriptor, how to reach it by `/dev/fd`.
fn shown_path(directory: Fd, path: Vec<u8>) -> Vec<u8> {
    if directory == Fd(AT_FDCWD) || path.first() == Some(&b'/') {
        return path;
    }
    let mut shown = format!("/dev/fd/{}", directory.0).into_bytes();
    if !path.is_empty() {
        shown.push(b'/');
        shown.extend_from_slice(&path);
    }
    shown
}

/// Reads the strings that an array of pointers leads to, up to its null. No array counts as an empty one.
fn read_strings(
    array: UserAddr,
    buffer: &mut Vec<u8>,
    mut push: impl FnMut(&[u8]) -> Result<(), Errno>,
) -> Result<(), Errno> {
    if array.is_null() {
        return Ok(());
    }
    for index in 0.. {
        let pointer: usize = array.offset(index * size_of::<usize>()).read()?;
        if pointer == 0 {
            break;
        }
        let too_long = |errno| {
            if errno == Errno::ENAMETOOLONG {
                Errno::E2BIG
            } else {
                errno
            }
        };
        UserAddr::new(pointer)
            .read_cstr_into(buffer, MAX_ARG_STRLEN)
            .map_err(too_long)?;
        push(buffer)?;
    }
    Ok(())
}

/// Loads the program and puts it in place of the caller's.
fn execute(
    call: &mut Call<'_>,
    file: Arc<OpenFile>,
    path: &[u8],
    strings: Strings,
    stack_limit: u64,
) -> SysResult {
    let process = call.process()?;
    let fixed = process.personality().load(Ordering::Relaxed) & ADDR_NO_RANDOMIZE != 0;
    let (fs, credentials) = (call.fs()?, call.credentials());
    let environment = Environment {
        fs: &fs,
        credentials: &credentials,
        stack_limit,
        randomize: !fixed && exec::randomization_allowed(),
        may_gain_privileges: process.no_new_privileges().load(Ordering::Relaxed) == 0,
    };
    match exec::load(file, path, strings, &environment) {
        Ok(program) => {
            *call.regs = program.registers();
            exec::replace_image(call.thread, program)?;
            Ok(0)
        }
        Err(Failure::Error(errno)) => Err(errno),
        Err(Failure::Fatal(errno)) => {
            exec::give_up(call.thread);
            Err(errno)
        }
    }
}
