//! Making CPUs forget translations: on this CPU by INVLPG or a reload of CR3, on others by an interrupt.
//!
//! A CPU that wants others to flush raises their `requested` number, interrupts them, and waits until their `done`
//! number has caught up. While it waits it serves requests to itself, and so does every CPU that waits for a spinning
//! lock ([`relax`]); hence a CPU that waits with interrupts off never keeps another one waiting for ever.

use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use super::quick::QuickIrqOff;
use crate::cpu::{CachePadded, CpuId};
use crate::irq::ipi::{self, Ipi};
use crate::{MAX_CPUS, cpu, percpu};

/// More pages than this are flushed all at once: an INVLPG costs about as much as a miss later.
const SINGLE_PAGES: usize = 32;

/// Turns of waiting after which the interrupt is sent again. QEMU has been seen to leave one pending for seconds with
/// interrupts on, until something else stops the emulation of that CPU; for hardware it costs nothing.
const REMINDER: u32 = 1 << 16;

struct Mailbox {
    /// Number of flushes asked of this CPU.
    requested: AtomicU64,
    /// The `requested` that the CPU saw when it last flushed.
    done: AtomicU64,
    /// Whether global translations are meant too.
    global: AtomicBool,
}

static MAILBOXES: [CachePadded<Mailbox>; MAX_CPUS] = [const {
    CachePadded::new(Mailbox {
        requested: AtomicU64::new(0),
        done: AtomicU64::new(0),
        global: AtomicBool::new(false),
    })
}; MAX_CPUS];

/// One turn of a loop that waits for another CPU, be interrupts on or off.
#[inline]
pub(crate) fn relax() {
    serve();
    core::hint::spin_loop();
}

/// Does what other CPUs have asked this one to.
pub(crate) fn serve() {
    // Keeps the task on this CPU, and keeps a nested request from being overtaken by this one.
    let _irq = QuickIrqOff::new();
    let mailbox = &MAILBOXES[percpu::index() % MAX_CPUS];
    let requested = mailbox.requested.load(Ordering::Acquire);
    if requested == mailbox.done.load(Ordering::Relaxed) {
        return;
    }
    if mailbox.global.swap(false, Ordering::Relaxed) {
        flush_global();
    } else {
        flush_user();
    }
    mailbox.done.store(requested, Ordering::Release);
}

/// Makes the CPUs of `mask` flush, this one excepted, and waits until they have.
///
/// The caller is pinned, has changed the page tables, and has read the mask afterwards.
#[cold]
#[inline(never)]
pub(super) fn shoot(mask: u64, global: bool) {
    let mut tickets = [0; MAX_CPUS];
    let targets =
        || (0..cpu::count()).filter(|&index| mask >> index & 1 != 0 && index != percpu::index());
    for index in targets() {
        let mailbox = &MAILBOXES[index];
        if global {
            mailbox.global.store(true, Ordering::Relaxed);
        }
        tickets[index] = mailbox.requested.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(id) = CpuId::new(index) {
            ipi::send(id, Ipi::TlbShootdown);
        }
    }
    for index in targets() {
        let mut turns = 0_u32;
        // A CPU that was stopped for good answers nothing and uses nothing.
        while MAILBOXES[index].done.load(Ordering::Acquire) < tickets[index]
            && !percpu::block(index).stopped.load(Ordering::Relaxed)
        {
            relax();
            turns = turns.wrapping_add(1);
            if turns.is_multiple_of(REMINDER)
                && let Some(id) = CpuId::new(index)
            {
                ipi::send(id, Ipi::TlbShootdown);
            }
        }
    }
}

/// Forgets all translations on all CPUs, and waits until that has been done.
pub(super) fn flush_kernel_everywhere() {
    // The caller must not move between the two.
    let _irq = QuickIrqOff::new();
    publish();
    flush_global();
    shoot(u64::MAX, true);
}

/// Orders changes of page tables before reading which CPUs use them; pairs with the locked instruction by which a
/// CPU announces that it will.
#[inline(always)]
pub(super) fn publish() {
    fence(Ordering::SeqCst);
}

/// Forgets the translations of a range of user addresses on this CPU.
#[inline]
pub(super) fn flush_range(start: usize, end: usize) {
    if end - start > SINGLE_PAGES << super::layout::PAGE_SHIFT {
        flush_user();
        return;
    }
    for page in (start..end).step_by(super::layout::PAGE_SIZE) {
        flush_page(page);
    }
}

/// Forgets the translation of one address on this CPU.
#[inline(always)]
pub(super) fn flush_page(address: usize) {
    // SAFETY: forgetting a translation changes nothing but time.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

/// Forgets all translations of user addresses on this CPU.
#[inline]
pub(super) fn flush_user() {
    // SAFETY: writes back what is there; that forgets all but global translations.
    unsafe {
        let cr3: u64;
        asm!("mov {0}, cr3", "mov cr3, {0}", out(reg) cr3, options(nostack, preserves_flags));
        let _ = cr3;
    }
}

/// Forgets all translations on this CPU.
pub(super) fn flush_global() {
    const GLOBAL_PAGES: u64 = 1 << 7;
    let cr4: u64;
    // SAFETY: reads a control register.
    unsafe { asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack, preserves_flags)) };
    if cr4 & GLOBAL_PAGES == 0 {
        flush_user();
        return;
    }
    // SAFETY: any change of PGE forgets everything; the value is restored at once (SDM vol. 3, 4.10.4.1).
    unsafe {
        asm!("mov cr4, {}", in(reg) cr4 & !GLOBAL_PAGES, options(nostack, preserves_flags));
        asm!("mov cr4, {}", in(reg) cr4, options(nostack, preserves_flags));
    }
}

/// Loads the top-level page table of `frame`.
///
/// # Safety
/// The frame must hold a top-level table with the kernel's upper half, until another one is loaded.
#[inline(always)]
pub(super) unsafe fn load_root(frame: u32) {
    // SAFETY: the kernel half is the same in all tables, so the code and data in use stay where they are.
    unsafe {
        asm!("mov cr3, {}", in(reg) u64::from(frame) << 12, options(nostack, preserves_flags))
    };
}
