//! Signal semantics.
#![no_std]
