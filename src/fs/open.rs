//! Opening: from a path to an open file (`open(2)`).

use alloc::format;
use alloc::sync::Arc;

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::system::{MS_NODEV, MS_NOEXEC};

use super::directory::DirectoryFile;
use super::file::Usage;
use super::inode::NewNode;
use super::names::{self, owned_by};
use super::permission::{self, Access};
use super::walk::{At, Last, ResolveFlags, Walk};
use super::{AttributeChange, Dentry, FileOps, FileType, OpenFile, Path, device, pipe};

/// How to open.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenHow {
    /// `O_*`.
    pub flags: OpenFlags,
    /// Permissions of a new file, before the umask.
    pub mode: u32,
    /// Limits of the walk.
    pub resolve: ResolveFlags,
}

impl OpenHow {
    /// Opens what is there, without limits of the walk.
    #[must_use]
    pub fn new(flags: OpenFlags) -> Self {
        Self {
            flags,
            ..Self::default()
        }
    }
}

/// Opens what is at `at`.
///
/// # Errors
/// Those of `open(2)`, apart from the descriptor's.
pub fn open(at: &At<'_>, how: &OpenHow) -> Result<Arc<OpenFile>, Errno> {
    let mut flags = how.flags;
    if flags.contains(OpenFlags::O_PATH) {
        return open_path(at, how);
    }
    if flags.contains(OpenFlags::__O_TMPFILE) {
        return open_unnamed(at, how);
    }
    if flags.contains(OpenFlags::O_CREAT) {
        let (path, created) = find_or_create(at, how)?;
        return open_found(at, path, flags, created);
    }
    flags.remove(OpenFlags::O_EXCL);
    let path = at.resolve(walk_flags(how))?;
    open_found(at, path, flags, false)
}

fn walk_flags(how: &OpenHow) -> ResolveFlags {
    let mut flags = how.resolve;
    flags.set(
        ResolveFlags::NO_FOLLOW,
        how.flags.contains(OpenFlags::O_NOFOLLOW),
    );
    flags
}

fn open_path(at: &At<'_>, how: &OpenHow) -> Result<Arc<OpenFile>, Errno> {
    let path = at.resolve(walk_flags(how))?;
    let kept = OpenFlags::O_PATH | OpenFlags::O_DIRECTORY | OpenFlags::O_NOFOLLOW;
    if how.flags.contains(OpenFlags::O_DIRECTORY) && !path.inode().file_type().is_directory() {
        return Err(Errno::ENOTDIR);
    }
    Ok(OpenFile::at_path(
        Arc::new(PathFile),
        path,
        how.flags & kept,
    ))
}

/// The behaviour of a file opened with `O_PATH`: none.
struct PathFile;

impl FileOps for PathFile {}

fn open_unnamed(at: &At<'_>, how: &OpenHow) -> Result<Arc<OpenFile>, Errno> {
    let directory = at.resolve(walk_flags(how) | ResolveFlags::DIRECTORY)?;
    directory.mount().check_writable()?;
    at.check(&**directory.inode(), Access::WRITE | Access::EXECUTE)?;
    let mode = how.mode & 0o7777 & !at.context.umask();
    let inode = directory
        .inode()
        .create_unnamed(owned_by(at.credentials, mode))?;
    let name = format!("#{}", inode.number());
    let dentry = Dentry::unnamed(inode, directory.dentry(), name.as_bytes());
    open_found(
        at,
        Path::new(directory.mount().clone(), dentry),
        how.flags,
        true,
    )
}

/// Finds the file, or creates it; and whether it was created.
fn find_or_create(at: &At<'_>, how: &OpenHow) -> Result<(Path, bool), Errno> {
    let exclusive = how.flags.contains(OpenFlags::O_EXCL);
    let mut walk = at.walk(how.resolve)?;
    loop {
        let parent = walk.step_to_parent()?;
        if parent.trailing_slash && matches!(parent.last, Last::Name(_)) {
            return Err(Errno::EISDIR);
        }
        let name = parent.name(if exclusive {
            Errno::EEXIST
        } else {
            Errno::EISDIR
        })?;
        let directory = &parent.directory;
        let names = directory.dentry().lock_names()?;
        let cache = directory.mount().file_system().caches_names();
        let dentry = match directory.dentry().child_locked(&names, name, cache) {
            Ok(_) if exclusive => return Err(Errno::EEXIST),
            Ok(dentry) => dentry,
            Err(Errno::ENOENT) => {
                names::check_may_add(at, directory)?;
                let mode = how.mode & 0o7777 & !at.context.umask();
                let owner = owned_by(at.credentials, mode);
                let dentry = names::create(directory, &names, name, NewNode::Regular, owner)?;
                return Ok((Path::new(directory.mount().clone(), dentry), true));
            }
            Err(error) => return Err(error),
        };
        drop(names);
        let found = Path::new(directory.mount().clone(), dentry);
        if let Some(path) = existing(&mut walk, found, how)? {
            return Ok((path, false));
        }
    }
}

/// The end of the walk, unless `found` is a symbolic link with a target to be walked.
fn existing(walk: &mut Walk<'_>, mut found: Path, how: &OpenHow) -> Result<Option<Path>, Errno> {
    if found.inode().file_type() == FileType::Symlink {
        if how.flags.contains(OpenFlags::O_NOFOLLOW) {
            return Err(Errno::ELOOP);
        }
        if walk.follow(&found)? {
            return Ok(None);
        }
        return Ok(Some(walk.at().clone()));
    }
    found.enter_mounts();
    if found.inode().file_type().is_directory() {
        return Err(Errno::EISDIR);
    }
    Ok(Some(found))
}

/// Opens the object at `path`. Who has `created` it may do everything with it.
fn open_found(
    at: &At<'_>,
    path: Path,
    flags: OpenFlags,
    created: bool,
) -> Result<Arc<OpenFile>, Errno> {
    if !created {
        check_type(&path, flags)?;
        check_rights(at, &path, flags)?;
    }
    let inode = path.inode().clone();
    let regular = inode.file_type() == FileType::Regular;
    let writes = flags.writable() && regular;
    let mut usage = Usage::Plain;
    if let (true, Some(gate)) = (writes, inode.write_gate()) {
        gate.begin_write()?;
        usage = Usage::Writes;
    }
    let ops = match open_object(&path, flags) {
        Ok(ops) => ops,
        Err(error) => {
            if let (Usage::Writes, Some(gate)) = (usage, inode.write_gate()) {
                gate.end_write();
            }
            return Err(error);
        }
    };
    let file = Arc::new(OpenFile::build(
        ops,
        Some(path),
        flags | OpenFlags::O_LARGEFILE,
        usage,
    ));
    if flags.contains(OpenFlags::O_TRUNC) && regular && !created {
        inode.set_attributes(&AttributeChange::to_size(0))?;
    }
    Ok(file)
}

/// The permissions it takes to open like this. Access mode 3, which allows only `ioctl(2)`, takes both.
fn needed_access(flags: OpenFlags) -> Access {
    let both = flags.contains(OpenFlags::O_ACCMODE);
    let mut access = Access::empty();
    access.set(Access::READ, both || flags.readable());
    access.set(
        Access::WRITE,
        both || flags.writable() || flags.contains(OpenFlags::O_TRUNC),
    );
    access
}

fn check_type(path: &Path, flags: OpenFlags) -> Result<(), Errno> {
    let kind = path.inode().file_type();
    if flags.contains(OpenFlags::O_DIRECTORY) && !kind.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    match kind {
        FileType::Symlink => Err(Errno::ELOOP),
        FileType::Directory if needed_access(flags).contains(Access::WRITE) => Err(Errno::EISDIR),
        FileType::CharDevice | FileType::BlockDevice if path.mount().has(MS_NODEV) => {
            Err(Errno::EACCES)
        }
        _ => Ok(()),
    }
}

fn check_rights(at: &At<'_>, path: &Path, flags: OpenFlags) -> Result<(), Errno> {
    let inode = path.inode();
    let access = needed_access(flags);
    if access.contains(Access::WRITE) && inode.file_type() == FileType::Regular {
        path.mount().check_writable()?;
    }
    at.check(&**inode, access)?;
    let noatime = flags.contains(OpenFlags::O_NOATIME);
    if noatime && !permission::is_owner(&inode.ownership(), at.credentials) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

fn open_object(path: &Path, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    let inode = path.inode();
    match inode.file_type() {
        FileType::Regular => inode.clone().open(flags),
        FileType::Directory => Ok(Arc::new(DirectoryFile)),
        FileType::CharDevice => device::open_char(inode.metadata().rdev, flags),
        FileType::Fifo => {
            let slot = inode.fifo().ok_or(Errno::ENXIO)?;
            pipe::open_fifo(slot, flags)
        }
        FileType::BlockDevice | FileType::Socket => Err(Errno::ENXIO),
        FileType::Symlink => Err(Errno::ELOOP),
    }
}

/// Opens the program at `at` to be run: as long as the file is open, nobody can write it.
///
/// # Errors
/// `EACCES` if not a regular file, without permission or on a `noexec` mount, `ETXTBSY` while open for writing, and
/// those of the walk.
pub fn open_for_exec(at: &At<'_>, flags: ResolveFlags) -> Result<Arc<OpenFile>, Errno> {
    let path = at.resolve(flags)?;
    let inode = path.inode().clone();
    match inode.file_type() {
        FileType::Regular => {}
        FileType::Symlink => return Err(Errno::ELOOP),
        _ => return Err(Errno::EACCES),
    }
    if path.mount().has(MS_NOEXEC) {
        return Err(Errno::EACCES);
    }
    at.check(&*inode, Access::EXECUTE)?;
    let ops = inode.clone().open(OpenFlags::O_RDONLY)?;
    let usage = match inode.write_gate() {
        Some(gate) => gate.begin_run().map(|()| Usage::Runs)?,
        None => Usage::Plain,
    };
    let flags = OpenFlags::O_RDONLY | OpenFlags::O_LARGEFILE;
    Ok(Arc::new(OpenFile::build(ops, Some(path), flags, usage)))
}
