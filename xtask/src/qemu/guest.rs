//! A running guest: ttyS0 and ttyS1 are connected to us, and its end is noticed.
use super::Machine;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where ttyS0 goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// To our own terminal, directly; Ctrl-A x ends QEMU.
    Terminal,
    /// To us, as [`Event::Output`].
    Captured,
    /// Nowhere: the guest's VGA screen is shown in our terminal, and its keys are PS/2 keys.
    Screen,
}

/// What the guest wrote.
#[derive(Debug)]
pub enum Event {
    /// Bytes from ttyS0.
    Output(Vec<u8>),
    /// Bytes from ttyS1.
    Log(Vec<u8>),
    /// A port was closed; [`Guest::next`] keeps this to itself.
    Closed,
}

/// What came next.
#[derive(Debug)]
pub enum Next {
    /// Bytes from a serial port.
    Event(Event),
    /// The machine is gone, for this reason, and everything it wrote has been seen.
    Ended(End),
    /// Nothing came until the deadline.
    TimedOut,
}

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Switched off or reset by the guest.
    PoweredOff,
    /// The kernel's own tests passed.
    TestsPassed,
    /// The kernel's own tests failed.
    TestsFailed,
    /// The kernel panicked.
    Panicked,
    /// QEMU failed; the text says how.
    QemuFailed(String),
}

/// A running machine. Dropping it ends it.
pub struct Guest {
    child: Child,
    errors: File,
    events: Receiver<Event>,
    open_ports: usize,
    /// The host's end of ttyS1.
    log_port: UnixStream,
    _sockets: TempDir,
}

impl Guest {
    /// Starts `machine`.
    pub fn start(machine: &Machine, console: Console) -> Result<Guest> {
        let sockets = tempfile::Builder::new().prefix("rustos-").tempdir()?;
        let port = |name: &str| sockets.path().join(name);
        let listeners = [
            UnixListener::bind(port("s0"))?,
            UnixListener::bind(port("s1"))?,
        ];
        let mut qemu = machine.command();
        add_console(&mut qemu, console, &port("s0"));
        qemu.arg("-chardev")
            .arg(socket("s1", &port("s1")))
            .args(["-serial", "chardev:s1"]);
        let errors = tempfile::tempfile()?;
        let mut child = qemu
            .stderr(errors.try_clone()?)
            .spawn()
            .context("cannot start setpriv and QEMU")?;

        let (sender, events) = channel();
        let [output, log] = listeners;
        let connected = connect(&mut child, console, &output, &log);
        let Some((output, log_port)) = connected? else {
            bail!("QEMU did not start: {}", read_errors(errors));
        };
        let mut open_ports = 1;
        read_port(log_port.try_clone()?, sender.clone(), Event::Log);
        if let Some(stream) = output {
            open_ports += 1;
            read_port(stream, sender, Event::Output);
        }
        Ok(Guest {
            child,
            errors,
            events,
            open_ports,
            log_port,
            _sockets: sockets,
        })
    }

    /// Waits for the next thing to happen, at most until `deadline`.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<Next> {
        while self.open_ports > 0 {
            let event = match deadline {
                None => self
                    .events
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self
                    .events
                    .recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match event {
                Ok(Event::Closed) => self.open_ports -= 1,
                Ok(event) => return Ok(Next::Event(event)),
                Err(RecvTimeoutError::Timeout) => return Ok(Next::TimedOut),
                Err(RecvTimeoutError::Disconnected) => self.open_ports = 0,
            }
        }
        let status = self.child.wait()?;
        Ok(Next::Ended(self.end(status)))
    }

    /// A way to write to ttyS1.
    pub fn log_port(&self) -> Result<impl Write + Send + 'static> {
        Ok(self.log_port.try_clone()?)
    }

    fn end(&mut self, status: ExitStatus) -> End {
        match status.code() {
            Some(0) => End::PoweredOff,
            Some(33) => End::TestsPassed,
            Some(35) => End::Panicked,
            Some(37) => End::TestsFailed,
            _ => {
                let errors = self.errors.try_clone().map(read_errors).unwrap_or_default();
                End::QemuFailed(format!("QEMU ended with {status}: {errors}"))
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // It may have ended already; both calls may then fail, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn socket(name: &str, path: &Path) -> String {
    format!("socket,id={name},path={}", path.display())
}

/// Connects ttyS0, the screen and QEMU's monitor.
fn add_console(qemu: &mut Command, console: Console, port: &Path) {
    let (display, serial, monitor) = match console {
        Console::Terminal => ("none", "stdio,id=s0,mux=on,signal=off".into(), "none"),
        Console::Captured => ("none", socket("s0", port), "none"),
        Console::Screen => ("curses", "null,id=s0".into(), "vc"),
    };
    qemu.args([
        "-display",
        display,
        "-monitor",
        monitor,
        "-chardev",
        &serial,
        "-serial",
        "chardev:s0",
    ]);
    match console {
        Console::Terminal => drop(qemu.args(["-mon", "chardev=s0"])),
        Console::Captured => drop(qemu.stdin(Stdio::null()).stdout(Stdio::null())),
        Console::Screen => {}
    }
}

type Ports = (Option<UnixStream>, UnixStream);

/// Waits until QEMU has connected its ports; `None` if it ended instead.
fn connect(
    child: &mut Child,
    console: Console,
    output: &UnixListener,
    log: &UnixListener,
) -> Result<Option<Ports>> {
    let output = match console {
        Console::Terminal | Console::Screen => None,
        Console::Captured => match accept(child, output)? {
            None => return Ok(None),
            stream => stream,
        },
    };
    Ok(accept(child, log)?.map(|log| (output, log)))
}

fn accept(child: &mut Child, listener: &UnixListener) -> Result<Option<UnixStream>> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(Some(stream));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if child.try_wait()?.is_some() {
            return Ok(None);
        }
        sleep(Duration::from_millis(2));
    }
}

fn read_port(mut port: UnixStream, sender: Sender<Event>, event: fn(Vec<u8>) -> Event) {
    spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = match port.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(length) => length,
            };
            if sender.send(event(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
        // Nobody listens any more if the guest was dropped.
        let _ = sender.send(Event::Closed);
    });
}

fn read_errors(mut errors: File) -> String {
    let mut text = String::new();
    match errors
        .rewind()
        .and_then(|()| errors.read_to_string(&mut text))
    {
        Ok(_) => text.trim().to_owned(),
        Err(error) => format!("(its error output cannot be read: {error})"),
    }
}
