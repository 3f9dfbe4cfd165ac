//! Counts and shows the results of tests.
use similar::TextDiff;

/// The results so far. Failures are shown at once, passes only counted.
#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    /// A test passed.
    pub fn pass(&mut self) {
        self.passed += 1;
    }

    /// Several tests passed.
    pub fn pass_many(&mut self, count: usize) {
        self.passed += count;
    }

    /// A test failed; `why` may have several lines.
    pub fn fail(&mut self, name: &str, why: &str) {
        self.failed += 1;
        println!("FAILED {name}");
        for line in why.trim_end().lines() {
            println!("    {line}");
        }
    }

    /// A test passed or failed.
    pub fn record(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.pass(),
            Err(why) => self.fail(name, &why),
        }
    }

    /// Adds what another report counted.
    pub fn add(&mut self, other: &Report) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Whether anything was run, and nothing failed.
    pub fn is_success(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// "N passed, N failed".
    pub fn summary(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

/// The lines that differ between two outputs, with a little of what surrounds them.
pub fn difference(of_linux: &[u8], of_rustos: &[u8]) -> String {
    let [linux, rustos] = [of_linux, of_rustos].map(printable);
    let diff = TextDiff::from_lines(&linux, &rustos);
    let text = diff
        .unified_diff()
        .context_radius(2)
        .header("Linux", "RustOS")
        .to_string();
    shorten(&text)
}

/// Text that a terminal can show, whatever the bytes.
pub fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .map(|letter| {
            if letter.is_control() && !"\n\t".contains(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

/// The beginning of a text that may be very long.
pub fn shorten(text: &str) -> String {
    const LINES: usize = 60;
    let mut lines: Vec<&str> = text.lines().take(LINES + 1).collect();
    if lines.len() > LINES {
        lines[LINES] = "(and more)";
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a test of ours: the self-check of the host tests runs it by name and demands that it fails.
    #[test]
    #[ignore = "fails on purpose"]
    fn fails_on_purpose() {
        assert_eq!(1, 2, "this failure is expected");
    }

    #[test]
    fn nothing_run_is_no_success() {
        let mut report = Report::default();
        assert!(!report.is_success());
        report.pass();
        assert!(report.is_success());
        report.record("one", Err("because".into()));
        assert!(!report.is_success());
        assert_eq!(report.summary(), "1 passed, 1 failed");
    }

    #[test]
    fn difference_names_both_sides() {
        let text = difference(b"a\nb\n", b"a\nc\n");
        assert!(text.contains("-b") && text.contains("+c"), "{text}");
    }
}
