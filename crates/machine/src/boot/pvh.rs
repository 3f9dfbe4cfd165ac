//! The start structure of PVH (Xen: `public/arch-x86/hvm/start_info.h`).

use super::info::{Builder, MemoryKind};
use super::physical;

#[derive(Clone, Copy)]
#[repr(C)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    module_count: u32,
    modules: u64,
    command_line: u64,
    rsdp: u64,
    // From version 1 on:
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Module {
    address: u64,
    size: u64,
    command_line: u64,
    reserved: u64,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct MapEntry {
    address: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

/// Reads the structure at `address` into `builder`.
///
/// # Safety
/// `address` must be what the PVH entry got in EBX; before `mem::init`.
pub(super) unsafe fn read(address: u64, builder: &mut Builder) {
    // SAFETY: the boot protocol places the structure there.
    let Some(info) = (unsafe { physical::read::<StartInfo>(address) }) else {
        return;
    };
    if info.command_line != 0 {
        // SAFETY: a NUL-terminated text by the protocol.
        if let Some(text) = unsafe { physical::text(info.command_line, 4096) } {
            builder.set_command_line(text);
        }
    }
    if info.rsdp != 0 {
        // SAFETY: the protocol's pointer to ACPI's root structure.
        builder.set_acpi_root(unsafe { super::read_acpi_root(info.rsdp) });
    }
    if info.module_count > 0 {
        // SAFETY: the list has at least this entry.
        if let Some(module) = unsafe { physical::read::<Module>(info.modules) } {
            builder.set_initrd(module.address, module.address.saturating_add(module.size));
        }
    }
    if info.version >= 1 {
        for index in 0..u64::from(info.memory_map_entries) {
            let at = info
                .memory_map
                .saturating_add(index * size_of::<MapEntry>() as u64);
            // SAFETY: an entry of the map, whose length the structure gives.
            let Some(entry) = (unsafe { physical::read::<MapEntry>(at) }) else {
                break;
            };
            let kind = match entry.kind {
                1 => MemoryKind::Usable,
                3 | 4 => MemoryKind::Acpi,
                _ => MemoryKind::Reserved,
            };
            builder.add_region(entry.address, entry.size, kind);
        }
    }
}
