//! `/sys`, as far as programs look for it: the CPUs, and which terminals are the console (`sysfs(5)`).

use alloc::sync::Arc;

use abi::Errno;
use abi::stat::Statfs;
use abi::time::Timespec;
use machine::sync::Once;

use super::inode::{FileSystem, FileSystemType, Inode};
use super::mount;
use super::pseudo::{Directory, Entry, Subject, Text};
use crate::drivers::tty::console;
use crate::line;

/// `SYSFS_MAGIC` of `linux/magic.h`.
const MAGIC: i64 = 0x6265_6572;

/// The machine.
#[derive(Clone, Copy)]
struct Machine;

impl Subject for Machine {
    fn device(&self) -> u64 {
        static DEVICE: Once<u64> = Once::new();
        *DEVICE.get_or_init(super::metadata::anonymous_device)
    }

    fn time(&self) -> Timespec {
        Timespec::from_nanos(machine::time::boot_wall_clock())
    }
}

static ROOT: &[Entry<Machine>] = &[
    Entry::tree(
        "class",
        &[Entry::tree(
            "tty",
            &[Entry::tree(
                "console",
                &[Entry::text("active", active_consoles)],
            )],
        )],
    ),
    Entry::tree(
        "devices",
        &[Entry::tree("system", &[Entry::tree("cpu", CPU)])],
    ),
    Entry::tree("fs", &[]),
    Entry::tree("kernel", &[]),
];

static CPU: &[Entry<Machine>] = &[
    Entry::text("online", cpus),
    Entry::text("possible", cpus),
    Entry::text("present", cpus),
];

/// The consoles, the one behind `/dev/console` last.
fn active_consoles(_: &Machine, text: &mut Text) -> Result<(), Errno> {
    for (index, console) in console::consoles().iter().enumerate() {
        text.push(if index == 0 { b"" } else { b" " });
        text.push(console.name().as_bytes());
    }
    text.push(b"\n");
    Ok(())
}

/// The numbers of the CPUs: all there are run.
fn cpus(_: &Machine, text: &mut Text) -> Result<(), Errno> {
    match machine::cpu::count() {
        0 | 1 => line!(text, "0"),
        count => line!(text, "0-{}", count - 1),
    }
    Ok(())
}

/// The file system, one for all mounts.
struct SysFs;

impl FileSystem for SysFs {
    fn type_name(&self) -> &'static str {
        "sysfs"
    }

    fn root(&self) -> Arc<dyn Inode> {
        static TOP: Once<Arc<dyn Inode>> = Once::new();
        TOP.get_or_init(|| Directory::inode(Machine, 1, 0o555, ROOT, None))
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
}

struct SysFsType;

impl FileSystemType for SysFsType {
    fn name(&self) -> &'static str {
        "sysfs"
    }

    fn mount(&self, _source: &[u8], _options: &[u8]) -> Result<Arc<dyn FileSystem>, Errno> {
        static INSTANCE: Once<Arc<dyn FileSystem>> = Once::new();
        Ok(INSTANCE.get_or_init(|| Arc::new(SysFs)).clone())
    }
}

/// Makes `sysfs` known to `mount(2)`.
pub fn register() {
    mount::register(&SysFsType);
}
