//! `futex(2)`: operations, word format and the robust list.

c_struct! {
    /// `struct robust_list_head`: the locks a thread holds, walked when it dies.
    pub struct RobustListHead {
        /// Address of the first entry; of this head itself if there is none.
        pub list: u64,
        /// Distance from an entry to its futex word.
        pub futex_offset: i64,
        /// Entry being taken or released.
        pub list_op_pending: u64,
    }
}

constants! { u32;
    FUTEX_WAIT = 0, "Sleep if the word has the value given.";
    FUTEX_WAKE = 1, "Wake waiters.";
    FUTEX_FD = 2, "Removed from Linux.";
    FUTEX_REQUEUE = 3, "Wake some, move the rest to another word.";
    FUTEX_CMP_REQUEUE = 4, "`FUTEX_REQUEUE` if the word has the value given.";
    FUTEX_WAKE_OP = 5, "Change a second word, wake on both.";
    FUTEX_LOCK_PI = 6, "Lock with priority inheritance.";
    FUTEX_UNLOCK_PI = 7, "Unlock with priority inheritance.";
    FUTEX_TRYLOCK_PI = 8, "Lock without waiting.";
    FUTEX_WAIT_BITSET = 9, "Wait with a mask, absolute timeout.";
    FUTEX_WAKE_BITSET = 10, "Wake those whose mask overlaps.";
    FUTEX_WAIT_REQUEUE_PI = 11, "Wait, to be moved to a lock with priority inheritance.";
    FUTEX_CMP_REQUEUE_PI = 12, "Move waiters to a lock with priority inheritance.";
    FUTEX_LOCK_PI2 = 13, "`FUTEX_LOCK_PI` with a choice of clock.";
    FUTEX_PRIVATE_FLAG = 128, "The word is not shared with other processes.";
    FUTEX_CLOCK_REALTIME = 256, "The timeout is of `CLOCK_REALTIME`.";
    FUTEX_CMD_MASK = !384, "The operation without its two flags.";
    FUTEX_WAITERS = 0x8000_0000, "In the word: somebody waits in the kernel.";
    FUTEX_OWNER_DIED = 0x4000_0000, "In the word: the owner died holding the lock.";
    FUTEX_TID_MASK = 0x3fff_ffff, "In the word: the owner's thread id.";
    FUTEX_BITSET_MATCH_ANY = 0xffff_ffff, "The mask that overlaps every other.";
    ROBUST_LIST_LIMIT = 2048, "The most entries walked.";
}
