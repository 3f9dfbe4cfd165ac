//! User, group and capability identities (credentials(7)).

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::process::{
    LINUX_CAPABILITY_VERSION_1, LINUX_CAPABILITY_VERSION_2, LINUX_CAPABILITY_VERSION_3,
    UserCapData, UserCapHeader,
};

use super::{Call, SysResult};
use crate::memory::user::UserAddr;
use crate::process::Pid;
use crate::process::credentials::{Credentials, Ids, capability};
use crate::process::table;

/// Stands for "leave as it is", and is no valid identity.
const KEEP: u32 = u32::MAX;

/// The most supplementary groups (`NGROUPS_MAX`).
const NGROUPS_MAX: usize = 65536;

/// `getuid(2)`
pub fn getuid(call: &mut Call<'_>) -> SysResult {
    Ok(call.credentials().user.real as usize)
}

/// `geteuid(2)`
pub fn geteuid(call: &mut Call<'_>) -> SysResult {
    Ok(call.credentials().user.effective as usize)
}

/// `getgid(2)`
pub fn getgid(call: &mut Call<'_>) -> SysResult {
    Ok(call.credentials().group.real as usize)
}

/// `getegid(2)`
pub fn getegid(call: &mut Call<'_>) -> SysResult {
    Ok(call.credentials().group.effective as usize)
}

/// Which of the two families of identities a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
}

impl Kind {
    fn ids(self, credentials: &Credentials) -> Ids {
        match self {
            Self::User => credentials.user,
            Self::Group => credentials.group,
        }
    }

    fn privileged(self, credentials: &Credentials) -> bool {
        credentials.has(match self {
            Self::User => capability::SETUID,
            Self::Group => capability::SETGID,
        })
    }

    fn install(self, call: &Call<'_>, ids: Ids) {
        let mut new = (*call.credentials()).clone();
        match self {
            Self::User => {
                let old = new.user;
                new.user = ids;
                new.adapt_capabilities(&old);
            }
            Self::Group => new.group = ids,
        }
        call.thread.replace_credentials(new);
    }
}

fn set_one(call: &Call<'_>, kind: Kind, id: u32) -> SysResult {
    if id == KEEP {
        return Err(Errno::EINVAL);
    }
    let credentials = call.credentials();
    let old = kind.ids(&credentials);
    let new = if kind.privileged(&credentials) {
        Ids::all(id)
    } else if id == old.real || id == old.saved {
        Ids {
            effective: id,
            fs: id,
            ..old
        }
    } else {
        return Err(Errno::EPERM);
    };
    kind.install(call, new);
    Ok(0)
}

fn set_two(call: &Call<'_>, kind: Kind, real: u32, effective: u32) -> SysResult {
    let credentials = call.credentials();
    let old = kind.ids(&credentials);
    let mut new = old;
    let privileged = kind.privileged(&credentials);
    if real != KEEP {
        if !privileged && real != old.real && real != old.effective {
            return Err(Errno::EPERM);
        }
        new.real = real;
    }
    if effective != KEEP {
        if !privileged && !old.include(effective) {
            return Err(Errno::EPERM);
        }
        new.effective = effective;
    }
    if real != KEEP || effective != KEEP && effective != old.real {
        new.saved = new.effective;
    }
    new.fs = new.effective;
    kind.install(call, new);
    Ok(0)
}

fn set_three(call: &Call<'_>, kind: Kind, real: u32, effective: u32, saved: u32) -> SysResult {
    let credentials = call.credentials();
    let old = kind.ids(&credentials);
    let allowed = |id: u32| id == KEEP || old.include(id) || kind.privileged(&credentials);
    if ![real, effective, saved].into_iter().all(allowed) {
        return Err(Errno::EPERM);
    }
    let choose = |id: u32, old: u32| if id == KEEP { old } else { id };
    let effective = choose(effective, old.effective);
    let new = Ids {
        real: choose(real, old.real),
        effective,
        saved: choose(saved, old.saved),
        fs: effective,
    };
    kind.install(call, new);
    Ok(0)
}

fn get_three(ids: Ids, real: UserAddr, effective: UserAddr, saved: UserAddr) -> SysResult {
    real.write(&ids.real)?;
    effective.write(&ids.effective)?;
    saved.write(&ids.saved)?;
    Ok(0)
}

/// Sets the identity for file access if it may be; returns the old one in any case.
fn set_fs(call: &Call<'_>, kind: Kind, id: u32) -> SysResult {
    let credentials = call.credentials();
    let old = kind.ids(&credentials);
    let allowed = old.include(id) || old.fs == id || kind.privileged(&credentials);
    if id != KEEP && allowed {
        kind.install(call, Ids { fs: id, ..old });
    }
    Ok(old.fs as usize)
}

/// `setuid(2)`
pub fn setuid(call: &mut Call<'_>, id: u32) -> SysResult {
    set_one(call, Kind::User, id)
}

/// `setgid(2)`
pub fn setgid(call: &mut Call<'_>, id: u32) -> SysResult {
    set_one(call, Kind::Group, id)
}

/// `setreuid(2)`
pub fn setreuid(call: &mut Call<'_>, real: u32, effective: u32) -> SysResult {
    set_two(call, Kind::User, real, effective)
}

/// `setregid(2)`
pub fn setregid(call: &mut Call<'_>, real: u32, effective: u32) -> SysResult {
    set_two(call, Kind::Group, real, effective)
}

/// `setresuid(2)`
pub fn setresuid(call: &mut Call<'_>, real: u32, effective: u32, saved: u32) -> SysResult {
    set_three(call, Kind::User, real, effective, saved)
}

/// `setresgid(2)`
pub fn setresgid(call: &mut Call<'_>, real: u32, effective: u32, saved: u32) -> SysResult {
    set_three(call, Kind::Group, real, effective, saved)
}

/// `getresuid(2)`
pub fn getresuid(
    call: &mut Call<'_>,
    real: UserAddr,
    effective: UserAddr,
    saved: UserAddr,
) -> SysResult {
    get_three(call.credentials().user, real, effective, saved)
}

/// `getresgid(2)`
pub fn getresgid(
    call: &mut Call<'_>,
    real: UserAddr,
    effective: UserAddr,
    saved: UserAddr,
) -> SysResult {
    get_three(call.credentials().group, real, effective, saved)
}

/// `setfsuid(2)`
pub fn setfsuid(call: &mut Call<'_>, id: u32) -> SysResult {
    set_fs(call, Kind::User, id)
}

/// `setfsgid(2)`
pub fn setfsgid(call: &mut Call<'_>, id: u32) -> SysResult {
    set_fs(call, Kind::Group, id)
}

/// `getgroups(2)`
pub fn getgroups(call: &mut Call<'_>, size: i32, list: UserAddr) -> SysResult {
    let groups = call.credentials().groups.clone();
    let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
    if size != 0 {
        if size < groups.len() {
            return Err(Errno::EINVAL);
        }
        list.write(&*groups)?;
    }
    Ok(groups.len())
}

/// `setgroups(2)`
pub fn setgroups(call: &mut Call<'_>, size: usize, list: UserAddr) -> SysResult {
    let mut new = (*call.credentials()).clone();
    if !new.has(capability::SETGID) {
        return Err(Errno::EPERM);
    }
    if size > NGROUPS_MAX {
        return Err(Errno::EINVAL);
    }
    let groups: Vec<u32> = list.read_array(size)?;
    new.groups = Arc::from(groups);
    call.thread.replace_credentials(new);
    Ok(0)
}

/// How many 32-bit words of capabilities a version has; an unknown one is answered with the newest.
fn capability_words(header: UserAddr) -> Result<(usize, UserCapHeader), Errno> {
    let mut contents: UserCapHeader = header.read()?;
    match contents.version {
        LINUX_CAPABILITY_VERSION_1 => Ok((1, contents)),
        LINUX_CAPABILITY_VERSION_2 | LINUX_CAPABILITY_VERSION_3 => Ok((2, contents)),
        _ => {
            contents.version = LINUX_CAPABILITY_VERSION_3;
            header.write(&contents)?;
            Err(Errno::EINVAL)
        }
    }
}

/// `capget(2)`
pub fn capget(call: &mut Call<'_>, header: UserAddr, data: UserAddr) -> SysResult {
    let (words, contents) = match capability_words(header) {
        Err(Errno::EINVAL) if data.is_null() => return Ok(0),
        result => result?,
    };
    let credentials = match contents.pid {
        0 => call.credentials(),
        ..0 => return Err(Errno::EINVAL),
        pid => {
            let pid = Pid::new(pid.cast_unsigned()).ok_or(Errno::ESRCH)?;
            table::find_thread(pid).ok_or(Errno::ESRCH)?.credentials()
        }
    };
    let word = |set: u64, index: usize| {
        let bytes = (set >> (32 * index)).to_le_bytes();
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    };
    for index in 0..words {
        let entry = UserCapData {
            effective: word(credentials.effective, index),
            permitted: word(credentials.permitted, index),
            inheritable: word(credentials.inheritable, index),
        };
        data.offset(index * size_of::<UserCapData>())
            .write(&entry)?;
    }
    Ok(0)
}

/// `capset(2)`
pub fn capset(call: &mut Call<'_>, header: UserAddr, data: UserAddr) -> SysResult {
    let (words, contents) = capability_words(header)?;
    if contents.pid != 0 && Pid::new(contents.pid.cast_unsigned()) != call.thread.tid() {
        return Err(Errno::EPERM);
    }
    let entries: Vec<UserCapData> = data.read_array(words)?;
    let join = |part: fn(&UserCapData) -> u32| {
        let joined = entries
            .iter()
            .rev()
            .fold(0, |set: u64, entry| set << 32 | u64::from(part(entry)));
        joined & capability::ALL
    };
    let mut new = (*call.credentials()).clone();
    let (effective, permitted) = (join(|entry| entry.effective), join(|entry| entry.permitted));
    if permitted & !new.permitted != 0 || effective & !permitted != 0 {
        return Err(Errno::EPERM);
    }
    new.effective = effective;
    new.permitted = permitted;
    new.inheritable = join(|entry| entry.inheritable);
    call.thread.replace_credentials(new);
    Ok(0)
}
