//! `./x bench`: runs `user/bench` as process 1 on RustOS and on Debian's Linux, in a machine whose time counts
//! executed instructions, and compares.
use crate::image::archive::Archive;
use crate::image::initramfs;
use crate::kernel::{self, Flavour};
use crate::options::GuestKernel;
use crate::qemu::accel::Accel;
use crate::qemu::guest::{Console, End};
use crate::qemu::session::Session;
use crate::qemu::{Boot, Machine};
use crate::{debian, step, tree, userland};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one kernel may take for all of it.
const PATIENCE: Duration = Duration::from_secs(1200);

/// The measured operations in their order, each with its cost.
type Rows = Vec<(String, f64)>;

/// Measures, prints the table and writes `target/bench.tsv`; the result is our exit status: 1 if RustOS is
/// slower than Linux anywhere. With `only` one kernel is measured and nothing compared.
pub fn run(only: Option<GuestKernel>) -> Result<u8> {
    let initrd = build_initrd()?;
    if let Some(kernel) = only {
        for (name, value) in measure(kernel, &initrd)? {
            println!("{name:<24} {value:>14.0}");
        }
        return Ok(0);
    }
    let rustos = measure(GuestKernel::RustOs, &initrd)?;
    let linux = measure(GuestKernel::Linux, &initrd)?;
    let table = compare(&rustos, &linux)?;
    let tsv: String = table.iter().map(|row| row.join("\t") + "\n").collect();
    std::fs::write(
        tree::target("bench.tsv"),
        format!("name\tRustOS\tLinux\tratio\n{tsv}"),
    )?;
    println!(
        "{:<24} {:>14} {:>14} {:>7}",
        "operation", "RustOS", "Linux", "ratio"
    );
    for [name, ours, theirs, ratio] in &table {
        println!("{name:<24} {ours:>14} {theirs:>14} {ratio:>7}");
    }
    println!("(executed instructions for each operation)");
    let slower = |row: &[String; 4]| row[3].parse().is_ok_and(|ratio: f64| ratio > 1.0);
    Ok(u8::from(table.iter().any(slower)))
}

/// An initramfs whose `/init` is the benchmark.
fn build_initrd() -> Result<PathBuf> {
    let mut tree = Archive::default();
    for directory in ["dev", "proc", "tmp"] {
        tree.directory(directory);
    }
    tree.device("dev/console", 5, 1);
    tree.program_from("init", &userland::program("bench")?.path)?;
    tree.program_from("bin/tiny", &userland::program("tiny")?.path)?;
    tree.program_from("bin/busybox", &initramfs::busybox()?)?;
    tree.link("bin/sh", "/bin/busybox");
    let path = tree::scratch("bench.cpio");
    kernel::write_if_changed(&path, &tree.to_cpio()?)?;
    Ok(path)
}

fn measure(kernel: GuestKernel, initrd: &Path) -> Result<Rows> {
    let (name, kernel, append) = match kernel {
        GuestKernel::RustOs => ("RustOS", kernel::build(Flavour::Plain)?, ""),
        GuestKernel::Linux => ("Linux", debian::linux()?, "mitigations=off"),
    };
    step::progress(&format!("measuring {name}"));
    let boot = Boot::Direct {
        kernel,
        initrd: Some(initrd.to_owned()),
    };
    let append = format!("console=ttyS0 quiet panic=-1 {append}");
    let machine = Machine {
        deterministic: true,
        ..Machine::new(boot, append, Accel::Tcg)
    };
    let mut output = Vec::new();
    let session = Session {
        timeout: Some(PATIENCE),
        output: Some(Box::new(|bytes| output.extend_from_slice(bytes))),
        ..Session::default()
    };
    let finish = session.run(&machine, Console::Captured)?;
    let text = String::from_utf8_lossy(&output).into_owned();
    if finish.end != Some(End::PoweredOff) || !text.contains("bench-done") {
        bail!(
            "the benchmark did not come to its end on {name} ({:?}):\n{text}",
            finish.end
        );
    }
    Ok(rows(&text))
}

/// Reads the lines `bench NAME VALUE`.
fn rows(text: &str) -> Rows {
    let row = |line: &str| {
        let (name, value) = line.trim().strip_prefix("bench ")?.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

fn compare(rustos: &Rows, linux: &Rows) -> Result<Vec<[String; 4]>> {
    if rustos.is_empty() {
        bail!("the benchmark measured nothing");
    }
    let line = |(name, ours): &(String, f64)| {
        let other = linux.iter().find(|(other, _)| other == name);
        let (_, theirs) = other.with_context(|| format!("Linux has no row {name}"))?;
        Ok([
            name.clone(),
            format!("{ours:.0}"),
            format!("{theirs:.0}"),
            format!("{:.3}", ours / theirs),
        ])
    };
    rustos.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_by_name() {
        let rustos = rows("noise\r\nbench a 50\r\nbench b 12.5\r\nbench-done\r\n");
        let linux = rows("bench b 10\nbench a 100\n");
        let table = compare(&rustos, &linux).expect("both have all rows");
        assert_eq!(table[0].join(" "), "a 50 100 0.500");
        assert_eq!(table[1].join(" "), "b 12 10 1.250");
        assert!(compare(&linux, &rows("bench a 1")).is_err());
    }
}
