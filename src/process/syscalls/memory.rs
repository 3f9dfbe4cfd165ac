//! System calls about memory: `mmap(2)`, `brk(2)` and their like.

use alloc::sync::Arc;

use abi::mman::{
    MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT, MREMAP_DONTUNMAP, MREMAP_FIXED,
    MREMAP_MAYMOVE, MapFlags, Prot,
};
use abi::resource::{RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK};
use abi::system::MS_NOEXEC;
use abi::{Errno, PAGE_SIZE};
use vm::VmaFlags;

use super::{Call, Fd, SysResult};
use crate::fs::OpenFile;
use crate::memory::user::{USER_TOP, UserAddr};
use crate::memory::{Limits, MmapRequest, MremapRequest, Object, Placement, SharedMemory};
use crate::process::credentials::capability;

/// What the caller may use at most.
fn limits(call: &Call<'_>) -> Result<Limits, Errno> {
    let limits = call.process()?.limits();
    let credentials = call.credentials();
    let locked = if credentials.has(capability::IPC_LOCK) {
        u64::MAX
    } else {
        limits.soft(RLIMIT_MEMLOCK)
    };
    Ok(Limits {
        address_space: limits.soft(RLIMIT_AS),
        data: limits.soft(RLIMIT_DATA),
        locked,
        may_map_low: credentials.has(capability::SYS_RAWIO),
    })
}

/// The file `mmap` means. `EBADF` also for one opened with `O_PATH`.
fn mapped_file(call: &Call<'_>, fd: Fd) -> Result<Arc<OpenFile>, Errno> {
    let file = call.files()?.get(fd)?;
    if file.is_path_only() {
        Err(Errno::EBADF)
    } else {
        Ok(file)
    }
}

/// The low 32 bits of flags, the only ones that have a meaning.
fn flag_bits(flags: u64) -> u32 {
    u32::try_from(flags & u64::from(u32::MAX)).unwrap_or(0)
}

/// `mmap(2)`.
pub fn mmap(
    call: &mut Call<'_>,
    addr: UserAddr,
    len: usize,
    prot: u64,
    flags: u64,
    fd: Fd,
    offset: u64,
) -> SysResult {
    let page = PAGE_SIZE as u64;
    if !offset.is_multiple_of(page) {
        return Err(Errno::EINVAL);
    }
    let prot = Prot::from_bits_truncate(flag_bits(prot)) & Prot::RWX;
    let flags = MapFlags::from_bits_retain(flag_bits(flags));
    if flags.contains(MapFlags::MAP_ANONYMOUS) && flags.contains(MapFlags::MAP_HUGETLB) {
        return Err(Errno::ENOMEM);
    }
    let file = if flags.contains(MapFlags::MAP_ANONYMOUS) {
        None
    } else {
        Some(mapped_file(call, fd)?)
    };
    if len == 0 || (file.is_some() && flags.contains(MapFlags::MAP_HUGETLB)) {
        return Err(Errno::EINVAL);
    }
    if len > USER_TOP {
        return Err(Errno::ENOMEM);
    }
    let limits = limits(call)?;
    let mut vma_flags = special_flags(flags);
    if vma_flags.contains(VmaFlags::LOCKED) && limits.locked == 0 {
        return Err(Errno::EPERM);
    }
    let object = match &file {
        Some(file) => Some(file_object(file, prot, flags, &mut vma_flags)?),
        None => anonymous_object(len, flags, &mut vma_flags)?,
    };
    let no_wait = flags.contains(MapFlags::MAP_NONBLOCK);
    let request = MmapRequest {
        placement: placement(addr, flags),
        len,
        prot,
        flags: vma_flags,
        object,
        offset: if file.is_some() { offset / page } else { 0 },
        populate: flags.contains(MapFlags::MAP_POPULATE) && !no_wait,
    };
    call.memory()?.mmap(request, &limits)
}

fn placement(addr: UserAddr, flags: MapFlags) -> Placement {
    if flags.contains(MapFlags::MAP_FIXED_NOREPLACE) {
        Placement::FixedNoReplace(addr.get())
    } else if flags.contains(MapFlags::MAP_FIXED) {
        Placement::Fixed(addr.get())
    } else if flags.contains(MapFlags::MAP_32BIT) {
        Placement::Low
    } else {
        Placement::Hint(addr.get())
    }
}

fn special_flags(flags: MapFlags) -> VmaFlags {
    let mut result = VmaFlags::MAY_ALL;
    result.set(VmaFlags::LOCKED, flags.contains(MapFlags::MAP_LOCKED));
    result.set(
        VmaFlags::GROWS_DOWN,
        flags.contains(MapFlags::MAP_GROWSDOWN),
    );
    result.set(
        VmaFlags::NO_RESERVE,
        flags.contains(MapFlags::MAP_NORESERVE),
    );
    result
}

/// What an anonymous mapping maps: nothing, or memory to be shared.
fn anonymous_object(
    len: usize,
    flags: MapFlags,
    vma: &mut VmaFlags,
) -> Result<Option<Arc<Object>>, Errno> {
    match flags & MapFlags::MAP_TYPE {
        MapFlags::MAP_PRIVATE => Ok(None),
        MapFlags::MAP_SHARED if !vma.contains(VmaFlags::GROWS_DOWN) => {
            *vma |= VmaFlags::SHARED;
            let backing = SharedMemory::new(len, "/dev/zero (deleted)");
            Ok(Some(Arc::new(Object {
                backing,
                file: None,
            })))
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The flags a shared mapping that validates them may have.
const KNOWN_FLAGS: MapFlags = MapFlags::MAP_TYPE
    .union(MapFlags::MAP_FIXED)
    .union(MapFlags::MAP_ANONYMOUS)
    .union(MapFlags::MAP_32BIT)
    .union(MapFlags::MAP_GROWSDOWN)
    .union(MapFlags::MAP_DENYWRITE)
    .union(MapFlags::MAP_EXECUTABLE)
    .union(MapFlags::MAP_LOCKED)
    .union(MapFlags::MAP_NORESERVE)
    .union(MapFlags::MAP_POPULATE)
    .union(MapFlags::MAP_NONBLOCK)
    .union(MapFlags::MAP_STACK)
    .union(MapFlags::MAP_HUGETLB)
    .union(MapFlags::MAP_FIXED_NOREPLACE);

/// The pages of a file, after the checks of `mmap(2)`.
fn file_object(
    file: &Arc<OpenFile>,
    prot: Prot,
    flags: MapFlags,
    vma: &mut VmaFlags,
) -> Result<Arc<Object>, Errno> {
    let kind = flags & MapFlags::MAP_TYPE;
    let shared = kind == MapFlags::MAP_SHARED || kind == MapFlags::MAP_SHARED_VALIDATE;
    if !shared && kind != MapFlags::MAP_PRIVATE {
        return Err(Errno::EINVAL);
    }
    if kind == MapFlags::MAP_SHARED_VALIDATE && !KNOWN_FLAGS.contains(flags) {
        return Err(Errno::EOPNOTSUPP);
    }
    if shared {
        *vma |= VmaFlags::SHARED;
        if !file.writable() {
            if prot.contains(Prot::PROT_WRITE) {
                return Err(Errno::EACCES);
            }
            *vma -= VmaFlags::MAY_WRITE;
        }
    }
    if !file.readable() {
        return Err(Errno::EACCES);
    }
    if file.path().is_some_and(|path| path.mount().has(MS_NOEXEC)) {
        if prot.contains(Prot::PROT_EXEC) {
            return Err(Errno::EPERM);
        }
        *vma -= VmaFlags::MAY_EXEC;
    }
    let backing = file.backing()?;
    if vma.contains(VmaFlags::GROWS_DOWN) {
        return Err(Errno::EINVAL);
    }
    Ok(Arc::new(Object {
        backing,
        file: Some(Arc::clone(file)),
    }))
}

/// `munmap(2)`.
pub fn munmap(call: &mut Call<'_>, addr: UserAddr, len: usize) -> SysResult {
    call.memory()?.munmap(addr.get(), len).map(|()| 0)
}

/// `mprotect(2)`.
pub fn mprotect(call: &mut Call<'_>, addr: UserAddr, len: usize, prot: u64) -> SysResult {
    let prot = Prot::from_bits_retain(u32::try_from(prot).map_err(|_| Errno::EINVAL)?);
    let grows = prot & (Prot::PROT_GROWSDOWN | Prot::PROT_GROWSUP);
    let known = Prot::RWX | Prot::PROT_SEM | Prot::PROT_GROWSDOWN | Prot::PROT_GROWSUP;
    // Both at once contradict each other, and nothing grows up on this architecture.
    if !known.contains(prot) || grows.contains(Prot::PROT_GROWSUP) {
        return Err(Errno::EINVAL);
    }
    let limits = limits(call)?;
    call.memory()?
        .mprotect(
            addr.get(),
            len,
            prot & Prot::RWX,
            !grows.is_empty(),
            &limits,
        )
        .map(|()| 0)
}

/// `mremap(2)`.
pub fn mremap(
    call: &mut Call<'_>,
    old: UserAddr,
    old_len: usize,
    new_len: usize,
    flags: u64,
    new: UserAddr,
) -> SysResult {
    let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
    let has = |flag: u32| flags & flag != 0;
    let wrong = flags & !(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) != 0
        || (has(MREMAP_FIXED | MREMAP_DONTUNMAP) && !has(MREMAP_MAYMOVE))
        || (has(MREMAP_DONTUNMAP) && old_len != new_len);
    if wrong {
        return Err(Errno::EINVAL);
    }
    let request = MremapRequest {
        old: old.get(),
        old_len,
        new_len,
        may_move: has(MREMAP_MAYMOVE),
        fixed: has(MREMAP_FIXED).then(|| new.get()),
        keep_old: has(MREMAP_DONTUNMAP),
    };
    let limits = limits(call)?;
    call.memory()?.mremap(request, &limits)
}

/// `brk(2)`.
pub fn brk(call: &mut Call<'_>, end: UserAddr) -> SysResult {
    let limits = limits(call)?;
    Ok(call.memory()?.brk(end.get(), &limits))
}

/// `madvise(2)`.
pub fn madvise(call: &mut Call<'_>, addr: UserAddr, len: usize, advice: i32) -> SysResult {
    call.memory()?.madvise(addr.get(), len, advice).map(|()| 0)
}

/// `msync(2)`.
pub fn msync(call: &mut Call<'_>, addr: UserAddr, len: usize, flags: u32) -> SysResult {
    call.memory()?.msync(addr.get(), len, flags).map(|()| 0)
}

/// Pages `mincore` answers for at a time.
const MINCORE_STRIDE: usize = PAGE_SIZE * PAGE_SIZE;

/// `mincore(2)`.
pub fn mincore(call: &mut Call<'_>, addr: UserAddr, len: usize, vector: UserAddr) -> SysResult {
    if !addr.get().is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    addr.check(len).map_err(|_| Errno::ENOMEM)?;
    let len = len.next_multiple_of(PAGE_SIZE);
    vector.check(len / PAGE_SIZE)?;
    let memory = call.memory()?;
    for done in (0..len).step_by(MINCORE_STRIDE) {
        let start = addr.get() + done;
        let answer = memory.mincore(start..start + MINCORE_STRIDE.min(len - done))?;
        vector.offset(done / PAGE_SIZE).write_bytes(&answer)?;
    }
    Ok(0)
}

/// `mlock(2)`.
pub fn mlock(call: &mut Call<'_>, addr: UserAddr, len: usize) -> SysResult {
    mlock2(call, addr, len, 0)
}

/// `mlock2(2)`.
pub fn mlock2(call: &mut Call<'_>, addr: UserAddr, len: usize, flags: u32) -> SysResult {
    if flags & !MLOCK_ONFAULT != 0 {
        return Err(Errno::EINVAL);
    }
    let limits = limits(call)?;
    call.memory()?
        .mlock(addr.get(), len, flags & MLOCK_ONFAULT != 0, &limits)
        .map(|()| 0)
}

/// `munlock(2)`.
pub fn munlock(call: &mut Call<'_>, addr: UserAddr, len: usize) -> SysResult {
    call.memory()?.munlock(addr.get(), len).map(|()| 0)
}

/// `mlockall(2)`.
pub fn mlockall(call: &mut Call<'_>, flags: u32) -> SysResult {
    let unknown = flags & !(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0;
    if flags == 0 || flags == MCL_ONFAULT || unknown {
        return Err(Errno::EINVAL);
    }
    let limits = limits(call)?;
    let has = |flag: u32| flags & flag != 0;
    call.memory()?
        .mlockall(has(MCL_CURRENT), has(MCL_FUTURE), has(MCL_ONFAULT), &limits)
        .map(|()| 0)
}

/// `munlockall(2)`.
pub fn munlockall(call: &mut Call<'_>) -> SysResult {
    call.memory()?.munlockall().map(|()| 0)
}
