//! The layout of an address space.
#![no_std]
