//! The hardware, behind a small safe API.
#![no_std]
