//! Devices by number: which driver serves a device file, wherever the file is.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::stat::{major, makedev};
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

/// Drivers of whole major numbers.
static CHAR_FAMILIES: SpinLock<BTreeMap<u32, OpenDevice>> =
    SpinLock::new(levels::REGISTRY, BTreeMap::new());

/// Makes `open` serve all devices with this major number that are not registered on their own. They do not appear in
/// `/dev`.
pub fn register_char_family(major: u32, open: OpenDevice) {
    CHAR_FAMILIES.lock().insert(major, open);
}

/// Opens the character device with this number.
///
/// # Errors
/// `ENXIO` if there is none, else those of its driver.
pub fn open_char(number: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    let device = find_char(number).map(|device| device.open);
    let family = || CHAR_FAMILIES.lock().get(&major(number)).copied();
    let open = device.or_else(family).ok_or(Errno::ENXIO)?;
    open(number, flags)
}
