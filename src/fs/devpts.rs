//! `/dev/pts`: the terminals of the pseudo-terminals there are (`pts(4)`). One for all mounts.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::str;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::Errno;
use abi::stat::{Statfs, makedev};
use abi::time::Timespec;
use machine::sync::{Once, SpinLock};

use super::inode::{FileSystem, FileSystemType, Inode};
use super::metadata::{self, AttributeChange, FileType, Metadata, Ownership};
use super::pseudo::{Changing, Directory, Name, Subject};
use super::{levels, mount};
use crate::drivers::tty::pty;

/// `DEVPTS_SUPER_MAGIC` of `linux/magic.h`.
const MAGIC: i64 = 0x1cd1;
/// The default of the option `mode`.
const DEFAULT_MODE: u32 = 0o600;
/// Marks the options `uid` and `gid` as not given.
const NOBODY: u32 = u32::MAX;

/// The file system.
struct DevPts {
    device: u64,
    mounted: Timespec,
    mode: AtomicU32,
    master_mode: AtomicU32,
    uid: AtomicU32,
    gid: AtomicU32,
    /// Ownership set with `chmod(2)` and `chown(2)`, by number and time of creation of the pair.
    changed: SpinLock<BTreeMap<(u32, u64), Ownership>>,
}

static INSTANCE: Once<Arc<DevPts>> = Once::new();
static ROOT: Once<Arc<dyn Inode>> = Once::new();

fn instance() -> Arc<DevPts> {
    let make = || {
        Arc::new(DevPts {
            device: metadata::anonymous_device(),
            mounted: metadata::now(),
            mode: AtomicU32::new(DEFAULT_MODE),
            master_mode: AtomicU32::new(0),
            uid: AtomicU32::new(NOBODY),
            gid: AtomicU32::new(NOBODY),
            changed: SpinLock::new(levels::INODE, BTreeMap::new()),
        })
    };
    INSTANCE.get_or_init(make).clone()
}

impl DevPts {
    fn ownership(&self, pair: &pty::Listed) -> Ownership {
        let mut changed = self.changed.lock();
        let found = changed.get(&(pair.number, pair.serial)).copied();
        if found.is_none() {
            // What remains of an earlier pair with this number.
            changed.retain(|&(number, _), _| number != pair.number);
        }
        drop(changed);
        let option = |value: &AtomicU32, default: u32| match value.load(Ordering::Relaxed) {
            NOBODY => default,
            given => given,
        };
        found.unwrap_or_else(|| Ownership {
            mode: self.mode.load(Ordering::Relaxed),
            uid: option(&self.uid, pair.uid),
            gid: option(&self.gid, pair.gid),
        })
    }

    /// Takes mount options; checked whole before any counts.
    fn set_options(&self, options: &[u8]) -> Result<(), Errno> {
        let text = str::from_utf8(options).map_err(|_| Errno::EINVAL)?;
        let mut settings = Vec::new();
        for option in text.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let (setting, radix) = match name {
                "mode" => (&self.mode, 8),
                "ptmxmode" => (&self.master_mode, 8),
                "uid" => (&self.uid, 10),
                "gid" => (&self.gid, 10),
                // Only the number allowed differs, or nothing.
                "newinstance" | "max" => continue,
                _ => return Err(Errno::EINVAL),
            };
            settings.push((
                setting,
                u32::from_str_radix(value, radix).map_err(|_| Errno::EINVAL)?,
            ));
        }
        for (setting, value) in settings {
            let masked = if core::ptr::eq(setting, &self.uid) || core::ptr::eq(setting, &self.gid) {
                value
            } else {
                value & 0o7777
            };
            setting.store(masked, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl FileSystem for DevPts {
    fn type_name(&self) -> &'static str {
        "devpts"
    }

    fn root(&self) -> Arc<dyn Inode> {
        ROOT.get_or_init(|| Directory::inode(Root(instance()), 1, 0o755, &[], Some(&Terminals)))
            .clone()
    }

    fn statistics(&self) -> Statfs {
        Statfs {
            f_type: MAGIC,
            f_bsize: 4096,
            f_frsize: 4096,
            f_namelen: 255,
            ..Statfs::default()
        }
    }

    fn caches_names(&self) -> bool {
        false
    }

    fn options(&self) -> String {
        let mut text = String::new();
        for (name, value) in [("uid", &self.uid), ("gid", &self.gid)] {
            let value = value.load(Ordering::Relaxed);
            if value != NOBODY {
                text.push_str(&format!(",{name}={value}"));
            }
        }
        let (mode, master) = (
            self.mode.load(Ordering::Relaxed),
            self.master_mode.load(Ordering::Relaxed),
        );
        text.push_str(&format!(",mode={mode:03o},ptmxmode={master:03o}"));
        text
    }

    fn remount(&self, options: &[u8]) -> Result<(), Errno> {
        self.set_options(options)
    }
}

/// What the directory is about.
#[derive(Clone)]
struct Root(Arc<DevPts>);

impl Subject for Root {
    fn device(&self) -> u64 {
        self.0.device
    }

    fn time(&self) -> Timespec {
        self.0.mounted
    }
}

/// The names in the directory: `ptmx`, and a number for each pair.
struct Terminals;

impl Changing<Root> for Terminals {
    fn names(&self, _root: &Root, from: u64) -> Result<Vec<Name>, Errno> {
        let master = (from == 0).then(|| Name {
            key: 0,
            name: b"ptmx".to_vec(),
            file_type: FileType::CharDevice,
        });
        let pairs = pty::list().into_iter().map(|pair| Name {
            key: u64::from(pair.number) + 1,
            name: format!("{}", pair.number).into_bytes(),
            file_type: FileType::CharDevice,
        });
        Ok(master
            .into_iter()
            .chain(pairs.filter(|name| name.key >= from))
            .collect())
    }

    fn find(&self, root: &Root, name: &[u8], _number: u64) -> Result<Arc<dyn Inode>, Errno> {
        if name == b"ptmx" {
            return Ok(Arc::new(Terminal {
                file_system: root.0.clone(),
                pair: None,
            }));
        }
        let number = str::from_utf8(name)
            .ok()
            .filter(|text| *text == "0" || !text.starts_with(['0', '+']));
        let number: u32 = number
            .and_then(|text| text.parse().ok())
            .ok_or(Errno::ENOENT)?;
        let pair = pty::list()
            .into_iter()
            .find(|pair| pair.number == number)
            .ok_or(Errno::ENOENT)?;
        Ok(Arc::new(Terminal {
            file_system: root.0.clone(),
            pair: Some(pair),
        }))
    }
}

/// A device file: a pair's terminal, or `ptmx`.
struct Terminal {
    file_system: Arc<DevPts>,
    pair: Option<pty::Listed>,
}

impl Inode for Terminal {
    fn file_type(&self) -> FileType {
        FileType::CharDevice
    }

    fn number(&self) -> u64 {
        // As on Linux: 1 is the directory, 2 is ptmx.
        self.pair
            .as_ref()
            .map_or(2, |pair| u64::from(pair.number) + 3)
    }

    fn ownership(&self) -> Ownership {
        match &self.pair {
            Some(pair) => self.file_system.ownership(pair),
            None => Ownership {
                mode: self.file_system.master_mode.load(Ordering::Relaxed),
                uid: 0,
                gid: 0,
            },
        }
    }

    fn metadata(&self) -> Metadata {
        let Ownership { mode, uid, gid } = self.ownership();
        let (rdev, time) = match &self.pair {
            Some(pair) => (makedev(pty::MAJOR, pair.number), pair.created),
            None => (makedev(5, 2), self.file_system.mounted),
        };
        let plain = Metadata::new(FileType::CharDevice, mode, self.number(), time);
        Metadata {
            uid,
            gid,
            rdev,
            device: self.file_system.device,
            block_size: 1024,
            ..plain
        }
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<(), Errno> {
        let Some(pair) = &self.pair else {
            let mode = change.mode.unwrap_or_else(|| self.ownership().mode);
            self.file_system.master_mode.store(mode, Ordering::Relaxed);
            return Ok(());
        };
        let old = self.ownership();
        let new = Ownership {
            mode: change.mode.unwrap_or(old.mode),
            uid: change.uid.unwrap_or(old.uid),
            gid: change.gid.unwrap_or(old.gid),
        };
        self.file_system
            .changed
            .lock()
            .insert((pair.number, pair.serial), new);
        Ok(())
    }
}

struct DevPtsType;

impl FileSystemType for DevPtsType {
    fn name(&self) -> &'static str {
        "devpts"
    }

    fn mount(&self, _source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno> {
        let file_system = instance();
        file_system.set_options(options)?;
        Ok(file_system)
    }
}

/// Makes `devpts` known to `mount(2)`.
pub fn register() {
    mount::register(&DevPtsType);
}
