//! The buddy allocator against a model: a set of the frames that are taken.

use std::collections::HashSet;

use frames::{Buddy, Frame, MAX_ORDER};
use proptest::prelude::*;

const FIRST: u32 = 5;
const COUNT: u32 = 2000;

fn records() -> Vec<Frame> {
    (0..FIRST + COUNT).map(|_| Frame::new()).collect()
}

fn filled() -> (Vec<Frame>, Buddy) {
    let frames = records();
    let mut buddy = Buddy::new();
    buddy.free_range(&frames, FIRST, COUNT);
    (frames, buddy)
}

#[test]
fn everything_can_be_taken_once() {
    let (frames, mut buddy) = filled();
    let mut seen = HashSet::new();
    while let Some(frame) = buddy.allocate(&frames, 0) {
        assert!((FIRST..FIRST + COUNT).contains(&frame));
        assert!(seen.insert(frame), "frame {frame} was given out twice");
    }
    assert_eq!(seen.len(), COUNT as usize);
    assert_eq!(buddy.free_frames(), 0);
    assert_eq!(buddy.largest(), None);
}

#[test]
fn blocks_merge_again() {
    let (frames, mut buddy) = filled();
    let before = buddy.largest();
    let all: Vec<_> = std::iter::from_fn(|| buddy.allocate(&frames, 0)).collect();
    all.iter()
        .step_by(2)
        .for_each(|&f| buddy.free(&frames, f, 0));
    all.iter()
        .skip(1)
        .step_by(2)
        .for_each(|&f| buddy.free(&frames, f, 0));
    assert_eq!(buddy.largest(), before);
    assert_eq!(buddy.free_frames(), COUNT as usize);
}

#[test]
fn too_large_is_refused() {
    let (frames, mut buddy) = filled();
    assert_eq!(buddy.allocate(&frames, 11), None);
    assert_eq!(buddy.allocate(&frames, MAX_ORDER + 1), None);
    assert!(buddy.allocate(&frames, 9).is_some());
}

#[test]
#[should_panic(expected = "freed twice")]
fn double_free_is_noticed() {
    let (frames, mut buddy) = filled();
    let frame = buddy.allocate(&frames, 3).unwrap();
    buddy.free(&frames, frame, 3);
    buddy.free(&frames, frame, 3);
}

#[derive(Debug, Clone)]
enum Step {
    Allocate(usize),
    Batch(usize),
    Free(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0usize..8).prop_map(Step::Allocate),
        (1usize..70).prop_map(Step::Batch),
        any::<usize>().prop_map(Step::Free),
    ]
}

proptest! {
    #[test]
    fn blocks_never_overlap(steps in proptest::collection::vec(step(), 1..300)) {
        let (frames, mut buddy) = filled();
        let mut taken = HashSet::new();
        let mut blocks = Vec::new();
        for step in steps {
            match step {
                Step::Allocate(order) => {
                    if let Some(first) = buddy.allocate(&frames, order) {
                        prop_assert_eq!(first % (1 << order), 0);
                        blocks.push((first, order));
                        for frame in first..first + (1 << order) {
                            prop_assert!(taken.insert(frame));
                        }
                    }
                }
                Step::Batch(n) => {
                    let mut out = vec![0; n];
                    let got = buddy.allocate_batch(&frames, &mut out);
                    prop_assert_eq!(got, n.min(COUNT as usize - taken.len()));
                    for &frame in &out[..got] {
                        prop_assert!(taken.insert(frame));
                        blocks.push((frame, 0));
                    }
                }
                Step::Free(which) if !blocks.is_empty() => {
                    let (first, order) = blocks.swap_remove(which % blocks.len());
                    buddy.free(&frames, first, order);
                    for frame in first..first + (1 << order) {
                        taken.remove(&frame);
                    }
                }
                Step::Free(_) => {}
            }
            prop_assert_eq!(buddy.free_frames(), COUNT as usize - taken.len());
        }
    }
}
