//! Devices by number: which driver serves a device file, wherever the file is.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::stat::makedev;
use machine::sync::SpinLock;

use super::{FileOps, levels};

/// Opens a character device, given its number: what `open(2)` of its device file calls.
pub type OpenDevice = fn(device: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno>;

/// One registered character device.
#[derive(Clone, Copy, Debug)]
pub struct CharDevice {
    /// Major and minor number, see [`abi::stat::makedev`].
    pub number: u64,
    /// Name below `/dev`.
    pub name: &'static str,
    /// Permissions of its file below `/dev`.
    pub mode: u32,
    /// Opens it.
    pub open: OpenDevice,
}

static CHAR_DEVICES: SpinLock<BTreeMap<u64, CharDevice>> =
    SpinLock::new(levels::REGISTRY, BTreeMap::new());

/// Makes a character device known: its file appears in `/dev`, and device files with its number reach it.
pub fn register_char(major: u32, minor: u32, name: &'static str, mode: u32, open: OpenDevice) {
    let number = makedev(major, minor);
    let device = CharDevice {
        number,
        name,
        mode,
        open,
    };
    CHAR_DEVICES.lock().insert(number, device);
}

/// All character devices, by number.
#[must_use]
pub fn char_devices() -> Vec<CharDevice> {
    CHAR_DEVICES.lock().values().copied().collect()
}

/// The character device with this number.
#[must_use]
pub fn find_char(number: u64) -> Option<CharDevice> {
    CHAR_DEVICES.lock().get(&number).copied()
}

/// Opens the character device with this number.
///
/// # Errors
/// `ENXIO` if there is none, else those of its driver.
pub fn open_char(number: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    let device = find_char(number).ok_or(Errno::ENXIO)?;
    (device.open)(number, flags)
}
