//! Tasks and their FPU state.

use super::*;

pub(crate) static QUEUE: IrqSpinLock<Vec<Arc<Task<Payload>>>> =
    IrqSpinLock::new(Level(2), Vec::new());

/// Puts the current task at the end of the queue and runs the first, if there is one.
pub(crate) fn yield_now() {
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

pub(crate) fn leave() -> ! {
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

pub(crate) fn count_rounds(current: &Arc<Task<Payload>>) -> ! {
    assert!(machine::irq::enabled());
    for _ in 0..100 {
        current.rounds.fetch_add(1, Ordering::Relaxed);
        yield_now();
    }
    FINISHED.fetch_add(1, Ordering::Relaxed);
    leave()
}

pub(crate) static FINISHED: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn spawn(payload: Payload, entry: fn(&Arc<Task<Payload>>) -> !) -> Arc<Task<Payload>> {
    let new = Task::new(payload, entry, FpuInit::Reset).unwrap();
    QUEUE.lock().push(new.clone());
    new
}

pub(crate) fn test_tasks() {
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

pub(crate) fn run_program(current: &Arc<Task<Payload>>) -> ! {
    let mut regs = current.regs.unwrap();
    loop {
        match run(&mut regs) {
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
            UserEvent::Attention => unreachable!("kept by `run`"),
        }
    }
}

pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

pub(crate) fn spawn_programs(
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

pub(crate) fn test_fpu() {
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

pub(crate) fn test_fpu_frames() {
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
