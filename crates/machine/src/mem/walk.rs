//! Walking the page tables for a range: from one lowest-level table to the next, over what is not there.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::OutOfMemory;
use super::editor::{PageTable, index_at};
use super::layout::{PAGE_SHIFT, PAGE_SIZE, USER_TOP};
use super::table::{GROUP, Table};

/// A part of a lowest-level table: entries `first` to `last`.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) leaf: Table,
    /// Address of entry 0.
    pub(super) base: usize,
    first: usize,
    last: usize,
}

/// The groups that entries `first` to `last` are in, as a map of a table's occupancy.
#[inline(always)]
fn groups_of(first: usize, last: usize) -> u64 {
    (u64::MAX << (first / GROUP)) & (u64::MAX >> (63 - last / GROUP))
}

impl Part {
    /// The same entries of another table.
    #[inline(always)]
    pub(super) fn of(self, leaf: Table) -> Part {
        Part { leaf, ..self }
    }

    /// The groups that may have used entries.
    #[inline(always)]
    pub(super) fn groups(&self) -> u64 {
        self.leaf.occupancy().load(Relaxed) & groups_of(self.first, self.last)
    }

    /// Calls `f` with the number of each entry that may be used.
    #[inline(always)]
    pub(super) fn each(&self, mut f: impl FnMut(usize, &AtomicU64)) {
        let mut map = self.groups();
        while map != 0 {
            let group = map.trailing_zeros() as usize * GROUP;
            map &= map - 1;
            let entries = &self.leaf.entries()[group..group + GROUP];
            if self.first <= group && group + GROUP - 1 <= self.last {
                for (offset, slot) in entries.iter().enumerate() {
                    f(group + offset, slot);
                }
            } else {
                for index in self.first.max(group)..=self.last.min(group + GROUP - 1) {
                    f(index, &entries[index % GROUP]);
                }
            }
        }
    }

    /// Forgets those groups of the occupancy map that are in this part as a whole. They must be unused.
    pub(super) fn forget_groups(&self) {
        let inner = (
            self.first.next_multiple_of(GROUP),
            (self.last + 1) / GROUP * GROUP,
        );
        if inner.0 < inner.1 {
            let map = self.leaf.occupancy();
            map.store(
                map.load(Relaxed) & !groups_of(inner.0, inner.1 - 1),
                Relaxed,
            );
        }
    }

    #[inline(always)]
    pub(super) fn address(&self, index: usize) -> usize {
        self.base + (index << PAGE_SHIFT)
    }

    /// The addresses of the part.
    pub(super) fn range(&self) -> Range<usize> {
        self.address(self.first)..self.address(self.last + 1)
    }
}

/// The whole pages of the user half that `range` touches.
pub(super) fn pages_of(range: Range<usize>) -> Range<usize> {
    let end = range.end.min(USER_TOP).next_multiple_of(PAGE_SIZE);
    range.start.min(end) & !(PAGE_SIZE - 1)..end
}

/// Bytes that an entry of a table of `level` stands for.
const fn span(level: usize) -> usize {
    1 << (PAGE_SHIFT + 9 * (level - 1))
}

/// The way to a lowest-level table, below the root.
struct Path {
    third: Table,
    second: Table,
    leaf: Table,
    /// The first address that is looked for and lies in the table.
    at: usize,
}

/// The first lowest-level table with entries for `at..end`.
#[inline]
fn find(root: Table, mut at: usize, end: usize) -> Option<Path> {
    while at < end {
        let Some(third) = root.child(index_at(at, 4)) else {
            at = next_used(root, 4, at)?;
            continue;
        };
        let Some(second) = third.child(index_at(at, 3)) else {
            at = next_used(third, 3, at)?;
            continue;
        };
        let Some(leaf) = second.child(index_at(at, 2)) else {
            at = next_used(second, 2, at)?;
            continue;
        };
        return Some(Path {
            third,
            second,
            leaf,
            at,
        });
    }
    None
}

/// The first address behind `at`, whose entry in a table of `level` is unused, that may have a used one: in the same
/// table, or else the first one that belongs to another table. `None` at the end of the address space.
#[inline(never)]
fn next_used(table: Table, level: usize, at: usize) -> Option<usize> {
    let base = at & !(span(level + 1) - 1);
    let first = index_at(at, level) + 1;
    let behind = u64::MAX.checked_shl((first / GROUP) as u32).unwrap_or(0);
    let mut map = table.occupancy().load(Relaxed) & behind;
    while map != 0 {
        let group = map.trailing_zeros() as usize * GROUP;
        map &= map - 1;
        let used = (first.max(group)..group + GROUP).find(|&index| table.child(index).is_some());
        if let Some(index) = used {
            return Some(base + index * span(level));
        }
    }
    if level == 4 {
        None
    } else {
        Some(base + span(level + 1))
    }
}

impl PageTable<'_> {
    /// Calls `f` with each part of a lowest-level table that has entries for a range of whole pages. With `PRUNE`,
    /// tables that are empty then are taken out of the tree.
    #[inline(always)]
    pub(super) fn visit<const PRUNE: bool>(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, Part) -> Result<(), OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        let root = self.space.root;
        let mut from = range.start;
        while let Some(path) = find(root, from, range.end) {
            let base = path.at & !(span(2) - 1);
            from = base + span(2);
            let part = Part {
                leaf: path.leaf,
                base,
                first: index_at(path.at, 1),
                last: index_at(range.end.min(from) - 1, 1),
            };
            f(self, part)?;
            if PRUNE && path.leaf.used() == 0 {
                self.prune(&path);
                if root.used() == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes a lowest-level table that is empty out of the tree, and tables above it that are empty then.
    fn prune(&mut self, path: &Path) {
        let root = self.space.root;
        let steps = [
            (path.leaf, path.second, 2),
            (path.second, path.third, 3),
            (path.third, root, 4),
        ];
        for (table, parent, level) in steps {
            if table.used() != 0 {
                break;
            }
            parent.entry(index_at(path.at, level)).store(0, Relaxed);
            parent.add_used(-1);
            self.removed_table(table, path.at);
        }
    }

    /// [`PageTable::visit`] with an `f` that cannot fail.
    #[inline(always)]
    pub(super) fn visit_all<const PRUNE: bool>(
        &mut self,
        range: Range<usize>,
        mut f: impl FnMut(&mut Self, Part),
    ) {
        let visited = self.visit::<PRUNE>(range, |this, part| {
            f(this, part);
            Ok(())
        });
        debug_assert_eq!(visited, Ok(()));
    }
}
