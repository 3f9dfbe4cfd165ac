//! `./x test`: every class of tests, each able to run alone. The last line is "N passed, N failed".
mod batch;
mod boot;
mod case;
mod differential;
mod host;
mod kernel;
mod oracle;
pub mod report;
mod setting;

use crate::options::TestOptions;
use anyhow::{Result, bail};
use report::Report;
use std::time::Instant;

/// The classes in the order they run in.
const CLASSES: [&str; 5] = ["host", "kernel", "boot", "user", "busybox"];

/// Runs the tests that were asked for; the result is our exit status.
pub fn run(options: &TestOptions) -> Result<u8> {
    let chosen: Vec<&str> = match &options.class {
        None => CLASSES.to_vec(),
        Some(class) => CLASSES.into_iter().filter(|known| known == class).collect(),
    };
    if chosen.is_empty() {
        bail!("the classes of tests are {}", CLASSES.join(", "));
    }
    let mut total = Report::default();
    for class in chosen {
        // Debian's Linux has none of our kernel's own tests.
        if options.linux && class == "kernel" {
            continue;
        }
        let start = Instant::now();
        let report = run_class(class, options).unwrap_or_else(|error| {
            let mut report = Report::default();
            report.fail(class, &format!("the tests cannot be run: {error:#}"));
            report
        });
        println!(
            "{class}: {} ({} s)",
            report.summary(),
            start.elapsed().as_secs()
        );
        total.add(&report);
    }
    println!("{}", total.summary());
    Ok(u8::from(!total.is_success()))
}

fn run_class(class: &str, options: &TestOptions) -> Result<Report> {
    let filter = options.filter.as_deref().unwrap_or_default();
    match class {
        "host" => host::run(options),
        "kernel" => kernel::run(options),
        "boot" => boot::run(options),
        "user" => differential::run(class, case::programs(filter)?, options),
        _ => differential::run(class, case::scripts(filter)?, options),
    }
}
