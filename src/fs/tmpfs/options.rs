//! The options of `mount -t tmpfs -o ...` (`tmpfs(5)`).

use alloc::format;
use alloc::string::String;

use abi::{Errno, PAGE_SIZE};

use super::account::Account;
use crate::fs::Ownership;

/// What the options say; what they do not say is none or 0.
#[derive(Default)]
pub(super) struct Options {
    /// Most pages.
    pub(super) pages: Option<u64>,
    /// Most inodes.
    pub(super) inodes: Option<u64>,
    /// Permissions of the root directory.
    pub(super) mode: Option<u32>,
    /// Owner of the root directory.
    pub(super) uid: u32,
    /// Group of the root directory.
    pub(super) gid: u32,
}

impl Options {
    /// `EINVAL` for what is not known or not a number.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Errno> {
        let text = core::str::from_utf8(text).map_err(|_| Errno::EINVAL)?;
        let mut options = Self::default();
        for option in text.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = || value.parse().map_err(|_| Errno::EINVAL);
            match name {
                "size" => options.pages = Some(size(value)?.div_ceil(PAGE_SIZE as u64)),
                "nr_blocks" => options.pages = Some(suffixed(value)?),
                "nr_inodes" => options.inodes = Some(suffixed(value)?),
                "mode" => {
                    let mode = u32::from_str_radix(value, 8).map_err(|_| Errno::EINVAL)?;
                    options.mode = Some(mode & 0o7777);
                }
                "uid" => options.uid = number()?,
                "gid" => options.gid = number()?,
                "huge" | "mpol" | "inode32" | "inode64" | "noswap" => {}
                _ => return Err(Errno::EINVAL),
            }
        }
        // No blocks or no inodes means no limit.
        options.pages = options
            .pages
            .map(|pages| if pages == 0 { u64::MAX } else { pages });
        options.inodes = options
            .inodes
            .map(|inodes| if inodes == 0 { u64::MAX } else { inodes });
        Ok(options)
    }
}

/// Bytes: a number with a suffix, or a percentage of the memory.
fn size(text: &str) -> Result<u64, Errno> {
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: u64 = percent.parse().map_err(|_| Errno::EINVAL)?;
            Ok((machine::mem::stats().total as u64 / 100).saturating_mul(percent))
        }
        None => suffixed(text),
    }
}

/// A number, perhaps with `k`, `m` or `g`.
fn suffixed(text: &str) -> Result<u64, Errno> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (text.get(..text.len() - 1), 10),
        Some(b'm' | b'M') => (text.get(..text.len() - 1), 20),
        Some(b'g' | b'G') => (text.get(..text.len() - 1), 30),
        _ => (Some(text), 0),
    };
    let number: u64 = digits.unwrap_or("").parse().map_err(|_| Errno::EINVAL)?;
    number.checked_mul(1 << shift).ok_or(Errno::EINVAL)
}

/// The options as `/proc/mounts` shows them.
pub(super) fn describe(account: &Account, root: &Ownership) -> String {
    let mut text = String::new();
    let (pages, inodes) = (account.pages(), account.inodes());
    if pages.limit != 0 {
        text += &format!(",size={}k", pages.limit * (PAGE_SIZE as u64 / 1024));
    }
    if inodes.limit != 0 {
        text += &format!(",nr_inodes={}", inodes.limit);
    }
    if root.mode != 0o1777 {
        text += &format!(",mode={:o}", root.mode);
    }
    if root.uid != 0 {
        text += &format!(",uid={}", root.uid);
    }
    if root.gid != 0 {
        text += &format!(",gid={}", root.gid);
    }
    text
}
