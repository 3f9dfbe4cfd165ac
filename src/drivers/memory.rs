//! The devices without hardware: `/dev/null`, `zero`, `full`, `random` and `urandom` (`null(4)`, `full(4)`,
//! `random(4)`).

use alloc::sync::Arc;

use abi::Errno;
use chacha20::rand_core::Rng;

use super::random;
use crate::fs::{FileOps, OpenFile, device};
use crate::memory::user::{Sink, Source, UserAddr};
use crate::memory::{Backing, SharedMemory};
use crate::process::state::Sleep;
use crate::process::syscalls::{Call, SysResult};
use crate::process::{ThreadRef, signal, with_current_thread};

const MAJOR: u32 = 1;
/// How many random bytes are made at a time; a signal can end the read in between.
const CHUNK: usize = 256;
/// More than any mapping can have.
const EVERYTHING: usize = 1 << 47;

/// Registers the devices.
pub fn init() {
    device::register_char(MAJOR, 3, "null", 0o666, |_, _| Ok(Arc::new(Device::Null)));
    device::register_char(MAJOR, 5, "zero", 0o666, |_, _| Ok(Arc::new(Device::Zero)));
    device::register_char(MAJOR, 7, "full", 0o666, |_, _| Ok(Arc::new(Device::Full)));
    device::register_char(MAJOR, 8, "random", 0o666, |_, _| Ok(Arc::new(Random)));
    device::register_char(MAJOR, 9, "urandom", 0o666, |_, _| Ok(Arc::new(Random)));
}

/// Devices of zeros and nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    /// Reads nothing, swallows everything.
    Null,
    /// Reads zeros, swallows everything.
    Zero,
    /// Reads zeros, has no space.
    Full,
}

impl FileOps for Device {
    fn is_seekable(&self) -> bool {
        true
    }

    fn read(&self, file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        self.read_at(file, 0, sink)
    }

    fn write(&self, file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        self.write_at(file, 0, source)
    }

    fn read_at(&self, _file: &OpenFile, _position: u64, sink: &mut Sink<'_>) -> SysResult {
        match self {
            Device::Null => Ok(0),
            Device::Zero | Device::Full => sink.put_zeros(sink.remaining()),
        }
    }

    fn write_at(&self, _file: &OpenFile, _position: u64, source: &mut Source<'_>) -> SysResult {
        match self {
            Device::Full if source.remaining() > 0 => Err(Errno::ENOSPC),
            _ => Ok(source.remaining()),
        }
    }

    /// The position stays 0, as on Linux.
    fn seek(&self, _file: &OpenFile, _offset: i64, _whence: u32) -> Result<u64, Errno> {
        Ok(0)
    }

    fn backing(self: Arc<Self>, _file: &OpenFile) -> Result<Arc<dyn Backing>, Errno> {
        match *self {
            Device::Zero => Ok(SharedMemory::new(EVERYTHING, "/dev/zero")),
            _ => Err(Errno::ENODEV),
        }
    }
}

/// `/dev/random` and `/dev/urandom`, which differ only in name: the generator is seeded before either is opened.
struct Random;

/// Puts random bytes until there is no room or a signal is pending.
pub fn put_random(sink: &mut Sink<'_>) -> SysResult {
    let mut stream = random::stream();
    let mut buffer = [0; CHUNK];
    while sink.remaining() > 0 {
        let wanted = sink.remaining().min(CHUNK);
        let bytes = buffer.get_mut(..wanted).unwrap_or_default();
        stream.fill_bytes(bytes);
        match sink.put(bytes) {
            Ok(count) if count == wanted => {}
            other => return sink.result(other.map(drop)),
        }
        if is_interrupted() {
            break;
        }
    }
    Ok(sink.done())
}

fn is_interrupted() -> bool {
    let pending = |thread: &ThreadRef| signal::interrupts(thread, Sleep::Interruptible).is_some();
    with_current_thread(pending).unwrap_or(false)
}

/// Requests of `random(4)`.
const RNDGETENTCNT: u32 = 0x8004_5200;
const RNDADDTOENTCNT: u32 = 0x4004_5201;
const RNDADDENTROPY: u32 = 0x4008_5203;
const RNDZAPENTCNT: u32 = 0x5204;
const RNDCLEARPOOL: u32 = 0x5206;
const RNDRESEEDCRNG: u32 = 0x5207;

impl FileOps for Random {
    fn read(&self, _file: &OpenFile, sink: &mut Sink<'_>) -> SysResult {
        put_random(sink)
    }

    /// What is written is stirred in.
    fn write(&self, _file: &OpenFile, source: &mut Source<'_>) -> SysResult {
        let mut buffer = [0; CHUNK];
        while source.remaining() > 0 {
            match source.take(&mut buffer) {
                Ok(count) => random::mix(buffer.get(..count).unwrap_or_default()),
                Err(error) => return source.result(Err(error)),
            }
        }
        Ok(source.done())
    }

    fn ioctl(
        &self,
        call: &mut Call<'_>,
        _file: &OpenFile,
        command: u32,
        argument: UserAddr,
    ) -> SysResult {
        match command {
            RNDGETENTCNT => argument.write(&256i32).map(|()| 0),
            RNDADDTOENTCNT | RNDADDENTROPY | RNDZAPENTCNT | RNDCLEARPOOL | RNDRESEEDCRNG => {
                if !call.credentials().is_superuser() {
                    return Err(Errno::EPERM);
                }
                if command == RNDADDENTROPY {
                    let [_bits, size] = argument.read::<[u32; 2]>()?;
                    let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
                    let mut source = Source::user(argument.offset(8), size)?;
                    self.write(_file, &mut source)?;
                }
                Ok(0)
            }
            _ => Err(Errno::EINVAL),
        }
    }
}
