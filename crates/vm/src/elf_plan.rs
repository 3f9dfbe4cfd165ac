//! From the headers of an ELF file to a plan of what to map where, as Linux's `load_elf_binary` reads them.
//!
//! [`Header`] is made from the start of the file and says where the program headers are; [`Plan`] is made from those.
//! Nothing is allocated. Every address and size of a plan has been checked: sums do not overflow, and all lies within
//! the user's part of the address space.

use core::ops::Range;

use abi::mman::Prot;
use abi::{Errno, PAGE_SIZE, PATH_MAX};
use elf::abi::{EM_X86_64, ET_DYN, ET_EXEC, PF_R, PF_W, PF_X, PT_GNU_STACK, PT_INTERP, PT_LOAD};
use elf::endian::LittleEndian;
use elf::file::{Class, FileHeader, parse_ident};
use elf::segment::{ProgramHeader, SegmentTable};

use crate::layout::USER_TOP;

/// Bytes of the ELF header; more are not needed for [`Header::parse`].
pub const HEADER_SIZE: usize = 64;
const IDENT_SIZE: usize = 16;
const PROGRAM_HEADER_SIZE: usize = 56;
/// The range from which `min` and `max` grow the first one found.
const NOWHERE: Range<usize> = Range {
    start: usize::MAX,
    end: 0,
};
const PAGE_MASK: usize = PAGE_SIZE - 1;

/// What the ELF header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Position-independent: a PIE or a shared object.
    pub position_independent: bool,
    /// Entry point, before the program is moved.
    pub entry: usize,
    /// Position of the program headers in the file.
    pub phoff: u64,
    /// Number of program headers, 1 to 73.
    pub phnum: usize,
}

impl Header {
    /// Reads the ELF header at the start of a file.
    ///
    /// # Errors
    /// `ENOEXEC` if it is not one, or not of a program for this machine.
    pub fn parse(start: &[u8]) -> Result<Self, Errno> {
        let (ident, tail) = start
            .get(..HEADER_SIZE)
            .ok_or(Errno::ENOEXEC)?
            .split_at(IDENT_SIZE);
        let ident = parse_ident::<LittleEndian>(ident).map_err(|_| Errno::ENOEXEC)?;
        if ident.1 != Class::ELF64 {
            return Err(Errno::ENOEXEC);
        }
        let header = FileHeader::parse_tail(ident, tail).map_err(|_| Errno::ENOEXEC)?;
        let phnum = usize::from(header.e_phnum);
        let fits = (1..=PAGE_SIZE / PROGRAM_HEADER_SIZE).contains(&phnum)
            && usize::from(header.e_phentsize) == PROGRAM_HEADER_SIZE
            && header.e_phoff <= i64::MAX as u64 - PAGE_SIZE as u64;
        if !fits || header.e_machine != EM_X86_64 || !matches!(header.e_type, ET_EXEC | ET_DYN) {
            return Err(Errno::ENOEXEC);
        }
        let entry = usize::try_from(header.e_entry).map_err(|_| Errno::ENOEXEC)?;
        Ok(Self {
            position_independent: header.e_type == ET_DYN,
            entry,
            phoff: header.e_phoff,
            phnum,
        })
    }

    /// Where in the file the program headers are.
    #[must_use]
    pub fn program_headers(&self) -> Range<u64> {
        self.phoff..self.phoff + (self.phnum * PROGRAM_HEADER_SIZE) as u64
    }
}

/// A part of the program to be mapped; addresses are before the program is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First address; page-aligned.
    pub start: usize,
    /// Where the pages of the file end and pages of zeroes begin; page-aligned.
    pub file_end: usize,
    /// Where the pages of zeroes end; page-aligned.
    pub end: usize,
    /// Position in the file of `start`; page-aligned.
    pub file_offset: u64,
    /// From here to `file_end` the last page of the file must be cleared, if the segment is writable; equal to
    /// `file_end` if nothing is to be cleared.
    pub clear_from: usize,
    /// What is allowed.
    pub prot: Prot,
    /// The bytes the file says are in it: `p_vaddr` to `p_vaddr + p_memsz`.
    pub bytes: Range<usize>,
}

impl Segment {
    /// Checks a loadable program header.
    fn new(header: &ProgramHeader) -> Result<Self, Errno> {
        let size = |value: u64| usize::try_from(value).map_err(|_| Errno::EINVAL);
        let (vaddr, filesz, memsz) = (
            size(header.p_vaddr)?,
            size(header.p_filesz)?,
            size(header.p_memsz)?,
        );
        if vaddr >= USER_TOP || filesz > memsz || memsz > USER_TOP - vaddr {
            return Err(Errno::EINVAL);
        }
        let within = vaddr & PAGE_MASK;
        if filesz > 0 && header.p_offset as usize & PAGE_MASK != within {
            return Err(Errno::EINVAL);
        }
        let file_offset = header.p_offset.saturating_sub(within as u64);
        if file_offset
            .checked_add(header.p_filesz)
            .is_none_or(|end| end > i64::MAX as u64 - 2 * PAGE_SIZE as u64)
        {
            return Err(Errno::EINVAL);
        }
        let start = vaddr - within;
        let file_end = if filesz == 0 {
            start
        } else {
            (vaddr + filesz).next_multiple_of(PAGE_SIZE)
        };
        let end = if memsz == 0 {
            start
        } else {
            (vaddr + memsz).next_multiple_of(PAGE_SIZE)
        };
        let clear_from = if memsz > filesz && filesz > 0 {
            vaddr + filesz
        } else {
            file_end
        };
        Ok(Self {
            start,
            file_end,
            end,
            file_offset,
            clear_from,
            prot: prot(header.p_flags),
            bytes: vaddr..vaddr + memsz,
        })
    }
}

fn prot(flags: u32) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::PROT_READ, flags & PF_R != 0);
    prot.set(Prot::PROT_WRITE, flags & PF_W != 0);
    prot.set(Prot::PROT_EXEC, flags & PF_X != 0);
    prot
}

/// What to map for a program or an interpreter, before it is moved: where it goes is the caller's choice if it is
/// position-independent.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    header: Header,
    table: SegmentTable<'a, LittleEndian>,
    /// The range that holds all segments; page-aligned, never empty.
    pub span: Range<usize>,
    /// What its base must be a multiple of, at least a page; a power of two.
    pub align: usize,
    /// Where in the file the path of the interpreter is, its terminating zero included; 2 to 4096 bytes.
    pub interpreter: Option<Range<u64>>,
    /// Whether it asks for an executable stack.
    pub executable_stack: bool,
    /// Address of the program headers for `AT_PHDR`, if a segment holds them; else 0.
    pub phdr: usize,
    /// Where the heap starts, before it is moved; page-aligned.
    pub brk: usize,
    /// From the lowest to the highest executable byte.
    pub code: Range<usize>,
    /// From the start of the highest segment to the highest byte that comes from the file.
    pub data: Range<usize>,
}

impl<'a> Plan<'a> {
    /// Makes the plan from the header and the bytes of the program headers ([`Header::program_headers`]).
    ///
    /// # Errors
    /// `ENOEXEC` if it makes no sense as a program, `EINVAL` if a segment does not fit the address space or its place in
    /// the file, as on Linux.
    pub fn new(header: Header, program_headers: &'a [u8]) -> Result<Self, Errno> {
        let bytes = program_headers
            .get(..header.phnum * PROGRAM_HEADER_SIZE)
            .ok_or(Errno::ENOEXEC)?;
        let table = SegmentTable::new(LittleEndian, Class::ELF64, bytes);
        let mut plan = Self {
            header,
            table,
            span: NOWHERE,
            align: PAGE_SIZE,
            interpreter: None,
            executable_stack: false,
            phdr: 0,
            brk: 0,
            code: NOWHERE,
            data: 0..0,
        };
        for header in table.iter() {
            match header.p_type {
                PT_INTERP if plan.interpreter.is_none() => {
                    plan.interpreter = Some(interpreter(&header)?)
                }
                PT_GNU_STACK => plan.executable_stack = header.p_flags & PF_X != 0,
                PT_LOAD => plan.add(&header)?,
                _ => {}
            }
        }
        if plan.span.start >= plan.span.end {
            return Err(Errno::ENOEXEC);
        }
        if plan.code.start > plan.code.end {
            plan.code = plan.span.start..plan.span.start;
        }
        plan.brk = plan.span.end;
        Ok(plan)
    }

    fn add(&mut self, header: &ProgramHeader) -> Result<(), Errno> {
        let segment = Segment::new(header)?;
        self.span.start = self.span.start.min(segment.start);
        self.span.end = self.span.end.max(segment.end);
        if header.p_align.is_power_of_two() && header.p_align < USER_TOP as u64 {
            self.align = self.align.max(header.p_align as usize);
        }
        let file_end = segment.bytes.start + header.p_filesz as usize;
        if segment.prot.contains(Prot::PROT_EXEC) {
            self.code = self.code.start.min(segment.bytes.start)..self.code.end.max(file_end);
        }
        self.data = self.data.start.max(segment.bytes.start)..self.data.end.max(file_end);
        if let Some(within) = self.header.phoff.checked_sub(header.p_offset)
            && within < header.p_filesz
        {
            self.phdr = segment.bytes.start + within as usize;
        }
        Ok(())
    }

    /// The header it was made from.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The segments in the file's order. They may overlap, and then a later one replaces an earlier one.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.table
            .iter()
            .filter(|header| header.p_type == PT_LOAD)
            .filter_map(|header| Segment::new(&header).ok())
            .filter(|segment| segment.start < segment.end)
    }

    /// How far everything moves if the lowest address goes to `base`, or as near to it as the alignment allows; 0 for a
    /// program with fixed addresses. To be added with wrapping.
    #[must_use]
    pub fn bias(&self, base: usize) -> usize {
        if self.header.position_independent {
            (base & !(self.align - 1)).wrapping_sub(self.span.start & !(self.align - 1))
        } else {
            0
        }
    }

    /// The entry point when moved by this.
    ///
    /// # Errors
    /// `EINVAL` if it is not an address user code can have.
    pub fn entry(&self, bias: usize) -> Result<usize, Errno> {
        let entry = self.header.entry.wrapping_add(bias);
        if entry < USER_TOP {
            Ok(entry)
        } else {
            Err(Errno::EINVAL)
        }
    }

    /// Whether it stays within the user's part when moved by this.
    #[must_use]
    pub fn fits(&self, bias: usize) -> bool {
        let start = self.span.start.wrapping_add(bias);
        start < USER_TOP && self.span.end - self.span.start <= USER_TOP - start
    }
}

/// Checks the length of an interpreter's path.
fn interpreter(header: &ProgramHeader) -> Result<Range<u64>, Errno> {
    if header.p_filesz < 2 || header.p_filesz > PATH_MAX as u64 {
        return Err(Errno::ENOEXEC);
    }
    let end = header
        .p_offset
        .checked_add(header.p_filesz)
        .filter(|&end| end <= i64::MAX as u64);
    Ok(header.p_offset..end.ok_or(Errno::ENOEXEC)?)
}

/// The path in the bytes that [`Plan::interpreter`] says, without its terminating zero.
///
/// # Errors
/// `ENOEXEC` if it does not end with a zero.
pub fn interpreter_path(bytes: &[u8]) -> Result<&[u8], Errno> {
    match bytes.split_last() {
        Some((0, path)) => Ok(path.split(|&byte| byte == 0).next().unwrap_or(path)),
        _ => Err(Errno::ENOEXEC),
    }
}
