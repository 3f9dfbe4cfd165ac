//! `/proc/PID/stat`, `statm` and other files of mere numbers.

use abi::Errno;
use abi::WaitStatus;
use abi::resource::RLIMIT_RSS;
use abi::stat::{major, minor};
use machine::mem::PAGE_SIZE;

use super::super::TICK;
use super::Target;
use crate::fs::pseudo::Text;
use crate::line;
use crate::memory::user::USER_TOP;
use crate::memory::{ImageInfo, MemoryUse, Residency};
use crate::process::accounting::Usage;
use crate::process::{Pid, group};

/// `PF_FORKNOEXEC` and `PF_RANDOMIZE` of Linux's `sched.h`.
const FLAG_FORKED: u32 = 0x40;
const FLAG_RANDOMIZED: u32 = 0x40_0000;

/// What the terminal columns of `ps` come from.
struct Terminal {
    number: i32,
    foreground: i32,
}

impl Target {
    /// Usage of the process with all its threads, or of the one thread.
    fn usage(&self) -> Usage {
        match &self.single {
            Some(thread) => Usage::of_thread(thread),
            None => self.process.usage(),
        }
    }

    fn terminal(&self) -> Terminal {
        let session = group::relations(self.process.pid());
        let Some(terminal) = session.and_then(|relations| group::terminal(&relations)) else {
            return Terminal {
                number: 0,
                foreground: -1,
            };
        };
        let (major, minor) = (major(terminal.device()), minor(terminal.device()));
        let number = (minor & 0xff) | major << 8 | (minor & !0xff) << 12;
        let foreground = terminal.foreground().map_or(-1, Pid::as_i32);
        Terminal {
            number: number.cast_signed(),
            foreground,
        }
    }

    /// What of its memory is resident, by kind.
    pub(super) fn residency(&self) -> Residency {
        self.memory()
            .map(|memory| memory.residency(0..USER_TOP))
            .unwrap_or_default()
    }

    /// The address space's sizes; zero for what has none.
    pub(super) fn memory_use(&self) -> MemoryUse {
        self.memory()
            .map(|memory| memory.usage())
            .unwrap_or_default()
    }
}

/// The numbers of `stat` up to the start time.
fn first_part(target: &Target, text: &mut Text) {
    let process = target.process();
    let thread = target.thread();
    let state = thread
        .as_ref()
        .map_or('Z', |thread| thread.state().letter());
    let name = thread
        .as_ref()
        .map_or_else(|| process.name(), |thread| thread.name());
    let (group, session) = group::relations(process.pid())
        .map_or((0, 0), |at| (at.group.as_i32(), at.session.as_i32()));
    let terminal = target.terminal();
    let (usage, children) = (target.usage(), process.accounting().children());
    let params = thread.as_ref().map(|thread| thread.sched().params());
    let (priority, nice) = params.map_or((20, 0), |params| (params.stat_priority(), params.nice()));
    text.format(format_args!(
        "{} ({name}) {state} {} {group} {session} {} {} {} {} {} {} {} {} {} {} {} {priority} {nice} {} 0 {}",
        target.id(),
        process.parent_pid(),
        terminal.number,
        terminal.foreground,
        FLAG_FORKED | FLAG_RANDOMIZED,
        usage.minor_faults,
        children.minor_faults,
        usage.major_faults,
        children.major_faults,
        usage.user / TICK,
        usage.system / TICK,
        children.user / TICK,
        children.system / TICK,
        process.threads().len(),
        process.created() / TICK,
    ));
}

/// `stat`: what `ps` and `top` read.
pub fn stat(target: &Target, text: &mut Text) -> Result<(), Errno> {
    first_part(target, text);
    let process = target.process();
    let thread = target.thread();
    let may_look = target.check_inspection().is_ok();
    let memory = target.memory_use();
    let image = target
        .memory()
        .filter(|_| may_look)
        .map(|memory| memory.image())
        .unwrap_or_default();
    let ImageInfo {
        code,
        data,
        stack_start,
        arguments,
        environment,
        ..
    } = &*image;
    let signals = super::status::signal_sets(target);
    let cpu = thread
        .as_ref()
        .map_or(0, |thread| thread.sched().cpu().index());
    let params = thread.as_ref().map(|thread| thread.sched().params());
    let (rt_priority, policy) = params.map_or((0, 0), |params| {
        (params.rt_priority(), params.policy() as u32)
    });
    let waits = thread.is_some_and(|thread| !matches!(thread.state().letter(), 'R' | 'Z'));
    text.format(format_args!(
        " {} {} {} {} {} {stack_start} 0 0 {} {} {} {} {} 0 0 {} {cpu} {rt_priority} {policy} 0 0 0",
        memory.mapped * PAGE_SIZE,
        memory.resident,
        process.limits().soft(RLIMIT_RSS),
        code.start,
        code.end,
        signals.pending & 0x7fff_ffff,
        signals.blocked & 0x7fff_ffff,
        signals.ignored & 0x7fff_ffff,
        signals.caught & 0x7fff_ffff,
        u8::from(waits),
        process.exit_signal(),
    ));
    let exit_code = if may_look {
        process.exit_status().map_or(0, WaitStatus::raw)
    } else {
        0
    };
    line!(
        text,
        " {} {} {} {} {} {} {} {exit_code}",
        data.start,
        data.end,
        memory.heap.start,
        arguments.start,
        arguments.end,
        environment.start,
        environment.end,
    );
    Ok(())
}

/// `statm`: sizes in pages.
pub fn statm(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let memory = target.memory_use();
    let shared = target.residency().object;
    let data = memory.data + memory.stack;
    line!(
        text,
        "{} {} {shared} {} 0 {data} 0",
        memory.mapped,
        memory.resident,
        memory.code
    );
    Ok(())
}

/// `wchan`: what a sleeping thread waits in; 0, as on a Linux that does not tell.
pub fn wait_channel(_target: &Target, text: &mut Text) -> Result<(), Errno> {
    text.push(b"0");
    Ok(())
}
