//! `/proc/PID/status`, `comm` and `children`.

use alloc::string::String;
use core::fmt::Write;

use abi::Errno;
use abi::resource::RLIMIT_SIGPENDING;
use machine::mem::PAGE_SIZE;

use super::Target;
use crate::fs::pseudo::Text;
use crate::line;
use crate::process::scheduler::CpuSet;
use crate::process::{Credentials, ThreadRef, group, table, with_current_thread};

/// The signal masks of `stat` and `status`: bit 0 is signal 1.
#[derive(Clone, Copy, Default)]
pub(super) struct SignalSets {
    /// Pending for the thread.
    pub(super) pending: u64,
    /// Pending for the process.
    pub(super) shared: u64,
    /// Blocked by the thread.
    pub(super) blocked: u64,
    /// Ignored.
    pub(super) ignored: u64,
    /// With a handler.
    pub(super) caught: u64,
}

/// The signals of a process or thread; none once it has ended.
pub(super) fn signal_sets(target: &Target) -> SignalSets {
    let Some(thread) = target.thread() else {
        return SignalSets::default();
    };
    let (ignored, caught) = {
        let actions = target.process().actions();
        let actions = actions.lock();
        (actions.ignored(), actions.handled())
    };
    SignalSets {
        pending: thread.signals().pending().bits(),
        shared: target.process().pending_signals().bits(),
        blocked: thread.signals().blocked().bits(),
        ignored: ignored.bits(),
        caught: caught.bits(),
    }
}

fn state_text(letter: char) -> &'static str {
    match letter {
        'R' => "R (running)",
        'S' => "S (sleeping)",
        'D' => "D (disk sleep)",
        'T' => "T (stopped)",
        'Z' => "Z (zombie)",
        _ => "X (dead)",
    }
}

/// A name as `status` has it: backslashes and line feeds escaped.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('\n', "\\n")
}

/// `status`: the same as `stat` and more, for people.
pub fn status(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let thread = target.thread();
    identity(target, thread.as_ref(), text);
    if let Some(thread) = &thread {
        credentials(&thread.credentials(), thread, text);
    }
    namespaces(target, text);
    if target.memory().is_some() {
        memory(target, text);
    }
    signals(target, text);
    if let Some(thread) = &thread {
        capabilities(target, &thread.credentials(), text);
        scheduling(thread, text);
    }
    Ok(())
}

fn identity(target: &Target, thread: Option<&ThreadRef>, text: &mut Text) {
    let process = target.process();
    let name = thread.map_or_else(|| process.name(), |thread| thread.name());
    line!(text, "Name:\t{}", escaped(&name));
    if let Some(fs) = thread.and_then(|thread| thread.fs()) {
        line!(text, "Umask:\t{:04o}", fs.umask());
    }
    line!(
        text,
        "State:\t{}",
        state_text(thread.map_or('Z', |thread| thread.state().letter()))
    );
    line!(text, "Tgid:\t{}", process.pid());
    line!(text, "Ngid:\t0");
    line!(text, "Pid:\t{}", target.id());
    line!(text, "PPid:\t{}", process.parent_pid());
    line!(text, "TracerPid:\t0");
}

fn credentials(credentials: &Credentials, thread: &ThreadRef, text: &mut Text) {
    for (name, ids) in [("Uid", &credentials.user), ("Gid", &credentials.group)] {
        line!(
            text,
            "{name}:\t{}\t{}\t{}\t{}",
            ids.real,
            ids.effective,
            ids.saved,
            ids.fs
        );
    }
    line!(
        text,
        "FDSize:\t{}",
        thread
            .files()
            .map_or(0, |files| files.capacity().next_power_of_two().max(64))
    );
    text.push(b"Groups:\t");
    for group in credentials.groups.iter() {
        text.format(format_args!("{group} "));
    }
    text.push(b"\n");
}

fn namespaces(target: &Target, text: &mut Text) {
    line!(text, "NStgid:\t{}", target.process().pid());
    line!(text, "NSpid:\t{}", target.id());
    if let Some(at) = group::relations(target.process().pid()) {
        line!(text, "NSpgid:\t{}", at.group);
        line!(text, "NSsid:\t{}", at.session);
    }
}

fn memory(target: &Target, text: &mut Text) {
    let memory = target.memory_use();
    let residency = target.residency();
    let sizes = [
        ("VmPeak", memory.peak_mapped),
        ("VmSize", memory.mapped),
        ("VmLck", memory.locked),
        ("VmPin", 0),
        ("VmHWM", memory.peak_resident),
        ("VmRSS", memory.resident),
        ("RssAnon", memory.resident.saturating_sub(residency.object)),
        ("RssFile", residency.object),
        ("RssShmem", 0),
        ("VmData", memory.data),
        ("VmStk", memory.stack),
        ("VmExe", memory.code),
        ("VmLib", memory.libraries),
        ("VmSwap", 0),
    ];
    for (name, pages) in sizes {
        line!(text, "{name}:\t{:8} kB", pages * (PAGE_SIZE / 1024));
    }
}

fn signals(target: &Target, text: &mut Text) {
    let process = target.process();
    line!(text, "Threads:\t{}", process.threads().len());
    let queued = target
        .thread()
        .map_or(0, |thread| thread.signals().queued())
        + process.queued_signals();
    line!(
        text,
        "SigQ:\t{queued}/{}",
        process.limits().soft(RLIMIT_SIGPENDING)
    );
    let sets = signal_sets(target);
    let lines = [
        ("SigPnd", sets.pending),
        ("ShdPnd", sets.shared),
        ("SigBlk", sets.blocked),
        ("SigIgn", sets.ignored),
        ("SigCgt", sets.caught),
    ];
    for (name, set) in lines {
        line!(text, "{name}:\t{set:016x}");
    }
}

fn capabilities(target: &Target, credentials: &Credentials, text: &mut Text) {
    let sets = [
        ("CapInh", credentials.inheritable),
        ("CapPrm", credentials.permitted),
        ("CapEff", credentials.effective),
        ("CapBnd", crate::process::credentials::capability::ALL),
        ("CapAmb", 0),
    ];
    for (name, set) in sets {
        line!(text, "{name}:\t{set:016x}");
    }
    let no_new_privileges = target
        .process()
        .no_new_privileges()
        .load(core::sync::atomic::Ordering::Relaxed);
    line!(text, "NoNewPrivs:\t{no_new_privileges}");
    line!(text, "Seccomp:\t0");
}

fn scheduling(thread: &ThreadRef, text: &mut Text) {
    let sched = thread.sched();
    let cpus = sched.affinity().and(CpuSet::online());
    let count = machine::cpu::count();
    text.push(b"Cpus_allowed:\t");
    push_mask(&cpus, count, text);
    text.push(b"\nCpus_allowed_list:\t");
    push_list(&cpus, text);
    text.push(b"\n");
    line!(text, "Mems_allowed:\t1");
    line!(text, "Mems_allowed_list:\t0");
    line!(
        text,
        "voluntary_ctxt_switches:\t{}",
        sched.voluntary_switches()
    );
    line!(
        text,
        "nonvoluntary_ctxt_switches:\t{}",
        sched.involuntary_switches()
    );
}

/// A set of CPUs as a hexadecimal mask as wide as there are CPUs.
fn push_mask(cpus: &CpuSet, count: usize, text: &mut Text) {
    let mask = machine::cpu::ids()
        .filter(|&cpu| cpus.contains(cpu))
        .fold(0u64, |mask, cpu| {
            mask | 1u64.unbounded_shl(u32::try_from(cpu.index()).unwrap_or(64))
        });
    let digits = count.div_ceil(4);
    if digits > 8 {
        let _ = write!(
            text,
            "{:0width$x},{:08x}",
            mask >> 32,
            mask & 0xffff_ffff,
            width = digits - 8
        );
    } else {
        let _ = write!(text, "{mask:0digits$x}");
    }
}

/// A set of CPUs as ranges: `0-2,4`.
fn push_list(cpus: &CpuSet, text: &mut Text) {
    let mut members = machine::cpu::ids()
        .filter(|&cpu| cpus.contains(cpu))
        .map(|cpu| cpu.index())
        .peekable();
    let mut separator = "";
    while let Some(first) = members.next() {
        let mut last = first;
        while let Some(next) = members.next_if(|&next| next == last + 1) {
            last = next;
        }
        let _ = match last {
            _ if last == first => write!(text, "{separator}{first}"),
            _ => write!(text, "{separator}{first}-{last}"),
        };
        separator = ",";
    }
}

/// `comm`: the name.
pub fn name(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let process = target.process();
    let name = target
        .thread()
        .map_or_else(|| process.name(), |thread| thread.name());
    line!(text, "{name}");
    Ok(())
}

/// Writing to `comm` renames a thread of the caller's own process.
///
/// # Errors
/// `EINVAL` for other processes' threads, `ESRCH` once it has ended.
pub fn set_name(target: &Target, name: &[u8]) -> Result<(), Errno> {
    let own = with_current_thread(|caller| {
        caller
            .process()
            .is_some_and(|process| alloc::sync::Arc::ptr_eq(process, target.process()))
    });
    if own != Some(true) {
        return Err(Errno::EINVAL);
    }
    let thread = target.thread().ok_or(Errno::ESRCH)?;
    thread.set_name(name.strip_suffix(b"\n").unwrap_or(name));
    Ok(())
}

/// `task/TID/children`: the ids of the children.
pub fn children(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let tree = table::TREE.lock();
    let mut ids: alloc::vec::Vec<u32> = tree
        .children(target.process().pid())
        .map(|child| child.pid().raw())
        .collect();
    drop(tree);
    ids.sort_unstable();
    for id in ids {
        text.format(format_args!("{id} "));
    }
    Ok(())
}
