//! Waiting for children (`wait4(2)`, `waitid(2)`).

use alloc::sync::Arc;

use abi::{Errno, WaitOptions, WaitStatus};
use proctree::{Node, Pid};

use crate::process::accounting::Usage;
use crate::process::signal::StopReport;
use crate::process::table::{TREE, Tree};
use crate::process::{Process, ThreadRef};

/// Which children are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Any.
    Any,
    /// The one with this id.
    Process(Pid),
    /// Those in this process group.
    Group(Pid),
}

/// What a wait found.
pub struct Report {
    /// The child.
    pub pid: Pid,
    /// Its real user.
    pub uid: u32,
    /// What happened to it.
    pub status: WaitStatus,
    /// What it and its children that it waited for have used.
    pub usage: Usage,
}

impl Selector {
    /// As `wait4(2)` codes it; 0 is the caller's own group.
    ///
    /// # Errors
    /// `ESRCH` for `i32::MIN`, `ECHILD` for numbers no process can have.
    pub fn from_wait4(number: i32, own_group: Pid) -> Result<Self, Errno> {
        let pid = |number: i32| Pid::new(number.unsigned_abs()).ok_or(Errno::ECHILD);
        Ok(match number {
            i32::MIN => return Err(Errno::ESRCH),
            -1 => Self::Any,
            0 => Self::Group(own_group),
            1.. => Self::Process(pid(number)?),
            _ => Self::Group(pid(number)?),
        })
    }

    fn matches(self, node: &Node<Arc<Process>>) -> bool {
        match self {
            Self::Any => true,
            Self::Process(pid) => node.pid() == pid,
            Self::Group(group) => node.group() == group,
        }
    }
}

/// Waits for a child that `selector` matches to do what `options` names; none with `WNOHANG` if none has yet.
///
/// # Errors
/// `ECHILD` if there is no such child, `ERESTARTSYS` on a signal.
pub fn wait(
    thread: &ThreadRef,
    selector: Selector,
    options: WaitOptions,
) -> Result<Option<Report>, Errno> {
    let process = thread.require_process()?;
    let attempt = || match look(process, selector, options) {
        Ok(None) if !options.contains(WaitOptions::WNOHANG) => None,
        result => Some(result),
    };
    process.child_events().wait_until(attempt)?
}

/// One look at the children.
fn look(
    process: &Arc<Process>,
    selector: Selector,
    options: WaitOptions,
) -> Result<Option<Report>, Errno> {
    let mut tree = TREE.lock();
    let mut any = false;
    let mut found = None;
    for node in tree.children(process.pid()) {
        if !selector.matches(node) || !is_eligible(node.payload(), options) {
            continue;
        }
        any = true;
        found = examine(node, options);
        if found.is_some() {
            break;
        }
    }
    let Some(found) = found else {
        return if any { Ok(None) } else { Err(Errno::ECHILD) };
    };
    let keep = options.contains(WaitOptions::WNOWAIT);
    Ok(Some(match found {
        Found::Ended(child, status) => {
            if !keep {
                reap(&mut tree, process, &child);
            }
            drop(tree);
            report(&child, status)
        }
        Found::Changed(child, status) => {
            if !keep {
                child.group.lock().report = None;
            }
            drop(tree);
            report(&child, status)
        }
    }))
}

enum Found {
    Ended(Arc<Process>, WaitStatus),
    Changed(Arc<Process>, WaitStatus),
}

/// `__WALL` takes all; otherwise `__WCLONE` takes those that announce their end by another signal than `SIGCHLD`, and
/// its absence the rest.
fn is_eligible(child: &Process, options: WaitOptions) -> bool {
    let is_clone = child.exit_signal() != abi::signal::SIGCHLD.cast_unsigned();
    options.contains(WaitOptions::__WALL) || is_clone == options.contains(WaitOptions::__WCLONE)
}

fn examine(node: &Node<Arc<Process>>, options: WaitOptions) -> Option<Found> {
    let child = node.payload();
    let group = child.group.lock();
    if node.is_zombie() {
        let status = group.ending.unwrap_or(WaitStatus::exited(0));
        drop(group);
        return options
            .contains(WaitOptions::WEXITED)
            .then(|| Found::Ended(child.clone(), status));
    }
    let status = match group.report? {
        StopReport::Stopped(signal) if options.contains(WaitOptions::WUNTRACED) => {
            WaitStatus::stopped(signal.raw())
        }
        StopReport::Continued if options.contains(WaitOptions::WCONTINUED) => {
            WaitStatus::continued()
        }
        _ => return None,
    };
    drop(group);
    Some(Found::Changed(child.clone(), status))
}

fn reap(tree: &mut Tree, parent: &Process, child: &Arc<Process>) {
    let reaped = tree.reap(child.pid());
    parent.accounting().add_child(child);
    // `child` still refers to it: nothing is freed with interrupts off.
    drop(reaped);
}

fn report(child: &Process, status: WaitStatus) -> Report {
    let mut usage = child.usage();
    usage.add(&child.accounting().children());
    Report {
        pid: child.pid(),
        uid: child.user(),
        status,
        usage,
    }
}
