//! The layout of a user address space as pure logic: which ranges are mapped how, and what a new program finds.
//!
//! [`VmaMap`] is the ordered set of mappings ([`Vma`]) behind `mmap(2)` and its like, [`layout`] says where the parts of
//! a program go, [`elf_plan`] what of its file is mapped, and [`stack_image`] what lies on its stack. Nothing here touches
//! memory; the kernel's `memory` module gives it objects to map and acts on what it answers.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

pub mod elf_plan;
pub mod layout;
mod map;
pub mod script;
pub mod stack_image;
mod vma;

pub use map::{Full, MAX_MAPPINGS, Totals, VmaMap};
pub use vma::{Vma, VmaFlags};
