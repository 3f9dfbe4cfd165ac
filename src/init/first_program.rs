//! The first program: process 1.

use alloc::sync::Arc;
use alloc::vec::Vec;

use abi::Errno;
use abi::fcntl::OpenFlags;
use sched::Priority;

use super::root;
use crate::drivers::tty::console;
use crate::fs::{At, FdTable, OpenFile, OpenHow, open};
use crate::process::Credentials;
use crate::process::lifecycle::spawn::{Program, spawn};
use crate::{command_line, power};

/// Where it is looked for when the command line does not say, as Linux does.
const CANDIDATES: [&str; 5] = ["/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];

/// Starts it, or says why nothing can be started and ends the machine.
pub(super) fn start() {
    let asked = command_line::value("rdinit").or_else(|| command_line::value("init"));
    let mut failure = Errno::ENOENT;
    for path in asked.into_iter().chain(CANDIDATES) {
        match start_program(path) {
            Ok(()) => return log::info!("started {path}"),
            // A program that is there but cannot be run is worth a word; one that is not there only if it was asked for.
            Err(error) if error != Errno::ENOENT || asked == Some(path) => {
                log::error!("cannot start {path}: {error}");
                failure = error;
            }
            Err(_) => {}
        }
    }
    power::fatal(format_args!(
        "no first program could be started ({failure})"
    ));
}

fn start_program(path: &str) -> Result<(), Errno> {
    let (extra, mut environment) = command_line::for_first_program();
    let mut arguments = Vec::from([path.as_bytes().to_vec()]);
    arguments.extend(extra);
    for default in ["HOME=/", "TERM=linux"] {
        let name = default.split_inclusive('=').next().unwrap_or_default();
        if !environment
            .iter()
            .any(|entry| entry.starts_with(name.as_bytes()))
        {
            environment.push(default.as_bytes().to_vec());
        }
    }
    let program = Program {
        path: path.as_bytes(),
        arguments,
        environment,
        parent: None,
        fs: root::context(),
        files: standard_files()?,
        credentials: Arc::new(Credentials::superuser()),
        priority: Priority::Normal,
    };
    spawn(program).map(|_| ())
}

/// Standard input, output and error on the console.
fn standard_files() -> Result<Arc<FdTable>, Errno> {
    let table = FdTable::new();
    match open_console() {
        Ok(file) => {
            for _ in 0..3 {
                table.insert(file.clone(), false, 3)?;
            }
        }
        Err(error) => log::warn!("no console for the first program: {error}"),
    }
    Ok(Arc::new(table))
}

/// `/dev/console` if the root has it, else the console itself.
fn open_console() -> Result<Arc<OpenFile>, Errno> {
    let flags = OpenFlags::O_RDWR | OpenFlags::O_NOCTTY;
    let at = At {
        context: &root::context(),
        credentials: &Credentials::superuser(),
        start: None,
        path: b"/dev/console",
    };
    let how = OpenHow {
        flags,
        ..OpenHow::default()
    };
    open(&at, &how).or_else(|_| Ok(OpenFile::anonymous(console::open()?, flags)))
}
