//! The tags of a multiboot2 boot loader (Multiboot2 Specification 2.0, section 3.6).

use super::info::{Builder, Framebuffer, MemoryKind};
use super::physical;
use crate::acpi::AcpiRoot;

const COMMAND_LINE: u32 = 1;
const MODULE: u32 = 3;
const MEMORY_MAP: u32 = 6;
const FRAMEBUFFER: u32 = 8;
const ACPI_OLD: u32 = 14;
const ACPI_NEW: u32 = 15;

/// Reads the tags at `address` into `builder`.
///
/// # Safety
/// `address` must be what the multiboot2 entry got in EBX; before `mem::init`.
pub(super) unsafe fn read(address: u64, builder: &mut Builder) {
    // SAFETY: the structure begins with its total size.
    let Some(total) = (unsafe { physical::read::<u32>(address) }) else {
        return;
    };
    // SAFETY: the loader's structure, which nothing writes.
    let Some(all) = (unsafe { physical::bytes(address, total as usize) }) else {
        return;
    };
    let mut at = 8;
    while let (Some(kind), Some(size)) = (u32_at(all, at), u32_at(all, at + 4)) {
        let size = size as usize;
        let Some(tag) = all.get(at..at + size) else {
            break;
        };
        if size < 8 || kind == 0 {
            break;
        }
        read_tag(kind, tag, builder);
        at += size.next_multiple_of(8);
    }
}

fn read_tag(kind: u32, tag: &[u8], builder: &mut Builder) {
    match kind {
        COMMAND_LINE => builder.set_command_line(until_nul(&tag[8..])),
        MODULE => {
            if let (Some(start), Some(end)) = (u32_at(tag, 8), u32_at(tag, 12)) {
                builder.set_initrd(start.into(), end.into());
            }
        }
        MEMORY_MAP => read_memory_map(tag, builder),
        FRAMEBUFFER => read_framebuffer(tag, builder),
        // A copy of the root structure itself is in the tag.
        ACPI_OLD | ACPI_NEW => builder.set_acpi_root(AcpiRoot::parse(&tag[8..])),
        _ => {}
    }
}

fn read_memory_map(tag: &[u8], builder: &mut Builder) {
    let entry_size = u32_at(tag, 8).unwrap_or(0) as usize;
    if entry_size < 24 {
        return;
    }
    for entry in tag.get(16..).unwrap_or(&[]).chunks_exact(entry_size) {
        if let (Some(start), Some(length), Some(kind)) =
            (u64_at(entry, 0), u64_at(entry, 8), u32_at(entry, 16))
        {
            let kind = match kind {
                1 => MemoryKind::Usable,
                3 | 4 => MemoryKind::Acpi,
                _ => MemoryKind::Reserved,
            };
            builder.add_region(start, length, kind);
        }
    }
}

fn read_framebuffer(tag: &[u8], builder: &mut Builder) {
    /// Direct colour, the kind whose pixels hold red, green and blue themselves.
    const RGB: u8 = 1;
    if tag.len() < 38 || tag[29] != RGB {
        return;
    }
    let (Some(address), Some(pitch), Some(width), Some(height)) = (
        u64_at(tag, 8),
        u32_at(tag, 16),
        u32_at(tag, 20),
        u32_at(tag, 24),
    ) else {
        return;
    };
    let channel = |at: usize| (tag[at], tag[at + 1]);
    builder.set_framebuffer(Framebuffer {
        address,
        pitch,
        width,
        height,
        bits_per_pixel: tag[28],
        channels: [channel(32), channel(34), channel(36)],
    });
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    &bytes[..length]
}
