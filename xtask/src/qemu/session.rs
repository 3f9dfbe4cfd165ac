//! One command run in a guest by the `/init` of the default initramfs. ttyS0 carries what the command writes;
//! ttyS1 carries the kernel's log, and lines of ours between `@` signs: the command's status, and requests
//! for more standard input.
use super::Machine;
use super::guest::{Console, End, Event, Guest, Next};
use crate::image::archive::Archive;
use anyhow::Result;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

/// How many lines of the log are kept to be shown after a failure.
const TAIL: usize = 60;
/// The most that is sent in answer to one request: half of what a Linux terminal buffers.
const PIECE: usize = 2048;

/// The command's standard input.
#[derive(Debug, Clone)]
pub enum Input {
    /// Empty.
    None,
    /// These bytes, which the guest finds in a file.
    File(Vec<u8>),
    /// Sent while the command runs, piece by piece.
    Stream,
    /// The guest's terminal, which is also the command's controlling terminal.
    Terminal,
}

/// The archive that tells `/init` what to run.
pub fn command_archive(command: &str, input: Input) -> Archive {
    let mut archive = Archive::default();
    archive.file("etc/rustos/command", command);
    let kind = match input {
        Input::None => "none",
        Input::Stream => "stream",
        Input::Terminal => "terminal",
        Input::File(content) => {
            archive.file("etc/rustos/stdin", content);
            "file"
        }
    };
    archive.file("etc/rustos/input", kind);
    archive
}

/// Appends an archive to an initramfs, compressed or not, as Linux's boot protocol allows.
pub fn append_archive(initramfs: &mut Vec<u8>, archive: &Archive) -> Result<()> {
    initramfs.resize(initramfs.len().next_multiple_of(4), 0);
    initramfs.extend(archive.to_cpio()?);
    Ok(())
}

/// How a session ended.
#[derive(Debug)]
pub struct Finish {
    /// The command's exit status, if it got that far.
    pub status: Option<u8>,
    /// How the machine ended; `None` after a time-out.
    pub end: Option<End>,
    /// The last lines of the kernel's log.
    pub log: String,
}

impl Finish {
    /// Whether the kernel panicked: ours by its exit status, Linux by what it said.
    pub fn panicked(&self) -> bool {
        self.end == Some(End::Panicked)
            || (self.status.is_none() && self.log.contains("Kernel panic"))
    }
}

/// Takes bytes as they come.
pub type Sink<'a> = Box<dyn FnMut(&[u8]) + 'a>;

/// What to do with what the guest says, and how long to wait for it.
#[derive(Default)]
pub struct Session<'a> {
    /// The longest the machine may run.
    pub timeout: Option<Duration>,
    /// Takes what the command writes.
    pub output: Option<Sink<'a>>,
    /// Takes the lines of the kernel's log.
    pub log: Option<Sink<'a>>,
    /// Where streamed standard input comes from.
    pub input: Option<Box<dyn Read + Send>>,
}

impl Session<'_> {
    /// Boots `machine` and stays until it has ended or the time is over.
    pub fn run(mut self, machine: &Machine, console: Console) -> Result<Finish> {
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut guest = Guest::start(machine, console)?;
        let feeder = match self.input.take() {
            Some(input) => Some(start_feeder(input, guest.log_port()?)),
            None => None,
        };
        let mut log = Log::default();
        let end = loop {
            match guest.next(deadline)? {
                Next::Event(Event::Output(bytes)) => give(&mut self.output, &bytes),
                Next::Event(Event::Log(bytes)) => log.take(&bytes, &mut self.log, feeder.as_ref()),
                Next::Event(Event::Closed) => {}
                Next::Ended(end) => break Some(end),
                Next::TimedOut => break None,
            }
        };
        log.end_line(&mut self.log, feeder.as_ref());
        Ok(Finish {
            status: log.status,
            end,
            log: log.tail(),
        })
    }
}

fn give(sink: &mut Option<Sink<'_>>, bytes: &[u8]) {
    if let Some(sink) = sink {
        sink(bytes);
    }
}

/// Reads ttyS1 line by line.
#[derive(Debug, Default)]
pub struct Log {
    line: Vec<u8>,
    tail: VecDeque<String>,
    status: Option<u8>,
}

impl Log {
    /// The last lines.
    pub fn tail(&mut self) -> String {
        self.tail.make_contiguous().join("\n")
    }

    /// Takes what has come.
    pub fn take(&mut self, bytes: &[u8], sink: &mut Option<Sink<'_>>, feeder: Option<&Sender<()>>) {
        for &byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => self.end_line(sink, feeder),
                _ => self.line.push(byte),
            }
        }
    }

    fn end_line(&mut self, sink: &mut Option<Sink<'_>>, feeder: Option<&Sender<()>>) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if line.contains("@rustos-input@") {
            if let Some(feeder) = feeder {
                // The feeder is gone once standard input has ended.
                let _ = feeder.send(());
            }
            return;
        }
        if let Some((_, rest)) = line.split_once("@rustos-status ") {
            self.status = rest
                .split('@')
                .next()
                .and_then(|number| number.parse().ok());
            return;
        }
        if line.is_empty() {
            return;
        }
        give(sink, format!("{line}\n").as_bytes());
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

/// Answers each request with a length on a line and as many bytes; a length of 0 is the end.
fn start_feeder(
    mut input: Box<dyn Read + Send>,
    mut port: impl Write + Send + 'static,
) -> Sender<()> {
    let (sender, requests): (_, Receiver<()>) = channel();
    spawn(move || {
        let mut piece = [0; PIECE];
        for () in requests {
            // Input that cannot be read has ended.
            let length = input.read(&mut piece).unwrap_or(0);
            let mut answer = format!("{length}\n").into_bytes();
            answer.extend(&piece[..length]);
            if port.write_all(&answer).is_err() || length == 0 {
                break;
            }
        }
    });
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_found_in_the_log_and_kept_out_of_it() {
        let mut shown = Vec::new();
        let mut log = Log::default();
        {
            let mut sink: Option<Sink<'_>> = Some(Box::new(|bytes| shown.extend_from_slice(bytes)));
            log.take(b"booting\r\n@rustos-sta", &mut sink, None);
            log.take(b"tus 42@\r\nlast", &mut sink, None);
            log.end_line(&mut sink, None);
        }
        assert_eq!(log.status, Some(42));
        assert_eq!(shown, b"booting\nlast\n");
    }

    #[test]
    fn only_the_end_of_a_long_log_is_kept() {
        let mut log = Log::default();
        for number in 0..100 {
            log.take(format!("{number}\n").as_bytes(), &mut None, None);
        }
        assert_eq!(log.tail.len(), TAIL);
        assert_eq!(log.tail.back().map(String::as_str), Some("99"));
    }
}
