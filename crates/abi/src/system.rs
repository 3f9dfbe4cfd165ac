//! The system as a whole: `uname(2)`, `sysinfo(2)`, `reboot(2)`, `mount(2)`, `syslog(2)` and `personality(2)`.

/// Bytes of a field of [`Utsname`], its terminating zero included.
pub const UTS_LEN: usize = 65;

c_struct! {
    /// `struct new_utsname`; each field ends with a zero.
    pub struct Utsname {
        /// `Linux`.
        pub sysname: [u8; UTS_LEN],
        /// Host name.
        pub nodename: [u8; UTS_LEN],
        /// Version number of the kernel.
        pub release: [u8; UTS_LEN],
        /// Build of the kernel.
        pub version: [u8; UTS_LEN],
        /// `x86_64`.
        pub machine: [u8; UTS_LEN],
        /// NIS domain name.
        pub domainname: [u8; UTS_LEN],
    }
}

/// A field of [`Utsname`] with this text, cut to 64 bytes.
#[must_use]
pub const fn uts_field(text: &[u8]) -> [u8; UTS_LEN] {
    let mut field = [0; UTS_LEN];
    let mut i = 0;
    while i < text.len() && i < UTS_LEN - 1 {
        field[i] = text[i];
        i += 1;
    }
    field
}

c_struct! {
    /// `struct sysinfo`.
    pub struct Sysinfo {
        /// Seconds since boot.
        pub uptime: i64,
        /// Load averages over 1, 5 and 15 minutes, times 65,536.
        pub loads: [u64; 3],
        /// Memory in all, in units of `mem_unit`.
        pub totalram: u64,
        /// Free memory.
        pub freeram: u64,
        /// Memory shared.
        pub sharedram: u64,
        /// Memory in buffers.
        pub bufferram: u64,
        /// Swap in all.
        pub totalswap: u64,
        /// Free swap.
        pub freeswap: u64,
        /// Threads.
        pub procs: u16,
        #[doc(hidden)]
        pub pad: [u16; 3],
        /// High memory; zero.
        pub totalhigh: u64,
        /// Free high memory; zero.
        pub freehigh: u64,
        /// Bytes in the unit of the sizes.
        pub mem_unit: u32,
        #[doc(hidden)]
        pub __pad2: u32,
    }
}

constants! { u32;
    LINUX_REBOOT_MAGIC1 = 0xfee1_dead, "The first argument of `reboot(2)`.";
    LINUX_REBOOT_MAGIC2 = 672_274_793, "The second argument of `reboot(2)`.";
    LINUX_REBOOT_MAGIC2A = 85_072_278, "Another second argument.";
    LINUX_REBOOT_MAGIC2B = 369_367_448, "Another second argument.";
    LINUX_REBOOT_MAGIC2C = 537_993_216, "Another second argument.";
    LINUX_REBOOT_CMD_RESTART = 0x0123_4567, "Reset.";
    LINUX_REBOOT_CMD_HALT = 0xcdef_0123, "Halt.";
    LINUX_REBOOT_CMD_CAD_ON = 0x89ab_cdef, "Ctrl-Alt-Del resets.";
    LINUX_REBOOT_CMD_CAD_OFF = 0, "Ctrl-Alt-Del signals init.";
    LINUX_REBOOT_CMD_POWER_OFF = 0x4321_fedc, "Power off.";
    LINUX_REBOOT_CMD_RESTART2 = 0xa1b2_c3d4, "Reset with a command string.";
    LINUX_REBOOT_CMD_SW_SUSPEND = 0xd000_fce2, "Suspend to disk.";
    LINUX_REBOOT_CMD_KEXEC = 0x4558_4543, "Run a loaded kernel.";
    MS_RDONLY = 1, "Read only.";
    MS_NOSUID = 2, "Set-user-id bits have no effect.";
    MS_NODEV = 4, "Device files have no effect.";
    MS_NOEXEC = 8, "Nothing can be executed.";
    MS_REMOUNT = 32, "Change the flags of a mount.";
    MS_NOATIME = 1024, "Do not update access times.";
    MS_BIND = 4096, "Make a tree visible elsewhere.";
    MS_MOVE = 8192, "Move a mount.";
    MS_REC = 16384, "With all mounts below.";
    MS_SILENT = 32768, "Suppress messages.";
    MS_PRIVATE = 1 << 18, "Events do not propagate.";
    MS_SLAVE = 1 << 19, "Events propagate one way.";
    MS_SHARED = 1 << 20, "Events propagate both ways.";
    MS_RELATIME = 1 << 21, "Update access times when older than the modification.";
    MNT_FORCE = 1, "`umount2`: by force.";
    MNT_DETACH = 2, "`umount2`: lazily.";
    MNT_EXPIRE = 4, "`umount2`: mark for expiry.";
    UMOUNT_NOFOLLOW = 8, "`umount2`: do not follow a symbolic link.";
    PER_LINUX = 0, "The personality of Linux.";
    ADDR_NO_RANDOMIZE = 0x004_0000, "Personality: no address randomisation.";
    READ_IMPLIES_EXEC = 0x040_0000, "Personality: readable means executable.";
    ADDR_COMPAT_LAYOUT = 0x020_0000, "Personality: mappings go upwards.";
}

constants! { i32;
    SYSLOG_ACTION_CLOSE = 0, "Close the log.";
    SYSLOG_ACTION_OPEN = 1, "Open the log.";
    SYSLOG_ACTION_READ = 2, "Read, waiting.";
    SYSLOG_ACTION_READ_ALL = 3, "Read all that is kept.";
    SYSLOG_ACTION_READ_CLEAR = 4, "Read all, then clear.";
    SYSLOG_ACTION_CLEAR = 5, "Clear.";
    SYSLOG_ACTION_CONSOLE_OFF = 6, "No messages to the console.";
    SYSLOG_ACTION_CONSOLE_ON = 7, "Messages to the console again.";
    SYSLOG_ACTION_CONSOLE_LEVEL = 8, "Set the console's level.";
    SYSLOG_ACTION_SIZE_UNREAD = 9, "Bytes unread.";
    SYSLOG_ACTION_SIZE_BUFFER = 10, "Bytes of the buffer.";
}
