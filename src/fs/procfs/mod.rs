//! `/proc` (`proc(5)`): what the kernel knows, as files.
//!
//! [`process`] has the directory of each process and thread, [`system`] the files about the whole machine,
//! [`settings`] what is below `/proc/sys`. All are tables of functions, see [`super::pseudo`].

pub mod process;
mod settings;
mod system;

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::stat::Statfs;
use abi::time::Timespec;
use machine::sync::Once;

use self::process::Target;
use super::inode::{FileSystem, FileSystemType, Inode, Link};
use super::metadata::FileType;
use super::mount;
use super::pseudo::{Changing, Directory, Entry, Name, Subject};
use crate::process::{Pid, table, with_current_thread};

/// `PROC_SUPER_MAGIC` of `linux/magic.h`.
const MAGIC: i64 = 0x9fa0;
/// The inode number of the root directory, as on Linux.
const ROOT_NUMBER: u64 = 1;
/// Clock ticks a second in the files (`USER_HZ`).
pub const TICKS_PER_SECOND: u64 = 100;
/// Nanoseconds in a clock tick.
pub const TICK: u64 = 1_000_000_000 / TICKS_PER_SECOND;

/// The machine as a whole.
#[derive(Clone, Copy)]
pub struct System;

/// The number of the file system.
fn device() -> u64 {
    static DEVICE: Once<u64> = Once::new();
    *DEVICE.get_or_init(super::metadata::anonymous_device)
}

impl Subject for System {
    fn device(&self) -> u64 {
        device()
    }

    fn time(&self) -> Timespec {
        super::metadata::now()
    }
}

/// The names of `/proc` that are always there.
static ENTRIES: &[Entry<System>] = &[
    Entry::link("self", |_| own_directory(false)),
    Entry::link("thread-self", |_| own_directory(true)),
    Entry::link("mounts", |_| Ok(Link::Target(b"self/mounts".to_vec()))),
    Entry::tree("sys", settings::ROOT),
    Entry::tree("rustos", system::OWN),
    Entry::tree("tty", system::TTY),
    Entry::text("cmdline", system::command_line),
    Entry::text("consoles", system::consoles),
    Entry::text("cpuinfo", system::cpuinfo),
    Entry::text("devices", system::devices),
    Entry::text("filesystems", system::file_systems),
    Entry::text("interrupts", system::interrupts),
    Entry::text("loadavg", system::load_average),
    Entry::text("meminfo", system::meminfo),
    Entry::text("misc", |_, _| Ok(())),
    Entry::text("modules", |_, _| Ok(())),
    Entry::text("partitions", system::partitions),
    Entry::text("stat", system::stat),
    Entry::text("swaps", system::swaps),
    Entry::text("uptime", system::uptime),
    Entry::text("version", system::version),
    Entry::text("vmstat", system::vmstat),
];

fn own_directory(thread: bool) -> Result<Link, Errno> {
    let ids =
        with_current_thread(|running| Some((running.process()?.pid(), running.tid()?))).flatten();
    let (pid, tid) = ids.ok_or(Errno::ENOENT)?;
    let text = if thread {
        format!("{pid}/task/{tid}")
    } else {
        format!("{pid}")
    };
    Ok(Link::Target(text.into_bytes()))
}

/// The directories of processes.
struct Processes;

/// The process or thread id a name in `/proc` stands for.
fn parse_pid(name: &[u8]) -> Option<Pid> {
    let text = core::str::from_utf8(name).ok()?;
    if text.starts_with(['0', '+']) {
        return None;
    }
    Pid::new(text.parse().ok()?)
}

impl Changing<System> for Processes {
    fn names(&self, _system: &System, from: u64) -> Result<Vec<Name>, Errno> {
        let processes = table::all();
        let name = |pid: Pid| Name {
            key: pid.raw().into(),
            name: format!("{pid}").into_bytes(),
            file_type: FileType::Directory,
        };
        Ok(processes
            .iter()
            .map(|process| name(process.pid()))
            .filter(|name| name.key >= from)
            .collect())
    }

    fn find(&self, _system: &System, name: &[u8], number: u64) -> Result<Arc<dyn Inode>, Errno> {
        let target = parse_pid(name)
            .and_then(Target::find)
            .ok_or(Errno::ENOENT)?;
        Ok(process::directory(target, number))
    }
}

/// The file system, one for all mounts.
struct ProcFs;

impl FileSystem for ProcFs {
    fn type_name(&self) -> &'static str {
        "proc"
    }

    fn root(&self) -> Arc<dyn Inode> {
        static ROOT: Once<Arc<dyn Inode>> = Once::new();
        ROOT.get_or_init(|| Directory::inode(System, ROOT_NUMBER, 0o555, ENTRIES, Some(&Processes)))
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
        String::new()
    }
}

struct ProcFsType;

impl FileSystemType for ProcFsType {
    fn name(&self) -> &'static str {
        "proc"
    }

    fn mount(&self, _source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno> {
        static INSTANCE: Once<Arc<dyn FileSystem>> = Once::new();
        // Known to Linux, and what they ask for is how it is here.
        let known = |option: &[u8]| {
            option.is_empty() || option == b"hidepid=0" || option.starts_with(b"gid=")
        };
        if !options.split(|&byte| byte == b',').all(known) {
            return Err(Errno::EINVAL);
        }
        Ok(INSTANCE.get_or_init(|| Arc::new(ProcFs)).clone())
    }
}

/// Makes `proc` known to `mount(2)`.
pub fn register() {
    mount::register(&ProcFsType);
}
