//! What the boot loader tells: command line, memory map, initial ramdisk, firmware tables, display.

use crate::acpi::AcpiRoot;

/// What a range of physical memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryKind {
    /// Ordinary memory, free for use but for the kernel image and the initial ramdisk.
    Usable,
    /// Holds ACPI tables; could be used once they have been read, which the kernel does not.
    Acpi,
    /// Not to be touched: firmware, devices, or unusable.
    Reserved,
}

/// A range of physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRegion {
    /// First byte.
    pub start: u64,
    /// First byte behind.
    pub end: u64,
    /// What is there.
    pub kind: MemoryKind,
}

/// A linear framebuffer set up by the boot loader.
#[derive(Clone, Copy, Debug)]
pub struct Framebuffer {
    /// Physical address of the first pixel.
    pub address: u64,
    /// Bytes from one line to the next.
    pub pitch: u32,
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Bits of a pixel: 32, 24 or 16.
    pub bits_per_pixel: u8,
    /// Bit position and width of red, green and blue in a pixel.
    pub channels: [(u8, u8); 3],
}

/// The most memory regions that are kept; loaders report a dozen.
const MAX_REGIONS: usize = 128;
/// The longest command line that is kept; Linux takes 2048 bytes on x86.
const MAX_COMMAND_LINE: usize = 4096;

/// The boot loader's information, copied out of the memory where it lay.
#[derive(Debug)]
pub struct BootInfo {
    /// The kernel's command line, as given; empty if there is none. Longer ones than 4096 bytes are cut.
    pub command_line: &'static str,
    /// Name of the boot protocol.
    pub protocol: &'static str,
    /// The framebuffer, if the boot loader set one up.
    pub framebuffer: Option<Framebuffer>,
    regions: [MemoryRegion; MAX_REGIONS],
    region_count: usize,
    /// Physical range of the initial ramdisk.
    pub(crate) initrd: Option<(u64, u64)>,
    /// ACPI's root table.
    pub(crate) acpi_root: Option<AcpiRoot>,
}

impl BootInfo {
    /// The memory map, in order of address, without overlaps among usable regions.
    pub fn memory_map(&self) -> &[MemoryRegion] {
        &self.regions[..self.region_count]
    }

    /// Physical ranges `(start, end)` inside usable memory that are taken: the kernel image, and the initial ramdisk.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = (u64, u64)> {
        let image = (super::image_start() as u64, super::image_end() as u64);
        core::iter::once(image).chain(self.initrd)
    }
}

/// Collects a [`BootInfo`].
pub(super) struct Builder {
    info: BootInfo,
    text: [u8; MAX_COMMAND_LINE],
    text_length: usize,
}

impl Builder {
    pub(super) const fn new(protocol: &'static str) -> Builder {
        let empty = MemoryRegion {
            start: 0,
            end: 0,
            kind: MemoryKind::Reserved,
        };
        Builder {
            info: BootInfo {
                command_line: "",
                protocol,
                framebuffer: None,
                regions: [empty; MAX_REGIONS],
                region_count: 0,
                initrd: None,
                acpi_root: None,
            },
            text: [0; MAX_COMMAND_LINE],
            text_length: 0,
        }
    }

    /// Adds a region, keeping the order of addresses. Empty regions, and those beyond the capacity, are dropped.
    pub(super) fn add_region(&mut self, start: u64, length: u64, kind: MemoryKind) {
        let end = start.saturating_add(length);
        let count = self.info.region_count;
        if end <= start || count == MAX_REGIONS {
            return;
        }
        let at = self.info.regions[..count].partition_point(|region| region.start <= start);
        self.info.regions.copy_within(at..count, at + 1);
        self.info.regions[at] = MemoryRegion { start, end, kind };
        self.info.region_count += 1;
    }

    pub(super) fn set_protocol(&mut self, protocol: &'static str) {
        self.info.protocol = protocol;
    }

    pub(super) fn set_command_line(&mut self, text: &[u8]) {
        let length = text.len().min(MAX_COMMAND_LINE);
        self.text[..length].copy_from_slice(&text[..length]);
        self.text_length = length;
    }

    pub(super) fn set_initrd(&mut self, start: u64, end: u64) {
        if end > start && self.info.initrd.is_none() {
            self.info.initrd = Some((start, end));
        }
    }

    pub(super) fn set_acpi_root(&mut self, root: Option<AcpiRoot>) {
        self.info.acpi_root = self.info.acpi_root.or(root);
    }

    pub(super) fn has_acpi_root(&self) -> bool {
        self.info.acpi_root.is_some()
    }

    pub(super) fn set_framebuffer(&mut self, framebuffer: Framebuffer) {
        self.info.framebuffer = Some(framebuffer);
    }

    /// Ends the collection, for a builder that lives forever.
    pub(super) fn finish(&'static mut self) -> &'static BootInfo {
        self.clip_overlaps();
        if let Some((start, end)) = self.info.initrd
            && !self.is_usable(start, end)
        {
            log::warn!("the initial ramdisk at {start:#x}..{end:#x} is not in memory");
            self.info.initrd = None;
        }
        let text = &self.text[..self.text_length];
        self.info.command_line = match core::str::from_utf8(text) {
            Ok(text) => text,
            // Bytes after a wrong one are lost, which beats losing all.
            Err(error) => core::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or(""),
        };
        &self.info
    }

    fn is_usable(&self, start: u64, end: u64) -> bool {
        let usable = |region: &&MemoryRegion| region.kind == MemoryKind::Usable;
        let mut usable = self.info.memory_map().iter().filter(usable);
        usable.any(|region| region.start <= start && end <= region.end)
    }

    /// Makes usable regions end where another region begins, so that no byte is counted twice.
    fn clip_overlaps(&mut self) {
        let count = self.info.region_count;
        for index in 1..count {
            let next = self.info.regions[index];
            let before = &mut self.info.regions[index - 1];
            if before.end > next.start && before.kind == MemoryKind::Usable {
                before.end = next.start;
            } else if before.end > next.start && next.kind == MemoryKind::Usable {
                let end = before.end;
                self.info.regions[index].start = end.min(next.end);
            }
        }
    }
}
