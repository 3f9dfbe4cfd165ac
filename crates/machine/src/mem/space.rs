//! Address spaces: which CPUs have them active, and their life.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::editor::{PageTable, Pending};
use super::quick::QuickIrqOff;
use super::table::{self, Table};
use super::{OutOfMemory, kernel_map, tlb};
use crate::percpu;
use crate::sync::{Level, SpinLock};

/// The user half of one tree of page tables.
///
/// Every CPU runs in one address space or in none (then only the kernel's half is mapped); [`AddressSpace::activate`]
/// changes that. A CPU keeps the space it has active alive.
pub struct AddressSpace {
    pub(super) root: Table,
    /// The CPUs that have the space active, or are about to.
    pub(super) active: AtomicU64,
    /// Pages mapped; changed only under the lock.
    pub(super) resident: AtomicUsize,
    /// Stands for the tables themselves, which are reached through `root`.
    ///
    /// Unordered: `fork` holds two, the second of a space that nobody else can have locked for longer than a moment.
    pub(super) lock: SpinLock<Pending>,
}

impl AddressSpace {
    /// An empty address space.
    ///
    /// # Errors
    /// When only the kernel's reserve of memory is left.
    pub fn new() -> Result<Arc<AddressSpace>, OutOfMemory> {
        let root = table::allocate_root()?;
        Ok(Arc::new(AddressSpace {
            root,
            active: AtomicU64::new(0),
            resident: AtomicUsize::new(0),
            lock: SpinLock::new(Level::UNORDERED, Pending::new()),
        }))
    }

    /// Makes this the address space of the CPU that runs the caller. Cheap if it is already.
    ///
    /// A scheduler calls it after a switch, with interrupts or preemption off; anybody else must expect to be
    /// preempted and to come back with another space active.
    #[inline]
    pub fn activate(self: &Arc<Self>) {
        let _previous = {
            let _irq = QuickIrqOff::new();
            let slot = &percpu::current().mem_slots[0];
            let new = Arc::as_ptr(self);
            if slot.load(Ordering::Relaxed) == new as u64 {
                return;
            }
            let cpu = 1 << percpu::index();
            // Before the load of CR3, so that a change of the tables is either seen by this CPU or told to it.
            self.active.fetch_or(cpu, Ordering::SeqCst);
            // SAFETY: the root has the kernel half, and the reference stored in the slot keeps it from being freed.
            unsafe { tlb::load_root(self.root.frame()) };
            let previous = slot.swap(Arc::into_raw(self.clone()) as u64, Ordering::Relaxed);
            // SAFETY: the slot held this CPU's reference, and CR3 does not refer to that space any more.
            unsafe { leave(previous, cpu) }
        };
    }

    /// Leaves this CPU with no address space but the kernel's half. Idle CPUs do this so that they need not be
    /// interrupted for changes, and a process that ends before it lets go of its address space.
    pub fn activate_kernel() {
        let _previous = {
            let _irq = QuickIrqOff::new();
            let slot = &percpu::current().mem_slots[0];
            if slot.load(Ordering::Relaxed) == 0 {
                return;
            }
            // SAFETY: the kernel's own root lives forever.
            unsafe { tlb::load_root(kernel_map::root().frame()) };
            // SAFETY: as in `activate`.
            unsafe { leave(slot.swap(0, Ordering::Relaxed), 1 << percpu::index()) }
        };
    }

    /// Whether this is the address space of the CPU that runs the caller.
    #[inline]
    pub fn is_active(&self) -> bool {
        percpu::current().mem_slots[0].load(Ordering::Relaxed) == core::ptr::from_ref(self) as u64
    }

    /// Locks the tables for reading and changing them. Preemption is off meanwhile; do not sleep.
    #[inline]
    pub fn lock(&self) -> PageTable<'_> {
        PageTable::new(self)
    }

    /// Number of pages mapped at some moment during the call.
    #[inline]
    pub fn resident_pages(&self) -> usize {
        self.resident.load(Ordering::Relaxed)
    }
}

/// Takes a CPU out of the space that its slot held, and returns the slot's reference, to be dropped with
/// interrupts on: it may be the last one, and then it frees the whole space.
///
/// # Safety
/// `space` must be 0 or the value of the CPU's slot, which has been replaced; the CPU must not use its tables any more.
#[inline(always)]
unsafe fn leave(space: u64, cpu: u64) -> Option<Arc<AddressSpace>> {
    let space = space as *const AddressSpace;
    if space.is_null() {
        return None;
    }
    // SAFETY: the slot held what `Arc::into_raw` returned, and the caller gives that reference to us.
    let space = unsafe { Arc::from_raw(space) };
    space.active.fetch_and(!cpu, Ordering::Release);
    Some(space)
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        debug_assert_eq!(self.active.load(Ordering::Relaxed), 0);
        // No CPU has it active, so nothing needs flushing; see `PageTable::clear_unused_space`.
        self.lock().clear_unused_space();
        // SAFETY: the user half is empty, and no CPU has had the table active since it was emptied: a CPU that leaves
        // a space forgets its translations by loading another root.
        unsafe { table::free_root(self.root) };
    }
}

impl core::fmt::Debug for AddressSpace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AddressSpace")
            .field("resident", &self.resident)
            .finish_non_exhaustive()
    }
}
