//! How processes and threads come to be and end: clone, exec, exit, wait.

pub mod clone;
mod completion;
pub mod exec;
pub mod exit;
pub mod spawn;
pub mod wait;

pub use completion::Completion;
