//! Files in memory without a name (`memfd_create(2)`).

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;
use machine::sync::SpinLock;

use super::file::Usage;
use super::mount::Mount;
use super::names::owned_by;
use super::tmpfs::TmpFs;
use super::{Dentry, OpenFile, Path, levels};
use crate::process::Credentials;

/// The file system such files are on, and its mount, which is nowhere in the tree.
struct Home {
    file_system: Arc<TmpFs>,
    mount: Arc<Mount>,
}

static HOME: SpinLock<Option<Home>> = SpinLock::new(levels::REGISTRY, None);

fn home() -> (Arc<TmpFs>, Arc<Mount>) {
    if let Some(home) = &*HOME.lock() {
        return (home.file_system.clone(), home.mount.clone());
    }
    let file_system = TmpFs::new("tmpfs", 0o1777);
    let mount = Mount::detached(file_system.clone(), "tmpfs");
    let mut home = HOME.lock();
    let home = home.get_or_insert(Home { file_system, mount });
    (home.file_system.clone(), home.mount.clone())
}

/// A new empty file, open for reading and writing, shown as `/memfd:NAME (deleted)`.
///
/// # Errors
/// `ENOMEM`.
pub fn create(
    name: &[u8],
    sealable: bool,
    credentials: &Credentials,
) -> Result<Arc<OpenFile>, Errno> {
    let (file_system, mount) = home();
    let inode = file_system.unnamed_file(owned_by(credentials, 0o777))?;
    if sealable {
        inode.allow_seals();
    }
    if let Some(gate) = super::Inode::write_gate(&*inode) {
        gate.begin_write()?;
    }
    let shown: Vec<u8> = [b"memfd:", name].concat();
    let dentry = Dentry::unnamed(inode.clone(), mount.root(), &shown);
    let path = Path::new(mount, dentry);
    let flags = OpenFlags::O_RDWR | OpenFlags::O_LARGEFILE;
    Ok(Arc::new(OpenFile::build(
        inode,
        Some(path),
        flags,
        Usage::Writes,
    )))
}
