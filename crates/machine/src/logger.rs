//! The log: the `log` facade, before and after the kernel has a logger of its own.
//!
//! `log` takes one logger for good, so that one is here: it passes records to the kernel's sink, or to the first
//! serial port as long as there is none.

use core::fmt::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::dev::Uart;
use crate::setonce::SetOnce;

struct Forwarder;

static FORWARDER: Forwarder = Forwarder;
static SINK: SetOnce<&'static dyn Log> = SetOnce::new();

impl Log for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        SINK.get().is_none_or(|sink| sink.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        match SINK.get() {
            Some(sink) => sink.log(record),
            None => {
                // A serial port never fails to format.
                let _ = writeln!(EarlyConsole, "{}", record.args());
            }
        }
    }

    fn flush(&self) {
        if let Some(sink) = SINK.get() {
            sink.flush();
        }
    }
}

/// Writes text to the first serial port, waiting for it. For the time before the console driver, and for panics.
#[derive(Debug)]
pub struct EarlyConsole;

impl Write for EarlyConsole {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        Uart::COM1.write_text(text);
        Ok(())
    }
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
    SINK.set(sink)
}

/// Which records are passed on.
pub fn set_max_level(level: LevelFilter) {
    log::set_max_level(level);
}
