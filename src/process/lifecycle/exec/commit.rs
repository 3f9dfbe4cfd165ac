//! The point of no return of `execve(2)`: the new program takes the place of the old one.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use abi::signal::SIGSEGV;
use abi::{Errno, WaitStatus};
use signal::AltStack;

use super::LoadedProgram;
use crate::memory::user::UserAddr;
use crate::process::lifecycle::exit::{become_only_thread, exit_group};
use crate::process::table::TREE;
use crate::process::{Credentials, ThreadRef, futex};

/// Puts a program in place of what the running thread runs. The caller sets the registers.
///
/// Other threads of the process end first. What is shared with other processes is left to them.
///
/// # Errors
/// `EINTR` if the process is being killed, and `ENOMEM`; nothing that matters to the old program has changed then.
pub fn replace_image(thread: &ThreadRef, program: LoadedProgram) -> Result<(), Errno> {
    let process = thread.require_process()?;
    let files = thread.files().ok_or(Errno::EBADF)?;
    let actions = process.actions();
    // What may fail comes before anything is lost.
    let own_files = if Arc::strong_count(&files) > 2 {
        Some(Arc::new(files.fork_copy()?))
    } else {
        None
    };
    let own_actions = if Arc::strong_count(&actions) > 2 {
        Some(Arc::new(actions.try_clone()?))
    } else {
        None
    };
    if !become_only_thread(thread) {
        return Err(Errno::EINTR);
    }
    TREE.lock().set_execed(process.pid());
    leave_memory(thread);
    let old = thread.replace_memory(Some(Arc::clone(&program.memory)));
    program.memory.activate();
    drop(old);
    thread.release_vfork_parent();
    if let Some(own) = own_files.clone() {
        drop(thread.replace_files(Some(own)));
    }
    own_files.unwrap_or(files).close_on_exec();
    if let Some(own) = own_actions {
        process.replace_actions(own);
    }
    process.actions().lock().reset_handlers();
    thread.signals().set_alternate_stack(AltStack::NONE);
    reset_machine_state();
    thread.set_name(program.name.as_bytes());
    TREE.lock().set_execed(process.pid());
    change_credentials(thread, &program)
}

/// Does what threads that stay in the old memory, or share it, are waiting for.
fn leave_memory(thread: &ThreadRef) {
    futex::release_robust_list(thread);
    thread.robust_list().store(0, Ordering::Relaxed);
    let clear_tid = UserAddr::new(thread.clear_tid().swap(0, Ordering::Relaxed));
    if !clear_tid.is_null() && clear_tid.write(&0u32).is_ok() {
        futex::wake_address(thread, clear_tid);
    }
}

/// Floating point as at the start of a program, no thread-local storage.
fn reset_machine_state() {
    machine::fpu::reset_current();
    let _ = machine::user::set_fs_base(0);
    let _ = machine::user::set_gs_base(0);
}

fn change_credentials(thread: &ThreadRef, program: &LoadedProgram) -> Result<(), Errno> {
    let process = thread.require_process()?;
    let old = thread.credentials();
    let new = &program.credentials;
    let other_user =
        old.user.effective != new.user.effective || old.group.effective != new.group.effective;
    process.dumpable().store(
        u32::from(!(program.secure || other_user)),
        Ordering::Relaxed,
    );
    if program.secure || other_user {
        process.parent_death_signal().store(0, Ordering::Relaxed);
    }
    if !same(&old, new) {
        thread.replace_credentials(new.clone());
    }
    Ok(())
}

fn same(old: &Credentials, new: &Credentials) -> bool {
    old.user == new.user
        && old.group == new.group
        && old.permitted == new.permitted
        && old.effective == new.effective
}

/// Ends the process as Linux does when a program turns out wrong after the old one is gone.
pub fn give_up(thread: &ThreadRef) {
    if let Some(process) = thread.process() {
        exit_group(process, WaitStatus::signaled(SIGSEGV, false));
    }
}
