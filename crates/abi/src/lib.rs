//! Linux numbers, errors and layouts.
#![no_std]
