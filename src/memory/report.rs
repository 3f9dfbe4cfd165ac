//! What `/proc` and `getrusage(2)` tell of an address space.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::Prot;
use machine::mem::PAGE_SIZE;
use vm::VmaFlags;

use super::Vma;
use super::backing::BackingIdentity;
use super::map::{MemoryMap, State};
use super::object::Object;
use crate::fs::Path;

/// Sizes of an address space, in pages but for the heap.
#[derive(Clone, Debug, Default)]
pub struct MemoryUse {
    /// Mapped (`VmSize`).
    pub mapped: usize,
    /// The most ever mapped (`VmPeak`).
    pub peak_mapped: usize,
    /// In memory (`VmRSS`).
    pub resident: usize,
    /// The most ever in memory (`VmHWM`).
    pub peak_resident: usize,
    /// Locked (`VmLck`).
    pub locked: usize,
    /// Private and writable (`VmData`).
    pub data: usize,
    /// Stacks (`VmStk`).
    pub stack: usize,
    /// The program's code (`VmExe`).
    pub code: usize,
    /// Other executable mappings (`VmLib`).
    pub libraries: usize,
    /// Addresses of the heap.
    pub heap: Range<usize>,
    /// Faults resolved.
    pub faults: u64,
}

/// Pages in memory by what they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Residency {
    /// All.
    pub resident: usize,
    /// In mappings of files or other objects, and not a private copy.
    pub object: usize,
    /// Held by nobody else.
    pub sole: usize,
    /// Written to through this address space.
    pub dirty: usize,
    /// Used through this address space.
    pub accessed: usize,
}

/// A line of `/proc/PID/maps`.
#[derive(Clone)]
pub struct MapLine {
    /// The addresses.
    pub range: Range<usize>,
    /// Read, write, execute.
    pub prot: Prot,
    /// Everything else about it.
    pub flags: VmaFlags,
    /// The offset in the object in bytes.
    pub offset: u64,
    /// The object; zeroes for none.
    pub identity: BackingIdentity,
    /// What it is called.
    pub name: MapName,
}

/// The last column of `/proc/PID/maps`.
#[derive(Clone)]
pub enum MapName {
    /// Nothing.
    None,
    /// A place in the tree of files.
    Path(Path),
    /// Something else, such as `[stack]` or `/dev/zero (deleted)`.
    Text(&'static str),
}

impl MemoryMap {
    /// Sizes.
    #[must_use]
    pub fn usage(&self) -> MemoryUse {
        let resident = self.space.resident_pages();
        let state = self.state();
        let totals = state.vmas.totals();
        let code = (state.image.code.end.div_ceil(PAGE_SIZE))
            .saturating_sub(state.image.code.start / PAGE_SIZE);
        MemoryUse {
            mapped: totals.all,
            peak_mapped: state.peaks.mapped.max(totals.all),
            resident,
            peak_resident: state.peaks.resident.max(resident),
            locked: totals.locked,
            data: totals.data,
            stack: totals.stack,
            code,
            libraries: totals.exec.saturating_sub(code),
            heap: state.heap.clone(),
            faults: state.faults,
        }
    }

    /// Bytes in memory. Takes no lock.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        (self.space.resident_pages() * PAGE_SIZE) as u64
    }

    /// The most bytes that were ever in memory, as `getrusage(2)` tells it.
    #[must_use]
    pub fn peak_resident_bytes(&self) -> u64 {
        let pages = self.state().peaks.resident.max(self.space.resident_pages());
        (pages * PAGE_SIZE) as u64
    }

    /// The mappings as `/proc/PID/maps` lists them.
    #[must_use]
    pub fn map_lines(&self) -> Vec<MapLine> {
        let state = self.state();
        state
            .vmas
            .as_slice()
            .iter()
            .map(|vma| state.line(vma))
            .collect()
    }

    /// What is in memory in a range, counted page by page.
    #[must_use]
    pub fn residency(&self, range: Range<usize>) -> Residency {
        let mut sum = Residency::default();
        let state = self.state();
        for vma in state.vmas.overlapping(range.clone()) {
            let part = vma.start.max(range.start)..vma.end.min(range.end);
            self.space.lock().for_each(part, |_, mapped| {
                // `mapped` is itself a handle of the page, so it is never the only one.
                let private_copy = vma.object.is_some() && !vma.is_shared() && mapped.dirty;
                sum.resident += 1;
                sum.object += usize::from(vma.object.is_some() && !private_copy);
                sum.sole += usize::from(vma.object.is_none() || private_copy);
                sum.dirty += usize::from(mapped.dirty);
                sum.accessed += usize::from(mapped.accessed);
            });
        }
        sum
    }
}

impl State {
    fn line(&self, vma: &Vma) -> MapLine {
        let object = vma.object.as_ref().map(|mapped| mapped.object());
        MapLine {
            range: vma.start..vma.end,
            prot: vma.prot,
            flags: vma.flags,
            offset: vma.offset * PAGE_SIZE as u64,
            identity: object
                .map_or_else(BackingIdentity::default, |object| object.backing.identity()),
            name: object.map_or_else(|| self.special_name(vma), name_of),
        }
    }

    fn special_name(&self, vma: &Vma) -> MapName {
        let heap = self.heap.start..self.heap.end;
        if vma.start < heap.end && heap.start < vma.end {
            MapName::Text("[heap]")
        } else if vma.contains(self.image.stack_start) {
            MapName::Text("[stack]")
        } else {
            MapName::None
        }
    }
}

fn name_of(object: &Arc<Object>) -> MapName {
    let path = object.file.as_ref().and_then(|file| file.path());
    match (object.backing.name(), path) {
        (Some(name), _) => MapName::Text(name),
        (None, Some(path)) => MapName::Path(path.clone()),
        (None, None) => MapName::None,
    }
}
