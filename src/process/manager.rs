//! The in-kernel interface to processes.

use alloc::sync::Arc;
use alloc::vec;
use core::sync::atomic::{AtomicBool, Ordering};

use abi::Errno;
use sched::Priority;

use super::lifecycle::spawn::{Program, spawn};
use super::{Pid, Process, table};

/// Creates and finds processes on behalf of kernel code.
pub struct ProcessManager(());

static MANAGER: ProcessManager = ProcessManager(());

/// The process manager: `get_process_manager().create_process("my_app", Some(parent), Priority::Normal)?`.
#[must_use]
pub fn get_process_manager() -> &'static ProcessManager {
    &MANAGER
}

/// Set when the kernel runs one process only.
static SINGLE: AtomicBool = AtomicBool::new(false);

/// What the process system needs free, in bytes, to be worth starting: a few processes with their tables.
const NEEDED: usize = 4 << 20;

/// Starts the process system. If there is no memory for it, or `process=single` is on the command line, the kernel
/// goes on with one process and one CPU: the first program runs, and cannot create others.
pub fn init() {
    let free = machine::mem::stats().free;
    if crate::command_line::value("process") == Some("single") {
        log::warn!("single-process mode: asked for by process=single");
    } else if free < NEEDED {
        log::warn!(
            "single-process mode: {} KiB free, the process system needs {} KiB",
            free >> 10,
            NEEDED >> 10
        );
    } else {
        return;
    }
    SINGLE.store(true, Ordering::Relaxed);
}

/// Whether the kernel is in single-process mode.
#[must_use]
pub fn is_single_process() -> bool {
    SINGLE.load(Ordering::Relaxed)
}

impl ProcessManager {
    /// Starts the program at `path` (a name without a slash is looked for in `/bin`) as a child of `parent`, or of the
    /// first process, with its parent's directories, descriptors and identities.
    ///
    /// # Errors
    /// `ESRCH` if there is no such parent; those of `execve(2)` and `fork(2)`.
    pub fn create_process(
        &self,
        path: &str,
        parent: Option<Pid>,
        priority: Priority,
    ) -> Result<Pid, Errno> {
        let parent = table::find(parent.unwrap_or(Pid::INIT)).ok_or(Errno::ESRCH)?;
        let model = parent.main_thread().ok_or(Errno::ESRCH)?;
        let full = match path.contains('/') {
            true => path.into(),
            false => alloc::format!("/bin/{path}"),
        };
        let program = Program {
            path: full.as_bytes(),
            arguments: vec![path.as_bytes().to_vec()],
            environment: vec![
                b"PATH=/sbin:/usr/sbin:/bin:/usr/bin".to_vec(),
                b"HOME=/".to_vec(),
            ],
            parent: Some(parent),
            fs: Arc::new(model.fs().ok_or(Errno::ESRCH)?.fork_copy()),
            files: Arc::new(model.files().ok_or(Errno::ESRCH)?.fork_copy()?),
            credentials: model.credentials(),
            priority,
        };
        spawn(program).map(|process| process.pid())
    }

    /// The process with this id.
    #[must_use]
    pub fn process(&self, pid: Pid) -> Option<Arc<Process>> {
        table::find(pid)
    }
}
