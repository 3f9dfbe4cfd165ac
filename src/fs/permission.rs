//! Who may do what to a file (`path_resolution(7)`, `inode(7)`, `capabilities(7)`).

use abi::Errno;
use abi::stat::{S_ISGID, S_ISUID, S_ISVTX};

use super::inode::Inode;
use super::metadata::{FileType, Ownership};
use crate::process::credentials::{Credentials, capability};

bitflags::bitflags! {
    /// Kinds of access; the values are `R_OK`, `W_OK` and `X_OK` of `access(2)`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Access: u32 {
        /// Execute a file, search a directory.
        const EXECUTE = 1;
        /// Write a file, change a directory.
        const WRITE = 2;
        /// Read a file, list a directory.
        const READ = 4;
    }
}

/// Checks that `credentials` allow `access` to `inode`.
///
/// # Errors
/// `EACCES`.
pub fn check(inode: &dyn Inode, credentials: &Credentials, access: Access) -> Result<(), Errno> {
    if inode.file_type().is_directory() && credentials.has(capability::DAC_OVERRIDE) {
        return Ok(());
    }
    let owner = inode.ownership();
    let granted = granted(&owner, credentials);
    if access.bits() & !granted == 0 || overrides(inode.file_type(), &owner, credentials, access) {
        Ok(())
    } else {
        Err(Errno::EACCES)
    }
}

/// The permission bits that apply: the owner's, the group's or the others'.
fn granted(owner: &Ownership, credentials: &Credentials) -> u32 {
    let shift = if credentials.fsuid() == owner.uid {
        6
    } else if credentials.in_group(owner.gid) {
        3
    } else {
        0
    };
    (owner.mode >> shift) & 7
}

/// Whether a capability allows what the bits do not.
fn overrides(kind: FileType, owner: &Ownership, credentials: &Credentials, access: Access) -> bool {
    if credentials.has(capability::DAC_OVERRIDE) {
        let runnable = kind.is_directory() || owner.mode & 0o111 != 0;
        return runnable || !access.contains(Access::EXECUTE);
    }
    let searching = kind.is_directory() && !access.contains(Access::WRITE);
    credentials.has(capability::DAC_READ_SEARCH) && (searching || access == Access::READ)
}

/// Whether `credentials` own the file or may act as if they did.
#[must_use]
pub fn is_owner(owner: &Ownership, credentials: &Credentials) -> bool {
    credentials.fsuid() == owner.uid || credentials.has(capability::FOWNER)
}

/// The set-id bits a file that is no directory loses when `credentials` change it.
#[must_use]
pub fn lost_set_id(owner: &Ownership, credentials: &Credentials) -> u32 {
    let group_runs = owner.mode & 0o010 != 0;
    let in_group = credentials.in_group(owner.gid) || credentials.has(capability::FSETID);
    let set_gid = if group_runs || !in_group { S_ISGID } else { 0 };
    owner.mode & (S_ISUID | set_gid)
}

/// `EPERM` if `directory` is sticky and `credentials` own neither it nor the victim in it.
pub(super) fn check_sticky(
    directory: &dyn Inode,
    victim: &dyn Inode,
    credentials: &Credentials,
) -> Result<(), Errno> {
    let owner = directory.ownership();
    let sticky = owner.mode & S_ISVTX != 0;
    let free =
        !sticky || credentials.fsuid() == owner.uid || is_owner(&victim.ownership(), credentials);
    if free { Ok(()) } else { Err(Errno::EPERM) }
}
