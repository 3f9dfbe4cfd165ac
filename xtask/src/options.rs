//! The command line of `./x`.
use crate::qemu::accel::Accel;
use anyhow::{Context, Result, anyhow, bail};
use lexopt::{Arg, Parser, ValueExt};
use std::path::PathBuf;
use std::time::Duration;

/// Which kernel a guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestKernel {
    /// Ours.
    RustOs,
    /// Debian's Linux, for comparison.
    Linux,
}

/// What `./x run` was asked for.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The number of CPUs.
    pub smp: u32,
    /// Memory, as QEMU writes it.
    pub memory: String,
    /// An initramfs instead of the default one.
    pub initrd: Option<PathBuf>,
    /// Words for the kernel's command line.
    pub append: Vec<String>,
    /// Wait for a debugger.
    pub gdb: bool,
    /// What executes the guest; `None` finds out.
    pub accel: Option<Accel>,
    /// Which kernel.
    pub kernel: GuestKernel,
    /// Boot from a CD image.
    pub iso: bool,
    /// Use the guest's screen and keyboard, shown in this terminal, instead of its serial port.
    pub screen: bool,
    /// The longest the guest may run.
    pub timeout: Option<Duration>,
    /// Show the kernel's log.
    pub verbose: bool,
    /// The command to run instead of a shell on the terminal.
    pub command: Option<String>,
}

impl RunOptions {
    /// Reads what follows `run`.
    pub fn parse(parser: &mut Parser) -> Result<RunOptions> {
        let mut options = RunOptions {
            smp: 1,
            memory: "512M".into(),
            initrd: None,
            append: Vec::new(),
            gdb: false,
            accel: None,
            kernel: GuestKernel::RustOs,
            iso: false,
            screen: false,
            timeout: None,
            verbose: false,
            command: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(word) => {
                    let mut words = vec![word.string()?];
                    words.extend(
                        parser
                            .raw_args()?
                            .map(|word| word.string())
                            .collect::<Result<Vec<_>, _>>()?,
                    );
                    options.command = Some(words.join(" "));
                }
                argument => options.set(&argument.into_owned_name()?, parser)?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, parser: &mut Parser) -> Result<()> {
        match name {
            "smp" => self.smp = cpus(parser)?,
            "mem" => self.memory = parser.value()?.string()?,
            "initrd" => self.initrd = Some(parser.value()?.into()),
            "append" => self.append.push(parser.value()?.string()?),
            "gdb" => self.gdb = true,
            "accel" => self.accel = Some(accel(&parser.value()?.string()?)?),
            "kernel" => self.kernel = guest_kernel(&parser.value()?.string()?)?,
            "iso" => self.iso = true,
            "screen" => self.screen = true,
            "timeout" => {
                self.timeout =
                    crate::run::timeout(parser.value()?.parse().context("--timeout SECONDS")?)
            }
            "v" | "verbose" => self.verbose = true,
            other => bail!("./x run knows no option {other:?}; see ./x help"),
        }
        Ok(())
    }
}

/// What `./x test` was asked for.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// The class of tests; `None` is all.
    pub class: Option<String>,
    /// Only tests whose name contains this.
    pub filter: Option<String>,
    /// The number of CPUs; `None` is the usual choice of one and four.
    pub smp: Option<u32>,
    /// What executes the guests; `None` finds out.
    pub accel: Option<Accel>,
    /// Which kernel the guests run; Linux tells whether a test itself is right.
    pub linux: bool,
}

impl TestOptions {
    /// Reads what follows `test`.
    pub fn parse(parser: &mut Parser) -> Result<TestOptions> {
        let mut options = TestOptions::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(word) if options.class.is_none() => options.class = Some(word.string()?),
                Arg::Value(word) if options.filter.is_none() => {
                    options.filter = Some(word.string()?)
                }
                Arg::Long("smp") => options.smp = Some(cpus(parser)?),
                Arg::Long("accel") => options.accel = Some(accel(&parser.value()?.string()?)?),
                Arg::Long("kernel") => {
                    options.linux = guest_kernel(&parser.value()?.string()?)? == GuestKernel::Linux;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Reads what follows `bench`: the only kernel to measure, if one is named.
pub fn bench(parser: &mut Parser) -> Result<Option<GuestKernel>> {
    let mut only = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("kernel") => only = Some(guest_kernel(&parser.value()?.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(only)
}

/// An option's name without its dashes, free of the parser's borrow.
trait OwnedName {
    fn into_owned_name(self) -> Result<String>;
}

impl OwnedName for Arg<'_> {
    fn into_owned_name(self) -> Result<String> {
        match self {
            Arg::Short(letter) => Ok(letter.to_string()),
            Arg::Long(name) => Ok(name.to_owned()),
            value @ Arg::Value(_) => Err(value.unexpected().into()),
        }
    }
}

fn cpus(parser: &mut Parser) -> Result<u32> {
    let number = parser
        .value()?
        .parse()
        .context("--smp wants a number of CPUs")?;
    if number == 0 {
        Err(anyhow!("--smp wants at least one CPU"))
    } else {
        Ok(number)
    }
}

fn accel(name: &str) -> Result<Accel> {
    match name {
        "kvm" => Ok(Accel::Kvm),
        "tcg" => Ok(Accel::Tcg),
        other => bail!("--accel is kvm or tcg, not {other:?}"),
    }
}

fn guest_kernel(name: &str) -> Result<GuestKernel> {
    match name {
        "rustos" => Ok(GuestKernel::RustOs),
        "linux" => Ok(GuestKernel::Linux),
        other => bail!("--kernel is rustos or linux, not {other:?}"),
    }
}
