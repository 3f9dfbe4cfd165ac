//! Where the parts of the source tree and of `target/` are.
use std::path::PathBuf;

/// The root of the source tree.
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let mut dir = own.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    dir.pop();
    dir
}

/// `target/NAME`: a finished product.
pub fn target(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// `target/x/NAME`: something remembered or half-finished. The directory is made on the way.
pub fn scratch(name: &str) -> PathBuf {
    let dir = target("x");
    // A failure shows up, with the path, when the file itself is written.
    let _ = std::fs::create_dir_all(&dir);
    dir.join(name)
}
