//! What program a process runs and where: `cmdline`, `environ`, `exe`, `cwd`, `root`, `auxv`.

use alloc::vec;
use core::ops::Range;

use abi::Errno;

use super::Target;
use crate::fs::inode::Link;
use crate::fs::pseudo::Text;

/// The most bytes of arguments or environment shown.
const STRINGS_MAX: usize = 1 << 21;

/// Copies a part of the process's memory; shows what can be read.
fn push_memory(target: &Target, range: Range<usize>, text: &mut Text) {
    let Some(memory) = target.memory() else {
        return;
    };
    let len = range.len().min(STRINGS_MAX);
    let mut at = 0;
    let mut buffer = vec![0; len.min(4096)];
    while at < len {
        let part = (len - at).min(buffer.len());
        let piece = buffer.get_mut(..part).unwrap_or_default();
        match memory.read_memory(range.start + at, piece) {
            Ok(count) if count > 0 => text.push(piece.get(..count).unwrap_or_default()),
            _ => return,
        }
        at += part;
    }
}

/// `cmdline`: the arguments, each with its NUL; empty for a process that has ended.
///
/// A process may write over its arguments, and into its environment if it goes on without a NUL (`setproctitle(3)`).
pub fn command_line(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let Some(memory) = target.memory() else {
        return Ok(());
    };
    let image = memory.image();
    push_memory(target, image.arguments.clone(), text);
    let rewritten = text.as_bytes().last().is_some_and(|&last| last != 0);
    if rewritten {
        let mut title = Text::default();
        push_memory(
            target,
            image.arguments.start..image.environment.end,
            &mut title,
        );
        *text = Text::default();
        let bytes = title.as_bytes();
        let end = bytes
            .iter()
            .position(|&byte| byte == 0)
            .map_or(bytes.len(), |nul| nul + 1);
        text.push(bytes.get(..end).unwrap_or_default());
    }
    Ok(())
}

/// `environ`: the environment, each variable with its NUL.
pub fn environment(target: &Target, text: &mut Text) -> Result<(), Errno> {
    target.check_inspection()?;
    if let Some(memory) = target.memory() {
        push_memory(target, memory.image().environment.clone(), text);
    }
    Ok(())
}

/// `auxv`: the auxiliary vector, in binary.
pub fn auxv(target: &Target, text: &mut Text) -> Result<(), Errno> {
    target.check_inspection()?;
    if let Some(memory) = target.memory() {
        push_memory(target, memory.image().auxiliary.clone(), text);
    }
    Ok(())
}

/// `exe`: the program's file.
pub fn executable(target: &Target) -> Result<Link, Errno> {
    target.check_inspection().map_err(gone)?;
    let memory = target.memory().ok_or(Errno::ENOENT)?;
    let image = memory.image();
    let path = image.executable.as_ref().and_then(|file| file.path());
    path.cloned().map(Link::Object).ok_or(Errno::ENOENT)
}

/// `cwd`: the current directory.
pub fn working_directory(target: &Target) -> Result<Link, Errno> {
    target.check_inspection().map_err(gone)?;
    let fs = target
        .thread()
        .and_then(|thread| thread.fs())
        .ok_or(Errno::ENOENT)?;
    Ok(Link::Object(fs.directory()))
}

/// `root`: the root directory.
pub fn root(target: &Target) -> Result<Link, Errno> {
    target.check_inspection().map_err(gone)?;
    let fs = target
        .thread()
        .and_then(|thread| thread.fs())
        .ok_or(Errno::ENOENT)?;
    Ok(Link::Object(fs.root()))
}

/// Links of a process that has ended lead nowhere.
pub(super) fn gone(error: Errno) -> Errno {
    if error == Errno::ESRCH {
        Errno::ENOENT
    } else {
        error
    }
}
