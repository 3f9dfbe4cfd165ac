//! Kernel stacks, each above a gap that is never mapped, so that running over one faults.
//!
//! Stacks that are given back stay mapped and are used again; there are never more than once were in use together.

use core::sync::atomic::{AtomicUsize, Ordering};

use ksync::{Level, SpinLock};

use super::frame::{self, Need, QuickOff};
use super::layout::{DEVICES, PAGE_SIZE, STACKS};
use super::stats::KERNEL_STACKS;
use super::{OutOfMemory, kernel_map};

/// Usable bytes of a kernel stack.
pub(crate) const STACK_SIZE: usize = 16 << 10;
/// Distance of two stacks; what is not stack is gap.
const SLOT_SIZE: usize = 2 * STACK_SIZE;
const PAGES: usize = STACK_SIZE / PAGE_SIZE;

/// A kernel stack; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct KernelStack {
    top: usize,
}

/// Unused stacks, linked through their topmost word.
struct Unused {
    /// The top of the first; 0 if there is none.
    first: usize,
}

static UNUSED: SpinLock<Unused, QuickOff> = SpinLock::new(Level::UNORDERED, Unused { first: 0 });
static NEXT_SLOT: AtomicUsize = AtomicUsize::new(STACKS);

impl KernelStack {
    /// A stack with arbitrary contents.
    pub(crate) fn new() -> Result<KernelStack, OutOfMemory> {
        let mut unused = UNUSED.lock();
        let top = unused.first;
        if top != 0 {
            // SAFETY: an unused stack is mapped, and `drop` left the link there.
            unused.first = unsafe { link_of(top).read() };
            return Ok(KernelStack { top });
        }
        drop(unused);
        map_new()
    }

    /// The first address behind the stack, aligned to 16.
    pub(crate) fn top(&self) -> usize {
        self.top
    }
}

fn link_of(top: usize) -> *mut usize {
    (top - size_of::<usize>()) as *mut usize
}

impl Drop for KernelStack {
    fn drop(&mut self) {
        let mut unused = UNUSED.lock();
        // SAFETY: the owner gives the stack up, so nobody uses it; it stays mapped.
        unsafe { link_of(self.top).write(unused.first) };
        unused.first = self.top;
    }
}

#[cold]
fn map_new() -> Result<KernelStack, OutOfMemory> {
    let mut frames = [0; PAGES];
    for index in 0..PAGES {
        match frame::allocate(Need::User) {
            Some(frame) => frames[index] = frame,
            None => {
                // SAFETY: just allocated, and used for nothing yet.
                frames[..index]
                    .iter()
                    .for_each(|&frame| unsafe { frame::free(frame) });
                return Err(OutOfMemory);
            }
        }
    }
    let slot = NEXT_SLOT.fetch_add(SLOT_SIZE, Ordering::Relaxed);
    let mapped = if slot + SLOT_SIZE <= DEVICES {
        kernel_map::map_frames(slot + STACK_SIZE, &frames)
    } else {
        Err(OutOfMemory)
    };
    // On failure a part of the slot may be mapped: it stays so, unused, and its frames with it.
    mapped?;
    KERNEL_STACKS.fetch_add(STACK_SIZE, Ordering::Relaxed);
    Ok(KernelStack {
        top: slot + SLOT_SIZE,
    })
}

/// Whether an address lies in the gap below a kernel stack.
pub(crate) fn is_guard(address: usize) -> bool {
    (STACKS..DEVICES).contains(&address) && (address - STACKS) % SLOT_SIZE < STACK_SIZE
}
