//! `./x run`: boots to a shell in this terminal, or runs one command in a guest.
use crate::debian;
use crate::image::{initramfs, iso};
use crate::kernel::{self, Flavour};
use crate::options::{GuestKernel, RunOptions};
use crate::qemu::accel::{self, Accel};
use crate::qemu::guest::{Console, End};
use crate::qemu::session::{self, Finish, Input, Session};
use crate::qemu::{Boot, Machine};
use anyhow::{Context, Result, bail};
use rustix::fs::{FileType, fstat, major};
use rustix::termios::{isatty, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{Read, Write, stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Exit status when the guest's kernel panicked.
pub const PANIC: u8 = 101;
/// Exit status after a time-out.
pub const TIMED_OUT: u8 = 124;
/// Exit status when the guest ended without saying how the command did, or QEMU failed.
pub const LOST: u8 = 125;

/// Builds what is needed and boots it; the result is our exit status.
pub fn run(options: &RunOptions) -> Result<u8> {
    let kernel = match options.kernel {
        GuestKernel::RustOs => kernel::build(Flavour::Plain)?,
        GuestKernel::Linux => debian::linux()?,
    };
    let initramfs = match &options.initrd {
        Some(file) => file.clone(),
        None => initramfs::build()?,
    };
    let accel = match options.accel {
        Some(accel) => accel,
        None => accel::choose(&kernel, &initramfs::build()?)?,
    };
    let terminal = isatty(stdin()) && isatty(stdout());
    let input = if terminal {
        Input::Terminal
    } else {
        standard_input()?
    };
    let streams = matches!(input, Input::Stream);
    let files = Files::prepare(options, &kernel, &initramfs, input, terminal)?;
    let machine = files.machine(options, accel);
    if options.gdb {
        eprintln!(
            "x: the guest waits; attach with: gdb {} -ex 'target remote :1234'",
            kernel.display()
        );
    }
    if options.command.is_none() {
        return interactive(&machine, options);
    }
    let mut session = Session {
        timeout: options.timeout,
        ..Session::default()
    };
    session.output = Some(Box::new(|bytes| show(&mut stdout(), bytes)));
    if options.verbose {
        session.log = Some(Box::new(|bytes| show(&mut stderr(), bytes)));
    }
    if streams {
        session.input = Some(Box::new(stdin()));
    }
    let console = if terminal {
        Console::Terminal
    } else {
        Console::Captured
    };
    let finish = with_terminal_restored(|| session.run(&machine, console))?;
    Ok(report(&finish, options))
}

/// Boots with this terminal as the console.
fn interactive(machine: &Machine, options: &RunOptions) -> Result<u8> {
    let console = if options.screen {
        eprintln!("x: booting; to end QEMU at once: Alt-2, then `quit`");
        Console::Screen
    } else {
        eprintln!("x: booting; Ctrl-C goes to the guest, Ctrl-A x ends QEMU at once");
        Console::Terminal
    };
    let session = Session {
        timeout: options.timeout,
        ..Session::default()
    };
    let finish = with_terminal_restored(|| session.run(machine, console))?;
    Ok(match finish.end {
        Some(End::PoweredOff) => 0,
        _ => report(&finish, options),
    })
}

/// The exit status for what happened; anything but a command's own status is explained on standard error.
fn report(finish: &Finish, options: &RunOptions) -> u8 {
    let seconds = options.timeout.map_or(0, |timeout| timeout.as_secs());
    let (status, what) = match (&finish.end, finish.status) {
        _ if finish.panicked() => (PANIC, "the guest's kernel panicked".to_owned()),
        (None, _) => (
            TIMED_OUT,
            format!("the guest did not end within {seconds} s"),
        ),
        (Some(End::PoweredOff), Some(status)) => return status,
        (Some(End::QemuFailed(how)), _) => (LOST, how.clone()),
        _ => (
            LOST,
            "the guest ended without a status of the command".to_owned(),
        ),
    };
    if !options.verbose && !finish.log.is_empty() {
        eprintln!("{}", finish.log);
    }
    eprintln!("x: {what}");
    status
}

/// A reader of ours that has gone away is no reason to stop the guest.
fn show(to: &mut impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

fn with_terminal_restored<T>(action: impl FnOnce() -> T) -> T {
    let saved = tcgetattr(stdin()).ok();
    let result = action();
    if let Some(saved) = saved {
        // Nothing can be done for a terminal that is gone.
        let _ = tcsetattr(stdin(), rustix::termios::OptionalActions::Drain, &saved);
    }
    result
}

/// What our own standard input is to the command: a file is handed over whole, `/dev/null` and a closed one
/// are empty, and anything else is passed on as it comes.
fn standard_input() -> Result<Input> {
    const MEMORY_DEVICES: u32 = 1;
    let Ok(metadata) = fstat(stdin()) else {
        return Ok(Input::None);
    };
    match FileType::from_raw_mode(metadata.st_mode) {
        FileType::RegularFile => {
            let mut content = Vec::new();
            stdin()
                .read_to_end(&mut content)
                .context("cannot read standard input")?;
            Ok(Input::File(content))
        }
        FileType::CharacterDevice if major(metadata.st_rdev) == MEMORY_DEVICES => Ok(Input::None),
        _ => Ok(Input::Stream),
    }
}

/// The files the machine boots from, which live as long as it does.
struct Files {
    boot: Boot,
    append: String,
    _directory: TempDir,
}

impl Files {
    fn prepare(
        options: &RunOptions,
        kernel: &Path,
        initramfs: &Path,
        input: Input,
        terminal: bool,
    ) -> Result<Files> {
        let directory = tempfile::tempdir()?;
        let append = command_line(options, terminal);
        let initrd = match &options.command {
            None => initramfs.to_owned(),
            Some(command) => with_command(initramfs, command, input, directory.path())?,
        };
        let boot = if options.iso {
            if options.kernel == GuestKernel::Linux {
                bail!("--iso boots RustOS only");
            }
            let image = directory.path().join("rustos.iso");
            iso::build(kernel, &read(&initrd)?, &append, &image)?;
            Boot::Iso(image)
        } else {
            Boot::Direct {
                kernel: kernel.to_owned(),
                initrd: Some(initrd),
            }
        };
        Ok(Files {
            boot,
            append,
            _directory: directory,
        })
    }

    fn machine(&self, options: &RunOptions, accel: Accel) -> Machine {
        Machine {
            smp: options.smp,
            memory: options.memory.clone(),
            gdb: options.gdb,
            ..Machine::new(self.boot.clone(), &self.append, accel)
        }
    }
}

fn with_command(
    initramfs: &Path,
    command: &str,
    input: Input,
    directory: &Path,
) -> Result<PathBuf> {
    let mut bytes = read(initramfs)?;
    session::append_archive(&mut bytes, &session::command_archive(command, input))?;
    let file = directory.join("initrd");
    std::fs::write(&file, bytes)?;
    Ok(file)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn command_line(options: &RunOptions, terminal: bool) -> String {
    let console = match (&options.command, options.screen) {
        (Some(_), _) => "ttyS1",
        (None, true) => "tty0",
        (None, false) => "ttyS0",
    };
    let mut words = vec![format!("console={console}"), "panic=-1".to_owned()];
    if options.kernel == GuestKernel::Linux && !options.verbose {
        words.push("quiet".into());
    }
    if terminal && !options.screen {
        words.extend(terminal_variables());
    }
    words.extend(options.append.iter().cloned());
    words.join(" ")
}

/// Kernels hand `NAME=VALUE` words they do not know to `/init` as its environment.
fn terminal_variables() -> Vec<String> {
    let mut words = Vec::new();
    if let Ok(size) = tcgetwinsize(stdin())
        && size.ws_row > 0
    {
        words.extend([
            format!("ROWS={}", size.ws_row),
            format!("COLS={}", size.ws_col),
        ]);
    }
    let plain = |name: &String| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-+".contains(letter))
    };
    words.extend(
        std::env::var("TERM")
            .ok()
            .filter(plain)
            .map(|name| format!("TERM={name}")),
    );
    words
}

/// `--timeout` in seconds; 0 is none.
pub fn timeout(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}
