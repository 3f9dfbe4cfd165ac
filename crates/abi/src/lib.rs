//! Linux x86-64 numbers, errors and structure layouts, as the kernel's headers for user space define them.
//!
//! Names are Linux's own, so that the manual pages and `strace` output can be searched for them. Structures derive
//! the `zerocopy` traits, hence have no hidden padding and can be copied to and from user memory as bytes. The tests
//! in `tests/` compare every number and layout with the headers.
#![no_std]
#![deny(unsafe_code)]

/// Declares documented constants of one type.
macro_rules! constants {
    ($type:ty; $($name:ident = $value:expr, $text:literal;)*) => {
        $(#[doc = $text] pub const $name: $type = $value;)*
    };
}

/// Declares a structure with its C layout that can be copied to and from user memory.
macro_rules! c_struct {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout,
        )]
        #[repr(C)]
        pub struct $name { $($body)* }

        impl Default for $name {
            fn default() -> Self {
                zerocopy::FromZeros::new_zeroed()
            }
        }
    };
}

pub mod auxv;
mod errno;
pub mod fcntl;
pub mod futex;
pub mod mman;
pub mod poll;
pub mod prctl;
pub mod process;
pub mod resource;
pub mod sched;
mod siginfo;
pub mod signal;
pub mod stat;
mod syscall;
pub mod system;
pub mod termios;
pub mod time;
pub mod ucontext;
mod wait;

pub use errno::{Errno, Restart};
pub use syscall::SyscallNumber;
pub use wait::{P_ALL, P_PGID, P_PID, P_PIDFD, WaitOptions, WaitStatus};

/// Bytes in a page.
pub const PAGE_SIZE: usize = 4096;
/// The longest path with its terminating zero, in bytes.
pub const PATH_MAX: usize = 4096;
/// The longest name within a directory, without the terminating zero.
pub const NAME_MAX: usize = 255;
/// The most bytes a write to a pipe may have and still be atomic.
pub const PIPE_BUF: usize = 4096;
/// The most buffers in one `readv(2)` or `writev(2)`.
pub const IOV_MAX: usize = 1024;
/// The most bytes one `read(2)` or `write(2)` transfers.
pub const MAX_RW_COUNT: usize = 0x7fff_f000;
