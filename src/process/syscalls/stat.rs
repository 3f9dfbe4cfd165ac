//! File status (`stat(2)`, `statx(2)`, `statfs(2)`).

use abi::Errno;
use abi::fcntl::{
    AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_STATX_DONT_SYNC, AT_STATX_FORCE_SYNC,
    AT_SYMLINK_NOFOLLOW,
};
use abi::stat::{
    STATX__RESERVED, STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, Stat, Statfs, Statx, major,
    minor,
};

use super::lookup::{PathArg, at_flags};
use super::{Call, Fd, SysResult};
use crate::fs::mount::statfs_flags;
use crate::fs::{Metadata, OpenFile, Path, ResolveFlags};
use crate::memory::user::UserAddr;

/// A size or count as the signed fields of the structures have it.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_stat(metadata: &Metadata) -> Stat {
    Stat {
        st_dev: metadata.device,
        st_ino: metadata.inode,
        st_nlink: u64::from(metadata.links),
        st_mode: metadata.full_mode(),
        st_uid: metadata.uid,
        st_gid: metadata.gid,
        st_rdev: metadata.rdev,
        st_size: signed(metadata.size),
        st_blksize: i64::from(metadata.block_size),
        st_blocks: signed(metadata.blocks),
        st_atim: metadata.accessed,
        st_mtim: metadata.modified,
        st_ctim: metadata.changed,
        ..Stat::default()
    }
}

fn store(buffer: UserAddr, metadata: &Metadata) -> SysResult {
    buffer.write(&to_stat(metadata))?;
    Ok(0)
}

/// `stat(2)`
pub fn stat(call: &mut Call<'_>, path: UserAddr, buffer: UserAddr) -> SysResult {
    let path = PathArg::current(call, path)?.resolve(ResolveFlags::empty())?;
    store(buffer, &path.inode().metadata())
}

/// `lstat(2)`
pub fn lstat(call: &mut Call<'_>, path: UserAddr, buffer: UserAddr) -> SysResult {
    let path = PathArg::current(call, path)?.resolve(ResolveFlags::NO_FOLLOW)?;
    store(buffer, &path.inode().metadata())
}

/// `fstat(2)`
pub fn fstat(call: &mut Call<'_>, fd: Fd, buffer: UserAddr) -> SysResult {
    let file = call.files()?.get_any(fd)?;
    store(buffer, &file.metadata())
}

/// `newfstatat(2)`
pub fn newfstatat(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    buffer: UserAddr,
    flags: u32,
) -> SysResult {
    let allowed = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
    let walk = at_flags(flags, allowed)?;
    let (metadata, _) = find(call, directory, path, walk)?;
    store(buffer, &metadata)
}

/// The attributes of what a path names, or a descriptor with an empty path; and where it is mounted.
fn find(
    call: &Call<'_>,
    directory: Fd,
    path: UserAddr,
    walk: ResolveFlags,
) -> Result<(Metadata, u64), Errno> {
    let of_path = |path: &Path| (path.inode().metadata(), path.mount().id());
    let may_be_empty = walk.contains(ResolveFlags::EMPTY_PATH);
    if may_be_empty && directory.0 != AT_FDCWD && path.read::<u8>()? == 0 {
        let file = call.files()?.get_any(directory)?;
        let mount = file.path().map_or(0, |path| path.mount().id());
        return Ok((file.metadata(), mount));
    }
    let arg = PathArg::with_flags(call, directory, path, walk)?;
    arg.resolve(walk).map(|path| of_path(&path))
}

/// `statx(2)`
pub fn statx(
    call: &mut Call<'_>,
    directory: Fd,
    path: UserAddr,
    flags: u32,
    mask: u32,
    buffer: UserAddr,
) -> SysResult {
    const SYNC: u32 = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
    if mask & STATX__RESERVED != 0 || flags & SYNC == SYNC {
        return Err(Errno::EINVAL);
    }
    let walk = at_flags(
        flags,
        SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
    )?;
    let (metadata, mount) = find(call, directory, path, walk)?;
    buffer.write(&to_statx(&metadata, mount))?;
    Ok(0)
}

fn to_statx(metadata: &Metadata, mount: u64) -> Statx {
    Statx {
        stx_mask: STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
        stx_blksize: metadata.block_size,
        stx_nlink: metadata.links,
        stx_uid: metadata.uid,
        stx_gid: metadata.gid,
        stx_mode: u16::try_from(metadata.full_mode()).unwrap_or(0),
        stx_ino: metadata.inode,
        stx_size: metadata.size,
        stx_blocks: metadata.blocks,
        stx_atime: metadata.accessed.into(),
        stx_btime: metadata.created.into(),
        stx_ctime: metadata.changed.into(),
        stx_mtime: metadata.modified.into(),
        stx_rdev_major: major(metadata.rdev),
        stx_rdev_minor: minor(metadata.rdev),
        stx_dev_major: major(metadata.device),
        stx_dev_minor: minor(metadata.device),
        stx_mnt_id: mount,
        ..Statx::default()
    }
}

fn describe(path: &Path) -> Statfs {
    let mut statistics = path.mount().file_system().statistics();
    statistics.f_flags = statfs_flags(path.mount());
    statistics
}

/// `statfs(2)`
pub fn statfs(call: &mut Call<'_>, path: UserAddr, buffer: UserAddr) -> SysResult {
    let path = PathArg::current(call, path)?.resolve(ResolveFlags::empty())?;
    buffer.write(&describe(&path))?;
    Ok(0)
}

/// `fstatfs(2)`
pub fn fstatfs(call: &mut Call<'_>, fd: Fd, buffer: UserAddr) -> SysResult {
    let file = call.files()?.get_any(fd)?;
    buffer.write(&of_file(&file))?;
    Ok(0)
}

fn of_file(file: &OpenFile) -> Statfs {
    match file.path() {
        Some(path) => describe(path),
        None => Statfs {
            f_type: abi::stat::ANON_INODE_FS_MAGIC,
            f_bsize: 4096,
            f_namelen: 255,
            f_frsize: 4096,
            ..Statfs::default()
        },
    }
}
