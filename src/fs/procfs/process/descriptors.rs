//! The open files of a process: `/proc/PID/fd` and `fdinfo`.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::time::Timespec;

use super::Target;
use super::image::gone;
use crate::fs::inode::{Inode, Link};
use crate::fs::metadata::FileType;
use crate::fs::pseudo::{Changing, Directory, File, Name, Subject, Symlink, Text, callers_root};
use crate::fs::{FdTable, OpenFile};
use crate::line;
use crate::process::syscalls::Fd;

/// `fd`.
pub fn links(target: &Target, number: u64) -> Arc<dyn Inode> {
    Directory::inode(target.clone(), number, 0o500, &[], Some(&Links))
}

/// `fdinfo`.
pub fn details(target: &Target, number: u64) -> Arc<dyn Inode> {
    Directory::inode(target.clone(), number, 0o555, &[], Some(&Details))
}

/// One descriptor of a process.
#[derive(Clone)]
struct Descriptor {
    target: Target,
    fd: Fd,
}

impl Descriptor {
    fn file(&self) -> Result<Arc<OpenFile>, Errno> {
        self.target.check_inspection().map_err(gone)?;
        files(&self.target)?
            .get_any(self.fd)
            .map_err(|_| Errno::ENOENT)
    }

    /// What the link's permissions tell: whether the file is open for reading and for writing.
    fn mode(&self) -> u32 {
        self.file().map_or(0, |file| {
            let read = if file.readable() { 0o500 } else { 0 };
            let write = if file.writable() { 0o300 } else { 0 };
            read | write
        })
    }
}

impl Subject for Descriptor {
    fn owner(&self) -> (u32, u32) {
        self.target.owner()
    }

    fn device(&self) -> u64 {
        self.target.device()
    }

    fn time(&self) -> Timespec {
        self.target.time()
    }

    fn check(&self) -> Result<(), Errno> {
        self.file().map(drop)
    }
}

fn files(target: &Target) -> Result<Arc<FdTable>, Errno> {
    target
        .thread()
        .and_then(|thread| thread.files())
        .ok_or(Errno::ENOENT)
}

fn descriptors(target: &Target, from: u64, file_type: FileType) -> Result<Vec<Name>, Errno> {
    target.check_inspection().map_err(gone)?;
    let Ok(files) = files(target) else {
        return Ok(Vec::new());
    };
    let names = files.open_descriptors().into_iter().filter_map(|fd| {
        let key = u64::try_from(fd.0).ok()?;
        (key >= from).then(|| Name {
            key,
            name: format!("{}", fd.0).into_bytes(),
            file_type,
        })
    });
    Ok(names.collect())
}

fn find(target: &Target, name: &[u8]) -> Result<Descriptor, Errno> {
    let text = core::str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
    if text != "0" && text.starts_with(['0', '+', '-']) {
        return Err(Errno::ENOENT);
    }
    let fd = Fd(text.parse().map_err(|_| Errno::ENOENT)?);
    let descriptor = Descriptor {
        target: target.clone(),
        fd,
    };
    descriptor.file()?;
    Ok(descriptor)
}

struct Links;

impl Changing<Target> for Links {
    fn names(&self, target: &Target, from: u64) -> Result<Vec<Name>, Errno> {
        descriptors(target, from, FileType::Symlink)
    }

    fn find(&self, target: &Target, name: &[u8], number: u64) -> Result<Arc<dyn Inode>, Errno> {
        let descriptor = find(target, name)?;
        let mode = descriptor.mode();
        Ok(Symlink::inode(descriptor, number, mode, follow, Some(text)))
    }
}

/// A link of `fd` leads to the very object, also if its name is gone.
fn follow(descriptor: &Descriptor) -> Result<Link, Errno> {
    let file = descriptor.file()?;
    match file.path() {
        Some(path) => Ok(Link::Object(path.clone())),
        None => text(descriptor).map(Link::Target),
    }
}

fn text(descriptor: &Descriptor) -> Result<Vec<u8>, Errno> {
    Ok(descriptor.file()?.describe(&callers_root()?))
}

struct Details;

impl Changing<Target> for Details {
    fn names(&self, target: &Target, from: u64) -> Result<Vec<Name>, Errno> {
        descriptors(target, from, FileType::Regular)
    }

    fn find(&self, target: &Target, name: &[u8], number: u64) -> Result<Arc<dyn Inode>, Errno> {
        Ok(File::inode(
            find(target, name)?,
            number,
            0o444,
            show_details,
            None,
        ))
    }
}

/// `fdinfo/N`: position, flags in octal, mount and inode.
fn show_details(descriptor: &Descriptor, text: &mut Text) -> Result<(), Errno> {
    let file = descriptor.file()?;
    let files = files(&descriptor.target)?;
    let close_on_exec = files.is_close_on_exec(descriptor.fd).unwrap_or(false);
    let flags = file.flags().bits() | if close_on_exec { 0o2_000_000 } else { 0 };
    line!(text, "pos:\t{}", file.position());
    line!(text, "flags:\t0{flags:o}");
    line!(
        text,
        "mnt_id:\t{}",
        file.path().map_or(0, |path| path.mount().id())
    );
    line!(text, "ino:\t{}", file.metadata().inode);
    text.push(file.ops().fdinfo().as_bytes());
    Ok(())
}
