//! Boot: the entry code, and what the boot loader hands over.

mod entry;
mod info;
mod initrd;
mod multiboot2;
pub(crate) mod physical;
mod pvh;

use core::cell::UnsafeCell;

use self::info::Builder;
pub use self::info::{BootInfo, Framebuffer, MemoryKind, MemoryRegion};
pub use self::initrd::{Initrd, take_initrd};
use crate::acpi::AcpiRoot;
use ksync::Once;

/// Where the kernel image is linked: its physical address plus this.
pub(crate) const KERNEL_BASE: usize = 0xffff_ffff_8000_0000;
/// Where all of physical memory is mapped.
pub(crate) const DIRECT_MAP: usize = 0xffff_8880_0000_0000;

unsafe extern "C" {
    static __kernel_start: [u8; 0];
    static __kernel_end: [u8; 0];
    static __boot_stack_guard: [u8; 0];
    static boot_pml4: [u8; 0];
}

static INFO: Once<&'static BootInfo> = Once::new();

struct BuilderCell(UnsafeCell<Builder>);
// SAFETY: used only by `machine_boot`, which runs once, on the boot CPU.
unsafe impl Sync for BuilderCell {}
static BUILDER: BuilderCell = BuilderCell(UnsafeCell::new(Builder::new("unknown")));

/// Names the kernel's main function, `fn(&'static BootInfo) -> !`. It runs on the boot CPU with interrupts off; the
/// early log works, memory does not yet.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        const _: () = {
            #[unsafe(no_mangle)]
            extern "Rust" fn machine_kernel_main(info: &'static $crate::boot::BootInfo) -> ! {
                let main: fn(&'static $crate::boot::BootInfo) -> ! = $main;
                main(info)
            }
        };
    };
}

unsafe extern "Rust" {
    /// Defined by [`entry!`].
    fn machine_kernel_main(info: &'static BootInfo) -> !;
}

/// First Rust code, called by the entry code on the boot stack.
#[unsafe(no_mangle)]
extern "C" fn machine_boot(magic: u32, address: u32) -> ! {
    // SAFETY: this is the first Rust code of the boot CPU, which is CPU 0.
    unsafe { crate::percpu::install(0) };
    crate::time::start_clock();
    crate::cpu::features::detect();
    crate::logger::init();
    // SAFETY: the boot CPU with interrupts off, once.
    unsafe { crate::irq::idt::init_early() };
    let builder = BUILDER.0.get();
    let protocol = if magic == entry::PVH_MAGIC {
        "PVH"
    } else {
        "multiboot2"
    };
    // SAFETY: nobody else uses the builder (see `BuilderCell`), and `address` is what the entry code got.
    let info = unsafe {
        (*builder).set_protocol(protocol);
        match magic {
            entry::PVH_MAGIC => pvh::read(address.into(), &mut *builder),
            entry::MULTIBOOT2_MAGIC => multiboot2::read(address.into(), &mut *builder),
            _ => panic!("started by an unknown boot protocol ({magic:#x})"),
        }
        if !(*builder).has_acpi_root() {
            (*builder).set_acpi_root(search_acpi_root());
        }
        (*builder).finish()
    };
    crate::logger::choose_port(info.command_line);
    // SAFETY: the root is the boot loader's, and the boot page tables are still in use.
    unsafe { crate::acpi::init(info.acpi_root) };
    let _ = INFO.set(info);
    // SAFETY: `entry!` defines it with this type.
    unsafe { machine_kernel_main(info) }
}

/// Reads ACPI's root structure at a physical address.
///
/// # Safety
/// Before `mem::init`; the address must be one of memory, not of device registers.
unsafe fn read_acpi_root(address: u64) -> Option<AcpiRoot> {
    // SAFETY: the caller's promise.
    AcpiRoot::parse(unsafe { physical::bytes(address, AcpiRoot::MAX_LENGTH) }?)
}

/// Searches the firmware area below 1 MiB for ACPI's root structure, as BIOS systems place it (ACPI 6.5, 5.2.5.1).
///
/// # Safety
/// Before `mem::init`.
unsafe fn search_acpi_root() -> Option<AcpiRoot> {
    // SAFETY: the area is ROM or shadow memory.
    (0xe_0000..0x10_0000 - AcpiRoot::MAX_LENGTH as u64)
        .step_by(16)
        .find_map(|at| unsafe { read_acpi_root(at) })
}

/// What the boot loader handed over.
pub(crate) fn info() -> &'static BootInfo {
    INFO.get().expect("set before the kernel starts")
}

/// Physical address of the kernel image's first byte.
pub(crate) fn image_start() -> usize {
    (&raw const __kernel_start) as usize - KERNEL_BASE
}

/// Physical address of the first byte behind the kernel image.
pub(crate) fn image_end() -> usize {
    (&raw const __kernel_end) as usize - KERNEL_BASE
}

/// Whether `address` is in the page below the boot CPU's stack, which `mem::init` leaves unmapped.
pub(crate) fn is_stack_guard(address: usize) -> bool {
    let guard = (&raw const __boot_stack_guard) as usize;
    (guard..guard + 4096).contains(&address)
}

/// The writable alias, in the direct map, of an address in the kernel image.
pub(crate) fn image_alias(address: usize) -> *mut u8 {
    (address - KERNEL_BASE + DIRECT_MAP) as *mut u8
}

/// Physical address of the boot page tables, which also map the first 4 GiB one to one.
pub(crate) fn page_tables() -> u64 {
    ((&raw const boot_pml4) as usize - KERNEL_BASE) as u64
}
