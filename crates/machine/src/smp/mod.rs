//! Starting the other CPUs: INIT and start-up interrupts, one CPU after the other (SDM vol. 3, 9.4.4).

mod trampoline;

use core::arch::asm;
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use self::trampoline::{Parameters, ap_parameters, ap_trampoline_end, ap_trampoline_start};
use crate::boot::{DIRECT_MAP, MemoryKind};
use crate::cpu::{self, msr};
use crate::irq::lapic;
use crate::mem::stack::KernelStack;
use crate::{MAX_CPUS, percpu, time};
use ksync::Once;

const PAGE: u64 = 4096;
const MILLISECOND: u64 = 1_000_000;

static MAIN: Once<fn() -> !> = Once::new();
/// Number of the CPU that has arrived last.
static ARRIVED: AtomicU32 = AtomicU32::new(0);
/// Set when all CPUs that start have been counted, so that they may run the kernel.
static RELEASED: AtomicBool = AtomicBool::new(false);

/// Starts all other CPUs that the tables list, up to `max_cpus` and [`MAX_CPUS`] in all. Each sets itself up and runs
/// `main` on a stack of its own, with interrupts off. When this returns [`cpu::count`] is final. CPUs that do not
/// answer are left out with a warning.
///
/// # Panics
/// When called twice, or before `time::init`.
pub fn start_others(max_cpus: usize, main: fn() -> !) {
    assert!(MAIN.set(main).is_ok(), "smp::start_others called twice");
    assert!(
        time::tsc_frequency() != 0,
        "smp::start_others before time::init"
    );
    let me = percpu::block(0).apic_id.load(Ordering::Relaxed);
    let platform = crate::acpi::platform();
    let others = platform
        .apic_ids()
        .iter()
        .filter(|&&id| id != me && lapic::can_reach(id));
    match find_page() {
        Some(page) => {
            copy_trampoline(page);
            for &apic_id in others.take(max_cpus.clamp(1, MAX_CPUS) - 1) {
                start(apic_id, page);
            }
        }
        None => log::warn!("no memory below 1 MiB to start other CPUs with"),
    }
    RELEASED.store(true, Ordering::Release);
}

/// A page below 1 MiB that is memory and, as the boot loader's information has been read, of no other use. (The
/// kernel's allocator does not touch the first MiB.)
fn find_page() -> Option<u64> {
    // Not the first pages: real-mode interrupt table and BIOS data.
    let lowest = 2 * PAGE;
    let map = crate::boot::info().memory_map();
    map.iter()
        .filter(|region| region.kind == MemoryKind::Usable)
        .map(|region| region.start.max(lowest).next_multiple_of(PAGE)..region.end.min(0xa_0000))
        .find(|range| range.start + PAGE <= range.end)
        .map(|range| range.start)
}

fn copy_trampoline(page: u64) {
    let start = &raw const ap_trampoline_start;
    let length = (&raw const ap_trampoline_end) as usize - start as usize;
    debug_assert!(length <= PAGE as usize);
    // SAFETY: the source is in the kernel image; the target is a page of memory that nothing else uses, in the direct
    // map, which is writable.
    unsafe {
        core::ptr::copy_nonoverlapping(
            start.cast::<u8>(),
            (DIRECT_MAP + page as usize) as *mut u8,
            length,
        )
    };
}

fn write_parameters(page: u64, parameters: Parameters) {
    let offset = (&raw const ap_parameters) as usize - (&raw const ap_trampoline_start) as usize;
    let target = (DIRECT_MAP + page as usize + offset) as *mut Parameters;
    // SAFETY: inside the copy of the code; the CPU that reads it has not been started.
    unsafe { target.write_volatile(parameters) };
}

fn kernel_tables() -> u64 {
    const FRAME: u64 = 0x000f_ffff_ffff_f000;
    let tables: u64;
    // SAFETY: reading CR3 has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) tables, options(nomem, nostack, preserves_flags)) };
    tables & FRAME
}

/// Starts the CPU with the APIC number `apic_id` as the next one.
fn start(apic_id: u32, page: u64) {
    let index = cpu::count();
    let Ok(stack) = KernelStack::new() else {
        log::warn!("no memory for the stack of CPU {index}");
        return;
    };
    // Stays in use as long as the CPU runs; a CPU that does not answer might still wake up on it.
    let stack = ManuallyDrop::new(stack).top();
    // SAFETY: every CPU has the register.
    let efer = unsafe { msr::read(msr::EFER) };
    const LONG_MODE_ACTIVE: u64 = 1 << 10;
    write_parameters(
        page,
        Parameters {
            boot_tables: crate::boot::page_tables(),
            kernel_tables: kernel_tables(),
            stack: stack as u64,
            index: index as u64,
            efer: efer & !LONG_MODE_ACTIVE,
        },
    );
    lapic::send_init(apic_id);
    time::delay(MILLISECOND / 100);
    for patience in [MILLISECOND, 200 * MILLISECOND] {
        lapic::send_startup(apic_id, (page / PAGE) as u8);
        if wait_for(index as u32, patience) {
            cpu::set_count(index + 1);
            return;
        }
    }
    // It must not come alive later, when its number belongs to another.
    lapic::send_init(apic_id);
    log::warn!("CPU with APIC number {apic_id} does not answer");
}

fn wait_for(index: u32, nanos: u64) -> bool {
    let end = time::now() + nanos;
    while ARRIVED.load(Ordering::Acquire) != index {
        if time::now() > end {
            return false;
        }
        cpu::relax();
    }
    true
}

/// First Rust code of a CPU that was started, on its own stack.
#[unsafe(no_mangle)]
extern "C" fn machine_ap_start(index: u64) -> ! {
    // SAFETY: this is the first Rust code of this CPU, and the boot CPU gave it a number of its own.
    unsafe {
        percpu::install(index as usize);
        crate::irq::idt::load();
        cpu::init_this_cpu();
    }
    lapic::init_this_cpu();
    time::init_this_cpu();
    percpu::current().online.store(true, Ordering::Release);
    ARRIVED.store(index as u32, Ordering::Release);
    while !RELEASED.load(Ordering::Acquire) {
        cpu::relax();
    }
    let main = MAIN.get().expect("set before CPUs are started");
    main()
}
