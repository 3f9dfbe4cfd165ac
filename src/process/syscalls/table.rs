//! The system-call table.

use abi::SyscallNumber;

use super::{
    Entry, Handler, NUMBERS, clock, cpu_state, dir, exec, fd, file, futex, group, identity, kill, memory, mount, path,
    pipe, poll, prctl, priority, process, random, resource, sched_calls, sigaction, stat, system, timer, wait,
};

/// The handlers by number.
pub(super) static ENTRIES: [Option<Entry>; NUMBERS] = by_number(&[
    // Processes.
    (SyscallNumber::Clone, |c, a| process::clone.invoke(c, a)),
]);

const fn by_number(list: &[(SyscallNumber, Entry)]) -> [Option<Entry>; NUMBERS] {
    let mut table: [Option<Entry>; NUMBERS] = [None; NUMBERS];
    let mut index = 0;
    while index < list.len() {
        let (number, entry) = list[index];
        assert!(table[number as usize].is_none(), "a call stands twice in the table");
        table[number as usize] = Some(entry);
        index += 1;
    }
    table
}
