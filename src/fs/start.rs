//! Start-up: the root of the tree, still empty, and the types of file system there are.

use machine::sync::Once;

use super::tmpfs::{self, TmpFs};
use super::{FsContext, Path, devfs, devpts, initramfs, mount, procfs, sysfs};

static ROOT: Once<Path> = Once::new();

/// Makes the types of file system known and the root, which holds what Linux's built-in archive does.
///
/// The devices must have been registered: devtmpfs shows those there are.
pub fn init() {
    tmpfs::register();
    procfs::register();
    sysfs::register();
    devfs::register();
    devpts::register();
    initramfs::make_default_tree(&FsContext::new(root_path()));
}

/// The root of the tree, as the first process sees it.
#[must_use]
pub fn root_path() -> Path {
    ROOT.get_or_init(make_root).clone()
}

fn make_root() -> Path {
    let root = TmpFs::for_root();
    // Nothing else becomes the root before the first call of this.
    mount::attach_root(root.clone(), "none")
        .unwrap_or_else(|_| mount::Mount::detached(root as _, "none").root_path())
}
