//! Robust futexes: words whose owner ends while it holds them (`get_robust_list(2)`).

use core::sync::atomic::Ordering;

use abi::Errno;
use abi::futex::{FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, ROBUST_LIST_LIMIT};

use super::wake_address;
use crate::memory::user::UserAddr;
use crate::process::{Pid, ThreadRef};

/// `struct robust_list_head`: the first entry, the distance from an entry to its word, and the entry being changed.
type Head = [u64; 3];

/// Marks the words a thread holds as left behind, and wakes a waiter of each. A list that is broken or endless is
/// followed as far as it goes.
pub fn release_robust_list(thread: &ThreadRef) {
    let head = UserAddr::new(thread.robust_list().swap(0, Ordering::Relaxed));
    if !head.is_null() {
        let _ = walk(thread, head);
    }
}

fn walk(thread: &ThreadRef, head: UserAddr) -> Result<(), Errno> {
    let [first, offset, pending]: Head = head.read()?;
    let mut entry = first;
    for _ in 0..ROBUST_LIST_LIMIT {
        // Bit 0 marks priority inheritance.
        let at = address(entry & !1);
        if at == head {
            break;
        }
        let next = at.read::<u64>();
        if entry != pending {
            release(thread, address((entry & !1).wrapping_add(offset)))?;
        }
        entry = next?;
    }
    if pending & !1 != 0 {
        release(thread, address((pending & !1).wrapping_add(offset)))?;
    }
    Ok(())
}

fn address(raw: u64) -> UserAddr {
    UserAddr::new(usize::try_from(raw).unwrap_or(usize::MAX))
}

fn release(thread: &ThreadRef, word: UserAddr) -> Result<(), Errno> {
    let own = thread.tid().map_or(0, Pid::raw);
    let mut value: u32 = word.read()?;
    loop {
        if value & FUTEX_TID_MASK != own {
            return Ok(());
        }
        let left = value & FUTEX_WAITERS | FUTEX_OWNER_DIED;
        match machine::uaccess::cmpxchg_u32(word.get(), value, left) {
            Ok(found) if found == value => break,
            Ok(found) => value = found,
            Err(_) => return Err(Errno::EFAULT),
        }
    }
    if value & FUTEX_WAITERS != 0 {
        wake_address(thread, word);
    }
    Ok(())
}
