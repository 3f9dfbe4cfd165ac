//! Page faults: demand paging, copy-on-write, stack growth, and the signals for what is not allowed.

use core::ops::Range;

use abi::Errno;
use abi::mman::Prot;
use abi::resource::{RLIMIT_AS, RLIMIT_STACK};
use abi::signal::{BUS_ADRERR, SEGV_ACCERR, SEGV_MAPERR, SIGBUS, SIGSEGV};
use machine::mem::{self, OutOfMemory, PAGE_SIZE, Page, PageTable};

use super::Vma;
use super::backing::{Backing, BackingError};
use super::map::{MemoryMap, STACK_GUARD, State};
use crate::process::oom;

/// How many pages a fault on a file maps at most if they are in memory already: 64 KiB, as Linux does.
const FAULT_AROUND: usize = 16;

/// What an instruction wanted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Load.
    Read,
    /// Store, or a read-modify-write.
    Write,
    /// Instruction fetch.
    Execute,
}

impl Access {
    /// Decodes the error code of a page fault (Intel SDM volume 3, 4.7: bit 1 write, bit 4 instruction fetch).
    #[must_use]
    pub const fn from_error_code(error: u32) -> Self {
        if error & 1 << 4 != 0 {
            Self::Execute
        } else if error & 1 << 1 != 0 {
            Self::Write
        } else {
            Self::Read
        }
    }
}

/// The signal for an access that cannot be made good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultSignal {
    /// `SIGSEGV` or `SIGBUS`.
    pub signal: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_addr`.
    pub address: usize,
}

impl FaultSignal {
    /// What a call reports that would have had the page: `ENOMEM` where nothing is mapped, else `EFAULT`.
    #[must_use]
    pub const fn to_errno(self) -> Errno {
        if self.code == SEGV_MAPERR && self.signal == SIGSEGV {
            Errno::ENOMEM
        } else {
            Errno::EFAULT
        }
    }
}

/// Why a fault was not resolved.
pub(super) enum Failure {
    /// `SIGSEGV`, `SEGV_MAPERR`.
    Unmapped,
    /// `SIGSEGV`, `SEGV_ACCERR`.
    Forbidden,
    /// `SIGBUS`, `BUS_ADRERR`.
    Absent,
    /// No page to be had now.
    OutOfMemory,
}

impl From<OutOfMemory> for Failure {
    fn from(_: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<BackingError> for Failure {
    fn from(error: BackingError) -> Self {
        match error {
            BackingError::PastEnd | BackingError::Io => Self::Absent,
            BackingError::NoMemory => Self::OutOfMemory,
        }
    }
}

impl MemoryMap {
    /// Makes good an access that the page tables refused, or tells the signal it deserves.
    ///
    /// Serves faults of user mode and of the kernel's accesses to user memory alike. If memory is short it has the
    /// largest process killed and tries again. If that is the current one there is nothing to try again for (a copy of
    /// the kernel would fault for ever), so it tells a signal, which nobody lives to see.
    pub fn handle_fault(&self, address: usize, access: Access) -> Result<(), FaultSignal> {
        loop {
            let failure = match self.state().fault(self, address, access) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let (signal, code) = match failure {
                Failure::Unmapped => (SIGSEGV, SEGV_MAPERR),
                Failure::Forbidden => (SIGSEGV, SEGV_ACCERR),
                Failure::Absent => (SIGBUS, BUS_ADRERR),
                Failure::OutOfMemory => match oom::relieve() {
                    oom::Outcome::Retry => continue,
                    oom::Outcome::CurrentKilled => (SIGBUS, BUS_ADRERR),
                },
            };
            return Err(FaultSignal {
                signal,
                code,
                address,
            });
        }
    }
}

impl State {
    /// Resolves one fault.
    pub(super) fn fault(
        &mut self,
        map: &MemoryMap,
        address: usize,
        access: Access,
    ) -> Result<(), Failure> {
        let page = address & !(PAGE_SIZE - 1);
        if self.vmas.find(page).is_none() {
            self.grow_stack(page)?;
        }
        let vma = self.vmas.find(page).ok_or(Failure::Unmapped)?;
        if !allows(vma.prot, access) {
            return Err(Failure::Forbidden);
        }
        match &vma.object {
            None => anonymous_fault(map, vma, page, access)?,
            Some(mapped) if access == Access::Write && !vma.is_shared() => {
                private_write(map, vma, mapped.backing(), page)?;
            }
            Some(mapped) => object_fault(map, vma, mapped.backing(), page, access)?,
        }
        self.faults += 1;
        Ok(())
    }

    /// Extends the stack above down to `page`, if there is one and it may.
    #[cold]
    fn grow_stack(&mut self, page: usize) -> Result<(), Failure> {
        let (limit, stack) = self
            .vmas
            .stack_above(page, STACK_GUARD)
            .ok_or(Failure::Unmapped)?;
        let growth = (stack.start - page) / PAGE_SIZE;
        if page < limit || !stack_may_be(stack.end - page, self.vmas.totals().all + growth) {
            return Err(Failure::Unmapped);
        }
        self.vmas.extend_down(page);
        Ok(())
    }
}

/// Whether the limits of the current process allow a stack of `bytes` and `pages` in all.
fn stack_may_be(bytes: usize, pages: usize) -> bool {
    let Some(process) = crate::process::current_process() else {
        return false;
    };
    let limits = process.limits();
    let total = (pages as u64).saturating_mul(PAGE_SIZE as u64);
    bytes as u64 <= limits.soft(RLIMIT_STACK) && total <= limits.soft(RLIMIT_AS)
}

/// Whether the protection allows the access. Any right implies reading on x86.
fn allows(prot: Prot, access: Access) -> bool {
    match access {
        Access::Read => !prot.is_empty(),
        Access::Write => prot.contains(Prot::PROT_WRITE),
        Access::Execute => prot.contains(Prot::PROT_EXEC),
    }
}

/// The protection of a page-table entry for pages with all rights of the mapping.
pub(super) fn full_prot(prot: Prot) -> mem::Prot {
    let mut result = mem::Prot::empty();
    result.set(mem::Prot::READ, !prot.is_empty());
    result.set(mem::Prot::WRITE, prot.contains(Prot::PROT_WRITE));
    result.set(mem::Prot::EXEC, prot.contains(Prot::PROT_EXEC));
    result
}

/// The protection for a page that may have other owners: in a private mapping, writing waits for a fault.
pub(super) fn cautious_prot(vma: &Vma) -> mem::Prot {
    let prot = full_prot(vma.prot);
    if vma.is_shared() {
        prot
    } else {
        prot - mem::Prot::WRITE
    }
}

/// A page without an object: fresh zeroes at the first write, the page of zeros for reading before.
fn anonymous_fault(map: &MemoryMap, vma: &Vma, page: usize, access: Access) -> Result<(), Failure> {
    let mut table = map.space.lock();
    if access != Access::Write {
        if !table.is_mapped(page) {
            table.map(page, Page::zero(), cautious_prot(vma))?;
        }
    } else if table.is_mapped(page) {
        break_sharing(&mut table, vma, page)?;
    } else {
        table.map(page, Page::new_zeroed()?, full_prot(vma.prot))?;
    }
    Ok(())
}

/// A write to a page that is there: takes it over if nobody else has it, else replaces it with a copy.
fn break_sharing(table: &mut PageTable<'_>, vma: &Vma, page: usize) -> Result<(), OutOfMemory> {
    let prot = full_prot(vma.prot);
    if table.make_writable_if_sole(page, prot) {
        return Ok(());
    }
    table.replace_with_copy(page, prot)
}

/// A write to a private mapping of an object: it gets a copy of the page.
fn private_write(
    map: &MemoryMap,
    vma: &Vma,
    backing: &dyn Backing,
    page: usize,
) -> Result<(), Failure> {
    {
        let mut table = map.space.lock();
        if table.is_mapped(page) {
            return Ok(break_sharing(&mut table, vma, page)?);
        }
    }
    let original = backing.page(vma.object_page(page))?;
    let copy = Page::new_copy(&original)?;
    map.space.lock().map(page, copy, full_prot(vma.prot))?;
    Ok(())
}

/// A page of an object as it is, and its neighbours if they are at hand.
fn object_fault(
    map: &MemoryMap,
    vma: &Vma,
    backing: &dyn Backing,
    page: usize,
    access: Access,
) -> Result<(), Failure> {
    let prot = cautious_prot(vma);
    if map.space.lock().is_mapped(page) {
        if access == Access::Write {
            map.space.lock().protect(page..page + PAGE_SIZE, prot);
        }
        return Ok(());
    }
    let window = around(vma, page);
    let first = vma.object_page(window.start);
    let mut found: [Option<Page>; FAULT_AROUND] = [const { None }; FAULT_AROUND];
    let count = ((window.end - window.start) / PAGE_SIZE) as u64;
    backing.cached(first..first + count, &mut |index, page| {
        if let Some(slot) = index
            .checked_sub(first)
            .and_then(|i| found.get_mut(usize::try_from(i).ok()?))
        {
            *slot = Some(page.clone());
        }
    });
    let wanted = &mut found[(page - window.start) / PAGE_SIZE];
    if wanted.is_none() {
        *wanted = Some(backing.page(vma.object_page(page))?);
    }
    let mut table = map.space.lock();
    for (address, found) in window.step_by(PAGE_SIZE).zip(found) {
        if let Some(found) = found
            && !table.is_mapped(address)
        {
            table.map(address, found, prot)?;
        }
    }
    Ok(())
}

/// The aligned stretch of a mapping around a page that one fault maps.
fn around(vma: &Vma, page: usize) -> Range<usize> {
    let stretch = FAULT_AROUND * PAGE_SIZE;
    let start = page & !(stretch - 1);
    start.max(vma.start)..(start + stretch).min(vma.end)
}
