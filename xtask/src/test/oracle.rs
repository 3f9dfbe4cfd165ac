//! Runs differential tests on the host's Linux, whose behaviour is the one that is right.
use super::case::Case;
use crate::image::initramfs;
use crate::tree;
use crate::userland::{self, Libc};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What a test did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit status; 128 and the signal's number if one ended it.
    pub status: i32,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// What it wrote to standard error, which is not compared.
    pub errors: Vec<u8>,
}

/// The environment of a test, here and in a guest.
pub const ENVIRONMENT: [(&str, &str); 6] = [
    ("HOME", "/"),
    ("LANG", "C"),
    ("LOGNAME", "root"),
    ("TERM", "dumb"),
    ("TZ", "UTC0"),
    ("USER", "root"),
];

/// A place on the host to run tests in, with busybox's applets and nothing else to be found as commands.
pub struct Oracle {
    directory: TempDir,
    applets: PathBuf,
    launcher: PathBuf,
}

impl Oracle {
    /// Makes the place.
    pub fn new() -> Result<Oracle> {
        let launcher = tree::scratch("pristine");
        let source = tree::root().join("xtask/src/test/pristine.c");
        userland::compile_c(&[source], &launcher, Libc::Musl)?;
        let directory = tempfile::Builder::new().prefix("rustos-test-").tempdir()?;
        let applets = tree::scratch("applets");
        if applets.is_dir() {
            fs::remove_dir_all(&applets)?;
        }
        fs::create_dir(&applets)?;
        let busybox = initramfs::busybox()?;
        symlink(&busybox, applets.join("busybox"))?;
        for path in initramfs::applets()? {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            // The same name may stand in several directories.
            let _ = symlink(&busybox, applets.join(name));
        }
        Ok(Oracle {
            directory,
            applets,
            launcher,
        })
    }

    /// Runs one test.
    pub fn run(&self, case: &Case) -> Result<Outcome> {
        let base = self.directory.path();
        let program = base.join(&case.file_name);
        fs::copy(&case.file, &program)
            .with_context(|| format!("cannot copy {}", case.file.display()))?;
        let work = base.join("work");
        fs::create_dir(&work)?;
        let (out, err) = (base.join("out"), base.join("err"));
        let mut child = self
            .command(case, &work)
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()?;
        let status = wait(&mut child, case)?;
        let outcome = Outcome {
            status,
            output: fs::read(&out)?,
            errors: fs::read(&err)?,
        };
        fs::remove_dir_all(&work)
            .with_context(|| format!("test {} left something behind", case.name))?;
        fs::remove_file(&program)?;
        Ok(outcome)
    }

    fn command(&self, case: &Case, work: &Path) -> Command {
        let mut command = Command::new(&self.launcher);
        command
            .args(&case.command)
            .current_dir(work)
            .stdin(Stdio::null());
        command
            .env_clear()
            .envs(ENVIRONMENT)
            .env("PATH", &self.applets);
        command
    }
}

fn wait(child: &mut Child, case: &Case) -> Result<i32> {
    let deadline = Instant::now() + case.timeout;
    loop {
        if let Some(status) = child.try_wait()? {
            let signal = status.signal().map(|number| 128 + number);
            return signal
                .or(status.code())
                .context("a process ends by exit or by signal");
        }
        if Instant::now() > deadline {
            // The launcher made the test a group of its own.
            if let Some(group) = Pid::from_raw(i32::try_from(child.id())?) {
                kill_process_group(group, Signal::KILL)?;
            }
            child.wait()?;
            bail!(
                "it does not end on the host's Linux within {} s",
                case.timeout.as_secs()
            );
        }
        sleep(Duration::from_millis(2));
    }
}
