//! Compiles programs for the guest: our own of `user/` and the tests of `tests/`, all static Linux programs.
use crate::{step, toolchain, tree};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A compiled program.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name in the guest.
    pub name: String,
    /// Its file on the host.
    pub path: PathBuf,
}

/// Which C library a program is linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// musl, by Debian's musl-tools.
    Musl,
    /// The host's glibc.
    Glibc,
}

/// The programs of `user/`, as far as there is a compiler for them.
pub fn programs() -> Result<Vec<Program>> {
    if toolchain::find_program("musl-gcc").is_none() {
        return Ok(Vec::new());
    }
    let user = tree::root().join("user");
    let mut programs = Vec::new();
    for directory in sorted_entries(&user).unwrap_or_default() {
        let sources = with_extension(&directory, "c");
        if let (Some(name), false) = (file_name(&directory), sources.is_empty()) {
            let path = tree::scratch(&format!("user-{name}"));
            compile_c(&sources, &path, Libc::Musl)?;
            programs.push(Program { name, path });
        }
    }
    Ok(programs)
}

/// One program of `user/`.
pub fn program(name: &str) -> Result<Program> {
    toolchain::require_program("musl-gcc", "musl-tools")?;
    let found = programs()?.into_iter().find(|program| program.name == name);
    found.with_context(|| format!("there is no program user/{name}"))
}

/// Compiles a C program from its sources, if it is older than anything in their directories.
pub fn compile_c(sources: &[PathBuf], product: &Path, libc: Libc) -> Result<()> {
    if is_newer_than_neighbours(product, sources) {
        return Ok(());
    }
    let compiler = match libc {
        Libc::Musl => toolchain::require_program("musl-gcc", "musl-tools")?,
        Libc::Glibc => toolchain::require_program("gcc", "gcc")?,
    };
    let mut command = Command::new(compiler);
    command.args(["-static", "-O2", "-g", "-Wall", "-Wextra", "-pthread"]);
    if sources.iter().any(|source| defines_start(source)) {
        command.arg("-nostdlib");
    }
    command.arg("-o").arg(product).args(sources);
    step::run(&format!("compiling {}", describe(sources)), &mut command)
}

/// A program that brings its own `_start` wants no C library.
fn defines_start(source: &Path) -> bool {
    std::fs::read_to_string(source).is_ok_and(|text| text.contains("void _start(void)"))
}

/// Compiles a Rust program of one file, if it is older than its source.
pub fn compile_rust(source: &Path, product: &Path) -> Result<()> {
    let sources = [source.to_owned()];
    if is_newer_than_neighbours(product, &sources) {
        return Ok(());
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.args([
        "--edition=2024",
        "-O",
        "-Cpanic=abort",
        "-Ctarget-feature=+crt-static",
    ]);
    // Naming the target keeps +crt-static away from procedural macros and build scripts.
    command
        .args(["--target=x86_64-unknown-linux-gnu", "-o"])
        .arg(product)
        .arg(source);
    step::run(&format!("compiling {}", describe(&sources)), &mut command)
}

fn describe(sources: &[PathBuf]) -> String {
    let root = tree::root();
    let relative = |path: &PathBuf| {
        path.strip_prefix(&root)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    sources.first().map(relative).unwrap_or_default()
}

/// Whether `product` is newer than every source, and every header beside a source or one level below.
fn is_newer_than_neighbours(product: &Path, sources: &[PathBuf]) -> bool {
    let Some(made) = modified(product) else {
        return false;
    };
    let mut inputs = sources.to_vec();
    for directory in sources.iter().filter_map(|source| source.parent()) {
        inputs.extend(with_extension(directory, "h"));
        for below in sorted_entries(directory)
            .unwrap_or_default()
            .iter()
            .filter(|path| path.is_dir())
        {
            inputs.extend(with_extension(below, "h"));
        }
    }
    inputs
        .iter()
        .all(|input| modified(input).is_some_and(|time| time < made))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

/// The files in `directory` with this extension, in order of their names.
pub fn with_extension(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = sorted_entries(directory).unwrap_or_default();
    entries
        .into_iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

/// The name of a file without its directory, if it is text.
pub fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
}

fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        bail!("{} is no directory", directory.display());
    }
    let mut paths: Vec<_> = std::fs::read_dir(directory)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}
