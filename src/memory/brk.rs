//! The heap that `brk(2)` moves the end of.

use abi::mman::Prot;
use machine::mem::PAGE_SIZE;
use vm::VmaFlags;

use super::Vma;
use super::map::{MemoryMap, STACK_GUARD};
use super::mmap::{Limits, Removed};
use super::user::USER_TOP;

impl MemoryMap {
    /// Moves the end of the heap to `end` if possible, and returns where it is then. Never fails: who asks for the
    /// impossible gets the old end, as `brk(2)` of Linux does.
    pub fn brk(&self, end: usize, limits: &Limits) -> usize {
        let mut removed = Removed::new();
        let mut state = self.state();
        let heap = state.heap.clone();
        if end < heap.start || end > USER_TOP || heap.start == 0 {
            return heap.end;
        }
        let data = state.image.data.len() as u64;
        if ((end - heap.start) as u64).saturating_add(data) > limits.data {
            return heap.end;
        }
        let old_top = heap.end.next_multiple_of(PAGE_SIZE);
        let new_top = end.next_multiple_of(PAGE_SIZE);
        if new_top < old_top {
            if state.unmap(self, new_top..old_top, &mut removed).is_err() {
                return heap.end;
            }
        } else if new_top > old_top {
            // A page stays free between the heap and what is above, as on Linux.
            if !state
                .vmas
                .is_free(old_top, new_top - old_top + PAGE_SIZE, STACK_GUARD)
            {
                return heap.end;
            }
            let mut vma = Vma::anonymous(old_top, new_top, Prot::PROT_READ | Prot::PROT_WRITE);
            vma.flags |= state.lock_future;
            if state.add(self, vma, limits, &mut removed).is_err() {
                return heap.end;
            }
        }
        state.heap.end = end;
        let locked = state.lock_future == VmaFlags::LOCKED;
        drop(state);
        drop(removed);
        if locked && new_top > old_top {
            self.populate(old_top..new_top);
        }
        end
    }
}
