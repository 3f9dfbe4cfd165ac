//! Segment descriptors and the task state segment of each CPU.
//!
//! Long mode ignores bases and limits of code and data segments; what is left is the ring, the choice between 64-bit
//! and compatibility code, and the selectors' order, which SYSCALL and SYSRET prescribe (SDM vol. 2, "SYSRET"). The
//! numbers are those of Linux, because programs can see them (`cs` 0x33, `ss` 0x2b).

use core::arch::asm;
use core::mem::{offset_of, size_of};

use crate::percpu::{self, PerCpu};

/// Kernel code selector.
pub(crate) const KERNEL_CODE: u16 = 0x10;
/// Kernel data selector.
pub(crate) const KERNEL_DATA: u16 = 0x18;
/// 32-bit user code selector; also the base SYSRET counts from.
pub(crate) const USER_CODE32: u16 = 0x23;
/// User data selector.
pub(crate) const USER_DATA: u16 = 0x2b;
/// 64-bit user code selector.
pub(crate) const USER_CODE: u16 = 0x33;
/// Selector of the task state segment.
const TSS_SELECTOR: u16 = 0x40;

/// Position of RSP0 (the stack that an interrupt from ring 3 switches to) in the per-CPU block, for assembly.
pub(crate) const TSS_RSP0: usize = offset_of!(PerCpu, tss) + offset_of!(Tss, rsp0);

/// A stack of its own for exceptions that may come when the current stack is unusable.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Ist {
    /// Double fault.
    DoubleFault = 1,
    /// Non-maskable interrupt.
    Nmi = 2,
    /// Machine check.
    MachineCheck = 3,
}

/// The task state segment (SDM vol. 3, 9.7).
#[repr(C, packed(4))]
pub(crate) struct Tss {
    reserved0: u32,
    rsp0: u64,
    rsp1: u64,
    rsp2: u64,
    reserved1: u64,
    ist: [u64; 7],
    reserved2: u64,
    reserved3: u16,
    io_map_base: u16,
}

impl Tss {
    pub(crate) const fn new() -> Tss {
        Tss {
            reserved0: 0,
            rsp0: 0,
            rsp1: 0,
            rsp2: 0,
            reserved1: 0,
            ist: [0; 7],
            reserved2: 0,
            reserved3: 0,
            // Beyond the limit: ring 3 may use no port.
            io_map_base: size_of::<Tss>() as u16,
        }
    }
}

/// A global descriptor table.
#[repr(C, align(16))]
pub(crate) struct Gdt([u64; 10]);

impl Gdt {
    pub(crate) const fn new() -> Gdt {
        Gdt([
            0,
            0x00cf_9b00_0000_ffff, // 0x08: kernel code, 32 bits, for the way up from protected mode
            0x00af_9b00_0000_ffff, // 0x10: kernel code
            0x00cf_9300_0000_ffff, // 0x18: kernel data
            0, // 0x20: no 32-bit user code, so that nothing enters compatibility mode
            0x00cf_f300_0000_ffff, // 0x28: user data
            0x00af_fb00_0000_ffff, // 0x30: user code
            0,
            0, // 0x40: task state segment, two entries
            0,
        ])
    }
}

#[repr(C, packed)]
struct TablePointer {
    limit: u16,
    base: u64,
}

/// Loads this CPU's descriptor table and task register.
///
/// # Safety
/// Once per CPU, with interrupts off, after its per-CPU block is installed.
pub(crate) unsafe fn load() {
    let block = percpu::current();
    let tss = block.tss.get() as u64;
    let limit = size_of::<Tss>() as u64 - 1;
    let low = limit & 0xffff | (tss & 0xff_ffff) << 16 | 0x89 << 40 | (tss >> 24 & 0xff) << 56;
    // SAFETY: the table belongs to this CPU, which does not use it yet.
    unsafe {
        (*block.gdt.get()).0[8] = low;
        (*block.gdt.get()).0[9] = tss >> 32;
    }
    let pointer = TablePointer {
        limit: size_of::<Gdt>() as u16 - 1,
        base: block.gdt.get() as u64,
    };
    // SAFETY: the table is valid and lives forever; code and data selectors mean the same as before, and the null
    // selectors in DS, ES, FS do no harm in long mode. GS is not loaded, as that would clear its base.
    unsafe {
        asm!(
            "lgdt [{pointer}]",
            "push {code}",
            "lea {tmp}, [rip + 2f]",
            "push {tmp}",
            "retfq",
            "2:",
            "mov ss, {data:e}",
            "mov ds, {null:e}",
            "mov es, {null:e}",
            "mov fs, {null:e}",
            "ltr {tss:x}",
            pointer = in(reg) &raw const pointer,
            code = const KERNEL_CODE,
            data = in(reg) u32::from(KERNEL_DATA),
            null = in(reg) 0u32,
            tss = in(reg) TSS_SELECTOR,
            tmp = lateout(reg) _,
        );
    }
}

/// Gives exceptions that use `ist` the stack that ends at `top`.
///
/// # Safety
/// `top` must be the end of a mapped stack that nothing else uses, aligned to 16.
pub(crate) unsafe fn set_interrupt_stack(block: &PerCpu, ist: Ist, top: u64) {
    // The entry code finds the per-CPU block here, because GS may be user mode's when it runs.
    let slot = (top - 8) as *mut u64;
    // SAFETY: the stack is the caller's to give; the TSS is only written by its own CPU or before that runs.
    unsafe {
        slot.write(core::ptr::from_ref(block) as u64);
        let field = &raw mut (*block.tss.get()).ist[ist as usize - 1];
        field.write_unaligned(top - 16);
    }
}
