//! Runs many tests in one guest, and goes on in a fresh one after a test that kills or hangs it.
use super::case::Case;
use super::oracle::{ENVIRONMENT, Outcome};
use super::report::printable;
use super::setting::Setting;
use crate::image::archive::Archive;
use crate::image::initramfs;
use crate::qemu::guest::{Console, End, Event, Guest, Next};
use crate::qemu::session::{self, Input, Log};
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a guest may take to boot, and between two tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much longer than a test's own time the guest has to end it.
const GRACE: Duration = Duration::from_secs(20);

/// What each test did, by its name, or what it did to the guest.
pub type Results = BTreeMap<String, Result<Outcome, String>>;

/// Runs the tests in as few guests as possible.
pub fn run(cases: &[Case], setting: &Setting) -> Result<Results> {
    let mut results = Results::new();
    let (alone, together): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.own_boot);
    let mut rest = together;
    while !rest.is_empty() {
        boot(&rest, setting, &mut results)?;
        rest.retain(|case| !results.contains_key(&case.name));
    }
    for case in alone {
        boot(&[case], setting, &mut results)?;
    }
    Ok(results)
}

/// Boots one guest and runs tests until it ends. At least the first has a result afterwards.
fn boot(cases: &[&Case], setting: &Setting, results: &mut Results) -> Result<()> {
    let mut initrd = std::fs::read(initramfs::build()?)?;
    session::append_archive(&mut initrd, &archive(cases)?)?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), initrd)?;
    let machine = setting.machine(Some(file.path()), "console=ttyS1 panic=-1");
    let mut guest = Guest::start(&machine, Console::Captured)?;
    let mut frames = Frames::default();
    let mut log = Log::default();
    let mut deadline = Instant::now() + PATIENCE;
    let why = loop {
        match guest.next(Some(deadline))? {
            Next::Event(Event::Output(bytes)) => {
                let before = frames.current.clone();
                frames.take(&bytes, results);
                if frames.current != before {
                    deadline = Instant::now() + time_for(frames.current.as_deref(), cases);
                }
            }
            Next::Event(Event::Log(bytes)) => log.take(&bytes, &mut None, None),
            Next::Event(Event::Closed) => {}
            Next::Ended(end) => break explain(&end),
            Next::TimedOut => break "the guest hangs".to_owned(),
        }
    };
    let victim = frames.current.or_else(|| {
        let missing = cases.iter().find(|case| !results.contains_key(&case.name));
        missing.map(|case| case.name.clone())
    });
    if let Some(victim) = victim {
        let log = log.tail();
        results.insert(
            victim,
            Err(format!(
                "{why}; the log ends:\n{}",
                printable(log.as_bytes())
            )),
        );
    }
    Ok(())
}

fn time_for(name: Option<&str>, cases: &[&Case]) -> Duration {
    let case = cases.iter().find(|case| Some(case.name.as_str()) == name);
    // A test that hangs alone is ended in the guest; if that fails, it has taken the guest along.
    case.map_or(PATIENCE, |case| case.timeout + GRACE)
}

fn explain(end: &End) -> String {
    match end {
        End::Panicked => "the kernel panicked".into(),
        End::PoweredOff => "the guest switched itself off, or was reset".into(),
        End::QemuFailed(how) => how.clone(),
        End::TestsPassed | End::TestsFailed => "the guest ended like a kernel test".into(),
    }
}

fn archive(cases: &[&Case]) -> Result<Archive> {
    // Busybox's shell would hand its own ignored SIGQUIT to the last command of all.
    let mut archive = session::command_archive("sh /etc/rustos/runner; exit", Input::None);
    archive.file("etc/rustos/runner", include_str!("runner.sh"));
    let mut environment: Vec<String> = ENVIRONMENT
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    environment.push("PATH=/bin:/usr/bin:/sbin:/usr/sbin".into());
    archive.file("etc/rustos/environment", environment.join("\n"));
    let mut list = String::new();
    for case in cases {
        archive.program_from(&format!("t/{}", case.file_name), &case.file)?;
        let seconds = case.timeout.as_secs();
        list.push_str(&format!(
            "{} {seconds} {}\n",
            case.name,
            case.command.join(" ")
        ));
    }
    archive.file("etc/rustos/tests", list);
    Ok(archive)
}

/// Takes the runner's output apart.
#[derive(Debug, Default)]
struct Frames {
    buffer: Vec<u8>,
    /// The test that is running.
    current: Option<String>,
}

impl Frames {
    fn take(&mut self, bytes: &[u8], results: &mut Results) {
        self.buffer.extend(bytes);
        while let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            let rest = end + 1;
            let words: Vec<&str> = line.trim_end_matches('@').split(' ').collect();
            match words.as_slice() {
                ["@begin", name] => {
                    self.current = Some((*name).to_owned());
                    self.buffer.drain(..rest);
                }
                ["@end", name, status, output, errors] => {
                    let [output, errors] =
                        [output, errors].map(|number| number.parse::<usize>().unwrap_or(0));
                    let all = rest + output + errors;
                    if self.buffer.len() < all {
                        return;
                    }
                    let outcome = Outcome {
                        status: status.parse().unwrap_or(-1),
                        output: self.buffer[rest..rest + output].to_vec(),
                        errors: self.buffer[rest + output..all].to_vec(),
                    };
                    results.insert((*name).to_owned(), Ok(outcome));
                    self.current = None;
                    self.buffer.drain(..all);
                }
                // Somebody else wrote to the terminal.
                _ => drop(self.buffer.drain(..rest)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_in_any_pieces() {
        let stream = b"@begin a@\n@end a 3 4 2@\nx\ny\nE\nnoise\n@begin b@\n";
        for piece in 1..stream.len() {
            let (mut frames, mut results) = (Frames::default(), Results::new());
            for bytes in stream.chunks(piece) {
                frames.take(bytes, &mut results);
            }
            let wanted = Outcome {
                status: 3,
                output: b"x\ny\n".to_vec(),
                errors: b"E\n".to_vec(),
            };
            assert_eq!(results.get("a"), Some(&Ok(wanted)), "in pieces of {piece}");
            assert_eq!(frames.current.as_deref(), Some("b"));
        }
    }
}
