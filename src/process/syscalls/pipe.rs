//! Making pipes (`pipe(2)`).

use abi::Errno;
use abi::fcntl::OpenFlags;
use zerocopy::IntoBytes;

use super::lookup::descriptor_limit;
use super::{Call, SysResult};
use crate::fs::Ownership;
use crate::fs::pipe;
use crate::memory::user::UserAddr;

/// `pipe(2)`
pub fn pipe(call: &mut Call<'_>, ends: UserAddr) -> SysResult {
    pipe2(call, ends, 0)
}

/// `pipe2(2)`
pub fn pipe2(call: &mut Call<'_>, ends: UserAddr, flags: u32) -> SysResult {
    let flags = OpenFlags::from_bits_retain(flags);
    if !(flags - OpenFlags::O_CLOEXEC - OpenFlags::O_NONBLOCK).is_empty() {
        return Err(Errno::EINVAL);
    }
    let files = call.files()?;
    let limit = descriptor_limit(call)?;
    let read_end = files.reserve(limit)?;
    let write_end = files.reserve(limit)?;
    let credentials = call.credentials();
    let owner = Ownership {
        mode: 0o600,
        uid: credentials.fsuid(),
        gid: credentials.fsgid(),
    };
    let (reader, writer) = pipe::pipe(flags & OpenFlags::O_NONBLOCK, owner)?;
    ends.write([read_end.fd().0, write_end.fd().0].as_bytes())?;
    let close_on_exec = flags.contains(OpenFlags::O_CLOEXEC);
    read_end.fill(reader, close_on_exec);
    write_end.fill(writer, close_on_exec);
    Ok(0)
}
