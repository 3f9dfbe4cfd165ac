//! `cargo test` of everything that runs on the host.
use super::report::{Report, shorten};
use crate::options::TestOptions;
use crate::toolchain::clear_cargo_environment;
use crate::{step, tree};
use anyhow::Result;
use std::process::Command;

/// Runs the host tests whose name contains the filter.
pub fn run(options: &TestOptions) -> Result<Report> {
    let mut report = Report::default();
    let filter = options.filter.as_deref();
    let arguments: Vec<&str> = ["--no-fail-fast"].into_iter().chain(filter).collect();
    take(&mut report, &mut cargo_test(&arguments))?;
    take(&mut report, &mut model_checks(filter))?;
    if filter.is_none() {
        self_check(&mut report)?;
    }
    Ok(report)
}

fn cargo_test(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    clear_cargo_environment(&mut cargo);
    cargo
        .current_dir(tree::root())
        .args(["test", "--quiet"])
        .args(arguments)
        .env("CARGO_TERM_COLOR", "never");
    cargo
}

/// The locks' tests once more, under every order of events that loom can think of.
fn model_checks(filter: Option<&str>) -> Command {
    let mut cargo = cargo_test(&["--package", "ksync", "--lib", "--release"]);
    cargo
        .args(filter)
        .arg("--target-dir")
        .arg(tree::target("loom"))
        .env("RUSTFLAGS", "--cfg loom");
    cargo
}

/// Runs cargo and counts its results.
fn take(report: &mut Report, cargo: &mut Command) -> Result<()> {
    let (status, output) = step::output("host: testing the crates", cargo)?;
    let totals = totals(&output);
    report.pass_many(totals.passed);
    if status.success() {
        return Ok(());
    }
    let failures: Vec<&str> = failed_tests(&output);
    for name in &failures {
        report.fail(&format!("host {name}"), &message(&output, name));
    }
    if failures.is_empty() {
        report.fail("host cargo test", &output);
    }
    Ok(())
}

/// A test that fails must be counted as failed.
fn self_check(report: &mut Report) -> Result<()> {
    let mut cargo = cargo_test(&["--package", "xtask", "fails_on_purpose", "--", "--ignored"]);
    let (_, output) = step::output("host: self-check", &mut cargo)?;
    let noticed = totals(&output).failed == 1 && failed_tests(&output).len() == 1;
    let result = if noticed {
        Ok(())
    } else {
        Err(format!("a failing test was not noticed:\n{output}"))
    };
    report.record("host self-check", result);
    Ok(())
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: usize,
    failed: usize,
}

/// Adds up the lines `test result: ok. N passed; N failed; ...`.
fn totals(output: &str) -> Totals {
    let mut totals = Totals::default();
    for line in output
        .lines()
        .filter(|line| line.starts_with("test result: "))
    {
        let number = |what: &str| {
            let words = line
                .split(['.', ';'])
                .find_map(|part| part.trim().strip_suffix(what));
            words
                .and_then(|number| number.trim().parse().ok())
                .unwrap_or(0)
        };
        totals.passed += number("passed");
        totals.failed += number("failed");
    }
    totals
}

/// The names in the lists after `failures:`.
fn failed_tests(output: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut listing = false;
    for line in output.lines() {
        listing = line == "failures:" || (listing && (line.is_empty() || line.starts_with("    ")));
        if listing && line.starts_with("    ") && !line.trim().contains(' ') {
            names.push(line.trim());
        }
    }
    names
}

/// What a failed test printed.
fn message(output: &str, name: &str) -> String {
    let header = format!("---- {name} stdout ----");
    let text = output.split_once(&header).map_or("", |(_, rest)| rest);
    let end = text
        .find("\n---- ")
        .or_else(|| text.find("\nfailures:"))
        .unwrap_or(text.len());
    shorten(text[..end].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "running 3 tests\n.F.\nfailures:\n\n---- a::b stdout ----\nthread panicked\nleft: 1\n\n\
                          failures:\n    a::b\n\ntest result: FAILED. 2 passed; 1 failed; 0 ignored\n\n\
                          test result: ok. 40 passed; 0 failed; 0 ignored\n";

    #[test]
    fn results_of_several_binaries_are_added_up() {
        assert_eq!(
            totals(OUTPUT),
            Totals {
                passed: 42,
                failed: 1
            }
        );
    }

    #[test]
    fn failed_tests_are_named_with_their_message() {
        assert_eq!(failed_tests(OUTPUT), ["a::b"]);
        assert_eq!(message(OUTPUT, "a::b"), "thread panicked\nleft: 1");
    }
}
