//! Checks for the differential tests in Rust: each prints its name and result.
use std::fmt::Debug;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

static FAILURES: AtomicU32 = AtomicU32::new(0);

/// Prints one line with one write(2), so that nothing is buffered over a fork.
pub fn say(line: &str) {
    let text = format!("{line}\n");
    // A test without its output has failed already.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = std::io::stdout().flush();
}

/// Starts a named part of the output.
pub fn section(name: &str) {
    say(&format!("== {name}"));
}

/// Demands this value.
pub fn equal<T: PartialEq + Debug>(name: &str, found: T, wanted: T) {
    if found == wanted {
        say(&format!("ok {name}: {found:?}"));
    } else {
        FAILURES.fetch_add(1, Ordering::Relaxed);
        say(&format!("FAIL {name}: {found:?}, expected {wanted:?}"));
    }
}

/// Demands truth.
pub fn truth(name: &str, found: bool) {
    equal(name, found, true);
}

/// Demands an error of this kind.
pub fn error<T>(name: &str, found: std::io::Result<T>, wanted: std::io::ErrorKind) {
    equal(
        name,
        found.map(|_| ()).map_err(|error| error.kind()),
        Err(wanted),
    );
}

/// Ends the test with status 1 if a check has failed.
pub fn finish() -> ! {
    let failures = FAILURES.load(Ordering::Relaxed);
    if failures == 0 {
        say("all checks passed");
    } else {
        say(&format!("{failures} FAILED"));
    }
    std::process::exit(i32::from(failures != 0));
}
