//! A tree of files in memory, written as a cpio archive ("newc", see the kernel's
//! Documentation/driver-api/early-userspace/buffer-format.rst). The same tree always gives the same bytes.
use anyhow::{Context, Result};
use cpio::newc::{Builder, ModeFileType, trailer};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// One file of the tree.
#[derive(Debug, Clone)]
enum Node {
    Directory,
    File { content: Vec<u8>, executable: bool },
    Link(String),
    Device { major: u32, minor: u32 },
}

/// A tree of files. Paths are relative to the root, without a leading `/`; directories on the way to a
/// file appear by themselves.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    nodes: BTreeMap<String, Node>,
}

impl Archive {
    /// Adds a directory.
    pub fn directory(&mut self, path: &str) {
        self.insert(path, Node::Directory);
    }

    /// Adds a file that is only read.
    pub fn file(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.insert(
            path,
            Node::File {
                content: content.into(),
                executable: false,
            },
        );
    }

    /// Adds a program.
    pub fn program(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.insert(
            path,
            Node::File {
                content: content.into(),
                executable: true,
            },
        );
    }

    /// Adds a program that is a file of the host.
    pub fn program_from(&mut self, path: &str, source: &Path) -> Result<()> {
        self.program(
            path,
            std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?,
        );
        Ok(())
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.insert(path, Node::Link(target.to_owned()));
    }

    /// Adds a character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.insert(path, Node::Device { major, minor });
    }

    /// Adds all files of another tree, in place of those with the same names.
    pub fn extend(&mut self, other: Archive) {
        self.nodes.extend(other.nodes);
    }

    fn insert(&mut self, path: &str, node: Node) {
        let mut at = 0;
        while let Some(slash) = path.get(at..).and_then(|rest| rest.find('/')) {
            at += slash;
            self.nodes
                .entry(path[..at].to_owned())
                .or_insert(Node::Directory);
            at += 1;
        }
        self.nodes.insert(path.to_owned(), node);
    }

    /// The archive. Its length is a multiple of 4, so that another may follow it.
    pub fn to_cpio(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for (number, (path, node)) in (1..).zip(&self.nodes) {
            out = node.write(path, number, out)?;
        }
        out = trailer(out)?;
        out.resize(out.len().next_multiple_of(4), 0);
        Ok(out)
    }
}

impl Node {
    fn write(&self, path: &str, number: u32, out: Vec<u8>) -> Result<Vec<u8>> {
        let entry = Builder::new(path).ino(number).mtime(0);
        let (entry, content): (Builder, &[u8]) = match self {
            Node::Directory => {
                // /tmp is everybody's; all other directories are root's.
                let mode = if path == "tmp" { 0o1777 } else { 0o755 };
                (
                    entry
                        .nlink(2)
                        .mode(mode)
                        .set_mode_file_type(ModeFileType::Directory),
                    &[],
                )
            }
            Node::File {
                content,
                executable,
            } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                (
                    entry.mode(mode).set_mode_file_type(ModeFileType::Regular),
                    content,
                )
            }
            Node::Link(target) => (
                entry.mode(0o777).set_mode_file_type(ModeFileType::Symlink),
                target.as_bytes(),
            ),
            Node::Device { major, minor } => {
                let entry = entry.rdev_major(*major).rdev_minor(*minor);
                (
                    entry.mode(0o600).set_mode_file_type(ModeFileType::Char),
                    &[],
                )
            }
        };
        let mut writer = entry.write(out, u32::try_from(content.len())?);
        writer.write_all(content)?;
        Ok(writer.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_before_their_files() {
        let mut archive = Archive::default();
        archive.program("a/b/c", "x");
        archive.file("a-first", "");
        let names: Vec<_> = archive.nodes.keys().cloned().collect();
        assert_eq!(names, ["a", "a-first", "a/b", "a/b/c"]);
    }

    #[test]
    fn archives_can_be_joined_and_are_always_the_same() {
        let mut archive = Archive::default();
        archive.file("f", "12345");
        let bytes = archive.to_cpio().expect("a small archive");
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(bytes, archive.to_cpio().expect("a small archive"));
        assert_eq!(&bytes[..6], b"070701");
    }
}
