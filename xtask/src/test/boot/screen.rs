//! The shell on the guest's own screen and keyboard: QEMU's monitor presses the keys and reads the picture
//! out of the text-mode video memory.
use super::PATIENCE;
use crate::image::initramfs;
use crate::qemu::Machine;
use crate::qemu::guest::{Console, Event, Guest, Next};
use crate::test::setting::Setting;
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The test's name.
pub const NAME: &str = "screen_and_keyboard";
/// Typed with a mistake that Backspace takes back; the answer goes to the serial port as well.
const TYPED: &str = "echo $((6*7)|\u{8}) |tee /dev/ttyS0\n";
/// 80 columns and 25 rows of a character and its colours.
const CELLS: usize = 80 * 25;

/// Boots to a shell on the screen and types a command.
pub fn run(setting: &Setting) -> Result<Result<(), String>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("monitor");
    let initramfs = initramfs::build()?;
    let machine = setting.machine(Some(&initramfs), "console=tty0 quiet panic=-1");
    let machine = Machine {
        monitor: Some(path.clone()),
        ..machine
    };
    let mut guest = Guest::start(&machine, Console::Captured)?;
    let mut monitor = Monitor::connect(&UnixStream::connect(&path)?)?;
    let deadline = Instant::now() + PATIENCE;
    if let Err(picture) = monitor.wait_for("~#", deadline)? {
        return Ok(Err(format!("no prompt on the screen:\n{picture}")));
    }
    for letter in TYPED.chars() {
        monitor.command(&format!("sendkey {}", key(letter)?))?;
    }
    let mut output = Vec::new();
    while !output.contains(&b'\n') {
        match guest.next(Some(deadline))? {
            Next::Event(Event::Output(bytes)) => output.extend(bytes),
            Next::Event(_) => {}
            Next::Ended(_) | Next::TimedOut => {
                let picture = monitor.picture().unwrap_or_default();
                return Ok(Err(format!("no answer to what was typed:\n{picture}")));
            }
        }
    }
    if !output.starts_with(b"42") {
        let output = String::from_utf8_lossy(&output).into_owned();
        return Ok(Err(format!("the answer is {output:?} instead of 42")));
    }
    let shown = monitor.wait_for("\n42", deadline)?;
    Ok(shown.map_err(|picture| format!("the answer is not on the screen:\n{picture}")))
}

/// QEMU's name of the key or keys for a character.
fn key(letter: char) -> Result<String> {
    let name = match letter {
        'a'..='z' | '0'..='9' => return Ok(letter.to_string()),
        'A'..='Z' => return Ok(format!("shift-{}", letter.to_ascii_lowercase())),
        ' ' => "spc",
        '\n' => "ret",
        '\u{8}' => "backspace",
        '/' => "slash",
        '$' => "shift-4",
        '*' => "shift-8",
        '(' => "shift-9",
        ')' => "shift-0",
        '|' => "shift-backslash",
        _ => bail!("no key for {letter:?}"),
    };
    Ok(name.to_owned())
}

/// A connection to QEMU's monitor.
struct Monitor {
    stream: UnixStream,
}

impl Monitor {
    fn connect(stream: &UnixStream) -> Result<Monitor> {
        let mut monitor = Monitor {
            stream: stream.try_clone()?,
        };
        monitor.answer()?;
        Ok(monitor)
    }

    /// Carries out a command and returns what QEMU says.
    fn command(&mut self, command: &str) -> Result<String> {
        self.stream.write_all(format!("{command}\n").as_bytes())?;
        self.answer()
    }

    /// Reads up to the next prompt.
    fn answer(&mut self) -> Result<String> {
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while !answer.ends_with(b"(qemu) ") {
            let length = self.stream.read(&mut piece)?;
            if length == 0 {
                bail!("QEMU has ended");
            }
            answer.extend(&piece[..length]);
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The text on the screen.
    fn picture(&mut self) -> Result<String> {
        let dump = self.command(&format!("xp /{CELLS}hx 0xb8000"))?;
        let cells = dump.lines().filter_map(|line| line.split_once(": "));
        let words = cells.flat_map(|(_, cells)| cells.split_whitespace());
        let mut text = String::new();
        for (number, word) in words.enumerate() {
            let cell = u16::from_str_radix(word.trim_start_matches("0x"), 16);
            let letter = char::from(
                cell.context("the monitor's answer has no numbers")?
                    .to_le_bytes()[0],
            );
            if number % 80 == 0 {
                text.truncate(text.trim_end_matches(' ').len());
                text.push('\n');
            }
            text.push(if letter.is_ascii_graphic() {
                letter
            } else {
                ' '
            });
        }
        Ok(text)
    }

    /// Looks again and again until the screen shows `text`; the inner error is what it shows instead.
    fn wait_for(&mut self, text: &str, deadline: Instant) -> Result<Result<(), String>> {
        loop {
            let picture = self.picture()?;
            if picture.contains(text) {
                return Ok(Ok(()));
            }
            if Instant::now() > deadline {
                return Ok(Err(picture.trim_end().to_owned()));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
