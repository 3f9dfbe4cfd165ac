//! What operations cost.

use super::*;

pub(crate) fn measure() {
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
        let _ = run(&mut regs);
    });
    let mut regs = regs_for(&raw const program_touch, DATA as u64, 1_000_000);
    let _ = run(&mut regs);
    let page = Page::new_zeroed().unwrap();
    per_round("fault and map (4 the program's, no new page)", 1000, || {
        space
            .lock()
            .map(regs.rdi as usize, page.clone(), READ_WRITE)
            .unwrap();
        let _ = run(&mut regs);
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

pub(crate) static HOME: IrqSpinLock<Option<Arc<Task<Payload>>>> = IrqSpinLock::new(Level(2), None);

pub(crate) fn bounce(_: &Arc<Task<Payload>>) -> ! {
    loop {
        let irq = IrqGuard::new();
        let home = HOME.lock().take();
        if let Some(home) = home {
            task::switch_to(home, &irq);
        }
    }
}

pub(crate) fn uaccess_costs(space: &Arc<AddressSpace>) {
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
