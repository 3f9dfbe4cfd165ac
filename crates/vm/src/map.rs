//! The ordered set of mappings of an address space.

use alloc::vec::{Drain, Vec};
use core::cell::Cell;
use core::ops::Range;

use abi::mman::Prot;

use crate::vma::{Vma, VmaFlags};

/// The most mappings one address space may have (`/proc/sys/vm/max_map_count`).
pub const MAX_MAPPINGS: usize = 65530;

/// No room for another mapping: too many of them, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// How many pages of an address space are of which sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All.
    pub all: usize,
    /// Private and writable, no stack.
    pub data: usize,
    /// Stacks.
    pub stack: usize,
    /// Executable and not writable.
    pub exec: usize,
    /// Locked.
    pub locked: usize,
    /// Shared.
    pub shared: usize,
}

impl Totals {
    fn of<B>(vma: &Vma<B>) -> Self {
        let pages = vma.pages();
        let when = |condition: bool| if condition { pages } else { 0 };
        Self {
            all: pages,
            data: when(vma.is_data()),
            stack: when(vma.flags.contains(VmaFlags::GROWS_DOWN)),
            exec: when(vma.prot.contains(Prot::PROT_EXEC) && !vma.prot.contains(Prot::PROT_WRITE)),
            locked: when(vma.flags.contains(VmaFlags::LOCKED)),
            shared: when(vma.is_shared()),
        }
    }

    fn apply(&mut self, other: Self, operation: fn(usize, usize) -> usize) {
        self.all = operation(self.all, other.all);
        self.data = operation(self.data, other.data);
        self.stack = operation(self.stack, other.stack);
        self.exec = operation(self.exec, other.exec);
        self.locked = operation(self.locked, other.locked);
        self.shared = operation(self.shared, other.shared);
    }
}

/// Mappings in ascending order, without overlap, neighbours merged where possible.
///
/// A sorted array: an address space has few mappings, a look-up is a short binary search (none at all when it hits the
/// mapping found last), and fork copies it in one run.
#[derive(Debug)]
pub struct VmaMap<B> {
    vmas: Vec<Vma<B>>,
    last: Cell<usize>,
    totals: Totals,
}

impl<B> Default for VmaMap<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> VmaMap<B> {
    /// Without mappings.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            vmas: Vec::new(),
            last: Cell::new(0),
            totals: Totals {
                all: 0,
                data: 0,
                stack: 0,
                exec: 0,
                locked: 0,
                shared: 0,
            },
        }
    }

    /// All, in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[Vma<B>] {
        &self.vmas
    }

    /// How many pages are of which sort.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// The mapping that holds `address`.
    #[inline]
    #[must_use]
    pub fn find(&self, address: usize) -> Option<&Vma<B>> {
        if let Some(vma) = self.vmas.get(self.last.get())
            && vma.contains(address)
        {
            return Some(vma);
        }
        let index = self.index_from(address);
        self.last.set(index);
        self.vmas.get(index).filter(|vma| vma.start <= address)
    }

    /// The mapping that holds `address`, or else the next one above.
    #[must_use]
    pub fn find_from(&self, address: usize) -> Option<&Vma<B>> {
        self.vmas.get(self.index_from(address))
    }

    /// The mappings that share an address with `range`.
    #[must_use]
    pub fn overlapping(&self, range: Range<usize>) -> &[Vma<B>] {
        let first = self.index_from(range.start);
        let rest = self.vmas.get(first..).unwrap_or_default();
        let count = rest.partition_point(|vma| vma.start < range.end);
        rest.get(..count).unwrap_or_default()
    }

    /// Whether mappings cover every address of `range`.
    #[must_use]
    pub fn covers(&self, range: Range<usize>) -> bool {
        let mut at = range.start;
        for vma in self.overlapping(range.clone()) {
            if vma.start > at {
                return false;
            }
            at = vma.end;
        }
        at >= range.end
    }

    /// The highest gap of `len` bytes within `bounds`, at least `guard` bytes below each stack; its address.
    #[must_use]
    pub fn gap_from_top(&self, len: usize, bounds: Range<usize>, guard: usize) -> Option<usize> {
        let mut high = bounds.end;
        for vma in self.vmas.iter().rev() {
            if let Some(start) = high.checked_sub(len)
                && start >= vma.end
            {
                return (start >= bounds.start).then_some(start);
            }
            high = bounds.end.min(vma.guarded_start(guard));
            if high < bounds.start {
                return None;
            }
        }
        high.checked_sub(len).filter(|&start| start >= bounds.start)
    }

    /// Like [`VmaMap::gap_from_top`], but the lowest gap.
    #[must_use]
    pub fn gap_from_bottom(&self, len: usize, bounds: Range<usize>, guard: usize) -> Option<usize> {
        let mut low = bounds.start;
        for vma in self.vmas.iter().skip(self.index_from(low)) {
            let room = vma.guarded_start(guard).checked_sub(low);
            if room.is_some_and(|room| room >= len) {
                break;
            }
            low = low.max(vma.end);
        }
        (low.checked_add(len)? <= bounds.end).then_some(low)
    }

    /// Whether `len` bytes from `start` on are free and at least `guard` bytes below the next stack.
    #[must_use]
    pub fn is_free(&self, start: usize, len: usize, guard: usize) -> bool {
        let Some(end) = start.checked_add(len) else {
            return false;
        };
        self.find_from(start)
            .is_none_or(|next| end <= next.guarded_start(guard))
    }

    /// How far down the stack that begins next above `address` may grow, and its range:
    /// at least `guard` bytes above an accessible mapping below, directly above one that is not.
    #[must_use]
    pub fn stack_above(&self, address: usize, guard: usize) -> Option<(usize, &Vma<B>)> {
        let index = self.index_from(address);
        let stack = self
            .vmas
            .get(index)
            .filter(|vma| vma.flags.contains(VmaFlags::GROWS_DOWN))?;
        let below = index.checked_sub(1).and_then(|index| self.vmas.get(index));
        let limit = match below {
            None => 0,
            Some(below) if below.prot.is_empty() || below.flags.contains(VmaFlags::GROWS_DOWN) => {
                below.end
            }
            Some(below) => below.end.saturating_add(guard),
        };
        Some((limit, stack))
    }

    /// Extends the mapping next above `start` down to it; the room must be free.
    pub fn extend_down(&mut self, start: usize) {
        let index = self.index_from(start);
        let Some(vma) = self.vmas.get_mut(index) else {
            return;
        };
        self.totals.apply(Totals::of(vma), usize::wrapping_sub);
        vma.start = start;
        self.totals.apply(Totals::of(vma), usize::wrapping_add);
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Vec<Vma<B>> {
        self.totals = Totals::default();
        core::mem::take(&mut self.vmas)
    }

    /// The copy that a child of fork gets: what `inherit` makes of each mapping, in order.
    pub fn fork(&self, inherit: impl FnMut(&Vma<B>) -> Option<Vma<B>>) -> Result<Self, Full> {
        let mut child = Self::new();
        child
            .vmas
            .try_reserve_exact(self.vmas.len())
            .map_err(|_| Full)?;
        child.vmas.extend(self.vmas.iter().filter_map(inherit));
        if child.vmas.len() == self.vmas.len() {
            child.totals = self.totals;
        } else {
            child
                .vmas
                .iter()
                .for_each(|vma| child.totals.apply(Totals::of(vma), usize::wrapping_add));
        }
        Ok(child)
    }

    /// The index of the first mapping that ends above `address`.
    fn index_from(&self, address: usize) -> usize {
        self.vmas.partition_point(|vma| vma.end <= address)
    }

    fn reserve(&mut self, more: usize) -> Result<(), Full> {
        if self.vmas.len() + more > MAX_MAPPINGS {
            return Err(Full);
        }
        self.vmas.try_reserve(more).map_err(|_| Full)
    }
}

impl<B: Clone + PartialEq> VmaMap<B> {
    /// Adds a mapping where there is none, merged with its neighbours where they continue each other.
    pub fn insert(&mut self, vma: Vma<B>) -> Result<(), Full> {
        debug_assert!(!vma.is_empty() && self.overlapping(vma.start..vma.end).is_empty());
        self.totals.apply(Totals::of(&vma), usize::wrapping_add);
        let index = self.index_from(vma.start);
        if let Some(before) = index
            .checked_sub(1)
            .and_then(|index| self.vmas.get_mut(index))
            && before.continues_into(&vma)
        {
            before.end = vma.end;
            self.merge_at(index);
            return Ok(());
        }
        if let Some(after) = self.vmas.get_mut(index)
            && vma.continues_into(after)
        {
            (after.start, after.offset) = (vma.start, vma.offset);
            return Ok(());
        }
        if let Err(full) = self.reserve(1) {
            self.totals.apply(Totals::of(&vma), usize::wrapping_sub);
            return Err(full);
        }
        self.vmas.insert(index, vma);
        Ok(())
    }

    /// Takes out what lies in `range`, cutting mappings that stick out. Changes nothing if it fails.
    pub fn remove(&mut self, range: Range<usize>) -> Result<Drain<'_, Vma<B>>, Full> {
        let indices = self.isolate(range)?;
        for vma in self.vmas.get(indices.clone()).unwrap_or_default() {
            self.totals.apply(Totals::of(vma), usize::wrapping_sub);
        }
        Ok(self.vmas.drain(indices))
    }

    /// Lets `change` alter the protection and flags of everything in `range`, cutting mappings that stick out.
    /// Changes nothing if it fails.
    pub fn update(
        &mut self,
        range: Range<usize>,
        mut change: impl FnMut(&mut Vma<B>),
    ) -> Result<(), Full> {
        let indices = self.isolate(range)?;
        for vma in self.vmas.get_mut(indices.clone()).unwrap_or_default() {
            self.totals.apply(Totals::of(vma), usize::wrapping_sub);
            change(vma);
            self.totals.apply(Totals::of(vma), usize::wrapping_add);
        }
        for index in (indices.start..=indices.end).rev() {
            self.merge_at(index);
        }
        Ok(())
    }

    /// Cuts at both ends of `range`; the indices of what lies within.
    fn isolate(&mut self, range: Range<usize>) -> Result<Range<usize>, Full> {
        let cuts = [range.start, range.end];
        let needed = cuts
            .iter()
            .filter(|&&at| self.find(at).is_some_and(|vma| vma.start < at))
            .count();
        if needed > 0 {
            self.reserve(needed)?;
        }
        for at in cuts {
            let index = self.index_from(at);
            if let Some(vma) = self.vmas.get_mut(index)
                && vma.start < at
            {
                let upper = vma.split_off(at);
                self.vmas.insert(index + 1, upper);
            }
        }
        let first = self.index_from(range.start);
        Ok(first..first.max(self.index_from(range.end)))
    }

    /// Merges the mapping at `index` into the one before if it continues that.
    fn merge_at(&mut self, index: usize) {
        let Some(before) = index.checked_sub(1) else {
            return;
        };
        let Some([lower, upper]) = self.vmas.get_mut(before..=index) else {
            return;
        };
        if lower.continues_into(upper) {
            lower.end = upper.end;
            self.vmas.remove(index);
        }
    }
}
