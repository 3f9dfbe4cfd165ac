//! What `uname(2)` tells: the names of the system.

use alloc::vec::Vec;

use ksync::Level;
use machine::sync::SpinLock;

/// What programs take for the system: its interface is Linux's.
pub const SYSTEM: &str = "Linux";
/// The version of Linux whose interface is followed; C libraries refuse to start on one that is too old.
pub const RELEASE: &str = "6.1.0-rustos";
/// What it really is.
pub const VERSION: &str = concat!("#1 SMP PREEMPT RustOS ", env!("CARGO_PKG_VERSION"));
/// The instruction set.
pub const MACHINE: &str = "x86_64";
/// The longest host or domain name.
pub const NAME_MAX: usize = 64;

/// The names that can be set.
#[derive(Clone)]
pub struct Names {
    /// `sethostname(2)`
    pub host: Vec<u8>,
    /// `setdomainname(2)`
    pub domain: Vec<u8>,
}

static NAMES: SpinLock<Option<Names>> = SpinLock::new(Level::UNORDERED, None);

/// The names that can be set.
#[must_use]
pub fn names() -> Names {
    let default = || Names {
        host: b"(none)".to_vec(),
        domain: b"(none)".to_vec(),
    };
    NAMES.lock().clone().unwrap_or_else(default)
}

/// Sets the host name.
pub fn set_host(host: Vec<u8>) {
    let names = Names { host, ..names() };
    *NAMES.lock() = Some(names);
}

/// Sets the domain name.
pub fn set_domain(domain: Vec<u8>) {
    let names = Names { domain, ..names() };
    *NAMES.lock() = Some(names);
}
