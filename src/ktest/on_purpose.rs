//! What must go wrong: run only when asked for by name, to show that it is noticed.

use core::hint::black_box;

use super::{Outcome, Test, check_eq};

/// Run if the filter is exactly the name.
pub(super) const TESTS: &[Test] = &[
    Test {
        name: "fails_on_purpose",
        run: fails,
    },
    Test {
        name: "panics_on_purpose",
        run: panics,
    },
    Test {
        name: "overflows_the_stack",
        run: overflows,
    },
];

fn fails() -> Outcome {
    check_eq!(black_box(1) + 1, 3);
    Ok(())
}

#[expect(clippy::panic, reason = "it is the subject of the test")]
fn panics() -> Outcome {
    panic!("on purpose")
}

fn overflows() -> Outcome {
    let depth = descend(black_box(u64::MAX));
    check_eq!(depth, 0);
    Ok(())
}

/// Calls itself with a new frame each time.
#[inline(never)]
fn descend(levels: u64) -> u64 {
    let frame = black_box([levels; 32]);
    if levels == 0 {
        0
    } else {
        descend(levels - 1) + frame.iter().copied().fold(0, u64::wrapping_add)
    }
}
