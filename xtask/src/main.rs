//! Builds, boots, tests and measures RustOS. `./x` makes sure of the tools and calls this.
mod bench;
mod debian;
mod image;
mod kernel;
mod lint;
mod options;
mod qemu;
mod run;
mod step;
mod symbols;
mod test;
mod toolchain;
mod tree;
mod userland;

use anyhow::{Result, bail};
use lexopt::{Arg, Parser, ValueExt};
use std::process::ExitCode;

fn main() -> ExitCode {
    match dispatch() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("x: {error:#}");
            ExitCode::from(run::LOST)
        }
    }
}

/// Runs the subcommand; the result is our exit status.
fn dispatch() -> Result<u8> {
    let mut parser = Parser::from_env();
    let Some(Arg::Value(subcommand)) = parser.next()? else {
        bail!("what is to be done? See `./x help`");
    };
    match subcommand.string()?.as_str() {
        "build" => build(),
        "run" => run::run(&options::RunOptions::parse(&mut parser)?),
        "test" => test::run(&options::TestOptions::parse(&mut parser)?),
        "bench" => bench::run(options::bench(&mut parser)?),
        "lint" => lint::lint(),
        "fmt" => lint::format(),
        other => bail!("there is no subcommand {other:?}; see `./x help`"),
    }
}

/// Builds the kernel and the default initramfs.
fn build() -> Result<u8> {
    kernel::build(kernel::Flavour::Plain)?;
    image::initramfs::build()?;
    Ok(0)
}
