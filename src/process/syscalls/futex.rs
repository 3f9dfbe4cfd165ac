//! Fast user-space locks (`futex(2)`): waiting and waking on a word of memory.
//!
//! The operations without priority inheritance are here; those with it are not implemented yet and say `ENOSYS`.

use abi::Errno;
use abi::futex::{
    FUTEX_BITSET_MATCH_ANY, FUTEX_CLOCK_REALTIME, FUTEX_CMP_REQUEUE, FUTEX_PRIVATE_FLAG,
    FUTEX_REQUEUE, FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAKE, FUTEX_WAKE_BITSET, FUTEX_WAKE_OP,
};
use abi::time::Timespec;

use super::{Call, SysResult};
use crate::clock;
use crate::memory::user::UserAddr;
use crate::process::futex::{self, Key, Wakes};

/// `futex(2)`
pub fn futex(
    call: &mut Call<'_>,
    word: UserAddr,
    operation: u32,
    value: u32,
    fourth: u64,
    second: UserAddr,
    third: u32,
) -> SysResult {
    let private = operation & FUTEX_PRIVATE_FLAG != 0;
    let realtime = operation & FUTEX_CLOCK_REALTIME != 0;
    let command = operation & !(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    if realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT {
        return Err(Errno::ENOSYS);
    }
    let key = |address| Key::new(call, address, private);
    match command {
        FUTEX_WAIT => wait(
            call,
            word,
            private,
            value,
            deadline(fourth, false, realtime)?,
            FUTEX_BITSET_MATCH_ANY,
        ),
        FUTEX_WAIT_BITSET => wait(
            call,
            word,
            private,
            value,
            deadline(fourth, true, realtime)?,
            third,
        ),
        FUTEX_WAKE => Ok(futex::wake(
            &key(word)?,
            value as usize,
            FUTEX_BITSET_MATCH_ANY,
        )),
        FUTEX_WAKE_BITSET if third == 0 => Err(Errno::EINVAL),
        FUTEX_WAKE_BITSET => Ok(futex::wake(&key(word)?, value as usize, third)),
        FUTEX_REQUEUE => futex::requeue(&key(word)?, &key(second)?, wakes(value, fourth)?, None),
        FUTEX_CMP_REQUEUE => futex::requeue(
            &key(word)?,
            &key(second)?,
            wakes(value, fourth)?,
            Some((word, third)),
        ),
        FUTEX_WAKE_OP => {
            let (first_key, second_key) = (key(word)?, key(second)?);
            let wakes = wakes(value, fourth)?;
            let old = futex::apply(second, third)?;
            let mut woken = futex::wake(&first_key, wakes.wake, FUTEX_BITSET_MATCH_ANY);
            if futex::compare(third, old)? {
                woken += futex::wake(&second_key, wakes.requeue, FUTEX_BITSET_MATCH_ANY);
            }
            Ok(woken)
        }
        _ => Err(Errno::ENOSYS),
    }
}

/// How many to wake and how many to move, neither negative.
fn wakes(wake: u32, requeue: u64) -> Result<Wakes, Errno> {
    let count = |number: u32| usize::try_from(number.cast_signed()).map_err(|_| Errno::EINVAL);
    let requeue = u32::try_from(requeue & u64::from(u32::MAX)).map_err(|_| Errno::EINVAL)?;
    Ok(Wakes {
        wake: count(wake)?,
        requeue: count(requeue)?,
    })
}

/// The end of the wait in nanoseconds since boot; none waits for ever.
fn deadline(address: u64, absolute: bool, realtime: bool) -> Result<Option<u64>, Errno> {
    if address == 0 {
        return Ok(None);
    }
    let address = UserAddr::new(usize::try_from(address).map_err(|_| Errno::EFAULT)?);
    let nanos = address
        .read::<Timespec>()?
        .to_nanos()
        .ok_or(Errno::EINVAL)?;
    let now = machine::time::now();
    Ok(Some(match (absolute, realtime) {
        (false, _) => now.saturating_add(nanos),
        (true, false) => nanos,
        (true, true) => now.saturating_add(nanos.saturating_sub(clock::realtime())),
    }))
}

fn wait(
    call: &Call<'_>,
    word: UserAddr,
    private: bool,
    expected: u32,
    deadline: Option<u64>,
    bits: u32,
) -> SysResult {
    if bits == 0 {
        return Err(Errno::EINVAL);
    }
    let key = Key::new(call, word, private)?;
    futex::wait(call.thread, key, word, expected, deadline, bits)?;
    Ok(0)
}
