//! Pseudo-terminals (`pty(7)`): a terminal whose other side is not a line but a program, which holds the master.
//!
//! [`open_master`] makes a pair; the terminal's file `/dev/pts/N` is in the table here until the master is closed,
//! and [`crate::fs::devpts`] shows that table as a directory.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use abi::Errno;
use abi::fcntl::OpenFlags;
use abi::stat::{makedev, minor};
use abi::termios::Winsize;
use abi::time::Timespec;
use machine::sync::SpinLock;

use super::{Driver, Kind, Tty, TtyFile};
use crate::drivers::levels;
use crate::fs::metadata::now;
use crate::fs::{FileOps, OpenFile, device};
use crate::memory::user::{Sink, Source, UserAddr};
use crate::process::sync::{PollEvents, PollTable, WaitQueue};
use crate::process::syscalls::{Call, SysResult};

/// Linux's major number of pseudo-terminals in `/dev/pts`.
pub const MAJOR: u32 = 136;
/// The most pairs at a time (Linux's default of `/proc/sys/kernel/pty/max`).
pub const MAX: u32 = 4096;
/// How many bytes of output wait for the master before writers wait.
const OUTPUT_SIZE: usize = 8192;
/// How many bytes a read or write of the master moves at a time.
const CHUNK: usize = 256;

static SERIAL: AtomicU64 = AtomicU64::new(0);
static PAIRS: SpinLock<BTreeMap<u32, Pair>> = SpinLock::new(levels::PTY_TABLE, BTreeMap::new());

/// What the table keeps of a pair.
#[derive(Clone)]
struct Pair {
    tty: Arc<Tty>,
    link: Arc<Link>,
}

/// The connection between the two sides; the terminal's driver.
struct Link {
    listed: Listed,
    output: SpinLock<VecDeque<u8>>,
    /// Woken when there is output for the master to read, and when the last file of the terminal is closed.
    master_readers: Arc<WaitQueue>,
    /// Woken when the terminal can take input again.
    master_writers: Arc<WaitQueue>,
    /// The terminal must not be opened (until `unlockpt(3)`).
    locked: AtomicBool,
    /// Open files of the terminal, and whether there ever was one.
    opens: AtomicU32,
    was_opened: AtomicBool,
}

impl Link {
    /// Whether the terminal was opened and is no longer.
    fn is_abandoned(&self) -> bool {
        self.was_opened.load(Ordering::Acquire) && self.opens.load(Ordering::Acquire) == 0
    }

    /// Takes up to a chunk of output.
    fn take(&self, buffer: &mut [u8; CHUNK], limit: usize) -> usize {
        let mut output = self.output.lock();
        let count = output.len().min(limit).min(CHUNK);
        for (to, from) in buffer.iter_mut().zip(output.drain(..count)) {
            *to = from;
        }
        count
    }
}

impl Driver for Link {
    fn send(&self, bytes: &[u8]) {
        let mut output = self.output.lock();
        if output.try_reserve(bytes.len()).is_ok() {
            output.extend(bytes);
        }
        drop(output);
        self.master_readers.wake_all();
    }

    fn room(&self) -> usize {
        OUTPUT_SIZE.saturating_sub(self.output.lock().len())
    }

    fn discard(&self) {
        self.output.lock().clear();
    }

    fn resume(&self) {
        self.master_writers.wake_all();
    }

    fn opens_changed(&self, count: u32) {
        self.opens.store(count, Ordering::Release);
        if count > 0 {
            self.was_opened.store(true, Ordering::Release);
        }
        self.master_readers.wake_all();
    }

    fn kind(&self) -> Kind {
        Kind::Pseudo(self.listed.number)
    }
}

/// The master's open file.
pub struct Master {
    pair: Pair,
}

/// Makes `/dev/ptmx` and the device numbers of `/dev/pts` known.
pub fn init() {
    device::register_char(5, 2, "ptmx", 0o666, |_, _| open_master());
    device::register_char_family(MAJOR, |number, flags| open_terminal(minor(number), flags));
}

/// Opens `/dev/ptmx`: makes a pair.
///
/// # Errors
/// `ENOSPC` if there are [`MAX`] pairs.
pub fn open_master() -> Result<Arc<dyn FileOps>, Errno> {
    let (uid, gid) = crate::process::with_current_thread(|thread| {
        let credentials = thread.credentials();
        (credentials.fsuid(), credentials.fsgid())
    })
    .unwrap_or((0, 0));
    let mut pairs = PAIRS.lock();
    let number = (0..MAX)
        .find(|number| !pairs.contains_key(number))
        .ok_or(Errno::ENOSPC)?;
    let link = Arc::new(Link {
        listed: Listed {
            number,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            uid,
            gid,
            created: now(),
        },
        output: SpinLock::new(levels::PTY_OUTPUT, VecDeque::new()),
        master_readers: Arc::new(WaitQueue::new()),
        master_writers: Arc::new(WaitQueue::new()),
        locked: AtomicBool::new(true),
        opens: AtomicU32::new(0),
        was_opened: AtomicBool::new(false),
    });
    let device = makedev(MAJOR, number);
    let tty = Tty::new(
        device,
        format!("pts/{number}"),
        link.clone(),
        Winsize::default(),
    );
    let pair = Pair { tty, link };
    pairs.insert(number, pair.clone());
    Ok(Arc::new(Master { pair }))
}

/// Opens `/dev/pts/NUMBER`.
///
/// # Errors
/// `ENXIO` if there is no such pair, `EIO` if it is locked.
pub fn open_terminal(number: u32, flags: OpenFlags) -> Result<Arc<dyn FileOps>, Errno> {
    let pair = PAIRS.lock().get(&number).cloned().ok_or(Errno::ENXIO)?;
    if pair.link.locked.load(Ordering::Acquire) {
        return Err(Errno::EIO);
    }
    TtyFile::open(pair.tty, flags, false)
}

/// A pair as `/dev/pts` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The number, which is the name.
    pub number: u32,
    /// Tells it from earlier pairs with the same number.
    pub serial: u64,
    /// Who opened the master.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// When.
    pub created: Timespec,
}

/// The pairs there are, by number.
pub fn list() -> Vec<Listed> {
    PAIRS.lock().values().map(|pair| pair.link.listed).collect()
}

/// How many pairs there are (`/proc/sys/kernel/pty/nr`).
pub fn count() -> usize {
    PAIRS.lock().len()
}

impl Master {
    /// The terminal on the other side.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.pair.tty
    }

    /// The number in `/dev/pts/N`.
    pub fn number(&self) -> u32 {
        self.pair.link.listed.number
    }

    pub(super) fn available(&self) -> usize {
        self.pair.link.output.lock().len()
    }

    pub(super) fn set_locked(&self, locked: bool) {
        self.pair.link.locked.store(locked, Ordering::Release);
    }

    pub(super) fn is_locked(&self) -> bool {
        self.pair.link.locked.load(Ordering::Acquire)
    }

    /// Waits until there is output.
    fn wait_output(&self, file: &OpenFile) -> Result<(), Errno> {
        let link = &self.pair.link;
        let ready = || {
            if self.available() > 0 {
                Some(Ok(()))
            } else {
                link.is_abandoned().then_some(Err(Errno::EIO))
            }
        };
        if file.is_nonblocking() {
            return ready().unwrap_or(Err(Errno::EAGAIN));
        }
        link.master_readers.wait_until(ready)?
    }

    /// Waits until the terminal can take input.
    fn wait_room(&self, file: &OpenFile) -> Result<(), Errno> {
        let ready = || {
            let mut state = self.pair.tty.state.lock();
            let room = state.discipline.room() > 0;
            state.held_back |= !room;
            room.then_some(())
        };
        if file.is_nonblocking() {
            return ready().ok_or(Errno::EAGAIN);
        }
        self.pair.link.master_writers.wait_until(ready)
    }

    /// Types `bytes` at the terminal; how many, and why not the others.
    fn type_in(&self, file: &OpenFile, bytes: &[u8]) -> (usize, Result<(), Errno>) {
        let mut typed = 0;
        while let Some(rest) = bytes.get(typed..).filter(|rest| !rest.is_empty()) {
            match self.pair.tty.receive(rest) {
                0 => {
                    if let Err(error) = self.wait_room(file) {
                        return (typed, Err(error));
                    }
                }
                count => typed += count,
            }
        }
        (typed, Ok(()))
    }
}

impl FileOps for Master {
    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        if sink.remaining() == 0 {
            return Ok(0);
        }
        let mut buffer = [0; CHUNK];
        loop {
            let count = self.pair.link.take(&mut buffer, sink.remaining());
            if count > 0 {
                self.pair.tty.wake_writers();
                let result = sink.put(buffer.get(..count).unwrap_or(&[])).map(drop);
                if result.is_err() || sink.remaining() == 0 {
                    return sink.result(result);
                }
            } else if sink.done() > 0 {
                return Ok(sink.done());
            } else {
                self.wait_output(file)?;
            }
        }
    }

    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        let mut buffer = [0; CHUNK];
        let mut written = 0;
        while source.remaining() > 0 {
            let (count, result) = match source.take(&mut buffer) {
                Ok(taken) => self.type_in(file, buffer.get(..taken).unwrap_or(&[])),
                Err(error) => (0, Err(error)),
            };
            written += count;
            match result {
                Ok(()) => {}
                Err(error) if written == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(written)
    }

    fn poll(&self, _file: &OpenFile, table: Option<&mut PollTable>) -> PollEvents {
        let link = &self.pair.link;
        if let Some(table) = table {
            table.register(&link.master_readers);
            table.register(&link.master_writers);
        }
        let mut events = PollEvents::empty();
        if self.available() > 0 {
            events |= PollEvents::POLLIN | PollEvents::POLLRDNORM;
        }
        if link.is_abandoned() {
            events |= PollEvents::POLLHUP;
        }
        let mut state = self.pair.tty.state.lock();
        if state.discipline.room() > 0 {
            events |= PollEvents::POLLOUT | PollEvents::POLLWRNORM;
        } else {
            state.held_back = true;
        }
        events
    }

    fn ioctl(
        &self,
        _call: &mut Call<'_>,
        _file: &OpenFile,
        command: u32,
        argument: UserAddr,
    ) -> SysResult {
        super::ioctl::master(self, command, argument)
    }

    fn fdinfo(&self) -> String {
        format!("tty-index:\t{}\n", self.number())
    }

    fn release(&self, _file: &OpenFile) {
        PAIRS.lock().remove(&self.number());
        self.pair.tty.state.lock().peer_closed = true;
        self.pair.tty.hang_up();
    }
}
