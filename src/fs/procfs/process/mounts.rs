//! What is mounted where, as a process with its root sees it: `mounts`, `mountinfo`, `mountstats`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::stat::{major, minor};

use super::Target;
use crate::fs::pseudo::Text;
use crate::fs::{Mount, Path, mount};

/// Writes a path with the characters that would break a line apart as octal escapes (`getmntent(3)`).
fn push_escaped(bytes: &[u8], text: &mut Text) {
    for &byte in bytes {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' | b'#' => text.format(format_args!("\\{byte:03o}")),
            _ => text.push(&[byte]),
        }
    }
}

/// A mount with its place, both as the process sees them.
struct Seen {
    mount: Arc<Mount>,
    place: Vec<u8>,
    parent: Option<u64>,
}

/// The mounts below the process's root.
fn seen(target: &Target) -> Result<Vec<Seen>, Errno> {
    let fs = target
        .thread()
        .and_then(|thread| thread.fs())
        .ok_or(Errno::EINVAL)?;
    let root = fs.root();
    let visible = |(mount, point): (Arc<Mount>, Option<Path>)| {
        let parent = point.as_ref().map(|point| point.mount().id());
        if Arc::ptr_eq(&mount, root.mount()) {
            return Some(Seen {
                mount,
                place: b"/".to_vec(),
                parent,
            });
        }
        let (place, reached) = point?.text(&root);
        reached.then_some(Seen {
            mount,
            place,
            parent,
        })
    };
    Ok(mount::all().into_iter().filter_map(visible).collect())
}

/// The place of a mount's root in its file system: `/` unless it is a bind mount.
fn root_within(mount: &Mount) -> Vec<u8> {
    let mut names = Vec::new();
    let mut at = mount.root().clone();
    while let Some(parent) = at.parent() {
        names.push(at.name());
        at = parent;
    }
    let mut text: Vec<u8> = names
        .iter()
        .rev()
        .flat_map(|name| [b"/", &**name].concat())
        .collect();
    if text.is_empty() {
        text.push(b'/');
    }
    text
}

fn push_source(mount: &Mount, text: &mut Text) {
    let source = if mount.source().is_empty() {
        "none"
    } else {
        mount.source()
    };
    push_escaped(source.as_bytes(), text);
}

/// `mounts`: as `fstab(5)`.
pub fn mounts(target: &Target, text: &mut Text) -> Result<(), Errno> {
    for Seen { mount, place, .. } in seen(target)? {
        push_source(&mount, text);
        text.push(b" ");
        push_escaped(&place, text);
        text.format(format_args!(
            " {} {} 0 0\n",
            mount.file_system().type_name(),
            mount.options()
        ));
    }
    Ok(())
}

/// `mountinfo`: also identities and the root of each mount within its file system.
pub fn mountinfo(target: &Target, text: &mut Text) -> Result<(), Errno> {
    for Seen {
        mount,
        place,
        parent,
    } in seen(target)?
    {
        let device = mount.root().inode().metadata().device;
        let parent = parent.unwrap_or(mount.id());
        text.format(format_args!(
            "{} {parent} {}:{} ",
            mount.id(),
            major(device),
            minor(device)
        ));
        push_escaped(&root_within(&mount), text);
        text.push(b" ");
        push_escaped(&place, text);
        let all = mount.options();
        let super_options = mount.file_system().options();
        let own = all.strip_suffix(super_options.as_str()).unwrap_or(&all);
        text.format(format_args!(
            " {own} - {} ",
            mount.file_system().type_name()
        ));
        push_source(&mount, text);
        let access = if own.starts_with("ro") { "ro" } else { "rw" };
        text.format(format_args!(" {access}{super_options}\n"));
    }
    Ok(())
}

/// `mountstats`: one sentence for each mount.
pub fn mountstats(target: &Target, text: &mut Text) -> Result<(), Errno> {
    for Seen { mount, place, .. } in seen(target)? {
        text.push(b"device ");
        push_source(&mount, text);
        text.push(b" mounted on ");
        push_escaped(&place, text);
        text.format(format_args!(
            " with fstype {}\n",
            mount.file_system().type_name()
        ));
    }
    Ok(())
}
