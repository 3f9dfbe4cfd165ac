//! The default initramfs: Debian's static busybox, a small `/init`, and our own programs.
use super::archive::Archive;
use crate::{step, tree, userland};
use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// Builds `target/initramfs.cpio.gz` and returns its path.
pub fn build() -> Result<PathBuf> {
    let product = tree::target("initramfs.cpio.gz");
    let bytes = compress(&tree()?.to_cpio()?)?;
    crate::kernel::write_if_changed(&product, &bytes)?;
    Ok(product)
}

/// The gzip form of `bytes`; the same every time.
pub fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// The files of the default initramfs.
pub fn tree() -> Result<Archive> {
    let mut tree = Archive::default();
    for directory in [
        "dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "var/run",
    ] {
        tree.directory(directory);
    }
    // Linux gives process 1 its terminal from here; without the node it would start with none.
    tree.device("dev/console", 5, 1);
    tree.device("dev/null", 1, 3);
    tree.program("init", include_str!("init.sh"));
    tree.file(
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    );
    tree.file("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
    tree.file("etc/hostname", "rustos\n");
    tree.file("etc/profile", include_str!("profile.sh"));
    add_busybox(&mut tree)?;
    for program in userland::programs()? {
        tree.program_from(&format!("bin/{}", program.name), &program.path)?;
    }
    Ok(tree)
}

/// Adds busybox as `/bin/busybox` with a link for each of its applets.
pub fn add_busybox(tree: &mut Archive) -> Result<()> {
    tree.program_from("bin/busybox", &busybox()?)?;
    for path in applets()? {
        if path != "linuxrc" {
            tree.link(&path, "/bin/busybox");
        }
    }
    Ok(())
}

/// The paths of busybox's applets, such as `bin/ls`.
pub fn applets() -> Result<Vec<String>> {
    let (status, list) = step::output(
        "listing busybox's applets",
        Command::new(busybox()?).arg("--list-full"),
    )?;
    if !status.success() {
        bail!("busybox --list-full failed ({status}): {list}");
    }
    Ok(list
        .lines()
        .map(str::to_owned)
        .filter(|path| path != "bin/busybox")
        .collect())
}

/// Debian's static busybox: installed, or unpacked by `x` below `target/`.
pub fn busybox() -> Result<PathBuf> {
    let places = [
        tree::target("x/debian/bin/busybox"),
        "/bin/busybox".into(),
        "/usr/bin/busybox".into(),
    ];
    let found = places.into_iter().find(|path| is_static(path));
    found.context("no static busybox here: run `./x`, or install Debian's busybox-static")
}

/// A program without an interpreter (dynamic linker) needs nothing but the kernel.
fn is_static(path: &std::path::Path) -> bool {
    use object::elf::{FileHeader64, PT_INTERP};
    use object::read::elf::{FileHeader, ProgramHeader};
    let Ok(bytes) = std::fs::read(path) else {
        return false;
    };
    let Ok(header) = FileHeader64::<object::LittleEndian>::parse(&*bytes) else {
        return false;
    };
    let Ok(endian) = header.endian() else {
        return false;
    };
    header
        .program_headers(endian, &*bytes)
        .is_ok_and(|segments| {
            segments
                .iter()
                .all(|segment| segment.p_type(endian) != PT_INTERP)
        })
}
