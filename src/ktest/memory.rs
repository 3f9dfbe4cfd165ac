//! Pages and address spaces, from the kernel's side.

use alloc::vec::Vec;

use machine::mem::{self, PAGE_SIZE, Page};

use super::{Outcome, check, check_eq, tests};
use crate::memory::MemoryMap;

tests!("memory":
    pages_come_back,
    a_fresh_page_is_zero,
    a_counted_page_lives_until_the_last_handle,
    address_spaces_come_back,
    exhaustion_is_an_error,
);

fn page() -> Result<Page, alloc::string::String> {
    Page::new_zeroed().map_err(|_| "no page".into())
}

/// Free memory may be in per-CPU caches, which hold less than this.
const CACHED: usize = 4 << 20;

fn pages_come_back() -> Outcome {
    let before = mem::stats().free;
    let pages: Result<Vec<Page>, _> = (0..2048).map(|_| page()).collect();
    check!(mem::stats().free + 2048 * PAGE_SIZE <= before + CACHED);
    drop(pages?);
    check!(mem::stats().free + CACHED >= before);
    Ok(())
}

fn a_fresh_page_is_zero() -> Outcome {
    let dirty = page()?;
    dirty.fill(0, PAGE_SIZE, 0xaa);
    drop(dirty);
    let fresh = page()?;
    let mut bytes = [1; PAGE_SIZE];
    fresh.read(0, &mut bytes);
    check!(bytes.iter().all(|&byte| byte == 0));
    Ok(())
}

fn a_counted_page_lives_until_the_last_handle() -> Outcome {
    let first = page()?;
    check!(!first.is_shared());
    let second = first.clone();
    check!(first.is_shared() && first.ptr_eq(&second));
    first.write(100, b"kept");
    drop(first);
    check!(!second.is_shared());
    let mut bytes = [0; 4];
    second.read(100, &mut bytes);
    check_eq!(&bytes, b"kept");
    Ok(())
}

fn address_spaces_come_back() -> Outcome {
    let before = mem::stats().free;
    for _ in 0..2000 {
        MemoryMap::new().map_err(|error| alloc::format!("{error}"))?;
    }
    check!(mem::stats().free + CACHED >= before);
    Ok(())
}

/// Pages for programs run out before memory for the kernel does, and all come back.
fn exhaustion_is_an_error() -> Outcome {
    let before = mem::stats().free;
    let mut pages = Vec::new();
    while let Ok(page) = Page::new_zeroed() {
        pages.push(page);
    }
    check!(!mem::has_reserve());
    let kernel: Vec<u8> = alloc::vec![1; 64 << 10];
    check_eq!(kernel.len(), 64 << 10);
    drop(pages);
    check!(mem::has_reserve());
    check!(mem::stats().free + CACHED >= before);
    Ok(())
}
