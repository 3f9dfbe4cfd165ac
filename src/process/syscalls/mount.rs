//! Mounting (`mount(2)`, `umount2(2)`, `pivot_root(2)`).

use alloc::vec::Vec;

use abi::Errno;
use abi::system::{MNT_DETACH, MNT_EXPIRE, MNT_FORCE, MS_BIND, MS_MOVE, UMOUNT_NOFOLLOW};

use super::lookup::PathArg;
use super::{Call, SysResult};
use crate::fs::ResolveFlags;
use crate::fs::mount::{self as mounts, MountRequest};
use crate::memory::user::{PATH_MAX, UserAddr};
use crate::process::credentials::capability;

/// What old programs put into the upper half of the flags.
const MS_MGC_VAL: u64 = 0xc0ed_0000;
const MS_MGC_MSK: u64 = 0xffff_0000;
/// The most bytes of options looked at.
const MAX_OPTIONS: usize = 4095;

fn check_privilege(call: &Call<'_>) -> Result<(), Errno> {
    if call.credentials().has(capability::SYS_ADMIN) {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

fn optional_text(address: UserAddr) -> Result<Vec<u8>, Errno> {
    if address.is_null() {
        Ok(Vec::new())
    } else {
        address.read_cstr(PATH_MAX)
    }
}

/// The options: text up to a zero, or up to what can be read of a page.
fn read_options(address: UserAddr) -> Result<Vec<u8>, Errno> {
    if address.is_null() {
        return Ok(Vec::new());
    }
    address.read_cstr(MAX_OPTIONS).map_err(|error| match error {
        Errno::ENAMETOOLONG => Errno::EINVAL,
        other => other,
    })
}

/// `mount(2)`
pub fn mount(
    call: &mut Call<'_>,
    source: UserAddr,
    target: UserAddr,
    kind: UserAddr,
    flags: u64,
    options: UserAddr,
) -> SysResult {
    let kind = optional_text(kind)?;
    let source_text = optional_text(source)?;
    let options = read_options(options)?;
    let magic = flags & MS_MGC_MSK == MS_MGC_VAL;
    let flags = if magic { flags & !MS_MGC_MSK } else { flags };
    let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
    let target = PathArg::current(call, target)?.resolve(ResolveFlags::empty())?;
    check_privilege(call)?;
    let source_path = if flags & (MS_BIND | MS_MOVE) != 0 {
        Some(PathArg::current(call, source)?.resolve(ResolveFlags::empty())?)
    } else {
        None
    };
    mounts::mount(&MountRequest {
        target,
        source: if source_text.is_empty() {
            b"none"
        } else {
            &source_text
        },
        source_path,
        kind: &kind,
        flags,
        options: &options,
    })?;
    Ok(0)
}

/// `umount2(2)`
pub fn umount2(call: &mut Call<'_>, target: UserAddr, flags: u32) -> SysResult {
    if flags & !(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW) != 0 {
        return Err(Errno::EINVAL);
    }
    let mut walk = ResolveFlags::empty();
    walk.set(ResolveFlags::NO_FOLLOW, flags & UMOUNT_NOFOLLOW != 0);
    let target = PathArg::current(call, target)?.resolve(walk)?;
    check_privilege(call)?;
    mounts::unmount(target, flags)?;
    Ok(0)
}

/// `pivot_root(2)`
pub fn pivot_root(call: &mut Call<'_>, new_root: UserAddr, put_old: UserAddr) -> SysResult {
    check_privilege(call)?;
    let new_root = PathArg::current(call, new_root)?.resolve(ResolveFlags::DIRECTORY)?;
    let put_old = PathArg::current(call, put_old)?.resolve(ResolveFlags::DIRECTORY)?;
    let context = call.fs()?;
    let root = context.root();
    mounts::pivot(&root, &new_root, &put_old)?;
    // Whoever was at the old root is at the new one now.
    for process in crate::process::table::all() {
        let contexts = process
            .threads()
            .into_iter()
            .filter_map(|thread| thread.fs());
        contexts.for_each(|context| context.replace(&root, &new_root));
    }
    Ok(0)
}
