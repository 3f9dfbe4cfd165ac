//! Compares what tests do in a guest with what they do on the host's Linux.
use super::batch;
use super::case::{self, Case};
use super::oracle::{Oracle, Outcome};
use super::report::{Report, difference, printable, shorten};
use super::setting::Setting;
use crate::options::TestOptions;
use crate::{step, tree};
use anyhow::Result;
use std::collections::BTreeMap;

/// Runs a class of differential tests.
pub fn run(class: &str, mut cases: Vec<Case>, options: &TestOptions) -> Result<Report> {
    let mut report = Report::default();
    if cases.is_empty() {
        return Ok(report);
    }
    case::announce(class, cases.len());
    let checks_itself = options.filter.is_none();
    if checks_itself {
        cases.push(self_check()?);
    }
    let expected = on_the_host(class, &cases, &mut report)?;
    cases.retain(|case| case.only_rustos || expected.contains_key(&case.name));
    for setting in Setting::all(options)? {
        step::progress(&format!(
            "{class}: {} tests in a guest with --smp {}",
            cases.len(),
            setting.smp
        ));
        let results = batch::run(&cases, &setting)?;
        for case in &cases {
            let missing = || Err("it was not run".to_owned());
            let found = results.get(&case.name).cloned().unwrap_or_else(missing);
            let result = found.and_then(|outcome| judge(expected.get(&case.name), &outcome));
            let result = if case.name == SELF_CHECK {
                expect_failure(result)
            } else {
                result
            };
            report.record(&setting.name(class, &case.name), result);
        }
    }
    Ok(report)
}

fn on_the_host(
    class: &str,
    cases: &[Case],
    report: &mut Report,
) -> Result<BTreeMap<String, Outcome>> {
    let oracle = Oracle::new()?;
    let mut expected = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.only_rustos) {
        match oracle.run(case) {
            Ok(outcome) => drop(expected.insert(case.name.clone(), outcome)),
            Err(error) => report.fail(&format!("{class} {}", case.name), &format!("{error:#}")),
        }
    }
    Ok(expected)
}

/// Whether the guest did what Linux does; without an example of that, whether it says all is well.
fn judge(expected: Option<&Outcome>, found: &Outcome) -> Result<(), String> {
    let status = expected.map_or(0, |outcome| outcome.status);
    let same_output = expected.is_none_or(|outcome| outcome.output == found.output);
    if status == found.status && same_output {
        return Ok(());
    }
    let mut why = String::new();
    if status != found.status {
        why.push_str(&format!(
            "exit status {} instead of {status}\n",
            found.status
        ));
    }
    match expected {
        Some(outcome) if !same_output => why.push_str(&difference(&outcome.output, &found.output)),
        Some(_) => {}
        None => why.push_str(&shorten(&printable(&found.output))),
    }
    if !found.errors.is_empty() {
        why.push_str(&format!(
            "\non standard error:\n{}",
            shorten(&printable(&found.errors))
        ));
    }
    Err(why)
}

const SELF_CHECK: &str = "a-difference-is-noticed";

/// A test that cannot but differ.
fn self_check() -> Result<Case> {
    let script = tree::scratch("self-check.sh");
    std::fs::write(
        &script,
        "if [ -e /etc/rustos/runner ]; then echo guest; else echo host; fi\n",
    )?;
    Ok(Case::script(SELF_CHECK, &script))
}

fn expect_failure(result: Result<(), String>) -> Result<(), String> {
    match result {
        Err(why) if why.contains("+guest") => Ok(()),
        Err(why) => Err(format!("failed for another reason than it should: {why}")),
        Ok(()) => Err("a test that differs was taken for equal".into()),
    }
}
