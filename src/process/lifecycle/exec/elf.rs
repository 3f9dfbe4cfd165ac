//! Mapping ELF programs and their interpreters, and building the first stack.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use abi::mman::Prot;
use abi::{Errno, PAGE_SIZE};
use vm::VmaFlags;
use vm::elf_plan::{Header, Plan, Segment, interpreter_path};
use vm::layout::{ELF_ET_DYN_BASE, Layout, MMAP_MIN_ADDR, Randomness};
use vm::stack_image::{Auxv, StackImage, Strings};

use super::{Environment, Failure, LoadedProgram, file, new_credentials};
use crate::drivers::random;
use crate::fs::OpenFile;
use crate::memory::{ImageInfo, Limits, MemoryMap, MmapRequest, Object, Placement};

/// Address space that a new stack has below its first bytes.
const STACK_ROOM: usize = 128 << 10;

/// A file and what its headers say.
struct Image {
    file: Arc<OpenFile>,
    header: Header,
    program_headers: Vec<u8>,
}

impl Image {
    /// Reads the headers. `short` is the error for a file that ends within them.
    fn read(file: &Arc<OpenFile>, head: &[u8], short: Errno) -> Result<Self, Errno> {
        let header = Header::parse(head)?;
        let range = header.program_headers();
        let len = usize::try_from(range.end - range.start).map_err(|_| Errno::ENOEXEC)?;
        let at = usize::try_from(range.start).unwrap_or(usize::MAX);
        let program_headers = match head.get(at..at.saturating_add(len)) {
            Some(bytes) => bytes.to_vec(),
            None => file::read_exact(file, range.start, len).map_err(|_| short)?,
        };
        Ok(Self {
            file: Arc::clone(file),
            header,
            program_headers,
        })
    }

    /// What to map. Wrong segments are found by Linux when there is no way back.
    fn plan(&self) -> Result<Plan<'_>, Failure> {
        Plan::new(self.header, &self.program_headers).map_err(|errno| match errno {
            Errno::EINVAL => Failure::Fatal(errno),
            other => Failure::Error(other),
        })
    }
}

/// Loads the ELF program in `file`, whose first bytes are `head`.
pub(super) fn load(
    file: &Arc<OpenFile>,
    head: &[u8],
    strings: &Strings,
    environment: &Environment<'_>,
    name: String,
) -> Result<LoadedProgram, Failure> {
    let program = Image::read(file, head, Errno::ENOEXEC)?;
    let plan = program.plan()?;
    let interpreter = match &plan.interpreter {
        Some(range) => Some(open_interpreter(file, range, environment)?),
        None => None,
    };
    let (credentials, secure) = new_credentials(file, environment);
    let random = environment.randomize.then(|| Randomness {
        mmap: random::next_u64(),
        stack: random::next_u64(),
        exec: random::next_u64(),
        brk: random::next_u64(),
    });
    let layout = Layout::new(environment.stack_limit, random);
    let memory = MemoryMap::new()?;
    let builder = Builder {
        memory: &memory,
        layout,
        stack_limit: environment.stack_limit,
    };
    let placed = builder
        .place(&program, &plan, interpreter.as_ref())
        .map_err(Failure::Fatal)?;
    let auxv = Auxv {
        hwcap: u64::from(machine::cpu::features().leaf1_edx),
        hwcap2: if machine::cpu::features().fsgsbase {
            HWCAP2_FSGSBASE
        } else {
            0
        },
        minsigstksz: minimal_signal_stack(),
        phdr: if plan.phdr == 0 {
            0
        } else {
            plan.phdr.wrapping_add(placed.bias) as u64
        },
        phnum: program.header.phnum as u64,
        base: placed.interpreter_base as u64,
        entry: placed.program_entry as u64,
        uid: credentials.user.real,
        euid: credentials.user.effective,
        gid: credentials.group.real,
        egid: credentials.group.effective,
        secure,
    };
    let stack = builder.stack(strings, &auxv, plan.executable_stack)?;
    let moved = |range: &Range<usize>| {
        range.start.wrapping_add(placed.bias)..range.end.wrapping_add(placed.bias)
    };
    memory.set_image(ImageInfo {
        executable: Some(Arc::clone(file)),
        code: moved(&plan.code),
        data: moved(&plan.data),
        stack_start: stack.stack_pointer,
        arguments: stack.args.clone(),
        environment: stack.env.clone(),
        auxiliary: stack.auxv.clone(),
    });
    let (entry, stack_pointer) = (placed.entry, stack.stack_pointer);
    Ok(LoadedProgram {
        memory,
        entry,
        stack_pointer,
        credentials,
        secure,
        name,
    })
}

/// `AT_HWCAP2`: user code may use RDFSBASE and its like.
const HWCAP2_FSGSBASE: u64 = 1 << 1;

/// The least stack a signal handler needs: the frame, the FPU state and the alignment of both.
fn minimal_signal_stack() -> u64 {
    const ALIGNMENT: usize = 64 + 16;
    let frame = size_of::<abi::ucontext::RtSigFrame>();
    (frame + machine::fpu::area_size() + ALIGNMENT).next_multiple_of(16) as u64
}

/// Opens the interpreter that the program names, and reads its headers.
fn open_interpreter(
    program: &Arc<OpenFile>,
    path: &Range<u64>,
    environment: &Environment<'_>,
) -> Result<Image, Failure> {
    let len = usize::try_from(path.end - path.start).map_err(|_| Errno::ENOEXEC)?;
    let bytes = file::read_exact(program, path.start, len)?;
    let path = interpreter_path(&bytes)?;
    let interpreter = environment.open(path)?;
    let head = file::head(&interpreter)?;
    if head.len() < vm::elf_plan::HEADER_SIZE {
        return Err(Errno::EIO.into());
    }
    Ok(Image::read(&interpreter, &head, Errno::ELIBBAD).map_err(|_| Errno::ELIBBAD)?)
}

/// Where everything went.
struct Placed {
    /// How far the program was moved.
    bias: usize,
    program_entry: usize,
    interpreter_base: usize,
    /// Where to start.
    entry: usize,
}

/// Fills a new address space.
struct Builder<'a> {
    memory: &'a MemoryMap,
    layout: Layout,
    stack_limit: u64,
}

impl Builder<'_> {
    /// Maps the program and its interpreter, and decides where the heap begins.
    fn place(
        &self,
        program: &Image,
        plan: &Plan<'_>,
        interpreter: Option<&Image>,
    ) -> Result<Placed, Errno> {
        self.memory
            .set_layout(MMAP_MIN_ADDR..self.layout.mmap_base, 0);
        let free_standing = program.header.position_independent && interpreter.is_none();
        let bias = if free_standing {
            self.free_bias(plan)?
        } else {
            plan.bias(self.layout.exec_base)
        };
        self.map(program, plan, bias)?;
        let heap = if free_standing {
            ELF_ET_DYN_BASE
        } else {
            plan.brk.wrapping_add(bias)
        };
        let heap = heap.next_multiple_of(PAGE_SIZE) + self.layout.brk_offset;
        self.memory
            .set_layout(MMAP_MIN_ADDR..self.layout.mmap_base, heap);
        let program_entry = plan.entry(bias)?;
        let mut placed = Placed {
            bias,
            program_entry,
            interpreter_base: 0,
            entry: program_entry,
        };
        if let Some(interpreter) = interpreter {
            let plan = interpreter.plan().map_err(Failure::errno)?;
            let bias = self.free_bias(&plan)?;
            self.map(interpreter, &plan, bias)?;
            placed.interpreter_base = plan.span.start.wrapping_add(bias);
            placed.entry = plan.entry(bias)?;
        }
        Ok(placed)
    }

    /// How far to move something that goes where there is room.
    fn free_bias(&self, plan: &Plan<'_>) -> Result<usize, Errno> {
        if !plan.header().position_independent {
            return Ok(0);
        }
        let len = plan.span.len() + plan.align - PAGE_SIZE;
        let gap = self.memory.find_gap(len)?;
        Ok(plan.bias((gap + plan.align - PAGE_SIZE) & !(plan.align - 1)))
    }

    fn map(&self, image: &Image, plan: &Plan<'_>, bias: usize) -> Result<(), Errno> {
        if !plan.fits(bias) {
            return Err(Errno::ENOMEM);
        }
        let backing = image.file.backing()?;
        let object = Arc::new(Object {
            backing,
            file: Some(Arc::clone(&image.file)),
        });
        plan.segments()
            .try_for_each(|segment| self.map_segment(&object, &segment, bias))
    }

    /// Maps the pages of the file, clears what lies behind the file's bytes in the last one, and adds pages of zeroes.
    fn map_segment(
        &self,
        object: &Arc<Object>,
        segment: &Segment,
        bias: usize,
    ) -> Result<(), Errno> {
        let at = |address: usize| address.wrapping_add(bias);
        if segment.file_end > segment.start {
            let range = at(segment.start)..at(segment.file_end);
            let offset = segment.file_offset / PAGE_SIZE as u64;
            self.map_range(
                range,
                segment.prot,
                VmaFlags::MAY_ALL,
                Some((Arc::clone(object), offset)),
            )?;
        }
        if segment.end > segment.file_end {
            self.map_range(
                at(segment.file_end)..at(segment.end),
                segment.prot,
                VmaFlags::MAY_ALL,
                None,
            )?;
        }
        if segment.clear_from < segment.file_end && segment.prot.contains(Prot::PROT_WRITE) {
            self.memory
                .clear_memory(at(segment.clear_from)..at(segment.file_end))?;
        }
        Ok(())
    }

    fn map_range(
        &self,
        range: Range<usize>,
        prot: Prot,
        flags: VmaFlags,
        object: Option<(Arc<Object>, u64)>,
    ) -> Result<(), Errno> {
        let (object, offset) = object.map_or((None, 0), |(object, offset)| (Some(object), offset));
        let request = MmapRequest {
            placement: Placement::Fixed(range.start),
            len: range.len(),
            prot,
            flags,
            object,
            offset,
            populate: false,
        };
        self.memory.mmap(request, &Limits::NONE).map(drop)
    }

    /// Makes the stack with the arguments, the environment and the auxiliary vector.
    fn stack(&self, strings: &Strings, auxv: &Auxv, executable: bool) -> Result<StackImage, Errno> {
        let mut bytes = [0; 16];
        random::fill(&mut bytes);
        let (top, offset) = (self.layout.stack_top, self.layout.stack_pointer_offset);
        let image = StackImage::new(strings, auxv, &bytes, top, offset)?;
        let used = top - (image.stack_pointer & !(PAGE_SIZE - 1));
        let limit = usize::try_from(self.stack_limit).unwrap_or(usize::MAX) & !(PAGE_SIZE - 1);
        let start = top - (used + STACK_ROOM).min(limit).max(used);
        let mut prot = Prot::PROT_READ | Prot::PROT_WRITE;
        prot.set(Prot::PROT_EXEC, executable);
        self.map_range(
            start..top,
            prot,
            VmaFlags::MAY_ALL | VmaFlags::GROWS_DOWN,
            None,
        )?;
        let written = self
            .memory
            .write_memory(image.stack_pointer, &image.bytes)?;
        if written == image.bytes.len() {
            Ok(image)
        } else {
            Err(Errno::ENOMEM)
        }
    }
}
