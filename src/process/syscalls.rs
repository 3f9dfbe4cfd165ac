//! System calls: the one table, and how a call's registers become typed arguments and its result a register.
//!
//! A handler is a plain function of a [`Call`] and typed arguments; it stands in the file of its family.

mod arg;
mod call;
mod clock;
mod cpu_state;
mod dir;
mod exec;
mod fd;
mod file;
mod futex;
mod group;
mod identity;
mod kill;
mod lookup;
mod memory;
mod mount;
mod path;
mod pipe;
mod poll;
mod prctl;
mod priority;
mod process;
mod process_vm;
mod random;
mod resource;
mod sched_calls;
mod sigaction;
mod stat;
pub mod syslog;
mod system;
mod table;
mod timer;
mod wait;

use core::sync::atomic::{AtomicU64, Ordering};

use abi::{Errno, SyscallNumber};
use machine::user::UserRegs;

pub use arg::{Arg, Fd};
pub use call::Call;
use call::Handler;

use super::{ThreadRef, with_current_thread};

/// What a handler returns: the value for the program, or an error.
///
/// The internal restart codes of [`Errno`] are allowed; signal delivery turns them into `EINTR` or a restart.
pub type SysResult = Result<usize, Errno>;

/// A table entry: decodes the arguments and calls the handler.
type Entry = fn(&mut Call<'_>) -> SysResult;

/// Numbers below this have a place in the table.
const NUMBERS: usize = 512;

/// Calls of numbers without a handler, by number; the last counts all the others. Shown in `/proc`.
static UNKNOWN: [AtomicU64; NUMBERS + 1] = [const { AtomicU64::new(0) }; NUMBERS + 1];

/// Runs the system call a thread has made in user mode and leaves its result in RAX.
pub fn dispatch(thread: &ThreadRef, regs: &mut UserRegs) {
    let number = regs.orig_rax;
    regs.rax = match invoke(number, &mut Call::new(thread, regs)) {
        Ok(value) => value as u64,
        Err(error) => error.to_return(),
    };
}

fn invoke(number: u64, call: &mut Call<'_>) -> SysResult {
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    match table::ENTRIES.get(index) {
        Some(Some(entry)) => entry(call),
        _ => {
            if let Some(count) = UNKNOWN.get(index.min(NUMBERS)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            Err(Errno::ENOSYS)
        }
    }
}

/// How often each number without a handler was called: the number (none for those beyond the table) and the count.
pub fn unknown_calls() -> impl Iterator<Item = (Option<u64>, u64)> {
    UNKNOWN.iter().enumerate().filter_map(|(index, count)| {
        let count = count.load(Ordering::Relaxed);
        let number = (index < NUMBERS).then_some(index as u64);
        (count != 0).then_some((number, count))
    })
}

/// The in-kernel form of a system call, made by the running thread: `syscall(SyscallNumber::GetPid as u64, &[])?`.
///
/// Arguments that are missing are zero. Pointers among them are user addresses, as in the call itself.
///
/// # Errors
/// What the call returns; `ESRCH` where no thread of a process runs.
pub fn syscall(number: u64, args: &[u64]) -> SysResult {
    let arg = |index: usize| args.get(index).copied().unwrap_or(0);
    let mut regs = UserRegs {
        rdi: arg(0),
        rsi: arg(1),
        rdx: arg(2),
        r10: arg(3),
        r8: arg(4),
        r9: arg(5),
        ..UserRegs::default()
    };
    let called = with_current_thread(|thread| {
        thread.require_process()?;
        invoke(number, &mut Call::new(thread, &mut regs))
    });
    called.unwrap_or(Err(Errno::ESRCH))
}

/// Whether a call is implemented.
#[must_use]
pub fn is_implemented(number: SyscallNumber) -> bool {
    matches!(table::ENTRIES.get(number as usize), Some(Some(_)))
}
