//! `/dev` as the kernel fills it (devtmpfs): a tmpfs, one for all mounts, that has a file for each device.

use alloc::sync::Arc;

use abi::Errno;
use machine::sync::Once;

use super::inode::{FileSystem, FileSystemType, Inode, NewNode};
use super::metadata::Ownership;
use super::tmpfs::TmpFs;
use super::{device, mount};

static INSTANCE: Once<Arc<TmpFs>> = Once::new();

/// The file system, filled with the devices registered before the first call.
pub fn instance() -> Arc<TmpFs> {
    INSTANCE.get_or_init(make).clone()
}

fn make() -> Arc<TmpFs> {
    let file_system = TmpFs::new("devtmpfs", 0o755);
    let root = file_system.root_directory();
    for device in device::char_devices() {
        let ownership = Ownership {
            mode: device.mode,
            uid: 0,
            gid: 0,
        };
        let node = NewNode::CharDevice(device.number);
        if let Err(error) = root.create(device.name.as_bytes(), node, ownership) {
            log::warn!("/dev/{}: {error}", device.name);
        }
    }
    file_system
}

struct DevTmpFsType;

impl FileSystemType for DevTmpFsType {
    fn name(&self) -> &'static str {
        "devtmpfs"
    }

    fn mount(&self, _source: &[u8], _options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno> {
        Ok(instance())
    }
}

/// Makes `devtmpfs` known to `mount(2)`.
pub fn register() {
    mount::register(&DevTmpFsType);
}
