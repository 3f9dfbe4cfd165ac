//! The kernel's random numbers: a ChaCha20 generator with fast key erasure, seeded by the machine's entropy and
//! stirred by the arrival times of input.
//!
//! Each use of the key replaces it by output of the generator before any byte leaves, so that what was given out can
//! not be computed back from a later state. Large requests get a stream of their own, used without the lock. Small
//! ones, as each new program makes several, share the output of one use: its bytes are wiped as they are handed out.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use core::sync::atomic::{AtomicU64, Ordering};
use machine::sync::IrqSpinLock;

use super::levels;

type Key = [u8; 32];

/// What one use of the key yields: four blocks, which ChaCha computes at once.
const OUTPUT: usize = 256;
/// Requests of up to this many bytes share the output of one use of the key.
const SMALL: usize = 64;

struct Generator {
    /// All zero until [`init`].
    key: Key,
    /// Output for small requests; the last `left` bytes are to be handed out.
    batch: [u8; OUTPUT - size_of::<Key>()],
    left: usize,
}

static GENERATOR: IrqSpinLock<Generator> = IrqSpinLock::new(
    levels::RANDOM,
    Generator {
        key: [0; 32],
        batch: [0; OUTPUT - size_of::<Key>()],
        left: 0,
    },
);

impl Generator {
    /// Fills `bytes`, at most [`SMALL`], from the batch.
    fn take(&mut self, bytes: &mut [u8]) {
        if self.left < bytes.len() {
            let mut output = [0; OUTPUT];
            ChaCha20Rng::from_seed(self.key).fill_bytes(&mut output);
            let (next, batch) = output.split_at(size_of::<Key>());
            self.key.copy_from_slice(next);
            self.batch.copy_from_slice(batch);
            self.left = self.batch.len();
        }
        let start = self.batch.len() - self.left;
        for (to, from) in bytes.iter_mut().zip(self.batch.iter_mut().skip(start)) {
            *to = core::mem::take(from);
        }
        self.left -= bytes.len();
    }
}

/// How many bits of unpredictability the pool claims (`/proc/sys/kernel/random/entropy_avail`).
pub const POOL_BITS: usize = 256;

/// Seeds the generator. Before it, [`fill`] is as predictable as the time of boot.
pub fn init() {
    let mut seed = [0; 32];
    for chunk in seed.chunks_exact_mut(8) {
        chunk.copy_from_slice(&machine::dev::entropy::random_u64().to_ne_bytes());
    }
    mix(&seed);
    mix(&machine::time::boot_wall_clock().to_ne_bytes());
    mix(&machine::time::now().to_ne_bytes());
}

/// Makes later numbers depend on `bytes` too. Known or chosen bytes do no harm.
pub fn mix(bytes: &[u8]) {
    for chunk in bytes.chunks(32) {
        let mut generator = GENERATOR.lock();
        for (old, new) in generator.key.iter_mut().zip(chunk) {
            *old ^= new;
        }
        let mut next = [0; 32];
        ChaCha20Rng::from_seed(generator.key).fill_bytes(&mut next);
        generator.key = next;
        generator.left = 0;
    }
}

/// Stirs in the moment at which something unpredictable happened; cheap enough for interrupt handlers.
pub fn stir(event: u64) {
    let moment = machine::time::now().rotate_left(32) ^ event;
    let mut generator = GENERATOR.lock();
    if let Some((word, _)) = generator.key.split_first_chunk_mut::<8>() {
        *word = (u64::from_ne_bytes(*word) ^ moment).to_ne_bytes();
        generator.key.rotate_left(8);
    }
}

/// A generator of its own for one request.
pub fn stream() -> ChaCha20Rng {
    let mut output = [0; 64];
    let mut generator = GENERATOR.lock();
    ChaCha20Rng::from_seed(generator.key).fill_bytes(&mut output);
    let (next, seed) = output.split_at(32);
    generator.key.copy_from_slice(next);
    drop(generator);
    let mut own = [0; 32];
    own.copy_from_slice(seed);
    ChaCha20Rng::from_seed(own)
}

/// Fills `bytes` with random numbers. Never fails, never waits.
pub fn fill(bytes: &mut [u8]) {
    if bytes.len() <= SMALL {
        GENERATOR.lock().take(bytes);
    } else {
        stream().fill_bytes(bytes);
    }
}

/// A random `u64`.
pub fn next_u64() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

/// A random version 4 UUID in its usual spelling.
pub fn uuid() -> alloc::string::String {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    format_uuid(u128::from_be_bytes(bytes))
}

fn format_uuid(random: u128) -> alloc::string::String {
    let version = random & !(0xf << 76) | 4 << 76;
    let uuid = version & !(3 << 62) | 2 << 62;
    let hex = alloc::format!("{uuid:032x}");
    let part = |range: core::ops::Range<usize>| hex.get(range).unwrap_or_default();
    alloc::format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

/// The UUID of this boot (`/proc/sys/kernel/random/boot_id`): the same at each call.
pub fn boot_id() -> alloc::string::String {
    static HALVES: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
    let half = |half: &AtomicU64| {
        let fresh = next_u64() | 1;
        match half.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh,
            Err(set) => set,
        }
    };
    format_uuid(u128::from(half(&HALVES[0])) << 64 | u128::from(half(&HALVES[1])))
}
