//! User mode: programs, and access to their memory.

use super::*;

/// Runs a program until something happens to it.
pub(crate) fn run(regs: &mut UserRegs) -> UserEvent {
    loop {
        match user::run(regs, &AtomicU32::new(0), &time::Stopwatch::new()) {
            UserEvent::Attention => preempt::clear_need_resched(),
            event => return event,
        }
    }
}

pub(crate) fn test_user() {
    let space = space_with_code();
    space.activate();
    let mut regs = regs_for(&raw const programs_start, 1, 2);
    for _ in 0..3 {
        assert_eq!(run(&mut regs), UserEvent::Syscall);
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
        match run(&mut wild) {
            UserEvent::Exception(exception) => assert_eq!(exception.vector, vector, "for {rip:#x}"),
            other => panic!("{other:?} for {rip:#x}"),
        }
    }
    // Page faults name the address; the instruction can be tried again.
    let mut regs = regs_for(&raw const program_touch, DATA as u64, 5);
    for n in 0..5 {
        match run(&mut regs) {
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
    assert_eq!(run(&mut regs), UserEvent::Syscall);
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
    match run(&mut regs) {
        UserEvent::Exception(fault) => {
            assert!(fault.is_fetch() && fault.is_protection(), "{fault:?}")
        }
        other => panic!("{other:?}"),
    }
    let mut regs = regs_for(&raw const program_touch, CODE as u64, 1);
    match run(&mut regs) {
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

pub(crate) fn test_uaccess() {
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
