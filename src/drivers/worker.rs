//! The drivers' thread: does what interrupt handlers must not do themselves, such as running the line discipline
//! on arrived input, sending its signals, and drawing the display.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bitflags::bitflags;

use super::{tty, vt};
use crate::process::sync::WaitQueue;

bitflags! {
    /// Kinds of work.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Work: u32 {
        /// The first serial port has received something.
        const SERIAL0 = 1;
        /// The second serial port has received something.
        const SERIAL1 = 2;
        /// The keyboard has sent something.
        const KEYBOARD = 4;
        /// The picture of the console has changed.
        const DRAW = 8;
    }
}

static PENDING: AtomicU32 = AtomicU32::new(0);
static WAKE: WaitQueue = WaitQueue::new();
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Asks for work to be done soon; callable from interrupt handlers.
pub fn request(work: Work) {
    PENDING.fetch_or(work.bits(), Ordering::Release);
    WAKE.wake_one();
}

/// Whether the thread has been started.
pub fn is_running() -> bool {
    RUNNING.load(Ordering::Relaxed)
}

/// The life of the thread.
pub fn run() -> ! {
    RUNNING.store(true, Ordering::Relaxed);
    loop {
        let take = || {
            let work = PENDING.swap(0, Ordering::Acquire);
            (work != 0).then_some(Work::from_bits_retain(work))
        };
        // Kernel threads take no signals, so the wait ends with work only.
        let Ok(work) = WAKE.wait_until(take) else {
            continue;
        };
        if work.intersects(Work::SERIAL0) {
            tty::serial::receive(0);
        }
        if work.intersects(Work::SERIAL1) {
            tty::serial::receive(1);
        }
        if work.contains(Work::KEYBOARD) {
            tty::console::receive();
        }
        if work.contains(Work::DRAW)
            && let Some(vt) = vt::get()
        {
            vt.draw();
        }
    }
}
