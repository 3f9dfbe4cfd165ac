//! `./x lint` and `./x fmt`: what can be said of the source without running it.
use crate::test::report::Report;
use crate::toolchain::{Toolchain, clear_cargo_environment};
use crate::{kernel, step, tree};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest that a source file may be.
const LONGEST: usize = 600;
/// Where `unsafe` may be written.
const UNSAFE_HOMES: [&str; 3] = ["crates/machine/", "crates/ksync/", "xtask/"];

/// Formats the source.
pub fn format() -> Result<u8> {
    step::run("formatting", cargo().arg("fmt"))?;
    Ok(0)
}

/// Runs all checks; the result is our exit status.
pub fn lint() -> Result<u8> {
    let mut report = Report::default();
    report.record(
        "lint: rustfmt",
        check("checking the format", cargo().args(["fmt", "--check"])),
    );
    if clippy_is_there() {
        let mut host = cargo();
        host.args(["clippy", "--quiet", "--all-targets", "--", "-Dwarnings"]);
        report.record(
            "lint: clippy for the host",
            check("clippy for the host", &mut host),
        );
        report.record(
            "lint: clippy for the kernel",
            check("clippy for the kernel", &mut kernel_clippy()?),
        );
    } else {
        println!("lint: clippy is not installed for this compiler; skipped");
    }
    let files = sources()?;
    report.record(
        "lint: unsafe only where it belongs",
        unsafe_elsewhere(&files),
    );
    report.record("lint: length of files", long_files(&files));
    report.record("lint: each file says what it is", without_opening(&files));
    println!("lint: {}", report.summary());
    Ok(u8::from(!report.is_success()))
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    clear_cargo_environment(&mut cargo);
    cargo
        .current_dir(tree::root())
        .env("CARGO_TERM_COLOR", "never");
    cargo
}

fn check(what: &str, command: &mut Command) -> Result<(), String> {
    step::run(what, command).map_err(|error| format!("{error:#}"))
}

fn clippy_is_there() -> bool {
    cargo()
        .args(["clippy", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn kernel_clippy() -> Result<Command> {
    let toolchain = Toolchain::for_kernel()?;
    let mut command = toolchain.cargo("clippy");
    command.args([
        "--quiet",
        "--release",
        "--package",
        "rustos",
        "--package",
        "machine",
    ]);
    command.env(
        "CARGO_ENCODED_RUSTFLAGS",
        kernel::rust_flags(&toolchain).join("\x1f"),
    );
    command.args(["--features", "rustos/ktest", "--", "-Dwarnings"]);
    Ok(command)
}

/// The files that git knows, or would know.
fn sources() -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(tree::root());
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let output = git.output()?;
    if !output.status.success() {
        bail!(
            "git ls-files failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(list
        .lines()
        .map(PathBuf::from)
        .filter(|path| tree::root().join(path).is_file())
        .collect())
}

fn with_extension<'a>(
    files: &'a [PathBuf],
    extensions: &'a [&str],
) -> impl Iterator<Item = (&'a Path, String)> {
    let wanted = |path: &&PathBuf| {
        extensions
            .iter()
            .any(|&end| path.extension().is_some_and(|found| found == end))
    };
    files.iter().filter(wanted).filter_map(|path| {
        let text = std::fs::read_to_string(tree::root().join(path)).ok()?;
        Some((path.as_path(), text))
    })
}

fn none_of(findings: Vec<String>) -> Result<(), String> {
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n"))
    }
}

fn unsafe_elsewhere(files: &[PathBuf]) -> Result<(), String> {
    let mut findings = Vec::new();
    for (path, text) in with_extension(files, &["rs"]) {
        let at_home = UNSAFE_HOMES.iter().any(|home| path.starts_with(home));
        // Programs for the guest are not part of the kernel.
        if at_home || path.starts_with("user") || path.starts_with("tests") {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            if words.any(|word| word == "unsafe") {
                findings.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    none_of(findings)
}

fn long_files(files: &[PathBuf]) -> Result<(), String> {
    let long = |(path, text): (&Path, String)| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{}: {lines} lines", path.display()))
    };
    none_of(
        with_extension(files, &["rs", "c", "h", "sh"])
            .filter_map(long)
            .collect(),
    )
}

fn without_opening(files: &[PathBuf]) -> Result<(), String> {
    let silent = |(path, text): (&Path, String)| {
        (!text.starts_with("//!"))
            .then(|| format!("{}: does not open with a //! sentence", path.display()))
    };
    none_of(with_extension(files, &["rs"]).filter_map(silent).collect())
}
