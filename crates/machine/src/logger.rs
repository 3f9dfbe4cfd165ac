//! The log: the `log` facade, before and after the kernel has a logger of its own.
//!
//! `log` takes one logger for good, so that one is here: it passes records to the kernel's sink, or to the first
//! serial port as long as there is none.

use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};

use log::{LevelFilter, Log, Metadata, Record};

use crate::dev::Uart;
use crate::irq::IrqGuard;
use ksync::Once;

struct Forwarder;

static FORWARDER: Forwarder = Forwarder;
static SINK: Once<&'static dyn Log> = Once::new();

impl Log for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        SINK.get().is_none_or(|sink| sink.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        match SINK.get() {
            Some(sink) => sink.log(record),
            None => early_line(record),
        }
    }

    fn flush(&self) {
        if let Some(sink) = SINK.get() {
            sink.flush();
        }
    }
}

/// Writes a record to the serial port as one line, unmixed with those of other CPUs.
fn early_line(record: &Record<'_>) {
    static BUSY: AtomicBool = AtomicBool::new(false);
    let _irq = IrqGuard::new();
    // A CPU that was stopped in the middle of a line must not silence the others for good.
    let mut patience = 10_000_000;
    while BUSY.swap(true, Ordering::Acquire) && patience > 0 {
        patience -= 1;
        core::hint::spin_loop();
    }
    // A serial port never fails to format.
    let _ = writeln!(EarlyConsole, "{}", record.args());
    BUSY.store(false, Ordering::Release);
}

/// Writes text to a serial port, waiting for it. For the time before the console driver, and for panics.
///
/// The port is the first one, or the second where the boot option `console=ttyS1` is the last of its kind.
#[derive(Debug)]
pub struct EarlyConsole;

/// Whether [`EarlyConsole`] is the second port.
static SECOND_PORT: AtomicBool = AtomicBool::new(false);

impl Write for EarlyConsole {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let second = SECOND_PORT.load(Ordering::Relaxed);
        let port = if second { Uart::COM2 } else { Uart::COM1 };
        port.write_text(text);
        Ok(())
    }
}

/// The number of the serial port that [`EarlyConsole`] writes to, as in `ttyS0`.
pub fn early_port() -> u32 {
    u32::from(SECOND_PORT.load(Ordering::Relaxed))
}

/// Sets the port of [`EarlyConsole`] as the command line says.
pub(crate) fn choose_port(command_line: &str) {
    let words = command_line
        .split_ascii_whitespace()
        .take_while(|&word| word != "--");
    let console = words
        .filter_map(|word| word.strip_prefix("console="))
        .last();
    if console.and_then(|name| name.split(',').next()) == Some("ttyS1") && Uart::COM2.probe() {
        Uart::COM2.init();
        SECOND_PORT.store(true, Ordering::Relaxed);
    }
}

/// Writes a line at once, for contexts that may have interrupted the holder of any lock.
pub(crate) fn emergency(message: core::fmt::Arguments<'_>) {
    let _ = writeln!(EarlyConsole, "{message}");
}

/// Makes the facade work. Messages from level `Warn` up are shown until [`set_max_level`] says otherwise.
pub(crate) fn init() {
    Uart::COM1.init();
    if log::set_logger(&FORWARDER).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

/// Sends all further records to `sink`, once the kernel has a console. Later calls change nothing and return false.
pub fn set_sink(sink: &'static dyn Log) -> bool {
    SINK.set(sink).is_ok()
}

/// Which records are passed on.
pub fn set_max_level(level: LevelFilter) {
    log::set_max_level(level);
}
