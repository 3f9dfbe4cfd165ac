//! The record locks of one file.

use alloc::vec::Vec;

use abi::Errno;

use super::{Owner, Request};

/// Bytes of a file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub first: u64,
    /// Last byte; [`Range::END`] stands for the end of the file, however far.
    pub last: u64,
}

impl Range {
    /// The end of every file.
    pub const END: u64 = i64::MAX as u64;
    /// All of a file.
    pub const ALL: Self = Self {
        first: 0,
        last: Self::END,
    };

    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether the two overlap or touch.
    fn adjoins(&self, other: &Self) -> bool {
        self.first <= other.last.saturating_add(1) && other.first <= self.last.saturating_add(1)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) owner: Owner,
    pub(super) range: Range,
    pub(super) exclusive: bool,
    pub(super) pid: i32,
}

/// Record locks; those of one owner never overlap. In order of their first byte.
#[derive(Default)]
pub(super) struct Records(Vec<Record>);

impl Records {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.0.iter()
    }

    /// The first lock in the way of `request`.
    pub(super) fn conflict(&self, request: &Request) -> Option<Record> {
        let in_the_way = |record: &&Record| {
            record.owner != request.owner
                && record.range.overlaps(&request.range)
                && (record.exclusive || request.exclusive)
        };
        self.0.iter().find(in_the_way).copied()
    }

    /// Sets a lock, replacing and joining with the owner's others.
    pub(super) fn set(&mut self, request: &Request) -> Result<(), Errno> {
        self.0.try_reserve(3).map_err(|_| Errno::ENOLCK)?;
        self.clear(request.owner, request.range)?;
        let mut range = request.range;
        self.0.retain(|record| {
            let joins = record.owner == request.owner
                && record.exclusive == request.exclusive
                && record.range.adjoins(&range);
            if joins {
                range.first = range.first.min(record.range.first);
                range.last = range.last.max(record.range.last);
            }
            !joins
        });
        self.insert(Record {
            owner: request.owner,
            range,
            exclusive: request.exclusive,
            pid: request.pid,
        });
        Ok(())
    }

    /// Takes `range` out of the owner's locks.
    pub(super) fn clear(&mut self, owner: Owner, range: Range) -> Result<(), Errno> {
        self.0.try_reserve(2).map_err(|_| Errno::ENOLCK)?;
        // At most two locks of one owner stick out of the range, one on each side.
        let mut before = None;
        let mut after = None;
        self.0.retain(|record| {
            if record.owner != owner || !record.range.overlaps(&range) {
                return true;
            }
            if record.range.first < range.first {
                let last = range.first - 1;
                before = Some(Record {
                    range: Range {
                        last,
                        ..record.range
                    },
                    ..*record
                });
            }
            if record.range.last > range.last {
                let first = range.last + 1;
                after = Some(Record {
                    range: Range {
                        first,
                        ..record.range
                    },
                    ..*record
                });
            }
            false
        });
        before
            .into_iter()
            .chain(after)
            .for_each(|record| self.insert(record));
        Ok(())
    }

    fn insert(&mut self, record: Record) {
        let index = self
            .0
            .partition_point(|other| other.range.first <= record.range.first);
        self.0.insert(index, record);
    }
}
