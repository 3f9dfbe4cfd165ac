//! From the entries of an archive to the tree.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::fcntl::OpenFlags;
use abi::stat::{S_IFDIR, S_IFMT, S_IFREG, makedev};
use abi::time::Timespec;
use abi::{Errno, PATH_MAX};
use hashbrown::HashMap;

use super::cpio::Header;
use super::{Error, Stats};
use crate::fs::{
    At, AttributeChange, FileType, FsContext, NewNode, OpenFile, OpenHow, Path, ResolveFlags,
    names, open,
};
use crate::memory::user::Source;
use crate::process::Credentials;

/// What identifies a file with several names within an archive.
type LinkKey = (u32, (u32, u32), u32);

/// Puts entries into the tree.
pub(super) struct Unpacker<'a> {
    context: &'a FsContext,
    credentials: Credentials,
    stats: &'a mut Stats,
    /// First names of files with several.
    links: HashMap<LinkKey, Vec<u8>>,
    /// Directories and the times they get once nothing is added to them any more.
    directories: Vec<(Path, Timespec)>,
    umask: u32,
}

/// An entry whose content is still coming.
pub(super) struct Entry {
    header: Header,
    name: Vec<u8>,
    content: Content,
}

enum Content {
    /// Written as it comes.
    File(Arc<OpenFile>),
    /// Collected: a symbolic link's target.
    Target(Vec<u8>),
    /// Of no use.
    Ignored,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(context: &'a FsContext, stats: &'a mut Stats) -> Self {
        Self {
            context,
            credentials: Credentials::superuser(),
            stats,
            links: HashMap::new(),
            directories: Vec::new(),
            umask: context.set_umask(0),
        }
    }

    fn at<'b>(&'b self, path: &'b [u8]) -> At<'b> {
        At {
            context: self.context,
            credentials: &self.credentials,
            start: None,
            path,
        }
    }

    /// Begins an entry: everything but a symbolic link is made now.
    pub(super) fn begin(&mut self, header: &Header, name: Vec<u8>) -> Entry {
        let content = match FileType::from_mode(header.mode) {
            Some(FileType::Symlink) => Content::Target(Vec::new()),
            Some(FileType::Regular) => self
                .begin_file(header, &name)
                .map_or_else(|_| self.skip(), Content::File),
            Some(_) => self
                .make(header, &name)
                .map_or_else(|_| self.skip(), |()| Content::Ignored),
            None => self.skip(),
        };
        Entry {
            header: *header,
            name,
            content,
        }
    }

    fn skip(&mut self) -> Content {
        self.stats.skipped += 1;
        Content::Ignored
    }

    /// Removes what is at `name`, if its type is another than that of `mode`.
    fn clear(&self, name: &[u8], mode: u32) {
        let at = self.at(name);
        let Ok(path) = at.resolve(ResolveFlags::NO_FOLLOW) else {
            return;
        };
        if path.inode().file_type().mode_bits() == mode & S_IFMT {
            return;
        }
        let _ = match path.inode().file_type() {
            FileType::Directory => names::remove_directory(&at),
            _ => names::unlink(&at),
        };
    }

    fn begin_file(&mut self, header: &Header, name: &[u8]) -> Result<Arc<OpenFile>, Errno> {
        self.clear(name, S_IFREG);
        let mut first_name = None;
        if header.links > 1 {
            let key = link_key(header);
            first_name = self.links.get(&key).cloned();
            if first_name.is_none() {
                self.links.insert(key, name.to_vec());
            }
        }
        if let Some(first) = &first_name {
            let _ = names::unlink(&self.at(name));
            let target = self.at(first).resolve(ResolveFlags::NO_FOLLOW)?;
            names::link(&target, &self.at(name))?;
        }
        let mut flags = OpenFlags::O_WRONLY | OpenFlags::O_CREAT | OpenFlags::O_NOFOLLOW;
        flags.set(OpenFlags::O_TRUNC, first_name.is_none());
        let how = OpenHow {
            flags,
            mode: header.mode,
            resolve: ResolveFlags::empty(),
        };
        open(&self.at(name), &how)
    }

    /// Makes a directory, device, FIFO or socket.
    fn make(&mut self, header: &Header, name: &[u8]) -> Result<(), Errno> {
        self.clear(name, header.mode);
        let (major, minor) = header.rdev;
        let node = match header.mode & S_IFMT {
            S_IFDIR => NewNode::Directory,
            mode => names::node_for_mknod(mode, makedev(major, minor))?,
        };
        match names::make(&self.at(name), node, header.mode) {
            Ok(_) => {}
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
        let path = self.at(name).resolve(ResolveFlags::NO_FOLLOW)?;
        self.set_attributes(header, &path)?;
        if path.inode().file_type().is_directory() {
            self.directories.push((path, modified(header)));
        }
        self.stats.entries += 1;
        Ok(())
    }

    fn set_attributes(&self, header: &Header, path: &Path) -> Result<(), Errno> {
        let symlink = path.inode().file_type() == FileType::Symlink;
        path.inode().set_attributes(&AttributeChange {
            mode: (!symlink).then_some(header.mode & 0o7777),
            uid: Some(header.uid),
            gid: Some(header.gid),
            modified: Some(modified(header)),
            ..AttributeChange::default()
        })
    }

    /// Takes a piece of an entry's content.
    pub(super) fn add(&mut self, entry: &mut Entry, part: &[u8]) -> Result<(), Error> {
        match &mut entry.content {
            Content::File(file) => {
                let mut rest = part;
                while !rest.is_empty() {
                    // A source counts what was ever taken from it, so each write gets its own.
                    let count = file
                        .write(&mut Source::kernel(rest))
                        .map_err(Error::NoSpace)?;
                    rest = &rest[count..];
                }
                self.stats.bytes += part.len() as u64;
            }
            Content::Target(target) => {
                if target.len() + part.len() > PATH_MAX {
                    return Err(Error::BadHeader);
                }
                target.extend_from_slice(part);
            }
            Content::Ignored => {}
        }
        Ok(())
    }

    /// Ends an entry.
    pub(super) fn end(&mut self, entry: Entry) -> Result<(), Error> {
        match entry.content {
            Content::File(file) => {
                if let Some(path) = file.path() {
                    self.set_attributes(&entry.header, path)
                        .map_err(Error::NoSpace)?;
                }
                self.stats.entries += 1;
            }
            Content::Target(target) => {
                if self
                    .make_symlink(&entry.header, &entry.name, &target)
                    .is_err()
                {
                    self.stats.skipped += 1;
                } else {
                    self.stats.entries += 1;
                }
            }
            Content::Ignored => {}
        }
        Ok(())
    }

    fn make_symlink(&self, header: &Header, name: &[u8], target: &[u8]) -> Result<(), Errno> {
        // Some archives count the zero at the end of the target.
        let len = target
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(target.len());
        let target = target.get(..len).unwrap_or_default();
        self.clear(name, 0);
        let path = names::make(&self.at(name), NewNode::Symlink(target), 0o777)?;
        self.set_attributes(header, &path)
    }

    /// Links do not reach from one archive into the next.
    pub(super) fn end_of_archive(&mut self) {
        self.links.clear();
    }

    /// Gives the directories their times.
    pub(super) fn finish(self) {
        for (path, time) in &self.directories {
            let change = AttributeChange {
                modified: Some(*time),
                ..AttributeChange::default()
            };
            let _ = path.inode().set_attributes(&change);
        }
        self.context.set_umask(self.umask);
    }

    /// `/dev`, `/dev/console` and `/root`.
    pub(super) fn make_defaults(&mut self) {
        let console = NewNode::CharDevice(makedev(5, 1));
        let nodes: [(&str, NewNode<'_>, u32); 3] = [
            ("/dev", NewNode::Directory, 0o755),
            ("/dev/console", console, 0o600),
            ("/root", NewNode::Directory, 0o700),
        ];
        for (name, node, mode) in nodes {
            if let Err(error) = names::make(&self.at(name.as_bytes()), node, mode)
                && error != Errno::EEXIST
            {
                log::warn!("cannot make {name}: {error:?}");
            }
        }
    }
}

fn link_key(header: &Header) -> LinkKey {
    (header.inode, header.device, header.mode & S_IFMT)
}

fn modified(header: &Header) -> Timespec {
    Timespec {
        tv_sec: i64::from(header.modified),
        tv_nsec: 0,
    }
}
