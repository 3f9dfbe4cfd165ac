//! Several CPUs.

use super::*;

pub(crate) fn other_cpu() -> ! {
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
pub(crate) fn drop_boot_irq() {
    time::arm(time::now() + 100_000);
    cpu::wait_for_interrupt(IrqGuard::new());
}

pub(crate) static ONLINE: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn test_many_cpus() {
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

pub(crate) fn heap_storm(seed: u32) {
    let boxes: Vec<Box<[u32; 20]>> = (0..100).map(|n| Box::new([n ^ seed; 20])).collect();
    assert!(
        boxes
            .iter()
            .enumerate()
            .all(|(n, b)| b.iter().all(|&word| word == n as u32 ^ seed))
    );
}
