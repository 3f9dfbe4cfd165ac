//! Vectored input and output, and waiting for descriptors: `readv(2)`, `poll(2)`, `select(2)` and `epoll(7)`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

c_struct! {
    /// `struct iovec`: one buffer of a vectored transfer.
    pub struct Iovec {
        /// Start address.
        pub iov_base: u64,
        /// Bytes.
        pub iov_len: u64,
    }
}

c_struct! {
    /// `struct pollfd`.
    pub struct Pollfd {
        /// Descriptor; negative to be ignored.
        pub fd: i32,
        /// Awaited events.
        pub events: i16,
        /// Events found.
        pub revents: i16,
    }
}

/// `struct epoll_event`, packed on x86-64.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C, packed)]
pub struct EpollEvent {
    /// `EPOLL*`.
    pub events: u32,
    /// The caller's own word.
    pub data: u64,
}

c_struct! {
    /// The sixth argument of `pselect6(2)`: a signal mask with its size.
    pub struct SigSetArg {
        /// Address of the mask; 0 for none.
        pub mask: u64,
        /// Bytes in the mask, which must be 8.
        pub size: u64,
    }
}

bitflags::bitflags! {
    /// Conditions of a descriptor, as in `poll(2)`; the `EPOLL*` conditions have the same values.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct PollEvents: u16 {
        /// Can be read.
        const POLLIN = 0x1;
        /// Urgent data, or an exceptional condition.
        const POLLPRI = 0x2;
        /// Can be written.
        const POLLOUT = 0x4;
        /// An error; always reported.
        const POLLERR = 0x8;
        /// The other side has hung up; always reported.
        const POLLHUP = 0x10;
        /// Not an open descriptor; always reported.
        const POLLNVAL = 0x20;
        /// As `POLLIN`.
        const POLLRDNORM = 0x40;
        /// Priority band readable.
        const POLLRDBAND = 0x80;
        /// As `POLLOUT`.
        const POLLWRNORM = 0x100;
        /// Priority band writable.
        const POLLWRBAND = 0x200;
        /// A message is there; unused.
        const POLLMSG = 0x400;
        /// The peer has shut down its writing side.
        const POLLRDHUP = 0x2000;
    }
}

constants! { u32;
    EPOLL_CTL_ADD = 1, "Add a descriptor.";
    EPOLL_CTL_DEL = 2, "Remove a descriptor.";
    EPOLL_CTL_MOD = 3, "Change a descriptor's events.";
    EPOLL_CLOEXEC = 0o2000000, "`epoll_create1`: close on exec.";
    EPOLLEXCLUSIVE = 1 << 28, "Wake only one waiter.";
    EPOLLWAKEUP = 1 << 29, "Keep the machine awake.";
    EPOLLONESHOT = 1 << 30, "Disable after one event.";
    EPOLLET = 1 << 31, "Edge triggered.";
    FD_SETSIZE = 1024, "Descriptors in a `fd_set` of the C library.";
}
