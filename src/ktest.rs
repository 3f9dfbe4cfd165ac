//! The kernel's own tests, run inside it with the boot option `ktest` or `ktest=PART_OF_A_NAME`.
//!
//! They test what neither the host nor a user program can see: locks under preemption, the in-kernel interface, what
//! is left after a process has gone. Each prints a line; the machine ends with a status that says whether all passed.

mod memory;
mod on_purpose;
mod process;
mod scheduler;
mod sync;
mod threads;

use alloc::string::String;

use machine::dev::power;

use crate::drivers::tty::console;
use crate::{command_line, log};

/// What a test ends with: why it failed, if it did.
pub type Outcome = Result<(), String>;

/// One test.
pub struct Test {
    /// `module::what_must_hold`
    pub name: &'static str,
    /// Runs in a thread of the kernel.
    pub run: fn() -> Outcome,
}

/// Lists the tests of a module under its name.
macro_rules! tests {
    ($module:literal: $($name:ident),* $(,)?) => {
        /// The tests of this module.
        pub(super) const TESTS: &[$crate::ktest::Test] = &[
            $($crate::ktest::Test { name: concat!($module, "::", stringify!($name)), run: $name }),*
        ];
    };
}
use tests;

/// Fails the test, telling both values, unless they are equal.
macro_rules! check_eq {
    ($left:expr, $right:expr) => {{
        let (left, right) = ($left, $right);
        if left != right {
            return Err(alloc::format!(
                "line {}: {} is {left:?}, not {right:?}",
                line!(),
                stringify!($left)
            ));
        }
    }};
}
use check_eq;

/// Fails the test unless the condition holds.
macro_rules! check {
    ($condition:expr) => {{
        if !$condition {
            return Err(alloc::format!(
                "line {}: not {}",
                line!(),
                stringify!($condition)
            ));
        }
    }};
}
use check;

const MODULES: [&[Test]; 4] = [process::TESTS, scheduler::TESTS, sync::TESTS, memory::TESTS];

/// Exit codes of the machine.
const PASSED: u8 = 0x10;
const FAILED: u8 = 0x12;

/// Runs the tests and ends the machine, if the command line asks for it.
pub fn run_if_asked() {
    let filter = command_line::value("ktest").or_else(|| command_line::has("ktest").then_some(""));
    let Some(filter) = filter else {
        return;
    };
    let mut counts = [0, 0];
    let ordinary = MODULES
        .iter()
        .copied()
        .flatten()
        .filter(|test| test.name.contains(filter));
    let on_purpose = on_purpose::TESTS.iter().filter(|test| test.name == filter);
    for test in ordinary.chain(on_purpose) {
        let passed = run(test);
        counts[usize::from(!passed)] += 1;
    }
    let [passed, failed] = counts;
    report(&alloc::format!("ktest: {passed} passed, {failed} failed\n"));
    power::debug_exit(if failed == 0 && passed != 0 {
        PASSED
    } else {
        FAILED
    });
    power::power_off()
}

fn run(test: &Test) -> bool {
    let outcome = (test.run)();
    let line = match &outcome {
        Ok(()) => alloc::format!("ktest: {} ... ok\n", test.name),
        Err(why) => alloc::format!("ktest: {} ... FAILED: {why}\n", test.name),
    };
    report(&line);
    outcome.is_ok()
}

fn report(line: &str) {
    if !console::print(line) {
        log::append(0, 6, format_args!("{line}"));
    }
}
