//! The mappings of a process: `/proc/PID/maps` and `smaps`.

use abi::Errno;
use abi::mman::Prot;
use abi::stat::{major, minor};
use machine::mem::PAGE_SIZE;

use super::Target;
use crate::fs::Path;
use crate::fs::pseudo::{Text, callers_root};
use crate::line;
use crate::memory::{MapLine, MapName, VmaFlags};

/// Where the name stands in a line of `maps` (proc(5)).
const NAME_COLUMN: usize = 73;

/// Writes one line of `maps`.
fn push_mapping(mapping: &MapLine, root: Option<&Path>, text: &mut Text) {
    let begin = text.as_bytes().len();
    let bit = |prot: Prot, letter: char| {
        if mapping.prot.contains(prot) {
            letter
        } else {
            '-'
        }
    };
    text.format(format_args!(
        "{:08x}-{:08x} {}{}{}{} {:08x} {:02x}:{:02x} {} ",
        mapping.range.start,
        mapping.range.end,
        bit(Prot::PROT_READ, 'r'),
        bit(Prot::PROT_WRITE, 'w'),
        bit(Prot::PROT_EXEC, 'x'),
        if mapping.flags.contains(VmaFlags::SHARED) {
            's'
        } else {
            'p'
        },
        mapping.offset,
        major(mapping.identity.device),
        minor(mapping.identity.device),
        mapping.identity.inode,
    ));
    let pad = |text: &mut Text| {
        while text.as_bytes().len() - begin < NAME_COLUMN {
            text.push(b" ");
        }
    };
    match (&mapping.name, root) {
        (MapName::Path(path), Some(root)) => {
            pad(text);
            let name = path.display(root);
            for piece in name.split_inclusive(|&byte| byte == b'\n') {
                text.push(piece.strip_suffix(b"\n").unwrap_or(piece));
                if piece.ends_with(b"\n") {
                    text.push(b"\\012");
                }
            }
        }
        (MapName::Text(name), _) => {
            pad(text);
            text.push(name.as_bytes());
        }
        _ => {}
    }
    text.push(b"\n");
}

fn each(target: &Target, text: &mut Text, more: impl Fn(&MapLine, &mut Text)) -> Result<(), Errno> {
    target.check_inspection()?;
    let Some(memory) = target.memory() else {
        return Ok(());
    };
    let root = callers_root().ok();
    for mapping in memory.map_lines() {
        push_mapping(&mapping, root.as_ref(), text);
        more(&mapping, text);
    }
    Ok(())
}

/// `maps`: a line for each mapping.
pub fn maps(target: &Target, text: &mut Text) -> Result<(), Errno> {
    match each(target, text, |_, _| {}) {
        // Nothing is left of a process that has ended.
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}

/// `smaps`: also what of each mapping is in memory.
pub fn smaps(target: &Target, text: &mut Text) -> Result<(), Errno> {
    let Some(memory) = target.memory() else {
        return Ok(());
    };
    each(target, text, |mapping, text| {
        let residency = memory.residency(mapping.range.clone());
        let sole_dirty = residency.sole.min(residency.dirty);
        let object = residency.object;
        let lines = [
            ("Size", mapping.range.len() / PAGE_SIZE),
            ("KernelPageSize", 1),
            ("MMUPageSize", 1),
            ("Rss", residency.resident),
            ("Pss", residency.resident),
            (
                "Shared_Clean",
                object - (residency.dirty - sole_dirty).min(object),
            ),
            ("Shared_Dirty", residency.dirty - sole_dirty),
            ("Private_Clean", residency.sole - sole_dirty),
            ("Private_Dirty", sole_dirty),
            ("Referenced", residency.accessed),
            ("Anonymous", residency.sole),
            ("Swap", 0),
            ("SwapPss", 0),
            (
                "Locked",
                if mapping.flags.contains(VmaFlags::LOCKED) {
                    residency.resident
                } else {
                    0
                },
            ),
        ];
        for (name, pages) in lines {
            let label = alloc::format!("{name}:");
            line!(text, "{label:<16}{:8} kB", pages * (PAGE_SIZE / 1024));
        }
    })
}
