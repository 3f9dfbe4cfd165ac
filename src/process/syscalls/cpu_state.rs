//! The state of the CPU that belongs to a thread (`arch_prctl(2)`).

use abi::Errno;
use abi::prctl::{ARCH_GET_CPUID, ARCH_GET_FS, ARCH_GET_GS, ARCH_SET_FS, ARCH_SET_GS};
use machine::user;

use super::{Call, SysResult};
use crate::memory::user::UserAddr;

/// `arch_prctl(2)`
pub fn arch_prctl(_call: &mut Call<'_>, code: u32, address: u64) -> SysResult {
    let pointer = || {
        usize::try_from(address)
            .map(UserAddr::new)
            .map_err(|_| Errno::EFAULT)
    };
    match code {
        ARCH_SET_FS => user::set_fs_base(address).map_err(|_| Errno::EPERM)?,
        ARCH_SET_GS => user::set_gs_base(address).map_err(|_| Errno::EPERM)?,
        ARCH_GET_FS => pointer()?.write(&user::fs_base())?,
        ARCH_GET_GS => pointer()?.write(&user::gs_base())?,
        ARCH_GET_CPUID => return Ok(1),
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

/// `iopl(2)` and `ioperm(2)`: no program gets at the hardware.
pub fn no_port_access(_call: &mut Call<'_>) -> SysResult {
    Err(Errno::EPERM)
}
