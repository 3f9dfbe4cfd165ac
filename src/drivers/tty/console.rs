//! The system console: the terminal on the display and keyboard (`tty0`, `tty1`), and which terminals the kernel's
//! `console=` options name (`/dev/console`).

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use ::console::Key;
use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::stat::makedev;
use abi::termios::IUTF8;
use machine::dev::{power, ps2};
use machine::sync::{IrqSpinLock, Once};

use super::{Driver, Kind, Tty, TtyFile, job, serial};
use crate::drivers::vt;
use crate::drivers::worker::{self, Work};
use crate::drivers::{levels, random};
use crate::fs::{FileOps, device};
use crate::log;

/// Linux's major numbers: virtual consoles, and `/dev/tty` with `/dev/console`.
const CONSOLE_MAJOR: u32 = 4;
const ALTERNATE_MAJOR: u32 = 5;
/// Scan codes that wait for the drivers' thread.
const SCANCODES: usize = 128;

static SCREEN: Once<Arc<Tty>> = Once::new();
static CONSOLES: Once<Vec<Console>> = Once::new();
static RECEIVED: IrqSpinLock<Vec<u8>> = IrqSpinLock::new(levels::RECEIVED, Vec::new());

/// A place the kernel's messages go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// A serial port, by line.
    Serial(u32),
    /// The display.
    Display,
}

impl Console {
    /// The console a `console=` option names; what follows a comma (the speed) does not matter.
    fn parse(option: &str) -> Option<Console> {
        let name = option.split(',').next()?;
        match name {
            "ttyS0" => Some(Console::Serial(0)),
            "ttyS1" => Some(Console::Serial(1)),
            "tty" | "tty0" | "tty1" => Some(Console::Display),
            _ => None,
        }
    }

    fn tty(self) -> Option<Arc<Tty>> {
        match self {
            Console::Serial(line) => serial::tty(line),
            Console::Display => SCREEN.get().cloned(),
        }
    }

    fn print(self, message: &str) {
        match self {
            Console::Serial(line) => serial::print(line, message),
            Console::Display => {
                if let Some(vt) = vt::get() {
                    vt.print(message);
                }
            }
        }
    }

    /// Its name, as `/proc/consoles` has it.
    pub fn name(self) -> &'static str {
        match self {
            Console::Serial(0) => "ttyS0",
            Console::Serial(_) => "ttyS1",
            Console::Display => "tty0",
        }
    }
}

/// Registers the terminals and chooses the consoles from the kernel's command line.
pub fn init(command_line: &str) {
    init_screen();
    let options = command_line
        .split_ascii_whitespace()
        .take_while(|&word| word != "--");
    let mut consoles: Vec<Console> = options
        .filter_map(|word| word.strip_prefix("console="))
        .filter_map(Console::parse)
        .filter(|console| console.tty().is_some())
        .collect();
    if consoles.is_empty() {
        consoles.extend(
            [Console::Display, Console::Serial(0)]
                .into_iter()
                .find(|console| console.tty().is_some()),
        );
    }
    // Before there were consoles, messages went to one serial port only.
    let early = Console::Serial(machine::logger::early_port());
    for &console in consoles.iter().filter(|&&console| console != early) {
        log::replay(|text| console.print(text));
    }
    let _ = CONSOLES.set(consoles);
    device::register_char(ALTERNATE_MAJOR, 0, "tty", 0o666, open_own);
    device::register_char(ALTERNATE_MAJOR, 1, "console", 0o600, open_console);
}

fn init_screen() {
    let Some(vt) = vt::get() else {
        return;
    };
    let tty = Tty::new(
        makedev(CONSOLE_MAJOR, 1),
        String::from("tty1"),
        Arc::new(Screen),
        vt.window(),
    );
    let mut termios = tty.termios();
    termios.c_iflag |= IUTF8;
    tty.configure(&termios);
    if SCREEN.set(tty).is_err() {
        return;
    }
    RECEIVED.lock().reserve(SCANCODES);
    device::register_char(CONSOLE_MAJOR, 0, "tty0", 0o620, |_, flags| {
        // Linux does not make tty0 a controlling terminal.
        open_screen(flags | OpenFlags::O_NOCTTY)
    });
    device::register_char(CONSOLE_MAJOR, 1, "tty1", 0o620, |_, flags| {
        open_screen(flags)
    });
    if !ps2::init(interrupt) {
        ::log::info!("no keyboard");
    }
}

fn open_screen(flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    TtyFile::open(SCREEN.get().cloned().ok_or(Errno::ENXIO)?, flags, false)
}

fn open_own(_: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    TtyFile::open(job::own_terminal().ok_or(Errno::ENXIO)?, flags, false)
}

fn open_console(_: u64, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    TtyFile::open(terminal().ok_or(Errno::ENODEV)?, flags, true)
}

/// The terminal behind `/dev/console`: that of the last `console=` option.
pub fn terminal() -> Option<Arc<Tty>> {
    consoles().last().and_then(|console| console.tty())
}

/// Opens the console for the kernel itself: the standard files of the first program when there is no `/dev/console`.
///
/// # Errors
/// `ENODEV` if there is no console at all.
pub fn open() -> Result<Arc<dyn FileOps>, Errno> {
    open_console(0, OpenFlags::O_RDWR | OpenFlags::O_NOCTTY)
}

/// Where the kernel's messages go to, in the order of the options.
pub fn consoles() -> &'static [Console] {
    CONSOLES.get().map_or(&[], Vec::as_slice)
}

/// Writes a message of the kernel to all consoles; false if there are none yet. Callable anywhere, also in interrupt
/// handlers and with locks held: it allocates nothing and wakes nobody.
pub fn print(message: &str) -> bool {
    for console in consoles() {
        console.print(message);
    }
    !consoles().is_empty()
}

fn interrupt() {
    let mut received = RECEIVED.lock();
    while let Some(byte) = ps2::read_scancode() {
        random::stir(u64::from(byte));
        // The space was reserved: interrupt handlers do not allocate. Keys pressed while nobody looks are lost.
        if received.len() < received.capacity() {
            received.push(byte);
        }
    }
    drop(received);
    worker::request(Work::KEYBOARD);
}

/// Feeds the line discipline with what was typed.
pub fn receive() {
    let (Some(vt), Some(tty)) = (vt::get(), SCREEN.get()) else {
        return;
    };
    let mut received = Vec::with_capacity(SCANCODES);
    core::mem::swap(&mut received, &mut *RECEIVED.lock());
    for byte in received {
        match vt.scancode(byte) {
            Some(Key::Bytes(bytes)) => {
                tty.receive(bytes.as_slice());
            }
            Some(Key::Reboot) => reboot(),
            None => {}
        }
    }
    tty.receive(&vt.take_reply());
}

fn reboot() {
    ::log::info!("Ctrl-Alt-Del: restarting");
    power::reset();
}

/// The driver of the display.
struct Screen;

impl Driver for Screen {
    fn send(&self, bytes: &[u8]) {
        if let Some(vt) = vt::get() {
            vt.write(bytes);
        }
    }

    fn kind(&self) -> Kind {
        Kind::Display
    }
}

/// A line about each console for `/proc/consoles`.
pub fn describe() -> String {
    let mut text = String::new();
    for (index, console) in consoles().iter().enumerate() {
        let last = index + 1 == consoles().len();
        let flags = if last { "EC p a" } else { "E  p a" };
        let (minor, major) = match console {
            Console::Serial(line) => (64 + line, CONSOLE_MAJOR),
            Console::Display => (7, CONSOLE_MAJOR),
        };
        text.push_str(&format!(
            "{:<21}-W- ({flags})  {major:>3}:{minor}\n",
            console.name()
        ));
    }
    text
}
