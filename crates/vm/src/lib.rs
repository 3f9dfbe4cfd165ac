//! The layout of a user address space as pure logic: which ranges are mapped how.
//!
//! [`VmaMap`] is the ordered set of mappings ([`Vma`]) behind `mmap(2)` and its like. Nothing here touches memory;
//! the kernel's `memory` module gives it objects to map and acts on what it answers.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

mod map;
mod vma;

pub use map::{Full, MAX_MAPPINGS, Totals, VmaMap};
pub use vma::{Vma, VmaFlags};
