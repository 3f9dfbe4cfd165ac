//! Places in the tree, and what a process sees of it: its root, its current directory, its umask.

use alloc::sync::Arc;
use alloc::vec::Vec;

use machine::sync::SpinLock;

use super::dentry::Dentry;
use super::inode::Inode;
use super::levels;
use super::mount::{self, Mount};

/// A place in the tree: a dentry, and the mount it is seen through.
#[derive(Clone)]
pub struct Path {
    mount: Arc<Mount>,
    dentry: Arc<Dentry>,
}

impl Path {
    /// The place of `dentry` within `mount`.
    #[must_use]
    pub fn new(mount: Arc<Mount>, dentry: Arc<Dentry>) -> Self {
        Self { mount, dentry }
    }

    /// The mount it is seen through.
    #[must_use]
    pub fn mount(&self) -> &Arc<Mount> {
        &self.mount
    }

    /// The name.
    #[must_use]
    pub fn dentry(&self) -> &Arc<Dentry> {
        &self.dentry
    }

    /// The object.
    #[must_use]
    pub fn inode(&self) -> &Arc<dyn Inode> {
        self.dentry.inode()
    }

    /// Whether both are the same place.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dentry, &other.dentry) && Arc::ptr_eq(&self.mount, &other.mount)
    }

    pub(super) fn set_dentry(&mut self, dentry: Arc<Dentry>) {
        self.dentry = dentry;
    }

    /// Whether the top of its mount.
    #[must_use]
    pub fn is_mount_root(&self) -> bool {
        Arc::ptr_eq(&self.dentry, self.mount.root())
    }

    /// Goes up to the uncovered place this mount is on, if this is the top of a mounted mount.
    pub(super) fn leave_mounts(&mut self, root: &Self) -> bool {
        while self.is_mount_root() && !self.same_place(root) {
            match mount::mount_point(&self.mount) {
                Some(outer) => *self = outer,
                None => return false,
            }
        }
        !self.same_place(root)
    }

    /// Goes into whatever is mounted here, topmost last.
    pub(super) fn enter_mounts(&mut self) {
        while self.dentry.is_mount_point() {
            match mount::covering(self) {
                Some(mount) => *self = mount.root_path(),
                None => return,
            }
        }
    }

    /// The text of the path from `root` to here, and whether `root` was reached.
    #[must_use]
    pub fn text(&self, root: &Self) -> (Vec<u8>, bool) {
        loop {
            let version = Dentry::tree_version();
            let text = self.text_once(root);
            if Dentry::tree_version() == version {
                return text;
            }
        }
    }

    fn text_once(&self, root: &Self) -> (Vec<u8>, bool) {
        let mut names: Vec<Arc<[u8]>> = Vec::new();
        let mut at = self.clone();
        let reached = loop {
            if at.same_place(root) {
                break true;
            }
            if at.is_mount_root() {
                match mount::mount_point(&at.mount) {
                    Some(outer) => at = outer,
                    None => break false,
                }
                continue;
            }
            let Some(parent) = at.dentry.parent() else {
                break false;
            };
            names.push(at.dentry.name());
            at.set_dentry(parent);
        };
        let mut text = Vec::new();
        for name in names.iter().rev() {
            text.push(b'/');
            text.extend_from_slice(name);
        }
        if text.is_empty() {
            text.push(b'/');
        }
        (text, reached)
    }

    /// The path as `/proc/PID/fd` and its like show it to a process whose root is `root`: ` (deleted)` is added when
    /// the name is gone.
    #[must_use]
    pub fn display(&self, root: &Self) -> Vec<u8> {
        let (mut text, _) = self.text(root);
        if self.dentry.is_removed() {
            text.extend_from_slice(b" (deleted)");
        }
        text
    }
}

/// What a process sees of the tree; shared between threads and after `clone(CLONE_FS)`.
pub struct FsContext {
    state: SpinLock<State>,
}

#[derive(Clone)]
struct State {
    root: Path,
    directory: Path,
    umask: u32,
}

impl FsContext {
    /// A context whose root and current directory are `root`, with umask 022.
    #[must_use]
    pub fn new(root: Path) -> Self {
        Self::with_state(State {
            directory: root.clone(),
            root,
            umask: 0o022,
        })
    }

    fn with_state(state: State) -> Self {
        let state = SpinLock::new(levels::CONTEXT, state);
        Self { state }
    }

    /// A copy for a child process.
    #[must_use]
    pub fn fork_copy(&self) -> Self {
        Self::with_state(self.state.lock().clone())
    }

    /// Where absolute paths begin.
    #[must_use]
    pub fn root(&self) -> Path {
        self.state.lock().root.clone()
    }

    /// The current directory, where relative paths begin.
    #[must_use]
    pub fn directory(&self) -> Path {
        self.state.lock().directory.clone()
    }

    /// The permission bits new files do not get.
    #[must_use]
    pub fn umask(&self) -> u32 {
        self.state.lock().umask
    }

    /// Sets the umask and gives the old one.
    pub fn set_umask(&self, umask: u32) -> u32 {
        core::mem::replace(&mut self.state.lock().umask, umask & 0o777)
    }

    /// `chroot(2)` once everything is checked.
    pub fn set_root(&self, root: Path) {
        let old = core::mem::replace(&mut self.state.lock().root, root);
        drop(old);
    }

    /// Puts `new` wherever `old` is the root or the current directory (`pivot_root(2)`).
    pub fn replace(&self, old: &Path, new: &Path) {
        if self.root().same_place(old) {
            self.set_root(new.clone());
        }
        if self.directory().same_place(old) {
            self.set_directory(new.clone());
        }
    }

    /// `chdir(2)` once everything is checked.
    pub fn set_directory(&self, directory: Path) {
        let old = core::mem::replace(&mut self.state.lock().directory, directory);
        drop(old);
    }
}
