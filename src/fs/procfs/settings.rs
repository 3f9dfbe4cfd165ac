//! `/proc/sys`: what can be asked and set of the kernel (`proc(5)`, `sysctl(8)`).

use alloc::vec::Vec;
use core::str;

use abi::Errno;

use super::System;
use crate::drivers::random;
use crate::drivers::tty::pty;
use crate::fs::pseudo::{Entry, Text};
use crate::line;
use crate::process::credentials::capability;
use crate::process::limits::NR_OPEN;
use crate::process::table;
use crate::uts;

/// The top.
pub static ROOT: &[Entry<System>] = &[
    Entry::tree("fs", FS),
    Entry::tree("kernel", KERNEL),
    Entry::tree("vm", VM),
];

static FS: &[Entry<System>] = &[
    Entry::text("file-max", |_, text| show(text, i64::MAX.cast_unsigned())),
    Entry::text("nr_open", |_, text| show(text, NR_OPEN)),
];

static KERNEL: &[Entry<System>] = &[
    Entry::tree("pty", PTY),
    Entry::tree("random", RANDOM),
    Entry::text("cap_last_cap", |_, text| show(text, capability::LAST)),
    Entry::setting(
        "domainname",
        |_, text| show_bytes(text, &uts::names().domain),
        |_, bytes| name(bytes).map(uts::set_domain),
    ),
    Entry::setting(
        "hostname",
        |_, text| show_bytes(text, &uts::names().host),
        |_, bytes| name(bytes).map(uts::set_host),
    ),
    Entry::text("ngroups_max", |_, text| show(text, 65536)),
    Entry::text("osrelease", |_, text| show(text, uts::RELEASE)),
    Entry::text("ostype", |_, text| show(text, uts::SYSTEM)),
    Entry::setting(
        "pid_max",
        |_, text| show(text, table::pid_max()),
        |_, bytes| table::set_pid_max(number(bytes)?),
    ),
    Entry::text("version", |_, text| show(text, uts::VERSION)),
];

static PTY: &[Entry<System>] = &[
    Entry::text("max", |_, text| show(text, pty::MAX)),
    Entry::text("nr", |_, text| show(text, pty::count())),
];

static RANDOM: &[Entry<System>] = &[
    Entry::text("boot_id", |_, text| show(text, random::boot_id())),
    Entry::text("entropy_avail", |_, text| show(text, random::POOL_BITS)),
    Entry::text("poolsize", |_, text| show(text, random::POOL_BITS)),
    Entry::text("uuid", |_, text| show(text, random::uuid())),
];

static VM: &[Entry<System>] = &[
    // Every mapping is granted; memory is taken when it is touched.
    Entry::text("overcommit_memory", |_, text| show(text, 1)),
    Entry::text("swappiness", |_, text| show(text, 0)),
];

fn show(text: &mut Text, value: impl core::fmt::Display) -> Result<(), Errno> {
    line!(text, "{value}");
    Ok(())
}

fn show_bytes(text: &mut Text, bytes: &[u8]) -> Result<(), Errno> {
    text.push(bytes);
    text.push(b"\n");
    Ok(())
}

/// The number written to a setting.
fn number(bytes: &[u8]) -> Result<u32, Errno> {
    let text = str::from_utf8(bytes).map_err(|_| Errno::EINVAL)?;
    text.trim().parse().map_err(|_| Errno::EINVAL)
}

/// The name written to a setting: the first line, cut to what fits, as Linux does.
fn name(bytes: &[u8]) -> Result<Vec<u8>, Errno> {
    let line = bytes
        .split(|&byte| byte == b'\n' || byte == 0)
        .next()
        .unwrap_or_default();
    Ok(line.get(..uts::NAME_MAX).unwrap_or(line).to_vec())
}
