//! The kernel's command line (bootparam(7), kernel-command-line(7)).
//!
//! Words that are not the kernel's own go to the first program: `name=value` into its environment, others, and all
//! that follows `--`, among its arguments.

use alloc::vec::Vec;

use machine::boot::BootInfo;
use machine::fpu::FpuPolicy;
use machine::sync::Once;

static TEXT: Once<&'static str> = Once::new();

/// Words with a meaning for the kernel, without the part after `=`.
const OWN: [&str; 17] = [
    "BOOT_IMAGE",
    "console",
    "debug",
    "fpu",
    "init",
    "initrd",
    "ktest",
    "loglevel",
    "maxcpus",
    "mitigations",
    "norandmaps",
    "panic",
    "process",
    "quiet",
    "rdinit",
    "ro",
    "rw",
];

/// Takes note of the command line.
pub fn init(info: &'static BootInfo) {
    let _ = TEXT.set(info.command_line);
}

/// The whole of it.
#[must_use]
pub fn text() -> &'static str {
    TEXT.get().copied().unwrap_or_default()
}

/// The words before `--`.
fn words() -> impl Iterator<Item = &'static str> {
    text()
        .split_ascii_whitespace()
        .take_while(|&word| word != "--")
}

/// Whether an option without a value is there.
#[must_use]
pub fn has(name: &str) -> bool {
    words().any(|word| word == name)
}

/// The value of an option; of the last one if there are several.
#[must_use]
pub fn value(name: &str) -> Option<&'static str> {
    words()
        .filter_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        .last()
}

/// When the FPU state of programs is loaded: `fpu=eager` or `fpu=lazy`.
#[must_use]
pub fn fpu_policy() -> FpuPolicy {
    match value("fpu") {
        Some("eager") => FpuPolicy::Eager,
        Some("lazy") => FpuPolicy::Lazy,
        _ => FpuPolicy::Auto,
    }
}

/// The most CPUs to use: `maxcpus=N`.
#[must_use]
pub fn max_cpus() -> usize {
    value("maxcpus")
        .and_then(|text| text.parse().ok())
        .unwrap_or(machine::MAX_CPUS)
}

/// What the first program gets of the command line: arguments and environment.
#[must_use]
pub fn for_first_program() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut arguments, mut environment) = (Vec::new(), Vec::new());
    for word in words().filter(|word| !is_own(word)) {
        let list = if word.contains('=') {
            &mut environment
        } else {
            &mut arguments
        };
        list.push(word.as_bytes().to_vec());
    }
    let rest = text()
        .split_ascii_whitespace()
        .skip_while(|&word| word != "--")
        .skip(1);
    arguments.extend(rest.map(|word| word.as_bytes().to_vec()));
    (arguments, environment)
}

/// A word with a dot belongs to a module and is nobody's here.
fn is_own(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    OWN.contains(&name) || name.contains('.')
}
