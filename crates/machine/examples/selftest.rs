//! A kernel that tests and measures the machine crate by itself, without the rest of RustOS.
//!
//! Build it like the kernel, as `--example selftest`, and boot it in QEMU with `isa-debug-exit` at port 0xf4: the exit
//! status is 33 when all went well. Under `-icount shift=0` the measured nanoseconds are instructions.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::arch::global_asm;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use log::info;
use machine::fpu::FpuPolicy;
use machine::irq::IrqGuard;
use machine::mem::{AddressSpace, ForkMode, PAGE_SIZE, Page, Prot};
use machine::sync::{IrqSpinLock, Level, SpinLock};
use machine::task::{self, FpuInit, Task};
use machine::user::{self, UserEvent, UserRegs};
use machine::{Access, Hooks, cpu, preempt, time, uaccess};

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

fn test_heap() {
    let before = machine::mem::stats();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut seed = 1_u64;
    for round in 0..20_000_usize {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let size = (seed >> 33) as usize % if round % 100 == 0 { 300_000 } else { 3000 };
        if kept.len() > 300 {
            let old = kept.swap_remove((seed >> 20) as usize % kept.len());
            let mark = old.len() as u8;
            assert!(
                old.iter().all(|&byte| byte == mark),
                "heap memory was overwritten"
            );
        }
        kept.push(vec![size as u8; size]);
    }
    drop(kept);
    let mut grown = Vec::new();
    for n in 0..200_000_u32 {
        grown.push(n);
    }
    assert!(
        grown
            .iter()
            .enumerate()
            .all(|(n, &value)| n as u32 == value)
    );
    drop(grown);
    let after = machine::mem::stats();
    info!(
        "heap: {} -> {} bytes",
        before.kernel_heap, after.kernel_heap
    );
    assert!(
        after.kernel_heap < before.kernel_heap + (1 << 20),
        "the heap does not shrink"
    );

    #[repr(align(256))]
    struct Aligned([u8; 300]);
    let boxes: Vec<Box<Aligned>> = (0..50).map(|n| Box::new(Aligned([n; 300]))).collect();
    for (n, aligned) in boxes.iter().enumerate() {
        assert_eq!(core::ptr::from_ref(&**aligned) as usize % 256, 0);
        assert_eq!(aligned.0[299], n as u8);
    }
    test_strings();
}

/// `memmove` and its kin, at all small lengths and distances.
fn test_strings() {
    for length in 0..100_usize {
        for shift in 0..24_usize {
            let mut bytes: Vec<u8> = (0..160).map(|n| n as u8).collect();
            bytes.copy_within(10..10 + length, 10 + shift);
            for n in 0..160 {
                let moved = (10 + shift..10 + shift + length).contains(&n);
                assert_eq!(
                    bytes[n],
                    if moved { n - shift } else { n } as u8,
                    "memmove {length} by {shift}"
                );
            }
            bytes.copy_within(10 + shift..10 + shift + length, 10);
            let equal =
                bytes[10..10 + length] == *(10..10 + length).map(|n| n as u8).collect::<Vec<_>>();
            assert!(equal, "memmove back {length} by {shift}");
        }
        let mut bytes = vec![1_u8; 120];
        bytes[9..9 + length].fill(7);
        assert!(
            bytes
                .iter()
                .enumerate()
                .all(|(n, &b)| b == if (9..9 + length).contains(&n) { 7 } else { 1 })
        );
        let mut other = bytes.clone();
        for at in 0..length {
            other[9 + at] = 8;
            assert!(bytes[9..9 + length] < other[9..9 + length]);
            assert!(bytes[9..9 + length] != other[9..9 + length]);
            other[9 + at] = 6;
            assert!(bytes[9..9 + length] > other[9..9 + length]);
            other[9 + at] = 7;
        }
        assert!(bytes == other);
    }
}

fn test_pages() {
    let page = Page::new_zeroed().unwrap();
    assert!(!page.is_shared());
    page.write(100, b"hello");
    let copy = Page::new_copy(&page).unwrap();
    let other = page.clone();
    assert!(page.is_shared() && other.ptr_eq(&page) && !copy.ptr_eq(&page));
    drop(other);
    assert!(!page.is_shared());
    let mut bytes = [0; 7];
    copy.read(99, &mut bytes);
    assert_eq!(&bytes, b"\0hello\0");
    copy.fill(0, PAGE_SIZE, 0xa5);
    assert_eq!(copy.load_u32(4092), 0xa5a5_a5a5);
    assert!(Page::zero().is_shared());
    assert_eq!(page.compare_exchange_u32(0, 0, 5), Ok(0));
    let free = machine::mem::stats().free;
    let mut all = Vec::with_capacity(1 << 17);
    while let Ok(page) = Page::new_zeroed() {
        all.push(page);
        if all.len() == all.capacity() {
            break;
        }
    }
    let mib = all.len() * PAGE_SIZE >> 20;
    info!(
        "{mib} MiB of pages, reserve {}",
        machine::mem::stats().free >> 20
    );
    let still = vec![1_u8; 100_000];
    drop(still);
    drop(all);
    assert!(
        machine::mem::stats().free + (1 << 20) > free,
        "pages leaked"
    );
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

fn test_spaces() {
    let space = AddressSpace::new().unwrap();
    let mut tables = space.lock();
    for n in 0..700 {
        let page = Page::new_zeroed().unwrap();
        page.write(0, &[n as u8]);
        tables.map(DATA + n * PAGE_SIZE, page, READ_WRITE).unwrap();
    }
    assert_eq!(tables.resident_pages(), 700);
    assert!(tables.map(usize::MAX, Page::zero(), Prot::READ).is_err());
    assert!(
        tables
            .map(0xffff_8880_0000_0000, Page::zero(), Prot::READ)
            .is_err()
    );
    let mapped = tables.get(DATA + 5 * PAGE_SIZE + 77).unwrap();
    assert_eq!(mapped.prot, READ_WRITE);
    assert!(tables.get(DATA - 1).is_none());
    tables.protect(DATA..DATA + 10 * PAGE_SIZE, Prot::empty());
    assert_eq!(tables.get(DATA).unwrap().prot, Prot::empty());
    tables
        .move_range(DATA..DATA + 600 * PAGE_SIZE, 0x1000)
        .unwrap();
    assert!(!tables.is_mapped(DATA) && tables.is_mapped(0x1000));
    assert_eq!(tables.resident_pages(), 700);
    let mut count = 0;
    tables.for_each(0..usize::MAX, |address, mapped| {
        let mut byte = [0];
        mapped.page.read(0, &mut byte);
        let n = if address < DATA {
            (address - 0x1000) / PAGE_SIZE
        } else {
            (address - DATA) / PAGE_SIZE
        };
        assert_eq!(byte[0], n as u8);
        count += 1;
    });
    assert_eq!(count, 700);
    tables
        .map(DATA + (1 << 40), Page::zero(), READ_WRITE)
        .unwrap();
    assert_eq!(tables.get(DATA + (1 << 40)).unwrap().prot, Prot::READ);
    tables.unmap(0x1000 + PAGE_SIZE..0x3001, |_, _| panic!("nobody wrote"));
    assert_eq!(tables.resident_pages(), 699);
    tables.unmap(0..usize::MAX, |_, _| ());
    assert_eq!(tables.resident_pages(), 0);
    drop(tables);
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

fn test_user() {
    let space = space_with_code();
    space.activate();
    let mut regs = regs_for(&raw const programs_start, 1, 2);
    for _ in 0..3 {
        assert_eq!(user::run(&mut regs, IrqGuard::new()), UserEvent::Syscall);
        assert_eq!((regs.orig_rax, regs.rdi, regs.rsi), (39, 1, 2));
        assert!(machine::irq::enabled());
        regs.rax = 7;
    }
    // Wild addresses end in exceptions of the program.
    for (rip, vector) in [
        (0, 14),
        (1 << 47, 13),
        (u64::MAX << 47, 14),
        (0x7fff_ffff_fffe, 14),
        (1 << 63, 13),
    ] {
        let mut wild = UserRegs {
            rip,
            rflags: u64::MAX,
            rsp: 1 << 63,
            rcx: rip,
            ..UserRegs::default()
        };
        wild.rflags &= !0x100;
        match user::run(&mut wild, IrqGuard::new()) {
            UserEvent::Exception(exception) => assert_eq!(exception.vector, vector, "for {rip:#x}"),
            other => panic!("{other:?} for {rip:#x}"),
        }
    }
    // Page faults name the address; the instruction can be tried again.
    let mut regs = regs_for(&raw const program_touch, DATA as u64, 5);
    for n in 0..5 {
        match user::run(&mut regs, IrqGuard::new()) {
            UserEvent::Exception(fault) => {
                assert_eq!((fault.vector, fault.address), (14, DATA + n * PAGE_SIZE));
                assert!(fault.is_write() && !fault.is_protection());
                space
                    .lock()
                    .map(fault.address, Page::new_zeroed().unwrap(), READ_WRITE)
                    .unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(user::run(&mut regs, IrqGuard::new()), UserEvent::Syscall);
    let mut dirty = 0;
    space
        .lock()
        .clean(DATA..DATA + 10 * PAGE_SIZE, |_, _| dirty += 1);
    assert_eq!(dirty, 5);
    // Not executable, not writable.
    let mut regs = UserRegs {
        rip: DATA as u64,
        ..UserRegs::default()
    };
    match user::run(&mut regs, IrqGuard::new()) {
        UserEvent::Exception(fault) => {
            assert!(fault.is_fetch() && fault.is_protection(), "{fault:?}")
        }
        other => panic!("{other:?}"),
    }
    let mut regs = regs_for(&raw const program_touch, CODE as u64, 1);
    match user::run(&mut regs, IrqGuard::new()) {
        UserEvent::Exception(fault) => {
            assert!(fault.is_write() && fault.is_protection(), "{fault:?}")
        }
        other => panic!("{other:?}"),
    }
    user::set_fs_base(0x1234_5000).unwrap();
    user::set_gs_base(0x5678_9000).unwrap();
    assert!(user::set_fs_base(1 << 47).is_err());
    assert_eq!(
        (user::fs_base(), user::gs_base()),
        (0x1234_5000, 0x5678_9000)
    );
    AddressSpace::activate_kernel();
    assert!(!space.is_active());
}

fn test_uaccess() {
    let space = space_with_code();
    space.activate();
    *SPACE_FOR_FAULTS.lock() = Some(space.clone());
    let text = b"from the kernel, with love";
    uaccess::copy_to_user(DATA + 4090, text).unwrap();
    let mut back = [0; 26];
    uaccess::copy_from_user(&mut back, DATA + 4090).unwrap();
    assert_eq!(&back, text);
    uaccess::write_u64(DATA + 8, 0x0123_4567_89ab_cdef).unwrap();
    assert_eq!(uaccess::read_u64(DATA + 8), Ok(0x0123_4567_89ab_cdef));
    assert_eq!(uaccess::read_u8(DATA + 9), Ok(0xcd));
    assert_eq!(uaccess::read_u32(DATA + 12), Ok(0x0123_4567));
    assert_eq!(
        uaccess::cmpxchg_u32(DATA + 12, 0x0123_4567, 9),
        Ok(0x0123_4567)
    );
    assert_eq!(uaccess::fetch_update_u32(DATA + 12, |n| n + 1), Ok(9));
    assert_eq!(uaccess::read_u32(DATA + 12), Ok(10));
    assert!(uaccess::read_u64(0xffff_8880_0000_0000).is_err());
    assert!(uaccess::read_u64(usize::MAX - 3).is_err());
    assert!(uaccess::copy_to_user(CODE, text).is_err());
    // Faults in atomic context fail at once, and say how far they got.
    let guard = preempt::PreemptGuard::new();
    let edge = DATA + 2 * PAGE_SIZE;
    let fault = uaccess::copy_to_user(edge - 13, text).unwrap_err();
    assert_eq!(fault.copied, 13);
    assert_eq!(
        uaccess::copy_from_user(&mut back, edge - 5)
            .unwrap_err()
            .copied,
        5
    );
    assert_eq!(uaccess::zero_user(edge - 21, 100).unwrap_err().copied, 21);
    assert!(uaccess::read_u32(edge - 1).is_err());
    uaccess::copy_to_user(edge - 6, b"abcde\0").unwrap();
    let mut name = [0; 64];
    assert_eq!(uaccess::read_cstr(edge - 6, &mut name), Ok(5));
    uaccess::copy_to_user(edge - 6, b"abcdef").unwrap();
    assert_eq!(
        uaccess::read_cstr(edge - 6, &mut name).unwrap_err().copied,
        6
    );
    assert_eq!(uaccess::read_cstr(edge - 6, &mut name[..3]), Ok(3));
    for length in 0..40 {
        let mut text = [b'x'; 41];
        text[length] = 0;
        for start in [edge - 41, edge - 50, DATA + 3, DATA + 4090] {
            uaccess::copy_to_user(start, &text).unwrap();
            let found = uaccess::read_cstr(start, &mut name);
            assert_eq!(found, Ok(length), "text at {start:#x}");
            assert!(name[..length].iter().all(|&byte| byte == b'x'));
        }
    }
    assert!(uaccess::read_cstr(usize::MAX, &mut name).is_err());
    assert!(uaccess::read_cstr(0, &mut name).is_err());
    drop(guard);
    *SPACE_FOR_FAULTS.lock() = None;
    AddressSpace::activate_kernel();
}

fn test_forks() {
    let parent = space_with_code();
    parent.activate();
    let free = machine::mem::stats().free;
    {
        let mut tables = parent.lock();
        for n in 0..300 {
            tables
                .map(
                    DATA + n * PAGE_SIZE,
                    Page::new_zeroed().unwrap(),
                    READ_WRITE,
                )
                .unwrap();
        }
    }
    let child = AddressSpace::new().unwrap();
    parent
        .lock()
        .fork_range(&mut child.lock(), 0..usize::MAX, ForkMode::CopyOnWrite)
        .unwrap();
    assert_eq!(child.resident_pages(), 301);
    uaccess::read_u64(DATA).unwrap();
    assert!(
        uaccess::write_u64(DATA, 1).is_err(),
        "writable after a fork"
    );
    assert!(!parent.lock().make_writable_if_sole(DATA, READ_WRITE));
    parent.lock().replace_with_copy(DATA, READ_WRITE).unwrap();
    uaccess::write_u64(DATA, 1).unwrap();
    child.activate();
    assert_eq!(uaccess::read_u64(DATA), Ok(0));
    assert!(child.lock().make_writable_if_sole(DATA, READ_WRITE));
    uaccess::write_u64(DATA, 2).unwrap();
    // Forking into what is there replaces it.
    parent
        .lock()
        .fork_range(&mut child.lock(), DATA..DATA + PAGE_SIZE, ForkMode::Share)
        .unwrap();
    assert_eq!(uaccess::read_u64(DATA), Ok(1));
    uaccess::write_u64(DATA, 3).unwrap();
    parent.activate();
    assert_eq!(uaccess::read_u64(DATA), Ok(3));
    drop(child);
    assert!(
        parent
            .lock()
            .make_writable_if_sole(DATA + PAGE_SIZE, READ_WRITE)
    );
    AddressSpace::activate_kernel();
    drop(parent);
    let lost = free as isize - machine::mem::stats().free as isize;
    assert!(lost < 64 << 10, "{lost} bytes leaked by address spaces");
}

static QUEUE: IrqSpinLock<Vec<Arc<Task<Payload>>>> = IrqSpinLock::new(Level(2), Vec::new());

/// Puts the current task at the end of the queue and runs the first, if there is one.
fn yield_now() {
    let irq = IrqGuard::new();
    let next = {
        let mut queue = QUEUE.lock();
        if queue.is_empty() {
            return;
        }
        task::with_current::<Payload, _>(|current| queue.push(current.clone()));
        queue.remove(0)
    };
    match &next.space {
        Some(space) => space.activate(),
        None => AddressSpace::activate_kernel(),
    }
    task::switch_to(next, &irq);
}

fn leave() -> ! {
    loop {
        let irq = IrqGuard::new();
        let next = QUEUE.lock().pop();
        if let Some(next) = next {
            match &next.space {
                Some(space) => space.activate(),
                None => AddressSpace::activate_kernel(),
            }
            task::exit_to(next, irq);
        }
    }
}

fn count_rounds(current: &Arc<Task<Payload>>) -> ! {
    assert!(machine::irq::enabled());
    for _ in 0..100 {
        current.rounds.fetch_add(1, Ordering::Relaxed);
        yield_now();
    }
    FINISHED.fetch_add(1, Ordering::Relaxed);
    leave()
}

static FINISHED: AtomicUsize = AtomicUsize::new(0);

fn spawn(payload: Payload, entry: fn(&Arc<Task<Payload>>) -> !) -> Arc<Task<Payload>> {
    let new = Task::new(payload, entry, FpuInit::Reset).unwrap();
    QUEUE.lock().push(new.clone());
    new
}

fn test_tasks() {
    assert!(task::with_current::<u32, _>(|_| ()).is_none());
    let tasks: Vec<_> = (0..10)
        .map(|_| spawn(Payload::default(), count_rounds))
        .collect();
    while FINISHED.load(Ordering::Relaxed) < 10 {
        yield_now();
    }
    assert!(
        tasks
            .iter()
            .all(|task| task.rounds.load(Ordering::Relaxed) == 100)
    );
    let weak: Vec<_> = tasks.iter().map(Arc::downgrade).collect();
    drop(tasks);
    assert!(
        weak.iter().all(|task| task.strong_count() == 0),
        "ended tasks are kept"
    );
    // So many stacks that some are freed, and mapped again.
    for _ in 0..2 {
        let many: Vec<_> = (0..300)
            .map(|_| Task::new(Payload::default(), count_rounds, FpuInit::Reset).unwrap())
            .collect();
        let stacks = machine::mem::stats().kernel_stacks;
        assert!(stacks >= 300 * 16384);
        drop(many);
        assert!(machine::mem::stats().kernel_stacks < 140 * 16384);
    }
    test_fpu();
}

fn run_program(current: &Arc<Task<Payload>>) -> ! {
    let mut regs = current.regs.unwrap();
    loop {
        match user::run(&mut regs, IrqGuard::new()) {
            UserEvent::Syscall => {
                let rounds = current.rounds.fetch_add(1, Ordering::Relaxed);
                if STOP.load(Ordering::Relaxed) {
                    FINISHED.fetch_add(1, Ordering::Relaxed);
                    leave();
                }
                if rounds % 3 == 0 {
                    yield_now();
                }
            }
            UserEvent::Interrupt => {
                if STOP.load(Ordering::Relaxed) {
                    FINISHED.fetch_add(1, Ordering::Relaxed);
                    leave();
                }
                if preempt::need_resched() {
                    preempt::clear_need_resched();
                    yield_now();
                }
            }
            UserEvent::Exception(exception) => panic!("program: {exception:?} {regs:x?}"),
        }
    }
}

static STOP: AtomicBool = AtomicBool::new(false);

fn spawn_programs(
    count: u64,
    program: *const [u8; 0],
    space: &Arc<AddressSpace>,
) -> Vec<Arc<Task<Payload>>> {
    (0..count)
        .map(|n| {
            let regs = regs_for(program, 0x1111_1111_1111 * (n + 1), n);
            let payload = Payload {
                regs: Some(regs),
                space: Some(space.clone()),
                ..Payload::default()
            };
            spawn(payload, run_program)
        })
        .collect()
}

fn test_fpu() {
    FINISHED.store(0, Ordering::Relaxed);
    let space = space_with_code();
    let mut tasks = spawn_programs(3, &raw const program_fpu, &space);
    tasks.extend(spawn_programs(2, &raw const programs_start, &space));
    while tasks
        .iter()
        .any(|task| task.rounds.load(Ordering::Relaxed) < 200)
    {
        yield_now();
    }
    STOP.store(true, Ordering::Relaxed);
    while FINISHED.load(Ordering::Relaxed) < 5 {
        yield_now();
    }
    STOP.store(false, Ordering::Relaxed);
    let mut image = vec![0; machine::fpu::area_size()];
    machine::fpu::save_current(&mut image);
    assert!(machine::fpu::restore_current(&image).is_ok());
    image[24..28].fill(0xff);
    assert!(machine::fpu::restore_current(&image).is_err());
    test_fpu_frames();
    AddressSpace::activate_kernel();
}

fn test_fpu_frames() {
    use machine::fpu;
    let space = space_with_code();
    space.activate();
    *SPACE_FOR_FAULTS.lock() = Some(space.clone());
    fpu::reset_current();
    let at = DATA + 4096 - 256;
    fpu::save_to_user(at).unwrap();
    assert_eq!(uaccess::read_u32(at + 24), Ok(0x1f80));
    assert_eq!(uaccess::read_u16(at), Ok(0x37f));
    // The first SSE register, and the bit that says that there is something in it.
    uaccess::write_u64(at + 160, 0x1234_5678_9abc_def0).unwrap();
    if fpu::area_size() > 512 {
        uaccess::write_u64(at + 512, 3).unwrap();
    }
    assert!(fpu::restore_from_user(at, true).is_ok());
    let mut image = vec![0; fpu::area_size()];
    fpu::save_current(&mut image);
    assert_eq!(image[160..168], 0x1234_5678_9abc_def0_u64.to_le_bytes());
    // Only the legacy part.
    uaccess::write_u64(at + 160, 77).unwrap();
    assert!(fpu::restore_from_user(at, false).is_ok());
    fpu::save_current(&mut image);
    assert_eq!(image[160..168], 77_u64.to_le_bytes());
    // Bad ones reset it.
    if fpu::area_size() > 512 {
        uaccess::write_u64(at + 512, 1 << 62).unwrap();
        assert!(fpu::restore_from_user(at, true).is_err());
    }
    assert!(fpu::restore_from_user(at + 1, true).is_err());
    assert!(fpu::restore_from_user(usize::MAX - 63, true).is_err());
    assert!(fpu::restore_from_user(0x1000, true).is_err());
    assert!(fpu::save_to_user(0x1000).is_err());
    assert!(fpu::save_to_user(CODE).is_err());
    fpu::save_current(&mut image);
    assert_eq!(image[160..168], [0; 8]);
    per_round("FPU state to user memory and back", 1000, || {
        fpu::save_to_user(at).unwrap();
        fpu::restore_from_user(at, true).unwrap();
    });
    *SPACE_FOR_FAULTS.lock() = None;
}

fn measure() {
    per_round("nothing", 1000, || ());
    per_round("heap pair of 64 bytes", 1000, || {
        drop(core::hint::black_box(Box::new([0_u64; 8])))
    });
    per_round("heap pair of 1000 bytes", 1000, || {
        drop(core::hint::black_box(Vec::<u8>::with_capacity(1000)))
    });
    per_round("heap pair of 8 KiB", 1000, || {
        drop(core::hint::black_box(Vec::<u8>::with_capacity(8192)))
    });
    per_round("spin lock", 1000, || drop(SPACE_FOR_FAULTS.lock()));
    per_round("irq spin lock", 1000, || drop(QUEUE.lock()));
    per_round("new page", 1000, || drop(Page::new_zeroed()));
    let page = Page::new_zeroed().unwrap();
    per_round("copied page", 1000, || drop(Page::new_copy(&page)));
    per_round("page clone", 1000, || drop(page.clone()));
    per_round("new address space", 100, || drop(AddressSpace::new()));
    let space = space_with_code();
    space.activate();
    let mut regs = regs_for(&raw const programs_start, 1, 2);
    per_round("null system call (4 of them the program's)", 1000, || {
        let _ = user::run(&mut regs, IrqGuard::new());
    });
    let mut regs = regs_for(&raw const program_touch, DATA as u64, 1_000_000);
    let _ = user::run(&mut regs, IrqGuard::new());
    let page = Page::new_zeroed().unwrap();
    per_round("fault and map (4 the program's, no new page)", 1000, || {
        space
            .lock()
            .map(regs.rdi as usize, page.clone(), READ_WRITE)
            .unwrap();
        let _ = user::run(&mut regs, IrqGuard::new());
    });
    let mut at = DATA + (1 << 30);
    per_round("map", 1000, || {
        space.lock().map(at, page.clone(), READ_WRITE).unwrap();
        at += PAGE_SIZE;
    });
    let child = AddressSpace::new().unwrap();
    let begin = time::now();
    space
        .lock()
        .fork_range(
            &mut child.lock(),
            DATA..DATA + (1 << 32),
            ForkMode::CopyOnWrite,
        )
        .unwrap();
    let pages = child.resident_pages() as u64;
    info!(
        "measured: fork of {pages} writable pages: {} each",
        (time::now() - begin) / pages
    );
    let child = AddressSpace::new().unwrap();
    let begin = time::now();
    space
        .lock()
        .fork_range(
            &mut child.lock(),
            DATA..DATA + (1 << 32),
            ForkMode::CopyOnWrite,
        )
        .unwrap();
    info!(
        "measured: fork of {pages} protected pages: {} each",
        (time::now() - begin) / pages
    );
    let begin = time::now();
    drop(child);
    info!(
        "measured: drop of {pages} pages: {} each",
        (time::now() - begin) / pages
    );
    let begin = time::now();
    space.lock().unmap(DATA..usize::MAX, |_, _| ());
    info!(
        "measured: unmap of {pages} pages: {} each",
        (time::now() - begin) / pages
    );
    per_round("new space, fork of 1 page into it, drop", 3033, || {
        let small = AddressSpace::new().unwrap();
        let forked = space
            .lock()
            .fork_range(&mut small.lock(), 0..DATA, ForkMode::CopyOnWrite);
        forked.unwrap();
    });
    uaccess_costs(&space);
    AddressSpace::activate_kernel();

    let other = Task::new(Payload::default(), bounce, FpuInit::Reset).unwrap();
    per_round("switch to a task and back", 1000, || {
        let irq = IrqGuard::new();
        task::with_current::<Payload, _>(|me| *HOME.lock() = Some(me.clone()));
        task::switch_to(other.clone(), &irq);
    });
    per_round("new task and drop", 100, || {
        drop(Task::new(Payload::default(), bounce, FpuInit::CopyCurrent));
    });
}

static HOME: IrqSpinLock<Option<Arc<Task<Payload>>>> = IrqSpinLock::new(Level(2), None);

fn bounce(_: &Arc<Task<Payload>>) -> ! {
    loop {
        let irq = IrqGuard::new();
        let home = HOME.lock().take();
        if let Some(home) = home {
            task::switch_to(home, &irq);
        }
    }
}

fn uaccess_costs(space: &Arc<AddressSpace>) {
    space
        .lock()
        .map(DATA, Page::new_zeroed().unwrap(), READ_WRITE)
        .unwrap();
    let mut buffer = [0; 144];
    per_round("read_u64 of user memory", 1000, || {
        let _ = core::hint::black_box(uaccess::read_u64(core::hint::black_box(DATA)));
    });
    per_round("copy_to_user of 144 bytes", 1000, || {
        let _ = uaccess::copy_to_user(core::hint::black_box(DATA), core::hint::black_box(&buffer));
    });
    per_round("copy_from_user of 16 bytes", 1000, || {
        let _ = uaccess::copy_from_user(core::hint::black_box(&mut buffer[..16]), DATA);
    });
    uaccess::copy_to_user(DATA, b"/usr/lib/x86_64-linux-gnu/ld.so\0").unwrap();
    per_round("read_cstr of 31 bytes", 1000, || {
        let _ = uaccess::read_cstr(
            core::hint::black_box(DATA),
            core::hint::black_box(&mut buffer),
        );
    });
}

fn other_cpu() -> ! {
    let _idle = Task::adopt_boot_context(Payload::default());
    drop_boot_irq();
    time::arm(time::now() + 1_000_000);
    ONLINE.fetch_add(1, Ordering::Relaxed);
    loop {
        yield_now();
        cpu::relax();
    }
}

/// CPUs start with interrupts off and no guard; a nap turns them on.
fn drop_boot_irq() {
    time::arm(time::now() + 100_000);
    cpu::wait_for_interrupt(IrqGuard::new());
}

static ONLINE: AtomicUsize = AtomicUsize::new(0);

fn test_many_cpus() {
    TICKING.store(true, Ordering::Relaxed);
    machine::smp::start_others(64, other_cpu);
    while ONLINE.load(Ordering::Relaxed) + 1 < cpu::count() {
        cpu::relax();
    }
    info!("{} CPUs", cpu::count());
    MULTITASKING.store(true, Ordering::Relaxed);
    time::arm(time::now() + 1_000_000);
    FINISHED.store(0, Ordering::Relaxed);
    let space = space_with_code();
    let first = Page::new_zeroed().unwrap();
    first.store_u32(0, 1);
    space.lock().map(DATA, first, Prot::READ).unwrap();
    let mut tasks = spawn_programs(4, &raw const program_fpu, &space);
    for _ in 0..4 {
        let mut regs = regs_for(&raw const program_read, DATA as u64, 1);
        regs.rdx = 2;
        let payload = Payload {
            regs: Some(regs),
            space: Some(space.clone()),
            ..Payload::default()
        };
        tasks.push(spawn(payload, run_program));
    }
    let end = time::now() + 2_000_000_000;
    let mut rounds = 0;
    while time::now() < end {
        // The page is replaced under the readers; the old one is overwritten as soon as it is let go.
        let page = Page::new_zeroed().unwrap();
        page.store_u32(0, 1 + rounds % 2);
        let old = space.lock().get(DATA).unwrap().page;
        space.lock().map(DATA, page, Prot::READ).unwrap();
        old.store_u32(0, 99);
        drop(old);
        for n in 0..50 {
            space
                .lock()
                .map(
                    DATA + (n + 2) * PAGE_SIZE,
                    Page::new_zeroed().unwrap(),
                    READ_WRITE,
                )
                .unwrap();
        }
        space
            .lock()
            .unmap(DATA + 2 * PAGE_SIZE..DATA + (1 << 30), |_, _| ());
        heap_storm(rounds);
        rounds += 1;
        yield_now();
    }
    STOP.store(true, Ordering::Relaxed);
    while FINISHED.load(Ordering::Relaxed) < 8 {
        yield_now();
    }
    let calls: u64 = tasks
        .iter()
        .map(|task| task.rounds.load(Ordering::Relaxed))
        .sum();
    info!(
        "{rounds} rounds of shootdowns, {calls} system calls, {} ticks",
        TIMER_TICKS.load(Ordering::Relaxed)
    );
}

fn heap_storm(seed: u32) {
    let boxes: Vec<Box<[u32; 20]>> = (0..100).map(|n| Box::new([n ^ seed; 20])).collect();
    assert!(
        boxes
            .iter()
            .enumerate()
            .all(|(n, b)| b.iter().all(|&word| word == n as u32 ^ seed))
    );
}
