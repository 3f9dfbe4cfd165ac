//! Slabs: blocks of frames cut into objects of one size class.
//!
//! Bonwick, "The Slab Allocator" (USENIX 1994), reduced to what a type-less heap needs. A slab's header is the
//! record of its first frame: how many objects are out, the first free object, and the links of the list of slabs
//! that have free objects. Free objects are linked through their first word. Objects that were never handed out are
//! not linked but counted, so that making a slab touches none of its memory.

use core::sync::atomic::Ordering::Relaxed;

use frames::Frame;
use ksync::{Level, SpinLock};

use super::frame::{self, Need, QuickOff};
use super::layout::{PAGE_SIZE, frame_address, frame_of};
use super::stats::KERNEL_HEAP;

/// A size class: its objects' size, and the order of its slabs.
struct Class {
    size: u16,
    order: u8,
}

/// Sizes step by an eighth to a quarter, so that little is lost to rounding; each slab holds at least eight objects.
const CLASSES: [Class; CLASS_COUNT] = {
    const SIZES: [u16; CLASS_COUNT] = [
        16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896,
        1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096,
    ];
    let mut classes = [const { Class { size: 0, order: 0 } }; CLASS_COUNT];
    let mut i = 0;
    while i < CLASS_COUNT {
        let mut order = 0;
        while (PAGE_SIZE << order) < 8 * SIZES[i] as usize {
            order += 1;
        }
        classes[i] = Class {
            size: SIZES[i],
            order,
        };
        i += 1;
    }
    classes
};
/// Number of size classes.
pub(super) const CLASS_COUNT: usize = 28;
/// The largest object a slab holds.
pub(super) const MAX_SIZE: usize = 4096;
/// Every object's size is a multiple of this.
const GRAIN: usize = 16;

/// The class of a size, by the number of grains.
const CLASS_OF_GRAINS: [u8; MAX_SIZE / GRAIN + 1] = {
    let mut table = [0; MAX_SIZE / GRAIN + 1];
    let mut class = 0;
    let mut grains = 0;
    while grains < table.len() {
        if grains * GRAIN > CLASSES[class].size as usize {
            class += 1;
        }
        table[grains] = class as u8;
        grains += 1;
    }
    table
};

/// The class that serves `size` bytes, at most [`MAX_SIZE`].
#[inline(always)]
pub(super) fn class_of(size: usize) -> usize {
    CLASS_OF_GRAINS[size.div_ceil(GRAIN)] as usize
}

/// Objects moved between a CPU's cache and the slabs at a time, by class: about 8 KiB.
const BATCHES: [u32; CLASS_COUNT] = {
    let mut batches = [4; CLASS_COUNT];
    let mut class = 0;
    while class < CLASS_COUNT {
        let fit = 8192 / CLASSES[class].size as u32;
        batches[class] = if fit < 4 {
            4
        } else if fit > 32 {
            32
        } else {
            fit
        };
        class += 1;
    }
    batches
};

/// Objects moved between a CPU's cache and the slabs at a time.
#[inline(always)]
pub(super) fn batch_of(class: usize) -> u32 {
    BATCHES[class]
}

fn objects_of(class: usize) -> u32 {
    ((PAGE_SIZE << CLASSES[class].order) / CLASSES[class].size as usize) as u32
}

/// A free object, as the link to the next one.
pub(super) type Link = *mut FreeObject;

/// The first word of a free object.
#[repr(C)]
pub(super) struct FreeObject {
    pub(super) next: Link,
}

/// The slabs of a class that have free objects.
struct Slabs {
    class: usize,
    /// First frame of the first of them; 0 if there is none.
    partial: u32,
}

static SLABS: [SpinLock<Slabs, QuickOff>; CLASS_COUNT] = {
    let mut slabs = [const {
        SpinLock::new(
            Level::UNORDERED,
            Slabs {
                class: 0,
                partial: 0,
            },
        )
    }; CLASS_COUNT];
    let mut class = 0;
    while class < CLASS_COUNT {
        slabs[class] = SpinLock::new(Level::UNORDERED, Slabs { class, partial: 0 });
        class += 1;
    }
    slabs
};

/// Takes up to `count` objects of a class; returns them as a list, and how many they are.
pub(super) fn take(class: usize, count: u32) -> (Link, u32) {
    let mut slabs = SLABS[class].lock();
    let mut list: Link = core::ptr::null_mut();
    let mut taken = 0;
    while taken < count {
        if slabs.partial == 0 && (taken > 0 || !slabs.grow()) {
            break;
        }
        let object = slabs.take_one();
        // SAFETY: the object is free memory of at least 16 bytes, and this function's own since it was taken.
        unsafe { (*object).next = list };
        list = object;
        taken += 1;
    }
    (list, taken)
}

/// Gives back the objects of a list.
///
/// # Safety
/// The list must consist of `count` objects of `class` that came from [`take`] and that nobody uses.
pub(super) unsafe fn give(class: usize, mut list: Link, count: u32) {
    let mut slabs = SLABS[class].lock();
    for _ in 0..count {
        let object = list;
        // SAFETY: the caller passes a list of `count` objects, so this is one.
        unsafe {
            list = (*object).next;
            slabs.give_one(object);
        }
    }
}

/// A slab's header. The words of the frame's record mean: `count`: objects out | first free object + 1 << 16;
/// `state`: objects ever handed out; `next`, `previous`: the list of slabs with free objects.
struct Header(&'static Frame);

impl Header {
    fn out(&self) -> u32 {
        self.0.count.load(Relaxed) & 0xffff
    }

    fn first_free(&self) -> u32 {
        self.0.count.load(Relaxed) >> 16
    }

    fn set(&self, out: u32, first_free: u32) {
        self.0.count.store(out | first_free << 16, Relaxed);
    }

    fn touched(&self) -> u32 {
        self.0.state.load(Relaxed)
    }
}

impl Slabs {
    fn header(&self, slab: u32) -> Header {
        // SAFETY: `slab` came from the frame allocator.
        Header(unsafe { frame::record(slab) })
    }

    /// Adds a slab; false if there is no memory.
    fn grow(&mut self) -> bool {
        let order = CLASSES[self.class].order as usize;
        let slab = match order {
            0 => frame::allocate(Need::Kernel),
            _ => frame::allocate_block(order, Need::Kernel),
        };
        let Some(slab) = slab else { return false };
        let header = self.header(slab);
        header.set(0, 0);
        header.0.state.store(0, Relaxed);
        self.link(slab);
        KERNEL_HEAP.fetch_add(PAGE_SIZE << order, Relaxed);
        true
    }

    /// Takes an object from the first slab that has one. There must be one.
    fn take_one(&mut self) -> Link {
        let size = CLASSES[self.class].size as usize;
        let slab = self.partial;
        let header = self.header(slab);
        let base = frame_address(slab);
        let (index, next) = match header.first_free() {
            0 => {
                let fresh = header.touched();
                header.0.state.store(fresh + 1, Relaxed);
                (fresh, 0)
            }
            free => {
                let object = (base + (free - 1) as usize * size) as *const u64;
                // SAFETY: `free - 1` is the number of a free object of this slab; `give_one` left a number there.
                (free - 1, unsafe { object.read() } as u32)
            }
        };
        let out = header.out() + 1;
        header.set(out, next);
        if out == objects_of(self.class) {
            self.unlink(slab);
        }
        (base + index as usize * size) as Link
    }

    /// # Safety
    /// `object` must be one of this class that is handed out and that nobody uses.
    unsafe fn give_one(&mut self, object: Link) {
        let Class { size, order } = CLASSES[self.class];
        let bytes = PAGE_SIZE << order;
        // The direct map begins at a multiple of every slab size, so slabs are aligned in it as their frames are.
        let base = object as usize & !(bytes - 1);
        let slab = frame_of(base);
        let header = self.header(slab);
        let (out, free) = (header.out(), header.first_free());
        // SAFETY: the object is the caller's to give, and large enough.
        unsafe { object.cast::<u64>().write(free.into()) };
        let index = (object as usize - base) as u32 / u32::from(size);
        header.set(out - 1, index + 1);
        if out == objects_of(self.class) {
            self.link(slab);
        }
        // Keeps the last slab with free objects, so that a class in use does not come and go.
        let only = self.partial == slab && header.0.next.load(Relaxed) == 0;
        if out == 1 && !only {
            self.unlink(slab);
            header.0.state.store(0, Relaxed);
            KERNEL_HEAP.fetch_sub(bytes, Relaxed);
            // SAFETY: no object of the slab is out, and it is in no list any more.
            unsafe { frame::free_block(slab, 1 << order) };
        }
    }

    fn link(&mut self, slab: u32) {
        let header = self.header(slab);
        header.0.next.store(self.partial, Relaxed);
        header.0.previous.store(0, Relaxed);
        if self.partial != 0 {
            self.header(self.partial).0.previous.store(slab, Relaxed);
        }
        self.partial = slab;
    }

    fn unlink(&mut self, slab: u32) {
        let header = self.header(slab);
        let (next, previous) = (header.0.next.load(Relaxed), header.0.previous.load(Relaxed));
        if next != 0 {
            self.header(next).0.previous.store(previous, Relaxed);
        }
        if previous == 0 {
            self.partial = next;
        } else {
            self.header(previous).0.next.store(next, Relaxed);
        }
    }
}
