//! The entry point of the kernel image.
#![no_std]
#![no_main]

machine::entry!(rustos::init::start);
