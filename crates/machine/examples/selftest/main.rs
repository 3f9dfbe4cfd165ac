//! A kernel that tests and measures the machine crate by itself, without the rest of RustOS.
//!
//! Build it like the kernel, as `--example selftest`, and boot it in QEMU with `isa-debug-exit` at port 0xf4: the exit
//! status is 33 when all went well. Under `-icount shift=0` the measured nanoseconds are instructions.
#![no_std]
#![no_main]

extern crate alloc;

mod measure;
mod memory;
mod programs;
mod smp;
mod tasks;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::arch::global_asm;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use log::info;
use machine::fpu::FpuPolicy;
use machine::irq::IrqGuard;
use machine::mem::{AddressSpace, ForkMode, PAGE_SIZE, Page, Prot};
use machine::sync::{IrqSpinLock, Level, SpinLock};
use machine::task::{self, FpuInit, Task};
use machine::user::{self, UserEvent, UserRegs};
use machine::{Access, Hooks, cpu, preempt, time, uaccess};

use measure::*;
use memory::*;
use programs::*;
use smp::*;
use tasks::*;

machine::entry!(start);

// Programs for ring 3, copied to a page at CODE.
global_asm!(
    r#"
    .section .rodata.programs, "a"
    .global programs_start, programs_end, program_touch, program_fpu, program_read
programs_start:
1:  mov eax, 39                 # endless system calls
    syscall
    jmp 1b
program_touch:                  # store to RSI pages from RDI on, then call
    mov [rdi], rsi
    add rdi, 4096
    dec rsi
    jnz program_touch
    syscall
    jmp program_touch
program_fpu:                    # keep RDI in SSE and AVX registers over calls; RAX counts, ud2 on a difference
    movq xmm7, rdi
    punpcklqdq xmm7, xmm7
    mov r15, rdi
2:  mov ecx, 1000
6:  dec ecx
    jnz 6b
    syscall
    movq rbx, xmm7
    cmp rbx, r15
    jne 3f
    jmp 2b
3:  ud2
program_read:                   # read the word at RDI for ever; it must be RSI or RDX
4:  mov rax, [rdi]
    cmp rax, rsi
    je 4b
    cmp rax, rdx
    je 4b
    ud2
programs_end:
"#
);

unsafe extern "C" {
    static programs_start: [u8; 0];
    static programs_end: [u8; 0];
    static program_touch: [u8; 0];
    static program_fpu: [u8; 0];
    static program_read: [u8; 0];
}

const CODE: usize = 0x40_0000;
const DATA: usize = 0x7000_0000;
const READ_WRITE: Prot = Prot::READ.union(Prot::WRITE);
const READ_EXEC: Prot = Prot::READ.union(Prot::EXEC);

fn program_at(program: *const [u8; 0]) -> u64 {
    CODE as u64 + (program as u64 - (&raw const programs_start) as u64)
}

struct TestHooks;

static SPACE_FOR_FAULTS: SpinLock<Option<Arc<AddressSpace>>> = SpinLock::new(Level(1), None);
static TIMER_TICKS: AtomicU64 = AtomicU64::new(0);

impl Hooks for TestHooks {
    fn timer(&self) {
        TIMER_TICKS.fetch_add(1, Ordering::Relaxed);
        if TICKING.load(Ordering::Relaxed) {
            time::arm(time::now() + 1_000_000);
        }
        preempt::set_need_resched();
    }

    fn reschedule(&self) {
        preempt::clear_need_resched();
        if MULTITASKING.load(Ordering::Relaxed) {
            yield_now();
        }
    }

    fn user_access_fault(&self, addr: usize, _access: Access) -> bool {
        let space = SPACE_FOR_FAULTS.lock().clone();
        match (space, Page::new_zeroed()) {
            (Some(space), Ok(page)) if (DATA..DATA + (1 << 20)).contains(&addr) => {
                space.lock().map(addr, page, READ_WRITE).is_ok()
            }
            _ => false,
        }
    }
}

static MULTITASKING: AtomicBool = AtomicBool::new(false);
/// Whether timers fire again and again; not while something is measured.
static TICKING: AtomicBool = AtomicBool::new(false);

fn start(info: &'static machine::boot::BootInfo) -> ! {
    machine::logger::set_max_level(log::LevelFilter::Info);
    machine::mem::init(info);
    let policy = if info.command_line.contains("fpu=lazy") {
        FpuPolicy::Lazy
    } else if info.command_line.contains("fpu=eager") {
        FpuPolicy::Eager
    } else {
        FpuPolicy::Auto
    };
    machine::cpu::init(info, policy);
    machine::irq::init();
    machine::time::init();
    machine::set_hooks(&TestHooks);
    info!(
        "{:?}, TSC {} Hz",
        machine::mem::stats(),
        time::tsc_frequency()
    );

    test_heap();
    test_pages();
    test_spaces();
    let _idle = Task::adopt_boot_context(Payload::default());
    drop_boot_irq();
    test_user();
    test_uaccess();
    test_forks();
    test_tasks();
    measure();
    test_many_cpus();
    info!("{:?}", machine::mem::stats());
    info!("selftest: all passed");
    machine::dev::power::debug_exit(16);
    machine::dev::power::power_off()
}

/// Runs `f` often and logs the average time, in nanoseconds, less `cost`.
fn per_round(what: &str, rounds: u64, mut f: impl FnMut()) {
    for _ in 0..64 {
        f();
    }
    let begin = time::now();
    for _ in 0..rounds {
        f();
    }
    let took = time::now() - begin;
    info!("measured: {what}: {}", took / rounds);
}

fn code_page() -> Page {
    let start = &raw const programs_start;
    let length = (&raw const programs_end) as usize - start as usize;
    // SAFETY: the bytes between the two labels.
    let text = unsafe { core::slice::from_raw_parts(start.cast::<u8>(), length) };
    let page = Page::new_zeroed().unwrap();
    page.write(0, text);
    page
}

#[derive(Default)]
struct Payload {
    regs: Option<UserRegs>,
    space: Option<Arc<AddressSpace>>,
    rounds: AtomicU64,
}

fn regs_for(program: *const [u8; 0], rdi: u64, rsi: u64) -> UserRegs {
    UserRegs {
        rip: program_at(program),
        rdi,
        rsi,
        rsp: DATA as u64,
        ..UserRegs::default()
    }
}

fn space_with_code() -> Arc<AddressSpace> {
    let space = AddressSpace::new().unwrap();
    space.lock().map(CODE, code_page(), READ_EXEC).unwrap();
    space
}
