//! Keeps programs from filling the kernel's heap with objects of the file system.

use abi::Errno;

/// Asked before an object is made that lasts as long as a program likes: an inode, a name, an open file, a lock.
///
/// The kernel's own needs may use up what is left then.
///
/// # Errors
/// `ENOMEM` when only the kernel's reserve of memory is free.
pub(super) fn check() -> Result<(), Errno> {
    if machine::mem::has_reserve() {
        Ok(())
    } else {
        Err(Errno::ENOMEM)
    }
}
