//! The RustOS kernel: crate map.
#![no_std]
