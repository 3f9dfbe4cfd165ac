//! Runs other programs as named steps: silent while they are quick and succeed, shown when they take
//! long, and quoted in full when they fail.
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a step may take before it is announced.
const PATIENCE: Duration = Duration::from_millis(600);

/// Runs `command` to its end; fails, quoting its output, if it could not be started or did not succeed.
pub fn run(what: &str, command: &mut Command) -> Result<()> {
    let (status, output) = output(what, command)?;
    if !status.success() {
        bail!("{what} failed ({status}):\n{}", output.trim_end());
    }
    Ok(())
}

/// Runs `command` to its end and returns its status with standard output and error as one text.
pub fn output(what: &str, command: &mut Command) -> Result<(ExitStatus, String)> {
    let mut log = tempfile::tempfile().context("cannot make a temporary file")?;
    let status = status(what, command, &log)?;
    let mut bytes = Vec::new();
    log.rewind()?;
    log.read_to_end(&mut bytes)?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

fn status(what: &str, command: &mut Command, log: &File) -> Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut announced = false;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot start {program} (for: {what})"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if !announced && start.elapsed() > PATIENCE {
            progress(what);
            announced = true;
        }
        sleep(Duration::from_millis(10));
    }
}

/// Says on standard error what is being done.
pub fn progress(what: &str) {
    eprintln!("x: {what} ...");
}
