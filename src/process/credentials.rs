//! Who a thread acts as: user, group and capability identities (credentials(7)).

use alloc::sync::Arc;

/// The capabilities this kernel knows by number (capabilities(7)).
pub mod capability {
    /// Change the owner of any file.
    pub const CHOWN: u8 = 0;
    /// Bypass read, write and execute permission checks of files.
    pub const DAC_OVERRIDE: u8 = 1;
    /// Bypass read permission checks of files and directories.
    pub const DAC_READ_SEARCH: u8 = 2;
    /// Bypass checks that ask for the owner of a file.
    pub const FOWNER: u8 = 3;
    /// Keep set-user-ID bits when a file is changed.
    pub const FSETID: u8 = 4;
    /// Send signals to any process.
    pub const KILL: u8 = 5;
    /// Change group identities at will.
    pub const SETGID: u8 = 6;
    /// Change user identities at will.
    pub const SETUID: u8 = 7;
    /// Change capability sets.
    pub const SETPCAP: u8 = 8;
    /// Lock memory beyond the limit.
    pub const IPC_LOCK: u8 = 14;
    /// Raw I/O, and mapping the lowest addresses.
    pub const SYS_RAWIO: u8 = 17;
    /// `chroot(2)`.
    pub const SYS_CHROOT: u8 = 18;
    /// Inspect other users' processes.
    pub const SYS_PTRACE: u8 = 19;
    /// Mount, set the host name and the like.
    pub const SYS_ADMIN: u8 = 21;
    /// `reboot(2)`.
    pub const SYS_BOOT: u8 = 22;
    /// Raise priorities.
    pub const SYS_NICE: u8 = 23;
    /// Exceed resource limits.
    pub const SYS_RESOURCE: u8 = 24;
    /// Set the clock.
    pub const SYS_TIME: u8 = 25;
    /// Configure terminals.
    pub const SYS_TTY_CONFIG: u8 = 26;
    /// Make device nodes.
    pub const MKNOD: u8 = 27;
    /// The highest number known.
    pub const LAST: u8 = 40;
    /// Every capability.
    pub const ALL: u64 = (1 << (LAST + 1)) - 1;
}

/// Real, effective and saved identity, and the one for file access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Whose process it is.
    pub real: u32,
    /// Whose rights it has.
    pub effective: u32,
    /// What the effective identity may be set back to.
    pub saved: u32,
    /// Whose rights it has on files.
    pub fs: u32,
}

impl Ids {
    /// All four the same.
    #[must_use]
    pub const fn all(id: u32) -> Self {
        Self {
            real: id,
            effective: id,
            saved: id,
            fs: id,
        }
    }

    /// Whether `id` is the real, effective or saved one.
    #[must_use]
    pub const fn include(&self, id: u32) -> bool {
        self.real == id || self.effective == id || self.saved == id
    }
}

/// The identities of a thread. Immutable: a change makes a new value that replaces the old one whole.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// User identities.
    pub user: Ids,
    /// Group identities.
    pub group: Ids,
    /// Supplementary groups.
    pub groups: Arc<[u32]>,
    /// Capabilities in force, a bit each.
    pub effective: u64,
    /// Capabilities that may be put in force.
    pub permitted: u64,
    /// Capabilities kept over `execve(2)`.
    pub inheritable: u64,
}

impl Credentials {
    /// The superuser's, which the first process has.
    #[must_use]
    pub fn superuser() -> Self {
        Self {
            user: Ids::all(0),
            group: Ids::all(0),
            groups: Arc::new([]),
            effective: capability::ALL,
            permitted: capability::ALL,
            inheritable: 0,
        }
    }

    /// Whether the capability with this number is in force.
    #[must_use]
    pub const fn has(&self, number: u8) -> bool {
        self.effective & (1 << number) != 0
    }

    /// Whether the effective user is the superuser.
    #[must_use]
    pub const fn is_superuser(&self) -> bool {
        self.user.effective == 0
    }

    /// Whether `gid` is the file-access group or one of the supplementary groups.
    #[must_use]
    pub fn in_group(&self, gid: u32) -> bool {
        self.group.fs == gid || self.groups.contains(&gid)
    }

    /// The effective user of file accesses.
    #[must_use]
    pub const fn fsuid(&self) -> u32 {
        self.user.fs
    }

    /// The effective group of file accesses.
    #[must_use]
    pub const fn fsgid(&self) -> u32 {
        self.group.fs
    }

    /// Adapts the capabilities to a change of user identities from `old` (capabilities(7), "Effect of user ID
    /// changes on capabilities").
    pub fn adapt_capabilities(&mut self, old: &Ids) {
        let had_root = old.include(0);
        if had_root && !self.user.include(0) {
            self.permitted = 0;
            self.effective = 0;
        } else if old.effective == 0 && self.user.effective != 0 {
            self.effective = 0;
        } else if old.effective != 0 && self.user.effective == 0 {
            self.effective = self.permitted;
        }
    }

    /// The credentials after `execve(2)` of a file that is set-user-ID and set-group-ID to these, if it is.
    #[must_use]
    pub fn after_exec(&self, set_uid: Option<u32>, set_gid: Option<u32>) -> Self {
        let mut new = self.clone();
        new.user.effective = set_uid.unwrap_or(self.user.effective);
        new.group.effective = set_gid.unwrap_or(self.group.effective);
        new.user.saved = new.user.effective;
        new.user.fs = new.user.effective;
        new.group.saved = new.group.effective;
        new.group.fs = new.group.effective;
        let root = new.user.real == 0 || new.user.effective == 0;
        new.permitted = if root { capability::ALL } else { 0 };
        new.effective = if new.user.effective == 0 {
            new.permitted
        } else {
            0
        };
        new
    }
}
