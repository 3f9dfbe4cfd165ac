//! Plans for real and for mutilated programs.

use abi::mman::Prot;
use abi::{Errno, PAGE_SIZE};
use proptest::prelude::*;
use vm::elf_plan::{Header, Plan, interpreter_path};
use vm::layout::{ELF_ET_DYN_BASE, USER_TOP};

const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_GNU_STACK: u32 = 0x6474_e551;

/// A program header: type, flags, offset, address, size in the file, size in memory, alignment.
type Segment = (u32, u32, u64, u64, u64, u64, u64);

fn image(kind: u16, entry: u64, segments: &[Segment]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, value: u16| file.extend_from_slice(&value.to_le_bytes());
    half(&mut file, kind);
    half(&mut file, 62);
    file.extend_from_slice(&1u32.to_le_bytes());
    for value in [entry, 64, 0] {
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&0u32.to_le_bytes());
    for value in [64, 56, segments.len() as u16, 64, 0, 0] {
        half(&mut file, value);
    }
    for &(kind, flags, offset, vaddr, filesz, memsz, align) in segments {
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&flags.to_le_bytes());
        for value in [offset, vaddr, vaddr, filesz, memsz, align] {
            file.extend_from_slice(&value.to_le_bytes());
        }
    }
    file
}

fn plan(file: &[u8]) -> Result<Plan<'_>, Errno> {
    let header = Header::parse(file)?;
    let range = header.program_headers();
    let headers = file
        .get(range.start as usize..range.end as usize)
        .ok_or(Errno::ENOEXEC)?;
    Plan::new(header, headers)
}

fn typical() -> Vec<Segment> {
    vec![
        (PT_INTERP, 4, 0x318, 0x318, 28, 28, 1),
        (PT_LOAD, 4, 0, 0, 0x628, 0x628, 0x1000),
        (PT_LOAD, 5, 0x1000, 0x1000, 0x175, 0x175, 0x1000),
        (PT_LOAD, 4, 0x2000, 0x2000, 0xf4, 0xf4, 0x1000),
        (PT_LOAD, 6, 0x2dd0, 0x3dd0, 0x248, 0x2250, 0x1000),
        (PT_GNU_STACK, 6, 0, 0, 0, 0, 16),
    ]
}

#[test]
fn a_typical_pie() {
    let file = image(3, 0x1050, &typical());
    let plan = plan(&file).unwrap();
    assert!(plan.header().position_independent);
    assert_eq!(plan.span, 0..0x7000);
    assert_eq!((plan.brk, plan.phdr, plan.align), (0x7000, 64, PAGE_SIZE));
    assert_eq!(plan.interpreter, Some(0x318..0x334));
    assert!(!plan.executable_stack);
    assert_eq!(plan.code, 0x1000..0x1175);
    assert_eq!(plan.data, 0x3dd0..0x4018);
    let segments: Vec<_> = plan.segments().collect();
    assert_eq!(segments.len(), 4);
    let data = &segments[3];
    assert_eq!(
        (data.start, data.file_end, data.end, data.file_offset),
        (0x3000, 0x5000, 0x7000, 0x2000)
    );
    assert_eq!(
        (data.clear_from, data.prot),
        (0x4018, Prot::PROT_READ | Prot::PROT_WRITE)
    );
    assert_eq!(segments[1].prot, Prot::PROT_READ | Prot::PROT_EXEC);
    assert_eq!(segments[1].clear_from, segments[1].file_end);
    let bias = plan.bias(ELF_ET_DYN_BASE);
    assert_eq!(bias, 0x5555_5555_4000);
    assert_eq!(plan.entry(bias), Ok(0x5555_5555_5050));
    assert!(plan.fits(bias) && !plan.fits(USER_TOP - 0x6000));
}

#[test]
fn a_large_alignment_is_kept() {
    let file = image(3, 0, &[(PT_LOAD, 5, 0x1000, 0x20_1000, 16, 16, 0x20_0000)]);
    let plan = plan(&file).unwrap();
    assert_eq!(plan.align, 0x20_0000);
    assert_eq!(plan.bias(ELF_ET_DYN_BASE) % 0x20_0000, 0);
}

#[test]
fn a_segment_of_zeroes_only() {
    let file = image(
        2,
        0x40_0000,
        &[(PT_LOAD, 6, 0x123, 0x40_0123, 0, 0x2000, 0x1000)],
    );
    let plan = plan(&file).unwrap();
    let segment = plan.segments().next().unwrap();
    assert_eq!(
        (segment.start, segment.file_end, segment.end),
        (0x40_0000, 0x40_0000, 0x40_3000)
    );
    assert_eq!((plan.bias(0x1000), plan.phdr), (0, 0));
}

#[test]
fn what_linux_refuses() {
    let load = |offset, vaddr, filesz, memsz| {
        image(2, 0, &[(PT_LOAD, 5, offset, vaddr, filesz, memsz, 0x1000)])
    };
    let top = USER_TOP as u64;
    for (file, errno) in [
        (Vec::new(), Errno::ENOEXEC),
        (b"#!/bin/sh\n".to_vec(), Errno::ENOEXEC),
        (image(1, 0, &typical()), Errno::ENOEXEC),
        (image(2, 0, &[]), Errno::ENOEXEC),
        (
            image(2, 0, &[(PT_GNU_STACK, 6, 0, 0, 0, 0, 16)]),
            Errno::ENOEXEC,
        ),
        (
            image(2, 0, &vec![(PT_LOAD, 5, 0, 0, 1, 1, 1); 74]),
            Errno::ENOEXEC,
        ),
        (
            image(2, 0, &[(PT_INTERP, 4, 0, 0, 1, 1, 1)]),
            Errno::ENOEXEC,
        ),
        (
            image(2, 0, &[(PT_INTERP, 4, 0, 0, 4097, 4097, 1)]),
            Errno::ENOEXEC,
        ),
        (
            image(2, 0, &[(PT_INTERP, 4, u64::MAX, 0, 20, 20, 1)]),
            Errno::ENOEXEC,
        ),
        (load(0, 0x40_0000, 2, 1), Errno::EINVAL),
        (load(0x10, 0x40_0000, 2, 2), Errno::EINVAL),
        (load(0, top, 1, 1), Errno::EINVAL),
        (load(0, top - 0x1000, 1, 0x1001), Errno::EINVAL),
        (load(0, u64::MAX - 0xfff, 0x1000, 0x1000), Errno::EINVAL),
        (
            load(u64::MAX - 0xfff, 0x40_0000, 0x1000, 0x1000),
            Errno::EINVAL,
        ),
        (load(0, 0x40_0000, 0, u64::MAX), Errno::EINVAL),
    ] {
        assert_eq!(plan(&file).map(|_| ()), Err(errno), "{file:x?}");
    }
    let mut other_machine = image(2, 0, &typical());
    other_machine[18] = 3;
    assert_eq!(plan(&other_machine).map(|_| ()), Err(Errno::ENOEXEC));
    let mut narrow = image(2, 0, &typical());
    narrow[4] = 1;
    assert_eq!(plan(&narrow).map(|_| ()), Err(Errno::ENOEXEC));
    let far = image(2, u64::MAX, &typical());
    assert_eq!(plan(&far).unwrap().entry(0), Err(Errno::EINVAL));
}

#[test]
fn interpreter_paths() {
    assert_eq!(interpreter_path(b"/lib/ld.so\0"), Ok(&b"/lib/ld.so"[..]));
    assert_eq!(interpreter_path(b"/lib/ld.so\0x\0"), Ok(&b"/lib/ld.so"[..]));
    assert_eq!(interpreter_path(b"/lib/ld.so"), Err(Errno::ENOEXEC));
    assert_eq!(interpreter_path(b""), Err(Errno::ENOEXEC));
}

/// Whatever a plan says must be within bounds, so that its user need not check again.
fn check(file: &[u8]) {
    let Ok(plan) = plan(file) else { return };
    assert!(plan.span.start < plan.span.end && plan.span.end <= USER_TOP);
    assert!(plan.align.is_power_of_two() && plan.align >= PAGE_SIZE);
    for segment in plan.segments() {
        assert!(plan.span.start <= segment.start && segment.end <= plan.span.end);
        assert!(segment.start <= segment.file_end && segment.file_end <= segment.end);
        assert!(segment.start <= segment.clear_from && segment.clear_from <= segment.file_end);
        assert!(
            [segment.start, segment.file_end, segment.end]
                .iter()
                .all(|at| at % PAGE_SIZE == 0)
        );
        assert_eq!(
            segment.file_offset % PAGE_SIZE as u64,
            if segment.file_end > segment.start {
                0
            } else {
                segment.file_offset % 4096
            }
        );
        assert!(
            segment
                .file_offset
                .checked_add((segment.file_end - segment.start) as u64)
                .is_some_and(|end| end < 1 << 63)
        );
        assert!(segment.start <= segment.bytes.start && segment.bytes.end <= segment.end);
    }
    for base in [0x10_0000, ELF_ET_DYN_BASE, USER_TOP - PAGE_SIZE, usize::MAX] {
        let bias = plan.bias(base);
        if plan.fits(bias) {
            assert!(plan.span.end.wrapping_add(bias) <= USER_TOP);
        }
        let _ = plan.entry(bias);
    }
    if let Some(path) = &plan.interpreter {
        assert!((2..=4096).contains(&(path.end - path.start)));
    }
}

fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0u64..0x10_0000,
        (0u32..64).prop_map(|bit| 1 << bit),
        (0u32..64, 0u64..0x2000).prop_map(|(bit, less)| (1u64 << bit).wrapping_sub(less)),
        (0u64..0x3000).prop_map(|less| USER_TOP as u64 + 0x1000 - less),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn mutilated_headers_give_an_error_or_a_sound_plan(
        words in prop::collection::vec((0usize..50, word()), 0..8),
        bytes in prop::collection::vec((0usize..400, any::<u8>()), 0..4),
        cut in 0usize..500,
    ) {
        let mut file = image(3, 0x1050, &typical());
        for (at, value) in words {
            file[at * 8..at * 8 + 8].copy_from_slice(&value.to_le_bytes());
        }
        for (at, value) in bytes {
            file[at] = value;
        }
        check(&file[..cut.clamp(0, file.len())]);
        check(&file);
    }

    #[test]
    fn any_segments_give_an_error_or_a_sound_plan(
        kind in 2u16..4,
        segments in prop::collection::vec((prop::sample::select(vec![PT_LOAD, PT_INTERP]), 0u32..8, word(), word(), word(), word(), word()), 1..4),
    ) {
        check(&image(kind, 0, &segments));
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes);
    }
}

#[test]
fn this_very_test_program_has_a_plan() {
    let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let plan = plan(&file).unwrap();
    assert!(plan.segments().count() >= 2);
    assert!(plan.phdr > 0);
    let path = plan.interpreter.clone().unwrap();
    assert!(
        interpreter_path(&file[path.start as usize..path.end as usize])
            .unwrap()
            .starts_with(b"/lib")
    );
    check(&file);
}
