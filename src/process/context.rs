//! The life of a thread in two modes: user mode is a call that returns a reason, and this is the loop around it.
//!
//! Registers, address space, FPU and TLS state are switched by [`machine::task`]; which task comes next is decided by
//! the [`scheduler`](super::scheduler).

use machine::preempt;
use machine::user::{self, UserEvent, UserRegs};

use super::lifecycle::exit;
use super::thread::{Attention, Start};
use super::{ThreadRef, integration, scheduler, signal, syscalls};

/// Where the task of each thread begins.
pub fn thread_main(thread: &ThreadRef) -> ! {
    let mut regs = begin(thread);
    loop {
        match user::run(
            &mut regs,
            thread.attention().word(),
            thread.times().user_clock(),
        ) {
            UserEvent::Syscall => syscalls::dispatch(thread, &mut regs),
            UserEvent::Exception(exception) => {
                regs.orig_rax = NO_CALL;
                integration::user_exception(thread, &exception, regs.rip);
            }
            UserEvent::Interrupt => regs.orig_rax = NO_CALL,
            UserEvent::Attention => attend(thread, &mut regs),
        }
    }
}

/// What a thread of a process enters user mode with. A thread of the kernel never gets beyond this.
fn begin(thread: &ThreadRef) -> UserRegs {
    match thread.take_start() {
        Some(Start::User { regs, store_tid }) => {
            if let (Some(address), Some(tid)) = (store_tid, thread.tid()) {
                // As in Linux, a bad address is the program's loss and nobody is told.
                let _ = address.write(&tid.raw());
            }
            regs
        }
        Some(Start::Kernel(life)) => life(),
        None => UserRegs::default(),
    }
}

/// `orig_rax` of a thread that did not enter the kernel by a system call.
pub const NO_CALL: u64 = u64::MAX;

/// What must be done before the thread may go back to user mode.
#[cold]
fn attend(thread: &ThreadRef, regs: &mut UserRegs) {
    if preempt::need_resched() {
        scheduler::preempt();
    }
    if thread.attention().clear(Attention::CPU_TIME)
        && let Some(process) = thread.process()
    {
        process.timers().check_cpu_timers(process);
    }
    if thread.attention().has(Attention::EXIT) {
        exit::finish(thread);
    }
    if thread.attention().any() {
        signal::deliver(thread, regs);
    }
}
