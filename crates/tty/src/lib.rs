//! Terminal line discipline.
#![no_std]
