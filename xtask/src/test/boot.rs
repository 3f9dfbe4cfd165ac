//! Boots with unusual command lines, broken archives and dying inits: each must end in the stated way,
//! with a message that says what was wrong. The boots themselves are listed in [`list`], the archives that
//! they need are made in [`archives`].
mod archives;
mod list;
mod screen;

use super::batch;
use super::case::Case;
use super::report::{Report, printable};
use super::setting::Setting;
use crate::image::{initramfs, iso};
use crate::kernel::{self, Flavour};
use crate::options::TestOptions;
use crate::qemu::Boot;
use crate::qemu::guest::{Console, End};
use crate::qemu::session::{Finish, Input, Session};
use crate::{step, tree};
use anyhow::Result;
use archives::commanded;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

/// How long one boot may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The initramfs of a boot.
#[derive(Clone, Copy)]
enum Initrd {
    /// None at all.
    None,
    /// The default one as it is.
    Default,
    /// The default one, told to run this command.
    Command(&'static str),
    /// The same, with standard input streamed.
    Fed(&'static str, &'static str),
    /// The default one, made unusual.
    Changed(fn() -> Result<Vec<u8>>),
}

/// How a boot must end.
enum Expect {
    /// The command ends with this status after writing exactly this.
    Command(u8, &'static str),
    /// The machine switches itself off.
    PowerOff,
    /// The kernel panics.
    Panic,
    /// Anything but a hang, as long as the log says what it has to.
    Message,
}

/// A boot and what must become of it.
struct BootTest {
    name: &'static str,
    initrd: Initrd,
    append: &'static str,
    memory: &'static str,
    /// Boot from a CD image instead of directly.
    from_iso: bool,
    /// Boot the kernel with its own tests inside.
    test_kernel: bool,
    expect: Expect,
    /// What the log must contain, in any case of letters: of each part between `&`, one of the alternatives
    /// between `|`.
    log: &'static str,
}

/// What a boot is where nothing else is said.
const PLAIN: BootTest = BootTest {
    name: "",
    initrd: Initrd::Default,
    append: "",
    memory: "512M",
    from_iso: false,
    test_kernel: false,
    expect: Expect::Message,
    log: "",
};

/// Runs the boots whose name contains the filter.
pub fn run(options: &TestOptions) -> Result<Report> {
    let mut report = Report::default();
    let filter = options.filter.as_deref().unwrap_or_default();
    let mut tests = list::common();
    if !options.linux {
        tests.extend(list::of_ours());
    }
    tests.retain(|test| test.name.contains(filter) && !(options.linux && test.from_iso));
    for setting in Setting::all(options)? {
        step::progress(&format!(
            "boot: {} boots with --smp {}",
            tests.len(),
            setting.smp
        ));
        for test in &tests {
            let result = test
                .run(&setting, options)
                .unwrap_or_else(|error| Err(format!("{error:#}")));
            report.record(&setting.name("boot", test.name), result);
        }
    }
    if screen::NAME.contains(filter) {
        let setting = Setting::all(options)?.remove(0);
        let result = screen::run(&setting).unwrap_or_else(|error| Err(format!("{error:#}")));
        report.record(&setting.name("boot", screen::NAME), result);
    }
    if filter.is_empty() {
        let setting = Setting::all(options)?.remove(0);
        report.record("boot self-check", lost_guests_are_noticed(&setting)?);
    }
    Ok(report)
}

impl BootTest {
    fn run(&self, setting: &Setting, options: &TestOptions) -> Result<Result<(), String>> {
        let directory = tempfile::tempdir()?;
        let initrd = directory.path().join("initrd");
        let bytes = self.initrd_bytes()?;
        if let Some(bytes) = &bytes {
            std::fs::write(&initrd, bytes)?;
        }
        let append = format!("console=ttyS1 panic=-1 {}", self.append);
        let mut machine = setting.machine(bytes.as_ref().map(|_| initrd.as_path()), &append);
        machine.memory = self.memory.into();
        let kernel = self.kernel(setting)?;
        machine.boot = if self.from_iso {
            let image = directory.path().join("boot.iso");
            iso::build(&kernel, &bytes.unwrap_or_default(), &append, &image)?;
            Boot::Iso(image)
        } else {
            Boot::Direct {
                kernel,
                initrd: bytes.map(|_| initrd),
            }
        };
        let mut output = Vec::new();
        let mut session = Session {
            timeout: Some(PATIENCE),
            ..Session::default()
        };
        if let Initrd::Fed(_, input) = self.initrd {
            session.input = Some(Box::new(Cursor::new(input)));
        }
        session.output = Some(Box::new(|bytes| output.extend_from_slice(bytes)));
        let finish = session.run(&machine, Console::Captured)?;
        Ok(self.judge(&finish, &output, options.linux))
    }

    fn kernel(&self, setting: &Setting) -> Result<PathBuf> {
        if self.test_kernel {
            kernel::build(Flavour::Tests)
        } else {
            Ok(setting.kernel.clone())
        }
    }

    fn initrd_bytes(&self) -> Result<Option<Vec<u8>>> {
        let default = || -> Result<Vec<u8>> { Ok(std::fs::read(initramfs::build()?)?) };
        Ok(Some(match self.initrd {
            Initrd::None => return Ok(None),
            Initrd::Default => default()?,
            Initrd::Command(command) => commanded(default()?, command, Input::None)?,
            Initrd::Fed(command, _) => commanded(default()?, command, Input::Stream)?,
            Initrd::Changed(change) => change()?,
        }))
    }

    fn judge(&self, finish: &Finish, output: &[u8], linux: bool) -> Result<(), String> {
        let ended = match &self.expect {
            _ if finish.end.is_none() => Err("the guest hangs".to_owned()),
            Expect::Command(status, text)
                if finish.status == Some(*status) && output == text.as_bytes() =>
            {
                Ok(())
            }
            Expect::Command(status, text) => Err(format!(
                "wanted status {status} and {text:?}, found {:?} and {:?}",
                finish.status,
                printable(output)
            )),
            Expect::PowerOff if finish.end == Some(End::PoweredOff) => Ok(()),
            Expect::Panic if finish.panicked() => Ok(()),
            Expect::PowerOff | Expect::Panic => Err(format!("ended otherwise: {:?}", finish.end)),
            Expect::Message => Ok(()),
        };
        let log = finish.log.to_lowercase();
        // Linux words its messages as it likes.
        let one_of = |part: &str| {
            part.split('|')
                .any(|words| log.contains(&words.to_lowercase()))
        };
        let said = linux || self.log.split('&').all(one_of);
        let said = if said {
            Ok(())
        } else {
            Err(format!("the log says nothing of {:?}", self.log))
        };
        ended
            .and(said)
            .map_err(|why| format!("{why}; the log ends:\n{}", finish.log))
    }
}

/// The tests of a guest go on after one that hangs, one that switches it off and one that hangs it all.
fn lost_guests_are_noticed(setting: &Setting) -> Result<Result<(), String>> {
    let script = |name: &str, text: &str| -> Result<Case> {
        let file = tree::scratch(&format!("lost-{name}.sh"));
        std::fs::write(&file, text)?;
        let timeout = Duration::from_secs(5);
        Ok(Case {
            timeout,
            ..Case::script(name, &file)
        })
    };
    let cases = [
        script("first", "exit 1\n")?,
        script("hangs", "sleep 1000\n")?,
        script("ends", "poweroff -f\n")?,
        script("stops-all", "kill -STOP $PPID\n")?,
        script("last", "exit 4\n")?,
    ];
    let results = batch::run(&cases, setting)?;
    let status = |case: &Case| {
        results
            .get(&case.name)?
            .as_ref()
            .ok()
            .map(|outcome| outcome.status)
    };
    let found: Vec<Option<i32>> = cases.iter().map(status).collect();
    if found == [Some(1), Some(137), None, None, Some(4)] {
        return Ok(Ok(()));
    }
    Ok(Err(format!("the five tests ended with {found:?}")))
}
