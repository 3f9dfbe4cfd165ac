//! What a futex word is known by (futex(2), "Private futexes").

use core::ptr;

use abi::Errno;

use super::map::MemoryMap;
use super::{BackingIdentity, VmaFlags};

/// The identity of a word: threads that name the same word mean the same futex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutexIdentity {
    /// A word of private memory: the address space and the address.
    Private {
        /// The address of the [`MemoryMap`], which outlives all waits in it.
        memory: usize,
        /// The user address.
        address: usize,
    },
    /// A word of a shared mapping: the object and the offset in it, wherever it is mapped.
    Shared {
        /// The object.
        object: BackingIdentity,
        /// Bytes from its start.
        offset: u64,
    },
}

impl FutexIdentity {
    /// Two words to compute a hash from.
    #[must_use]
    pub fn hash_words(&self) -> (u64, u64) {
        match *self {
            Self::Private { memory, address } => (memory as u64, address as u64),
            Self::Shared { object, offset } => (object.inode ^ object.device << 32, offset),
        }
    }
}

impl MemoryMap {
    /// The identity of the word at `address`. With `private` the program promises that it is not shared.
    ///
    /// # Errors
    /// `EFAULT` if nothing is mapped there.
    pub fn futex_identity(&self, address: usize, private: bool) -> Result<FutexIdentity, Errno> {
        let own = FutexIdentity::Private {
            memory: ptr::from_ref(self).addr(),
            address,
        };
        if private {
            return Ok(own);
        }
        let state = self.state();
        let vma = state.vmas.find(address).ok_or(Errno::EFAULT)?;
        Ok(match &vma.object {
            Some(mapped) if vma.flags.contains(VmaFlags::SHARED) => FutexIdentity::Shared {
                object: mapped.backing().identity(),
                offset: vma.offset * abi::PAGE_SIZE as u64 + (address - vma.start) as u64,
            },
            _ => own,
        })
    }
}
