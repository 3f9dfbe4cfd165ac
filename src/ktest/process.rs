//! The in-kernel interface to processes, and what is left when they have gone.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;

use abi::{Errno, SyscallNumber, WaitStatus};
use machine::sync::Once;

use super::{Outcome, check, check_eq, tests};
use crate::fs::FdTable;
use crate::init::root_context;
use crate::process::lifecycle::spawn::{Program, spawn};
use crate::process::syscalls::{is_implemented, syscall};
use crate::process::{
    Credentials, Pid, Priority, Process, ProcessState, get_process_manager, scheduler, table,
};

tests!("process":
    the_manager_starts_programs,
    the_manager_tells_errors,
    a_process_has_what_it_was_made_with,
    a_killed_process_leaves_nothing,
    calls_of_the_kernel_need_a_process,
);

/// The first process: sleeps for ever, so that the others have a parent.
fn first() -> Result<Arc<Process>, String> {
    static FIRST: Once<Arc<Process>> = Once::new();
    if let Some(first) = FIRST.get() {
        return Ok(first.clone());
    }
    let program = Program {
        path: b"/bin/busybox",
        arguments: vec![b"sleep".to_vec(), b"1000000".to_vec()],
        environment: vec![],
        parent: None,
        fs: root_context(),
        files: Arc::new(FdTable::new()),
        credentials: Arc::new(Credentials::superuser()),
        priority: Priority::Normal,
    };
    let first = spawn(program).map_err(|error| alloc::format!("no first process: {error}"))?;
    let _ = FIRST.set(first.clone());
    Ok(first)
}

/// Waits until a process has ended.
fn status_of(process: &Process) -> WaitStatus {
    loop {
        if let Some(status) = process.exit_status() {
            return status;
        }
        scheduler::yield_now();
    }
}

fn create(path: &str, priority: Priority) -> Result<Arc<Process>, String> {
    let parent = first()?.pid();
    let pid = get_process_manager()
        .create_process(path, Some(parent), priority)
        .map_err(|error| alloc::format!("{path}: {error}"))?;
    get_process_manager()
        .process(pid)
        .ok_or("gone at once".into())
}

fn the_manager_starts_programs() -> Outcome {
    check_eq!(
        status_of(&*create("true", Priority::Normal)?),
        WaitStatus::exited(0)
    );
    check_eq!(
        status_of(&*create("/bin/false", Priority::Low)?),
        WaitStatus::exited(1)
    );
    Ok(())
}

fn the_manager_tells_errors() -> Outcome {
    let parent = first()?.pid();
    let manager = get_process_manager();
    check_eq!(
        manager.create_process("no_such_program", Some(parent), Priority::Normal),
        Err(Errno::ENOENT)
    );
    check_eq!(
        manager.create_process("/bin", Some(parent), Priority::Normal),
        Err(Errno::EACCES)
    );
    let nobody = Pid::new(30_000);
    check_eq!(
        manager.create_process("true", nobody, Priority::Normal),
        Err(Errno::ESRCH)
    );
    Ok(())
}

fn a_process_has_what_it_was_made_with() -> Outcome {
    let process = create("true", Priority::High)?;
    let parent = first()?;
    check_eq!(process.parent_pid(), parent.pid().raw());
    check!(process.created() >= parent.created());
    status_of(&process);
    check_eq!(process.state(), ProcessState::Zombie);
    check!(process.usage().system > 0);
    Ok(())
}

fn a_killed_process_leaves_nothing() -> Outcome {
    let process = create("/usr/bin/yes", Priority::Low)?;
    crate::process::signal::send_kernel(&process, abi::signal::SIGKILL);
    check_eq!(
        status_of(&process),
        WaitStatus::signaled(abi::signal::SIGKILL, false)
    );
    check!(process.threads().is_empty());
    check!(table::find_thread(process.pid()).is_none());
    Ok(())
}

fn calls_of_the_kernel_need_a_process() -> Outcome {
    check_eq!(
        syscall(SyscallNumber::GetPid as u64, &[]),
        Err(Errno::ESRCH)
    );
    check!(is_implemented(SyscallNumber::GetPid));
    check!(!is_implemented(SyscallNumber::Ptrace));
    Ok(())
}
