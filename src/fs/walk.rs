//! Walking a path: from its text to the place in the tree it names (`path_resolution(7)`).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use abi::{Errno, NAME_MAX, PATH_MAX};

use super::inode::{Inode, Link};
use super::permission::{self, Access};
use super::{FsContext, Path};
use crate::process::credentials::Credentials;

/// The most symbolic links one walk goes through.
const MAX_LINKS: u32 = 40;

bitflags::bitflags! {
    /// How to walk a path.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct ResolveFlags: u32 {
        /// A symbolic link at the end is the result, not what it leads to.
        const NO_FOLLOW = 1;
        /// The empty path is where the walk begins (`AT_EMPTY_PATH`).
        const EMPTY_PATH = 2;
        /// The result must be a directory.
        const DIRECTORY = 4;
        /// `RESOLVE_NO_XDEV`: stay within the mount.
        const NO_XDEV = 8;
        /// `RESOLVE_NO_MAGICLINKS`: no links like those of `/proc/PID/fd`.
        const NO_MAGICLINKS = 16;
        /// `RESOLVE_NO_SYMLINKS`: no symbolic links at all.
        const NO_SYMLINKS = 32;
        /// `RESOLVE_BENEATH`: stay below where the walk begins.
        const BENEATH = 64;
        /// `RESOLVE_IN_ROOT`: where the walk begins is the root.
        const IN_ROOT = 128;
    }
}

/// What the last component of a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Last {
    /// A name, not looked up yet.
    Name(Vec<u8>),
    /// Nothing at all, as in `/`.
    Root,
    /// `.`.
    Dot,
    /// `..`.
    DotDot,
}

/// All of a path but its last component.
pub(super) struct Parent {
    /// The directory the last component is in.
    pub(super) directory: Path,
    /// The last component.
    pub(super) last: Last,
    /// Whether slashes follow it: it must be a directory.
    pub(super) trailing_slash: bool,
}

impl Parent {
    /// The last component if it is a name, else `error`.
    pub(super) fn name(&self, error: Errno) -> Result<&[u8], Errno> {
        match &self.last {
            Last::Name(name) => Ok(name),
            _ => Err(error),
        }
    }
}

/// A walk in progress.
pub(super) struct Walk<'a> {
    credentials: &'a Credentials,
    root: Path,
    /// How far the walk has come.
    at: Path,
    /// What is still to be walked, from `next` on.
    text: Cow<'a, [u8]>,
    next: usize,
    links: u32,
    flags: ResolveFlags,
}

/// A component within the text, and whether slashes follow it.
struct Component {
    range: Range<usize>,
    trailing_slash: bool,
    is_last: bool,
}

impl<'a> Walk<'a> {
    /// A walk along `path`; a relative one begins at `start`, by default the current directory.
    ///
    /// # Errors
    /// `ENOENT` for the empty path, `ENAMETOOLONG`, `EXDEV` for an absolute path that must stay beneath.
    pub(super) fn new(
        context: &FsContext,
        credentials: &'a Credentials,
        start: Option<&Path>,
        path: &'a [u8],
        flags: ResolveFlags,
    ) -> Result<Self, Errno> {
        if path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if path.is_empty() && !flags.contains(ResolveFlags::EMPTY_PATH) {
            return Err(Errno::ENOENT);
        }
        let confined = flags.intersects(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT);
        let absolute = path.first() == Some(&b'/');
        if absolute && flags.contains(ResolveFlags::BENEATH) {
            return Err(Errno::EXDEV);
        }
        let (root, at) = if confined {
            let start = start.cloned().unwrap_or_else(|| context.directory());
            (start.clone(), start)
        } else {
            let root = context.root();
            let at = match start {
                _ if absolute => root.clone(),
                Some(start) => start.clone(),
                None => context.directory(),
            };
            (root, at)
        };
        Ok(Self {
            credentials,
            root,
            at,
            text: Cow::Borrowed(path),
            next: 0,
            links: 0,
            flags,
        })
    }

    fn take_component(&mut self) -> Option<Component> {
        let rest = self.text.get(self.next..)?;
        let start = self.next + rest.iter().position(|&byte| byte != b'/')?;
        let rest = self.text.get(start..)?;
        let len = rest
            .iter()
            .position(|&byte| byte == b'/')
            .unwrap_or(rest.len());
        let after = rest.get(len..)?;
        let is_last = after.iter().all(|&byte| byte == b'/');
        self.next = start + len;
        Some(Component {
            range: start..start + len,
            trailing_slash: !after.is_empty(),
            is_last,
        })
    }

    /// Walks everything but the last component, which it returns with `trailing_slash`.
    ///
    /// # Errors
    /// `ENOTDIR`, `EACCES`, `ENOENT`, `ELOOP`, `ENAMETOOLONG`.
    pub(super) fn walk_to_last(&mut self) -> Result<(Range<usize>, bool), Errno> {
        loop {
            let Some(component) = self.take_component() else {
                let end = self.text.len();
                return Ok((end..end, self.text.last() == Some(&b'/')));
            };
            self.check_search(component.range.len())?;
            if component.is_last {
                return Ok((component.range, component.trailing_slash));
            }
            self.enter(component.range, true)?;
            if !self.at.inode().file_type().is_directory() {
                return Err(Errno::ENOTDIR);
            }
        }
    }

    /// Checks that the walk may look up a name of `len` bytes here.
    fn check_search(&self, len: usize) -> Result<(), Errno> {
        let inode = self.at.inode();
        if !inode.file_type().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        permission::check(&**inode, self.credentials, Access::EXECUTE)?;
        if len > NAME_MAX {
            Err(Errno::ENAMETOOLONG)
        } else {
            Ok(())
        }
    }

    /// Goes through one component; through a symbolic link only if `follow`. Returns whether it was a link whose
    /// target is now what is still to be walked.
    fn enter(&mut self, component: Range<usize>, follow: bool) -> Result<bool, Errno> {
        let name = self.text.get(component).unwrap_or_default();
        match name {
            b"" | b"." => return Ok(false),
            b".." => return self.go_up().map(|()| false),
            _ => {}
        }
        let cache = self.at.mount().file_system().caches_names();
        let child = self.at.dentry().child(name, cache)?;
        if follow && child.inode().file_type() == super::FileType::Symlink {
            let link = Path::new(self.at.mount().clone(), child);
            return self.follow(&link);
        }
        self.at.set_dentry(child);
        self.cross(|at| at.enter_mounts())?;
        Ok(false)
    }

    fn go_up(&mut self) -> Result<(), Errno> {
        if self.at.same_place(&self.root) {
            let beneath = self.flags.contains(ResolveFlags::BENEATH);
            return if beneath { Err(Errno::EXDEV) } else { Ok(()) };
        }
        let root = self.root.clone();
        self.cross(|at| {
            if at.leave_mounts(&root) {
                if let Some(parent) = at.dentry().parent() {
                    at.set_dentry(parent);
                }
                at.enter_mounts();
            }
        })
    }

    fn cross(&mut self, step: impl FnOnce(&mut Path)) -> Result<(), Errno> {
        if !self.flags.contains(ResolveFlags::NO_XDEV) {
            step(&mut self.at);
            return Ok(());
        }
        let before = self.at.mount().id();
        step(&mut self.at);
        if self.at.mount().id() == before {
            Ok(())
        } else {
            Err(Errno::EXDEV)
        }
    }

    /// Goes through the symbolic link `link`, which is in the directory the walk is at: puts its target before what
    /// is still to be walked. False if the link led to an object at once.
    pub(super) fn follow(&mut self, link: &Path) -> Result<bool, Errno> {
        self.links += 1;
        if self.links > MAX_LINKS || self.flags.contains(ResolveFlags::NO_SYMLINKS) {
            return Err(Errno::ELOOP);
        }
        let target = match link.inode().follow_link()? {
            Link::Target(target) => target,
            Link::Object(_) if self.flags.contains(ResolveFlags::NO_MAGICLINKS) => {
                return Err(Errno::ELOOP);
            }
            Link::Object(_) if self.confined() => return Err(Errno::EXDEV),
            Link::Object(path) => {
                self.at = path;
                return Ok(false);
            }
        };
        if !link.mount().has(abi::system::MS_NOATIME) {
            link.inode().touch_accessed();
        }
        if target.first() == Some(&b'/') {
            if self.flags.contains(ResolveFlags::BENEATH) {
                return Err(Errno::EXDEV);
            }
            let root = self.root.clone();
            self.cross(|at| *at = root)?;
        }
        self.prepend(target)?;
        Ok(true)
    }

    fn confined(&self) -> bool {
        self.flags
            .intersects(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT)
    }

    fn prepend(&mut self, mut target: Vec<u8>) -> Result<(), Errno> {
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        let rest = self.text.get(self.next..).unwrap_or_default();
        target.try_reserve(rest.len()).map_err(|_| Errno::ENOMEM)?;
        target.extend_from_slice(rest);
        self.text = Cow::Owned(target);
        self.next = 0;
        Ok(())
    }

    /// Walks to the last component. The walk can go on with [`follow`](Self::follow) if that is a symbolic link.
    pub(super) fn step_to_parent(&mut self) -> Result<Parent, Errno> {
        let (last, trailing_slash) = self.walk_to_last()?;
        let last = match self.text.get(last).unwrap_or_default() {
            b"" => Last::Root,
            b"." => Last::Dot,
            b".." => Last::DotDot,
            name => Last::Name(name.to_vec()),
        };
        Ok(Parent {
            directory: self.at.clone(),
            last,
            trailing_slash,
        })
    }

    /// Where the walk is.
    pub(super) fn at(&self) -> &Path {
        &self.at
    }

    /// Walks to the end.
    ///
    /// # Errors
    /// Those of [`to_last`](Self::to_last).
    pub(super) fn finish(mut self) -> Result<Path, Errno> {
        let no_follow = self.flags.contains(ResolveFlags::NO_FOLLOW);
        let mut directory = self.flags.contains(ResolveFlags::DIRECTORY);
        loop {
            let (last, trailing_slash) = self.walk_to_last()?;
            directory |= trailing_slash;
            if !self.enter(last, !no_follow || trailing_slash)? {
                break;
            }
        }
        if directory && !self.at.inode().file_type().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        Ok(self.at)
    }
}

/// A path as a call gives it: where it begins, whose rights count, and its text.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// Whose root, current directory and umask count.
    pub context: &'a FsContext,
    /// Whose rights count.
    pub credentials: &'a Credentials,
    /// Where a relative path begins; by default the current directory.
    pub start: Option<&'a Path>,
    /// The text.
    pub path: &'a [u8],
}

impl<'a> At<'a> {
    /// The place the path names.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`.
    pub fn resolve(&self, flags: ResolveFlags) -> Result<Path, Errno> {
        self.walk(flags)?.finish()
    }

    pub(super) fn walk(&self, flags: ResolveFlags) -> Result<Walk<'a>, Errno> {
        Walk::new(self.context, self.credentials, self.start, self.path, flags)
    }

    /// The directory in which the last component is, and that component.
    pub(super) fn parent(&self) -> Result<Parent, Errno> {
        self.walk(ResolveFlags::empty())?.step_to_parent()
    }

    pub(super) fn check(&self, inode: &dyn Inode, access: Access) -> Result<(), Errno> {
        permission::check(inode, self.credentials, access)
    }
}

/// The place `path` names. A relative path begins at `start`, by default the current directory.
///
/// # Errors
/// `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`.
pub fn resolve(
    context: &FsContext,
    credentials: &Credentials,
    start: Option<&Path>,
    path: &[u8],
    flags: ResolveFlags,
) -> Result<Path, Errno> {
    let at = At {
        context,
        credentials,
        start,
        path,
    };
    at.resolve(flags)
}
