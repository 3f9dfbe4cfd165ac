//! A CD image that GRUB boots on a PC BIOS: the kernel by multiboot2, the initramfs as its module.
use crate::{step, toolchain};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Writes the image to `iso`.
pub fn build(kernel: &Path, initrd: &[u8], command_line: &str, iso: &Path) -> Result<()> {
    let mkrescue = toolchain::require_program("grub-mkrescue", "grub-common")?;
    toolchain::require_program("xorriso", "xorriso")?;
    toolchain::require_program("mformat", "mtools")?;
    if !Path::new("/usr/lib/grub/i386-pc").is_dir() {
        bail!("GRUB's files for PC BIOSes are not installed (Debian package grub-pc-bin)");
    }
    let content = tempfile::tempdir()?;
    let boot = content.path().join("boot");
    fs::create_dir_all(boot.join("grub"))?;
    fs::copy(kernel, boot.join("rustos.elf")).context("cannot copy the kernel")?;
    fs::write(boot.join("initramfs"), initrd)?;
    fs::write(boot.join("grub/grub.cfg"), menu(command_line))?;
    let mut command = Command::new(mkrescue);
    command
        .args(["--directory=/usr/lib/grub/i386-pc", "-o"])
        .arg(iso)
        .arg(content.path());
    step::run("building the ISO image", &mut command)
}

/// GRUB's configuration: boots at once, with no menu to wait for. GRUB joins the words again by spaces.
/// It must not unpack the initramfs: it knows nothing of archives that follow a compressed one.
fn menu(command_line: &str) -> String {
    let words = command_line
        .split_whitespace()
        .map(|word| format!(" '{}'", word.replace('\'', "'\\''")));
    format!(
        "set timeout=0\nmenuentry RustOS {{\n  multiboot2 /boot/rustos.elf{}\n  module2 --nounzip /boot/initramfs\n}}\n",
        words.collect::<String>()
    )
}
