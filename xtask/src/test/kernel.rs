//! The kernel's own tests: a kernel built with the feature `ktest`, booted with the option of that name.
use super::report::Report;
use super::setting::Setting;
use crate::image::initramfs;
use crate::kernel::{self, Flavour};
use crate::options::TestOptions;
use crate::qemu::guest::{Console, End};
use crate::qemu::session::{Finish, Session};
use crate::step;
use anyhow::Result;
use std::time::Duration;

/// How long all tests of the kernel together may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// A test that the kernel runs only when it is asked for by name, and that fails.
const SELF_CHECK: &str = "fails_on_purpose";

/// Runs the kernel tests whose name contains the filter.
pub fn run(options: &TestOptions) -> Result<Report> {
    let mut report = Report::default();
    let image = kernel::build(Flavour::Tests)?;
    for mut setting in Setting::all(options)? {
        setting.kernel.clone_from(&image);
        step::progress(&format!("kernel: tests with --smp {}", setting.smp));
        let option = options
            .filter
            .as_ref()
            .map_or("ktest".to_owned(), |filter| format!("ktest={filter}"));
        let (finish, log) = boot(&setting, &option)?;
        count(&finish, &log, &setting, &mut report);
        if options.filter.is_none() {
            let (finish, log) = boot(&setting, &format!("ktest={SELF_CHECK}"))?;
            let noticed =
                finish.end == Some(End::TestsFailed) && log.contains("0 passed, 1 failed");
            let result = if noticed {
                Ok(())
            } else {
                Err(format!("a failing test was not noticed:\n{log}"))
            };
            report.record(&setting.name("kernel", "self-check"), result);
        }
    }
    Ok(report)
}

/// Boots the test kernel; also returns all that it said.
pub fn boot(setting: &Setting, option: &str) -> Result<(Finish, String)> {
    let initramfs = initramfs::build()?;
    let machine = setting.machine(
        Some(&initramfs),
        &format!("console=ttyS1 panic=-1 {option}"),
    );
    let mut log = Vec::new();
    let session = Session {
        timeout: Some(PATIENCE),
        log: Some(Box::new(|bytes| log.extend_from_slice(bytes))),
        ..Session::default()
    };
    let finish = session.run(&machine, Console::Captured)?;
    Ok((finish, String::from_utf8_lossy(&log).into_owned()))
}

fn count(finish: &Finish, log: &str, setting: &Setting, report: &mut Report) {
    let mut results = 0;
    for line in log.lines() {
        let Some((name, result)) = line
            .split_once("ktest: ")
            .and_then(|(_, rest)| rest.split_once(" ... "))
        else {
            continue;
        };
        results += 1;
        match result.trim().strip_prefix("FAILED") {
            None => report.pass(),
            Some(why) => report.fail(
                &setting.name("kernel", name),
                why.trim_start_matches([':', ' ']),
            ),
        }
    }
    let ended_well = matches!(finish.end, Some(End::TestsPassed | End::TestsFailed));
    if !ended_well || results == 0 {
        let why = format!(
            "the tests did not come to their end ({:?}); the log ends:\n{}",
            finish.end, finish.log
        );
        report.fail(&setting.name("kernel", "all"), &why);
    }
}
