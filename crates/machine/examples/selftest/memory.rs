//! Heap, strings, pages and address spaces.

use super::*;

pub(crate) fn test_heap() {
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
pub(crate) fn test_strings() {
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

pub(crate) fn test_pages() {
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

pub(crate) fn test_spaces() {
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

pub(crate) fn test_forks() {
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
