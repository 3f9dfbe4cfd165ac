//! `VmaMap` against a model that keeps one entry a page.

use abi::PAGE_SIZE;
use abi::mman::Prot;
use proptest::prelude::*;
use vm::{Vma, VmaFlags, VmaMap};

const PAGES: usize = 48;
const GUARD: usize = 2 * PAGE_SIZE;

type Page = Option<(u32, u32, Option<(u8, u64)>)>;

#[derive(Clone, Debug)]
enum Step {
    Map {
        at: usize,
        pages: usize,
        prot: u32,
        stack: bool,
        object: Option<u8>,
        offset: u64,
    },
    Remove {
        at: usize,
        pages: usize,
    },
    Protect {
        at: usize,
        pages: usize,
        prot: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let range = (0..PAGES, 1..12usize);
    prop_oneof![
        (
            range.clone(),
            0..4u32,
            any::<bool>(),
            proptest::option::of(0..2u8),
            0..3u64
        )
            .prop_map(|((at, pages), prot, stack, object, offset)| Step::Map {
                at,
                pages,
                prot,
                stack,
                object,
                offset
            }),
        range
            .clone()
            .prop_map(|(at, pages)| Step::Remove { at, pages }),
        (range, 0..4u32).prop_map(|((at, pages), prot)| Step::Protect { at, pages, prot }),
    ]
}

fn bytes(at: usize, pages: usize) -> std::ops::Range<usize> {
    at * PAGE_SIZE..(at + pages).min(PAGES) * PAGE_SIZE
}

fn flags(stack: bool) -> VmaFlags {
    if stack {
        VmaFlags::MAY_ALL | VmaFlags::GROWS_DOWN
    } else {
        VmaFlags::MAY_ALL
    }
}

fn apply(map: &mut VmaMap<u8>, model: &mut [Page; PAGES], step: &Step) {
    match *step {
        Step::Map {
            at,
            pages,
            prot,
            stack,
            object,
            offset,
        } => {
            let range = bytes(at, pages);
            map.remove(range.clone()).unwrap();
            let offset = if object.is_some() { offset } else { 0 };
            let prot_bits = Prot::from_bits_retain(prot);
            let (start, end) = (range.start, range.end);
            map.insert(Vma {
                start,
                end,
                prot: prot_bits,
                flags: flags(stack),
                offset,
                object,
            })
            .unwrap();
            for (i, page) in (range.start / PAGE_SIZE..range.end / PAGE_SIZE).enumerate() {
                model[page] = Some((
                    prot,
                    flags(stack).bits(),
                    object.map(|o| (o, offset + i as u64)),
                ));
            }
        }
        Step::Remove { at, pages } => {
            let range = bytes(at, pages);
            map.remove(range.clone()).unwrap();
            model[range.start / PAGE_SIZE..range.end / PAGE_SIZE].fill(None);
        }
        Step::Protect { at, pages, prot } => {
            let range = bytes(at, pages);
            map.update(range.clone(), |vma| vma.prot = Prot::from_bits_retain(prot))
                .unwrap();
            for page in model[range.start / PAGE_SIZE..range.end / PAGE_SIZE]
                .iter_mut()
                .flatten()
            {
                page.0 = prot;
            }
        }
    }
}

fn as_pages(map: &VmaMap<u8>) -> [Page; PAGES] {
    std::array::from_fn(|page| {
        let address = page * PAGE_SIZE;
        map.find(address).map(|vma| {
            (
                vma.prot.bits(),
                vma.flags.bits(),
                vma.object.map(|object| (object, vma.object_page(address))),
            )
        })
    })
}

/// Whether a gap at `start` is one: free, and `GUARD` below a stack.
fn is_gap(model: &[Page; PAGES], start: usize, pages: usize) -> bool {
    let is_stack = |page: usize| {
        model.get(page).is_some_and(|page| {
            page.is_some_and(|(_, bits, _)| bits & VmaFlags::GROWS_DOWN.bits() != 0)
        })
    };
    let guard = GUARD / PAGE_SIZE;
    (start..start + pages).all(|page| model[page].is_none())
        && (start + pages..start + pages + guard).all(|page| {
            // Only the lowest page of a stack throws a guard; what is above within it does not matter.
            !is_stack(page) || model[start + pages..page].iter().any(Option::is_some)
        })
}

proptest! {
    #[test]
    fn behaves_like_the_model(steps in proptest::collection::vec(step(), 1..40), want in 1..6usize) {
        let mut map = VmaMap::new();
        let mut model = [None; PAGES];
        for step in &steps {
            apply(&mut map, &mut model, step);
            prop_assert_eq!(as_pages(&map), model);
            let all = map.as_slice();
            prop_assert!(all.iter().all(|vma| vma.start < vma.end));
            prop_assert!(all.windows(2).all(|pair| pair[0].end <= pair[1].start));
            prop_assert_eq!(map.totals().all, model.iter().flatten().count());
            let data = model.iter().flatten().filter(|page| {
                page.0 & 2 != 0 && page.1 & (VmaFlags::GROWS_DOWN | VmaFlags::SHARED).bits() == 0
            });
            prop_assert_eq!(map.totals().data, data.count());
        }
        let whole = 0..PAGES * PAGE_SIZE;
        let gaps: Vec<usize> = (0..=PAGES - want).filter(|&start| is_gap(&model, start, want)).collect();
        let to_bytes = |page: Option<&usize>| page.map(|page| page * PAGE_SIZE);
        prop_assert_eq!(map.gap_from_top(want * PAGE_SIZE, whole.clone(), GUARD), to_bytes(gaps.last()));
        prop_assert_eq!(map.gap_from_bottom(want * PAGE_SIZE, whole, GUARD), to_bytes(gaps.first()));
        for start in 0..=PAGES - want {
            prop_assert_eq!(
                map.is_free(start * PAGE_SIZE, want * PAGE_SIZE, GUARD),
                is_gap(&model, start, want)
            );
            let range = start * PAGE_SIZE..(start + want) * PAGE_SIZE;
            prop_assert_eq!(map.covers(range), model[start..start + want].iter().all(Option::is_some));
        }
    }
}

#[test]
fn neighbours_merge() {
    let mut map: VmaMap<u8> = VmaMap::new();
    let rw = Prot::PROT_READ | Prot::PROT_WRITE;
    for page in [0, 2, 1] {
        map.insert(Vma::anonymous(page * PAGE_SIZE, (page + 1) * PAGE_SIZE, rw))
            .unwrap();
    }
    assert_eq!(map.as_slice().len(), 1);
    map.update(PAGE_SIZE..2 * PAGE_SIZE, |vma| vma.prot = Prot::PROT_READ)
        .unwrap();
    assert_eq!(map.as_slice().len(), 3);
    map.update(PAGE_SIZE..2 * PAGE_SIZE, |vma| vma.prot = rw)
        .unwrap();
    assert_eq!(map.as_slice().len(), 1);
}

#[test]
fn stacks_grow_down_to_the_guard() {
    let mut map: VmaMap<u8> = VmaMap::new();
    map.insert(Vma::anonymous(PAGE_SIZE, 2 * PAGE_SIZE, Prot::PROT_READ))
        .unwrap();
    let mut stack = Vma::anonymous(
        10 * PAGE_SIZE,
        12 * PAGE_SIZE,
        Prot::PROT_READ | Prot::PROT_WRITE,
    );
    stack.flags |= VmaFlags::GROWS_DOWN;
    map.insert(stack).unwrap();
    let (limit, found) = map.stack_above(7 * PAGE_SIZE, GUARD).unwrap();
    assert_eq!((limit, found.start), (4 * PAGE_SIZE, 10 * PAGE_SIZE));
    map.extend_down(5 * PAGE_SIZE);
    assert_eq!(map.totals().stack, 7);
    assert!(map.stack_above(0, GUARD).is_none());
    map.update(PAGE_SIZE..2 * PAGE_SIZE, |vma| vma.prot = Prot::PROT_NONE)
        .unwrap();
    assert_eq!(
        map.stack_above(3 * PAGE_SIZE, GUARD).unwrap().0,
        2 * PAGE_SIZE
    );
}

#[test]
fn too_many_mappings_fail_and_change_nothing() {
    let mut map: VmaMap<u8> = VmaMap::new();
    map.insert(Vma::anonymous(
        0,
        2 * vm::MAX_MAPPINGS * PAGE_SIZE,
        Prot::PROT_READ,
    ))
    .unwrap();
    let mut page = 1;
    let failed = loop {
        let range = page * PAGE_SIZE..(page + 1) * PAGE_SIZE;
        match map.update(range, |vma| vma.prot = Prot::PROT_NONE) {
            Ok(()) => page += 2,
            Err(full) => break full,
        }
    };
    assert_eq!(failed, vm::Full);
    assert!(map.as_slice().len() <= vm::MAX_MAPPINGS);
    assert_eq!(map.totals().all, 2 * vm::MAX_MAPPINGS);
    assert!(
        map.remove(page * PAGE_SIZE..(page + 1) * PAGE_SIZE)
            .is_err()
    );
}
