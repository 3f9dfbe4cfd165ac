//! Kernel stacks, each above a gap that is never mapped, so that running over one faults.
//!
//! Stacks that are given back stay mapped, to be used again; when there are many, some of their memory is freed.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use ksync::{Level, SpinLock};

use super::frame::{self, Need, QuickOff};
use super::layout::{DEVICES, PAGE_SIZE, STACKS};
use super::stats::KERNEL_STACKS;
use super::{OutOfMemory, kernel_map, tlb};

/// Usable bytes of a kernel stack.
pub(crate) const STACK_SIZE: usize = 16 << 10;
/// Distance of two stacks; what is not stack is gap.
const SLOT_SIZE: usize = 2 * STACK_SIZE;
const PAGES: usize = STACK_SIZE / PAGE_SIZE;
/// Unused stacks that are kept at most.
const KEPT: usize = 128;
/// Stacks whose memory is freed together when there are more, as that interrupts all CPUs.
const FREED: usize = 32;

/// A kernel stack; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct KernelStack {
    top: usize,
}

/// What is not in use.
struct Unused {
    /// The top of the first mapped stack; 0 if there is none. They are linked through their topmost words.
    first: usize,
    /// How many there are.
    count: usize,
    /// Tops of stacks that are not mapped.
    unmapped: Vec<usize>,
}

static UNUSED: SpinLock<Unused, QuickOff> = SpinLock::new(
    Level::UNORDERED,
    Unused {
        first: 0,
        count: 0,
        unmapped: Vec::new(),
    },
);
static NEXT_SLOT: AtomicUsize = AtomicUsize::new(STACKS);

impl KernelStack {
    /// A stack with arbitrary contents.
    #[inline]
    pub(crate) fn new() -> Result<KernelStack, OutOfMemory> {
        let mut unused = UNUSED.lock();
        if let Some(top) = unused.pop() {
            return Ok(KernelStack { top });
        }
        let top = unused.unmapped.pop();
        drop(unused);
        map(top)
    }

    /// The first address behind the stack, aligned to 16.
    pub(crate) fn top(&self) -> usize {
        self.top
    }
}

impl Drop for KernelStack {
    #[inline]
    fn drop(&mut self) {
        let mut unused = UNUSED.lock();
        unused.push(self.top);
        if unused.count > KEPT {
            let mut tops = [0; FREED];
            tops.fill_with(|| unused.pop().expect("more are kept than are freed"));
            drop(unused);
            free(&tops);
        }
    }
}

impl Unused {
    fn push(&mut self, top: usize) {
        // SAFETY: the owner has given the stack up, so nobody uses it; it stays mapped.
        unsafe { link_of(top).write(self.first) };
        self.first = top;
        self.count += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        let top = self.first;
        if top == 0 {
            return None;
        }
        // SAFETY: an unused stack is mapped, and `push` left the link there.
        self.first = unsafe { link_of(top).read() };
        self.count -= 1;
        Some(top)
    }
}

fn link_of(top: usize) -> *mut usize {
    (top - size_of::<usize>()) as *mut usize
}

/// Maps a stack, at the given place or a new one.
#[cold]
fn map(place: Option<usize>) -> Result<KernelStack, OutOfMemory> {
    let mut frames = [0; PAGES];
    for index in 0..PAGES {
        match frame::allocate(Need::User) {
            Some(frame) => frames[index] = frame,
            None => {
                // SAFETY: just allocated, and used for nothing yet.
                (frames[..index].iter()).for_each(|&frame| unsafe { frame::free(frame) });
                if let Some(top) = place {
                    UNUSED.lock().unmapped.push(top);
                }
                return Err(OutOfMemory);
            }
        }
    }
    let top =
        place.unwrap_or_else(|| NEXT_SLOT.fetch_add(SLOT_SIZE, Ordering::Relaxed) + SLOT_SIZE);
    if top > DEVICES {
        return Err(OutOfMemory);
    }
    // On failure, which the kernel's reserve makes all but impossible, the place and its frames are lost.
    kernel_map::map_frames(top - STACK_SIZE, &frames)?;
    KERNEL_STACKS.fetch_add(STACK_SIZE, Ordering::Relaxed);
    Ok(KernelStack { top })
}

/// Frees the memory of stacks, once no CPU can have translations to it.
#[cold]
fn free(tops: &[usize; FREED]) {
    let mut frames = [0; FREED * PAGES];
    for (&top, frames) in tops.iter().zip(frames.chunks_exact_mut(PAGES)) {
        kernel_map::unmap_frames(top - STACK_SIZE, frames);
    }
    tlb::flush_kernel_everywhere();
    for frame in frames {
        // SAFETY: the frame was a stack's, whose owner has given it up, and it is mapped nowhere else.
        unsafe { frame::free(frame) };
    }
    KERNEL_STACKS.fetch_sub(FREED * STACK_SIZE, Ordering::Relaxed);
    UNUSED.lock().unmapped.extend_from_slice(tops);
}

/// Whether an address lies in the gap below a kernel stack.
pub(crate) fn is_guard(address: usize) -> bool {
    (STACKS..DEVICES).contains(&address) && (address - STACKS) % SLOT_SIZE < STACK_SIZE
}
