//! Run queues and scheduling policies.
#![no_std]
