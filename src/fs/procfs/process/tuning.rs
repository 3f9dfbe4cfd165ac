//! Limits and settings of a process: `limits`, `oom_score`, `oom_score_adj`, `personality`.

use core::sync::atomic::Ordering;

use abi::Errno;
use abi::resource::RLIM_INFINITY;

use super::Target;
use crate::fs::pseudo::Text;
use crate::line;
use crate::process::credentials::capability;
use crate::process::with_current_thread;

/// The resources in the order of their numbers, with their units.
const RESOURCES: [(&str, &str); 16] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

fn push_limit(value: u64, text: &mut Text) {
    match value {
        RLIM_INFINITY => text.format(format_args!("{:<20} ", "unlimited")),
        _ => text.format(format_args!("{value:<20} ")),
    }
}

/// `limits`: the table of `getrlimit(2)`.
pub fn limits(target: &Target, text: &mut Text) -> Result<(), Errno> {
    line!(
        text,
        "{:<25} {:<20} {:<20} {:<10}",
        "Limit",
        "Soft Limit",
        "Hard Limit",
        "Units"
    );
    for (number, (name, unit)) in (0..).zip(RESOURCES) {
        let limit = target.process().limits().get(number)?;
        text.format(format_args!("{name:<25} "));
        push_limit(limit.rlim_cur, text);
        push_limit(limit.rlim_max, text);
        if unit.is_empty() {
            text.push(b"\n");
        } else {
            line!(text, "{unit:<10}");
        }
    }
    Ok(())
}

/// `oom_score`: 0 to 2000, how likely the process is to be killed when memory runs out: a thousandth for each
/// thousandth of memory it uses, moved by its adjustment.
pub fn oom_score(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let total = machine::mem::stats().total.max(1);
    let share = target.memory_use().resident * machine::mem::PAGE_SIZE * 1000 / total;
    let share = i32::try_from(share).unwrap_or(1000);
    let score = match target.process().oom_score_adj() {
        -1000 => 0,
        adjustment => ((1000 + share + adjustment) * 2 / 3).max(0),
    };
    line!(text, "{score}");
    Ok(())
}

/// `oom_score_adj`.
pub fn oom_score_adj(target: &Target, text: &mut Text) -> Result<(), Errno> {
    line!(text, "{}", target.process().oom_score_adj());
    Ok(())
}

/// Writing to `oom_score_adj`.
///
/// # Errors
/// `EINVAL` outside -1000 to 1000; `EACCES` for lowering it without privilege.
pub fn set_oom_score_adj(target: &Target, bytes: &[u8]) -> Result<(), Errno> {
    let value: i32 = core::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|value| (-1000..=1000).contains(value))
        .ok_or(Errno::EINVAL)?;
    let privileged =
        with_current_thread(|thread| thread.credentials().has(capability::SYS_RESOURCE));
    if value < target.process().oom_score_adj() && privileged == Some(false) {
        return Err(Errno::EACCES);
    }
    target.process().set_oom_score_adj(value);
    Ok(())
}

/// `personality`.
pub fn personality(target: &Target, text: &mut Text) -> Result<(), Errno> {
    target.check_inspection()?;
    line!(
        text,
        "{:08x}",
        target.process().personality().load(Ordering::Relaxed)
    );
    Ok(())
}
