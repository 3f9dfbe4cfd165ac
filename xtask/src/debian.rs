//! Debian's own kernel, installed or unpacked by `x` below `target/`.
use crate::tree;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The newest of Debian's kernels that can be read.
pub fn linux() -> Result<PathBuf> {
    let mut found = Vec::new();
    for directory in [tree::target("x/debian/boot"), PathBuf::from("/boot")] {
        let Ok(files) = std::fs::read_dir(directory) else {
            continue;
        };
        found.extend(files.flatten().map(|file| file.path()).filter(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            name.starts_with("vmlinuz-")
                && name.ends_with("-amd64")
                && std::fs::File::open(path).is_ok()
        }));
    }
    found.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    found
        .pop()
        .context("no Debian kernel here: run `./x`, or install linux-image-amd64")
}
