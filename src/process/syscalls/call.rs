//! A system call in progress.

use alloc::sync::Arc;

use abi::Errno;
use machine::user::UserRegs;

use super::{Arg, SysResult};
use crate::fs::{FdTable, FsContext};
use crate::memory::MemoryMap;
use crate::process::{Credentials, Process, ThreadRef};

/// What a handler works with: who calls, and the registers of the call.
pub struct Call<'a> {
    /// The calling thread.
    pub thread: &'a ThreadRef,
    /// Its user registers; a handler changes them only to change where the program goes on.
    pub regs: &'a mut UserRegs,
}

impl<'a> Call<'a> {
    /// A call by `thread` with these registers.
    #[inline]
    pub fn new(thread: &'a ThreadRef, regs: &'a mut UserRegs) -> Self {
        Self { thread, regs }
    }

    /// The calling process.
    ///
    /// # Errors
    /// `ESRCH` in an idle thread, which makes no calls.
    pub fn process(&self) -> Result<&'a Arc<Process>, Errno> {
        self.thread.require_process()
    }

    /// The caller's descriptors.
    ///
    /// # Errors
    /// `EBADF` if it has none any more.
    pub fn files(&self) -> Result<Arc<FdTable>, Errno> {
        self.thread.files().ok_or(Errno::EBADF)
    }

    /// The caller's root, working directory and umask.
    ///
    /// # Errors
    /// `ENOENT` if it has none any more.
    pub fn fs(&self) -> Result<Arc<FsContext>, Errno> {
        self.thread.fs().ok_or(Errno::ENOENT)
    }

    /// The caller's identities.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        self.thread.credentials()
    }

    /// The caller's address space.
    ///
    /// # Errors
    /// `EFAULT` if it has none any more.
    pub fn memory(&self) -> Result<Arc<MemoryMap>, Errno> {
        self.thread.memory().ok_or(Errno::EFAULT)
    }
}

/// A function that can serve a system call; `A` is the tuple of its argument types.
pub(super) trait Handler<A> {
    /// Decodes the arguments from the caller's registers and calls it.
    fn invoke(&self, call: &mut Call<'_>) -> SysResult;
}

macro_rules! handler {
    ($($arg:ident $index:tt $register:ident),*) => {
        impl<F, $($arg: Arg),*> Handler<($($arg,)*)> for F
        where
            F: Fn(&mut Call<'_>, $($arg),*) -> SysResult,
        {
            #[inline]
            fn invoke(&self, call: &mut Call<'_>) -> SysResult {
                let _args = ($($arg::decode(call.regs.$register)?,)*);
                self(call, $(_args.$index),*)
            }
        }
    };
}

handler!();
handler!(A 0 rdi);
handler!(A 0 rdi, B 1 rsi);
handler!(A 0 rdi, B 1 rsi, C 2 rdx);
handler!(A 0 rdi, B 1 rsi, C 2 rdx, D 3 r10);
handler!(A 0 rdi, B 1 rsi, C 2 rdx, D 3 r10, E 4 r8);
handler!(A 0 rdi, B 1 rsi, C 2 rdx, D 3 r10, E 4 r8, G 5 r9);
