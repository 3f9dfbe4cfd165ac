//! Inodes of a tmpfs.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use abi::fcntl::OpenFlags;
use abi::stat::{S_ISGID, S_ISUID};
use abi::time::Timespec;
use abi::{Errno, PAGE_SIZE};
use machine::sync::SpinLock;

use super::account::Account;
use super::content::Content;
use super::directory::Directory;
use crate::fs::metadata::{access_time_is_stale, now};
use crate::fs::{
    AttributeChange, DirectoryEntry, FifoSlot, FileOps, FileType, Inode, Metadata, NewNode,
    Ownership, WriteGate, levels,
};
use crate::fs::{permission, reserve};
use crate::process::credentials::capability;
use crate::process::with_current_thread;

/// What a name in a directory adds to its size, as Linux counts.
const ENTRY_SIZE: u64 = 20;

/// An object of a tmpfs.
pub struct TmpInode {
    account: Arc<Account>,
    number: u64,
    attributes: SpinLock<Attributes>,
    kind: Kind,
}

struct Attributes {
    ownership: Ownership,
    links: u32,
    accessed: Timespec,
    modified: Timespec,
    changed: Timespec,
    created: Timespec,
}

enum Kind {
    Regular(Content),
    Directory(SpinLock<Directory>),
    Symlink(Box<[u8]>),
    Fifo(FifoSlot),
    Socket,
    CharDevice(u64),
    BlockDevice(u64),
}

impl Kind {
    fn new(node: NewNode<'_>) -> Result<Self, Errno> {
        Ok(match node {
            NewNode::Regular => Self::Regular(Content::new()),
            NewNode::Directory => Self::Directory(SpinLock::new(levels::PAGES, Directory::new())),
            NewNode::Symlink(target) => Self::Symlink(Box::from(target)),
            NewNode::Fifo => Self::Fifo(FifoSlot::new()),
            NewNode::Socket => Self::Socket,
            NewNode::CharDevice(number) => Self::CharDevice(number),
            NewNode::BlockDevice(number) => Self::BlockDevice(number),
        })
    }
}

impl TmpInode {
    /// A new object with `links` names.
    pub(super) fn new(
        account: Arc<Account>,
        node: NewNode<'_>,
        ownership: Ownership,
        links: u32,
    ) -> Result<Arc<Self>, Errno> {
        let number = account.take_inode()?;
        Ok(Arc::new(Self::build(
            account,
            number,
            Kind::new(node)?,
            ownership,
            links,
        )))
    }

    /// The root directory of a new file system.
    pub(super) fn root(account: Arc<Account>, ownership: Ownership) -> Arc<Self> {
        // A limit too low for the root itself leaves it as number 1, uncounted.
        let number = account.take_inode().unwrap_or(1);
        let kind = Kind::Directory(SpinLock::new(levels::PAGES, Directory::new()));
        Arc::new(Self::build(account, number, kind, ownership, 2))
    }

    fn build(
        account: Arc<Account>,
        number: u64,
        kind: Kind,
        ownership: Ownership,
        links: u32,
    ) -> Self {
        let time = now();
        let attributes = Attributes {
            ownership,
            links,
            accessed: time,
            modified: time,
            changed: time,
            created: time,
        };
        Self {
            account,
            number,
            attributes: SpinLock::new(levels::INODE, attributes),
            kind,
        }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The content of a regular file.
    pub(super) fn content(&self) -> Result<&Content, Errno> {
        match &self.kind {
            Kind::Regular(content) => Ok(content),
            _ => Err(Errno::EINVAL),
        }
    }

    fn directory(&self) -> Result<&SpinLock<Directory>, Errno> {
        match &self.kind {
            Kind::Directory(directory) => Ok(directory),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Notes a change of the content by the running thread, which can take set-id bits away.
    pub(super) fn touch_modified(&self) {
        let time = now();
        let mut attributes = self.attributes.lock();
        attributes.modified = time;
        attributes.changed = time;
        if attributes.ownership.mode & (S_ISUID | S_ISGID) != 0 {
            let lost = with_current_thread(|thread| {
                let credentials = thread.credentials();
                let keeps = credentials.has(capability::FSETID);
                if keeps {
                    0
                } else {
                    permission::lost_set_id(&attributes.ownership, &credentials)
                }
            });
            attributes.ownership.mode &= !lost.unwrap_or(0);
        }
    }

    fn add_links(&self, change: i32) {
        let time = now();
        let mut attributes = self.attributes.lock();
        attributes.links = attributes.links.saturating_add_signed(change);
        attributes.changed = time;
    }

    /// A name was added to or taken from this directory, and with it perhaps a directory's link to here.
    fn entries_changed(&self, links: i32) {
        let time = now();
        let mut attributes = self.attributes.lock();
        attributes.links = attributes.links.saturating_add_signed(links);
        attributes.modified = time;
        attributes.changed = time;
    }

    fn new_child(
        &self,
        node: NewNode<'_>,
        ownership: Ownership,
        links: u32,
    ) -> Result<Arc<Self>, Errno> {
        let mut ownership = ownership;
        let own = self.ownership();
        if own.mode & S_ISGID != 0 {
            ownership.gid = own.gid;
            if matches!(node, NewNode::Directory) {
                ownership.mode |= S_ISGID;
            }
        }
        Self::new(self.account.clone(), node, ownership, links)
    }

    fn take_entry(&self, name: &[u8]) -> Result<Arc<Self>, Errno> {
        self.directory()?.lock().remove(name).ok_or(Errno::ENOENT)
    }

    /// The object behind `victim`, which `name` in this directory stood for, has lost that name.
    fn dismiss(&self, victim: &Self) {
        if victim.file_type().is_directory() {
            victim.add_links(-2);
            self.entries_changed(-1);
        } else {
            victim.add_links(-1);
            self.entries_changed(0);
        }
    }

    /// Whether `mark_removed` succeeds, if a directory.
    fn retire(&self) -> Result<(), Errno> {
        match &self.kind {
            Kind::Directory(directory) => directory.lock().mark_removed(),
            _ => Ok(()),
        }
    }

    fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory(_))
    }

    fn exchange(&self, old: &[u8], target: &Self, new: &[u8]) -> Result<(), Errno> {
        let left = self
            .directory()?
            .lock()
            .get(old)
            .cloned()
            .ok_or(Errno::ENOENT)?;
        let right = target
            .directory()?
            .lock()
            .get(new)
            .cloned()
            .ok_or(Errno::ENOENT)?;
        self.directory()?.lock().replace(old, right.clone());
        target.directory()?.lock().replace(new, left.clone());
        let delta = i32::from(right.is_directory()) - i32::from(left.is_directory());
        self.entries_changed(delta);
        target.entries_changed(-delta);
        left.add_links(0);
        right.add_links(0);
        Ok(())
    }
}

impl Inode for TmpInode {
    fn file_type(&self) -> FileType {
        match self.kind {
            Kind::Regular(_) => FileType::Regular,
            Kind::Directory(_) => FileType::Directory,
            Kind::Symlink(_) => FileType::Symlink,
            Kind::Fifo(_) => FileType::Fifo,
            Kind::Socket => FileType::Socket,
            Kind::CharDevice(_) => FileType::CharDevice,
            Kind::BlockDevice(_) => FileType::BlockDevice,
        }
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn ownership(&self) -> Ownership {
        self.attributes.lock().ownership
    }

    fn metadata(&self) -> Metadata {
        let (size, pages) = match &self.kind {
            Kind::Regular(content) => content.size_and_pages(),
            Kind::Directory(directory) => ((directory.lock().len() as u64 + 2) * ENTRY_SIZE, 0),
            Kind::Symlink(target) => (target.len() as u64, 0),
            _ => (0, 0),
        };
        let rdev = match self.kind {
            Kind::CharDevice(number) | Kind::BlockDevice(number) => number,
            _ => 0,
        };
        let attributes = self.attributes.lock();
        Metadata {
            device: self.account.device(),
            inode: self.number,
            file_type: self.file_type(),
            mode: attributes.ownership.mode,
            links: attributes.links,
            uid: attributes.ownership.uid,
            gid: attributes.ownership.gid,
            rdev,
            size,
            block_size: 4096,
            blocks: pages * (PAGE_SIZE as u64 / 512),
            accessed: attributes.accessed,
            modified: attributes.modified,
            changed: attributes.changed,
            created: attributes.created,
        }
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<(), Errno> {
        if let Some(size) = change.size {
            self.truncate(size)?;
            self.touch_modified();
        }
        let time = now();
        let mut attributes = self.attributes.lock();
        let ownership = &mut attributes.ownership;
        ownership.mode = change.mode.map_or(ownership.mode, |mode| mode & 0o7777);
        ownership.uid = change.uid.unwrap_or(ownership.uid);
        ownership.gid = change.gid.unwrap_or(ownership.gid);
        attributes.accessed = change.accessed.unwrap_or(attributes.accessed);
        attributes.modified = change.modified.unwrap_or(attributes.modified);
        attributes.changed = time;
        Ok(())
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Inode>, Errno> {
        let directory = self.directory()?.lock();
        let inode = directory.get(name).cloned().ok_or(Errno::ENOENT)?;
        Ok(inode)
    }

    fn create(
        &self,
        name: &[u8],
        node: NewNode<'_>,
        ownership: Ownership,
    ) -> Result<Arc<dyn Inode>, Errno> {
        let is_directory = matches!(node, NewNode::Directory);
        let links = if is_directory { 2 } else { 1 };
        let inode = self.new_child(node, ownership, links)?;
        self.directory()?.lock().insert(name, inode.clone())?;
        self.entries_changed(i32::from(is_directory));
        Ok(inode)
    }

    fn create_unnamed(&self, ownership: Ownership) -> Result<Arc<dyn Inode>, Errno> {
        let inode = self.new_child(NewNode::Regular, ownership, 0)?;
        Ok(inode)
    }

    fn link(&self, name: &[u8], target: &Arc<dyn Inode>) -> Result<(), Errno> {
        reserve::check()?;
        let target = downcast(target)?;
        if target.attributes.lock().links == u32::MAX {
            return Err(Errno::EMLINK);
        }
        self.directory()?.lock().insert(name, target.clone())?;
        target.add_links(1);
        self.entries_changed(0);
        Ok(())
    }

    fn unlink(&self, name: &[u8]) -> Result<(), Errno> {
        let victim = self.take_entry(name)?;
        self.dismiss(&victim);
        Ok(())
    }

    fn remove_directory(&self, name: &[u8]) -> Result<(), Errno> {
        let victim = self
            .directory()?
            .lock()
            .get(name)
            .cloned()
            .ok_or(Errno::ENOENT)?;
        victim.retire()?;
        self.take_entry(name)?;
        self.dismiss(&victim);
        Ok(())
    }

    fn rename(
        &self,
        old: &[u8],
        target: &Arc<dyn Inode>,
        new: &[u8],
        exchange: bool,
    ) -> Result<(), Errno> {
        let target = downcast(target)?;
        if exchange {
            return self.exchange(old, &target, new);
        }
        let moved = self
            .directory()?
            .lock()
            .get(old)
            .cloned()
            .ok_or(Errno::ENOENT)?;
        let replaced = target.directory()?.lock().get(new).cloned();
        if let Some(victim) = &replaced {
            victim.retire()?;
            target.directory()?.lock().replace(new, moved.clone());
            target.dismiss(victim);
        } else {
            target.directory()?.lock().insert(new, moved.clone())?;
        }
        self.take_entry(old)?;
        let link = i32::from(moved.is_directory());
        self.entries_changed(-link);
        target.entries_changed(link);
        moved.add_links(0);
        Ok(())
    }

    fn read_directory(
        &self,
        position: u64,
        emit: &mut dyn FnMut(DirectoryEntry<'_>) -> bool,
    ) -> Result<(), Errno> {
        self.directory()?.lock().read(position, emit);
        Ok(())
    }

    fn read_link(&self) -> Result<Vec<u8>, Errno> {
        match &self.kind {
            Kind::Symlink(target) => Ok(target.to_vec()),
            _ => Err(Errno::EINVAL),
        }
    }

    fn open(self: Arc<Self>, _flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
        self.content().map_err(|_| Errno::ENXIO)?;
        Ok(self)
    }

    fn fifo(&self) -> Option<&FifoSlot> {
        match &self.kind {
            Kind::Fifo(slot) => Some(slot),
            _ => None,
        }
    }

    fn write_gate(&self) -> Option<&WriteGate> {
        self.content().ok().map(Content::gate)
    }

    fn touch_accessed(&self) {
        let time = now();
        let mut attributes = self.attributes.lock();
        if access_time_is_stale(
            attributes.accessed,
            attributes.modified,
            attributes.changed,
            time,
        ) {
            attributes.accessed = time;
        }
    }
}

/// The inode of a tmpfs behind `inode`; the VFS only brings inodes of one file system together.
fn downcast(inode: &Arc<dyn Inode>) -> Result<Arc<TmpInode>, Errno> {
    let any: Arc<dyn Any + Send + Sync> = inode.clone();
    any.downcast().map_err(|_| Errno::EXDEV)
}

impl Drop for TmpInode {
    fn drop(&mut self) {
        self.account.give_back_inode();
        if let Kind::Regular(content) = &mut self.kind {
            self.account.give_back_pages(content.page_count());
        }
        let Kind::Directory(directory) = &mut self.kind else {
            return;
        };
        // One directory after the other: a tree can be deeper than the kernel's stack allows to recurse.
        let mut pending = directory.get_mut().take_all();
        while let Some(inode) = pending.pop() {
            let Some(mut inode) = Arc::into_inner(inode) else {
                continue;
            };
            if let Kind::Directory(directory) = &mut inode.kind {
                pending.append(&mut directory.get_mut().take_all());
            }
        }
    }
}
