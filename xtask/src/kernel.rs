//! Builds the kernel and leaves it, with its symbol table filled in, in `target/`.
use crate::toolchain::Toolchain;
use crate::{step, symbols, tree};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// What the kernel is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// For use: `target/rustos.elf`.
    Plain,
    /// With its own tests inside: `target/rustos-ktest.elf`.
    Tests,
}

impl Flavour {
    /// The finished kernel's file.
    pub fn product(self) -> PathBuf {
        tree::target(match self {
            Flavour::Plain => "rustos.elf",
            Flavour::Tests => "rustos-ktest.elf",
        })
    }
}

/// Builds the kernel and returns its file. Costs little when nothing has changed.
pub fn build(flavour: Flavour) -> Result<PathBuf> {
    let toolchain = Toolchain::for_kernel()?;
    let mut cargo = toolchain.cargo("build");
    cargo.args(["--release", "--package", "rustos", "--bin", "rustos"]);
    cargo.args(["--message-format=json-render-diagnostics"]);
    cargo.env(
        "CARGO_ENCODED_RUSTFLAGS",
        rust_flags(&toolchain).join("\x1f"),
    );
    if flavour == Flavour::Tests {
        cargo.args(["--features", "ktest"]);
    }
    let linked = executable(&mut cargo)?;
    let mut image =
        std::fs::read(&linked).with_context(|| format!("cannot read {}", linked.display()))?;
    if let Err(missing) = symbols::fill_in(&mut image)? {
        eprintln!("x: warning: {missing}");
    }
    let product = flavour.product();
    write_if_changed(&product, &image)?;
    Ok(product)
}

/// The compiler's flags: a kernel at a fixed address in the top 2 GiB, with frame pointers for its
/// backtraces, laid out by the linker script of `crates/machine`.
pub fn rust_flags(toolchain: &Toolchain) -> Vec<String> {
    let script = tree::root().join("crates/machine/kernel.ld");
    let mut flags: Vec<String> = [
        "-Crelocation-model=static",
        "-Ccode-model=kernel",
        "-Cforce-frame-pointers=yes",
    ]
    .map(Into::into)
    .into();
    flags.push(format!("-Clink-arg=-T{}", script.display()));
    flags.extend(toolchain.linker_flags());
    flags
}

/// Runs cargo and finds in its messages the executable that it made.
fn executable(cargo: &mut Command) -> Result<PathBuf> {
    let (status, output) = step::output("building the kernel", cargo)?;
    if !status.success() {
        let readable = output.lines().filter(|line| !line.starts_with('{'));
        bail!(
            "the kernel does not build:\n{}",
            readable.collect::<Vec<_>>().join("\n")
        );
    }
    let marker = "\"executable\":\"";
    let path = output.lines().rev().find_map(|line| {
        let start = line.find(marker)? + marker.len();
        line.get(start..)?.split('"').next().map(PathBuf::from)
    });
    path.context("cargo names no executable of the kernel")
}

/// Writes a product only when it differs, so that its time says when it changed.
pub fn write_if_changed(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
