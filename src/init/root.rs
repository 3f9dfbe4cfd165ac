//! The root file system: what the initial ramdisk holds.

use alloc::sync::Arc;

use machine::boot;
use machine::sync::Once;

use crate::fs::initramfs::{self, Stats};
use crate::fs::{self, FsContext};

static ROOT: Once<Arc<FsContext>> = Once::new();

/// The root and working directory that the first program starts with.
pub fn context() -> Arc<FsContext> {
    ROOT.get_or_init(|| Arc::new(FsContext::new(fs::root_path())))
        .clone()
}

/// Fills the root from the initial ramdisk and gives its memory back. What is wrong with it is said, and what came
/// before the error stays.
pub(super) fn unpack_initramfs() {
    let Some(initrd) = boot::take_initrd() else {
        log::warn!("no initial ramdisk");
        return;
    };
    let mut stats = Stats::default();
    let result = initramfs::unpack(&initrd, &context(), &mut stats);
    if let Err(error) = result {
        log::error!("initial ramdisk: {error}");
    }
    log::info!(
        "initial ramdisk: {} names, {} KiB, {} left out",
        stats.entries,
        stats.bytes >> 10,
        stats.skipped
    );
}
