//! Builds, boots, tests and measures RustOS.
fn main() {}
