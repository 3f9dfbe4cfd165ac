//! The system as a whole (`uname(2)`, `sysinfo(2)`, `reboot(2)`).

use abi::Errno;
use abi::system::{
    LINUX_REBOOT_CMD_CAD_OFF, LINUX_REBOOT_CMD_CAD_ON, LINUX_REBOOT_CMD_HALT,
    LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_RESTART, LINUX_REBOOT_CMD_RESTART2,
    LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_MAGIC2B,
    LINUX_REBOOT_MAGIC2C, Sysinfo, Utsname, uts_field,
};
use abi::time::NSEC_PER_SEC;

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::credentials::capability;
use crate::process::{scheduler, table};
use crate::{power, uts};
use core::sync::atomic::Ordering;

/// `uname(2)`
pub fn uname(_call: &mut Call<'_>, buffer: UserAddr) -> SysResult {
    let names = uts::names();
    buffer.write(&Utsname {
        sysname: uts_field(uts::SYSTEM.as_bytes()),
        nodename: uts_field(&names.host),
        release: uts_field(uts::RELEASE.as_bytes()),
        version: uts_field(uts::VERSION.as_bytes()),
        machine: uts_field(uts::MACHINE.as_bytes()),
        domainname: uts_field(&names.domain),
    })?;
    Ok(0)
}

fn read_name(call: &Call<'_>, name: UserAddr, length: i32) -> Result<alloc::vec::Vec<u8>, Errno> {
    if !call.credentials().has(capability::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    if length > uts::NAME_MAX {
        return Err(Errno::EINVAL);
    }
    name.read_array(length)
}

/// `sethostname(2)`
pub fn sethostname(call: &mut Call<'_>, name: UserAddr, length: i32) -> SysResult {
    uts::set_host(read_name(call, name, length)?);
    Ok(0)
}

/// `setdomainname(2)`
pub fn setdomainname(call: &mut Call<'_>, name: UserAddr, length: i32) -> SysResult {
    uts::set_domain(read_name(call, name, length)?);
    Ok(0)
}

/// `sysinfo(2)`
pub fn sysinfo(_call: &mut Call<'_>, buffer: UserAddr) -> SysResult {
    let memory = machine::mem::stats();
    let loads = scheduler::load_averages().map(|hundredths| hundredths * 65536 / 100);
    buffer.write(&Sysinfo {
        uptime: i64::try_from(machine::time::now() / NSEC_PER_SEC).unwrap_or(i64::MAX),
        loads,
        totalram: memory.total as u64,
        freeram: memory.free as u64,
        procs: u16::try_from(table::thread_count()).unwrap_or(u16::MAX),
        mem_unit: 1,
        ..Sysinfo::default()
    })?;
    Ok(0)
}

/// `reboot(2)`
pub fn reboot(
    call: &mut Call<'_>,
    magic: u32,
    magic2: u32,
    command: u32,
    _text: UserAddr,
) -> SysResult {
    if !call.credentials().has(capability::SYS_BOOT) {
        return Err(Errno::EPERM);
    }
    let known = [
        LINUX_REBOOT_MAGIC2,
        LINUX_REBOOT_MAGIC2A,
        LINUX_REBOOT_MAGIC2B,
        LINUX_REBOOT_MAGIC2C,
    ];
    if magic != LINUX_REBOOT_MAGIC1 || !known.contains(&magic2) {
        return Err(Errno::EINVAL);
    }
    match command {
        LINUX_REBOOT_CMD_POWER_OFF | LINUX_REBOOT_CMD_HALT => power::off(),
        LINUX_REBOOT_CMD_RESTART | LINUX_REBOOT_CMD_RESTART2 => power::restart(),
        // The keyboard's Ctrl-Alt-Del has no effect either way.
        LINUX_REBOOT_CMD_CAD_ON | LINUX_REBOOT_CMD_CAD_OFF => Ok(0),
        _ => Err(Errno::EINVAL),
    }
}

/// `personality(2)`: remembers the flags, of which `ADDR_NO_RANDOMIZE` has an effect.
pub fn personality(call: &mut Call<'_>, persona: u32) -> SysResult {
    const QUERY: u32 = u32::MAX;
    let word = call.process()?.personality();
    let before = match persona {
        QUERY => word.load(Ordering::Relaxed),
        _ => word.swap(persona, Ordering::Relaxed),
    };
    Ok(before as usize)
}
