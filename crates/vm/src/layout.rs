//! Where the parts of a user address space lie, as Linux places them on x86-64 with four-level page tables.

use abi::PAGE_SIZE;

/// One past the highest address user code can have (`TASK_SIZE`); the page above it is never mapped.
pub const USER_TOP: usize = 0x7fff_ffff_f000;
/// The lowest address `mmap(2)` gives out by itself and lets an ordinary user choose (`vm.mmap_min_addr`).
pub const MMAP_MIN_ADDR: usize = 0x1_0000;
/// Where a position-independent program that has an interpreter is loaded, before randomisation.
pub const ELF_ET_DYN_BASE: usize = USER_TOP / 3 * 2;
/// Pages that stay free below a mapping that grows down (`stack_guard_gap`).
pub const STACK_GUARD_PAGES: usize = 256;
/// The same in bytes.
pub const STACK_GUARD_GAP: usize = STACK_GUARD_PAGES * PAGE_SIZE;
/// The default `RLIMIT_STACK`.
pub const DEFAULT_STACK_LIMIT: u64 = 8 << 20;

/// How far stacks can be moved by randomisation, in pages, as a mask.
const STACK_RANDOM_MASK: u64 = 0x3f_ffff;
/// How far mappings and programs can be moved, in pages, as a mask (28 bits).
const MMAP_RANDOM_MASK: u64 = 0xfff_ffff;
/// How far the heap's start can be moved, in pages, as a mask (32 MiB).
const BRK_RANDOM_MASK: u64 = 0x1fff;
/// The least and the greatest distance of the mapping area from the top.
const MIN_GAP: usize = 128 << 20;
const MAX_GAP: usize = USER_TOP / 6 * 5;

/// Four random words, or none where randomisation is off (`norandmaps`, `ADDR_NO_RANDOMIZE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Randomness {
    /// Moves the mapping area.
    pub mmap: u64,
    /// Moves the stack.
    pub stack: u64,
    /// Moves a position-independent program.
    pub exec: u64,
    /// Moves the heap, and the stack pointer within its page.
    pub brk: u64,
}

/// The places a new program's parts go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Mappings are placed downwards from here.
    pub mmap_base: usize,
    /// One past the highest byte of the stack; page-aligned.
    pub stack_top: usize,
    /// Base of a position-independent program that has an interpreter; page-aligned.
    pub exec_base: usize,
    /// How far the heap starts behind the program's end; page-aligned.
    pub brk_offset: usize,
    /// How far the stack pointer is moved down before the vectors are laid out, below 8192.
    pub stack_pointer_offset: usize,
}

const fn page_align(address: usize) -> usize {
    address & !(PAGE_SIZE - 1)
}

const fn random_bytes(word: u64, mask: u64) -> usize {
    (word & mask) as usize * PAGE_SIZE
}

impl Layout {
    /// The layout for a program with this `RLIMIT_STACK` in bytes.
    #[must_use]
    pub fn new(stack_limit: u64, random: Option<Randomness>) -> Self {
        let none = Randomness {
            mmap: 0,
            stack: 0,
            exec: 0,
            brk: 0,
        };
        let words = random.unwrap_or(none);
        let stack_random_max = if random.is_some() {
            random_bytes(u64::MAX, STACK_RANDOM_MASK)
        } else {
            0
        };
        let gap = usize::try_from(stack_limit)
            .unwrap_or(usize::MAX)
            .saturating_add(stack_random_max + STACK_GUARD_GAP)
            .clamp(MIN_GAP, MAX_GAP);
        Self {
            mmap_base: page_align(USER_TOP - gap - random_bytes(words.mmap, MMAP_RANDOM_MASK)),
            stack_top: USER_TOP - random_bytes(words.stack, STACK_RANDOM_MASK),
            exec_base: page_align(ELF_ET_DYN_BASE) + random_bytes(words.exec, MMAP_RANDOM_MASK),
            brk_offset: random_bytes(words.brk, BRK_RANDOM_MASK),
            stack_pointer_offset: (words.brk >> 32) as usize % 8192,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_randomness_the_places_are_those_gdb_users_know() {
        let layout = Layout::new(DEFAULT_STACK_LIMIT, None);
        assert_eq!(layout.stack_top, 0x7fff_ffff_f000);
        assert_eq!(layout.exec_base, 0x5555_5555_4000);
        assert_eq!(layout.mmap_base, 0x7fff_f7ff_f000);
    }

    #[test]
    fn any_randomness_and_limit_keep_the_order_of_the_parts() {
        for word in [0, 1, u64::MAX, 0x5555_5555_5555_5555] {
            for limit in [0, DEFAULT_STACK_LIMIT, 1 << 40, u64::MAX] {
                let random = Randomness {
                    mmap: word,
                    stack: !word,
                    exec: word,
                    brk: !word,
                };
                let layout = Layout::new(limit, Some(random));
                assert!(layout.exec_base < 0x6555_5555_5000);
                assert!(layout.mmap_base > MMAP_MIN_ADDR && layout.mmap_base < layout.stack_top);
                assert!(layout.stack_top <= USER_TOP);
                assert!(
                    [layout.mmap_base, layout.stack_top, layout.exec_base]
                        .iter()
                        .all(|at| at % PAGE_SIZE == 0)
                );
            }
        }
    }
}
