//! Access to the memory of an address space that need not be the current one: for `/proc` and `process_vm_readv(2)`.

use core::ops::Range;

use abi::Errno;
use machine::mem::{self, PAGE_SIZE, Page};

use super::fault::Access;
use super::map::MemoryMap;

/// How often a page is faulted in before giving up; another thread can take it away again in between.
const ATTEMPTS: usize = 16;

impl MemoryMap {
    /// Copies out what is at `address`; less than asked for where the memory ends.
    ///
    /// # Errors
    /// `EFAULT` if not even the first byte can be read.
    pub fn read_memory(&self, address: usize, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = address.wrapping_add(done);
            let offset = at % PAGE_SIZE;
            let (part, _) = rest.split_at_mut(rest.len().min(PAGE_SIZE - offset));
            match self.page_at(at - offset, Access::Read) {
                Ok(page) => page.read(offset, part),
                Err(_) if done > 0 => break,
                Err(errno) => return Err(errno),
            }
            done += part.len();
        }
        Ok(done)
    }

    /// Copies to `address`; less than asked for where the memory that can be written ends.
    ///
    /// # Errors
    /// `EFAULT` if not even the first byte can be written.
    pub fn write_memory(&self, address: usize, bytes: &[u8]) -> Result<usize, Errno> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let at = address.wrapping_add(done);
            let offset = at % PAGE_SIZE;
            let (part, _) = rest.split_at(rest.len().min(PAGE_SIZE - offset));
            match self.page_at(at - offset, Access::Write) {
                Ok(page) => page.write(offset, part),
                Err(_) if done > 0 => break,
                Err(errno) => return Err(errno),
            }
            done += part.len();
        }
        Ok(done)
    }

    /// Sets a range that can be written to zeroes.
    ///
    /// # Errors
    /// `EFAULT` where it cannot be written.
    pub fn clear_memory(&self, range: Range<usize>) -> Result<(), Errno> {
        let mut at = range.start;
        while at < range.end {
            let offset = at % PAGE_SIZE;
            let len = (PAGE_SIZE - offset).min(range.end - at);
            self.page_at(at - offset, Access::Write)?
                .fill(offset, len, 0);
            at += len;
        }
        Ok(())
    }

    /// The page at an address, after a fault if need be, in a state that allows the access.
    ///
    /// # Errors
    /// `EFAULT` if the access is not allowed, or if it stays impossible because the current thread is being killed.
    pub fn page_at(&self, page: usize, access: Access) -> Result<Page, Errno> {
        for _ in 0..ATTEMPTS {
            let found = self.space.lock().get(page);
            match found {
                Some(mapped)
                    if access == Access::Write && !mapped.prot.contains(mem::Prot::WRITE) => {}
                Some(mapped) if mapped.prot.is_empty() => {}
                Some(mapped) => return Ok(mapped.page),
                None => {}
            }
            self.handle_fault(page, access).map_err(|_| Errno::EFAULT)?;
        }
        Err(Errno::EFAULT)
    }
}
