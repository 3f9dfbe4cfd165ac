//! Lock and waiter algorithms.
#![no_std]
