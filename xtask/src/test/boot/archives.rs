//! Initramfs archives that are large, broken or otherwise unusual.
use crate::image::archive::Archive;
use crate::image::initramfs;
use crate::qemu::session::{self, Input};
use crate::tree;
use crate::userland::{self, Libc};
use anyhow::Result;

/// An initramfs followed by the archive that has its init run a command.
pub fn commanded(mut initramfs: Vec<u8>, command: &str, input: Input) -> Result<Vec<u8>> {
    session::append_archive(&mut initramfs, &session::command_archive(command, input))?;
    Ok(initramfs)
}

/// The default archive without compression, and one more behind it.
pub fn plain_archive() -> Result<Vec<u8>> {
    commanded(
        initramfs::tree()?.to_cpio()?,
        "echo plain; exit 5",
        Input::None,
    )
}

/// An archive with a file of 120 MiB at its end.
pub fn large_archive() -> Result<Vec<u8>> {
    let mut tree = initramfs::tree()?;
    tree.extend(session::command_archive("wc -c /zeros", Input::None));
    tree.file("zeros", vec![0; 120 << 20]);
    tree.to_cpio()
}

/// An archive that ends in the midst of busybox.
pub fn truncated_archive() -> Result<Vec<u8>> {
    let mut bytes = initramfs::tree()?.to_cpio()?;
    bytes.truncate(bytes.len() / 2);
    Ok(bytes)
}

/// The default initramfs with some of its compressed bytes changed.
pub fn corrupt_gzip() -> Result<Vec<u8>> {
    let mut bytes = std::fs::read(initramfs::build()?)?;
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 64] {
        *byte ^= 0xa5;
    }
    Ok(bytes)
}

/// An init that a fault ends.
pub fn faulting_init() -> Result<Vec<u8>> {
    let program = tree::scratch("faulting-init");
    userland::compile_c(
        &[tree::root().join("tests/boot/faulting_init.c")],
        &program,
        Libc::Musl,
    )?;
    let mut tree = Archive::default();
    tree.device("dev/console", 5, 1);
    tree.program_from("init", &program)?;
    tree.to_cpio()
}

/// An init that no kernel can execute, and nothing else.
pub fn init_that_is_text() -> Result<Vec<u8>> {
    let mut tree = Archive::default();
    tree.device("dev/console", 5, 1);
    tree.program("init", "just words\n");
    tree.to_cpio()
}
