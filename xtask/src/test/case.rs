//! The differential tests of `tests/user` (programs) and `tests/busybox` (shell scripts), as their files
//! describe them.
//!
//! Comment lines of the form `test: KEY[=VALUE]` say what is special: `timeout=SECONDS`, `args=WORDS`,
//! `libc=glibc`, `only=rustos` (no comparison; status 0 is demanded), `boot` (wants a guest of its own).
use crate::userland::{self, Libc};
use crate::{step, tree};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a test may take where its file says nothing.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A test that runs on the host's Linux and in a guest.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of its file without the extension.
    pub name: String,
    /// The file that is put beside the test's working directory, under the name `file_name`.
    pub file: PathBuf,
    /// The file's name there.
    pub file_name: String,
    /// The command, run in the working directory.
    pub command: Vec<String>,
    /// The longest it may take.
    pub timeout: Duration,
    /// It has no meaning on Linux.
    pub only_rustos: bool,
    /// It wants a guest of its own.
    pub own_boot: bool,
}

/// The compiled tests of `tests/user` whose name contains `filter`.
pub fn programs(filter: &str) -> Result<Vec<Case>> {
    let directory = tree::root().join("tests/user");
    let mut sources = userland::with_extension(&directory, "c");
    sources.extend(userland::with_extension(&directory, "rs"));
    sources.sort();
    let mut cases = Vec::new();
    for source in sources {
        let name = stem(&source)?;
        if name.contains(filter) {
            cases.push(program(&name, &source)?);
        }
    }
    Ok(cases)
}

fn program(name: &str, source: &Path) -> Result<Case> {
    let product = tree::scratch(&format!("test-{name}"));
    let mut case = Case::new(name, product, name.to_owned(), vec![format!("../{name}")]);
    let libc = case.read_header(source)?;
    if source
        .extension()
        .is_some_and(|extension| extension == "rs")
    {
        userland::compile_rust(source, &case.file)?;
    } else {
        userland::compile_c(&[source.to_owned()], &case.file, libc)?;
    }
    Ok(case)
}

/// The scripts of `tests/busybox` whose name contains `filter`.
pub fn scripts(filter: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for source in userland::with_extension(&tree::root().join("tests/busybox"), "sh") {
        let name = stem(&source)?;
        if name.contains(filter) {
            let mut case = Case::script(&name, &source);
            case.read_header(&source)?;
            cases.push(case);
        }
    }
    Ok(cases)
}

fn stem(path: &Path) -> Result<String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let name = stem.with_context(|| format!("{} has no plain name", path.display()))?;
    if name
        .chars()
        .any(|letter| !letter.is_ascii_alphanumeric() && !"_-".contains(letter))
    {
        bail!(
            "{}: a test's name is made of letters, digits, - and _",
            path.display()
        );
    }
    Ok(name.to_owned())
}

impl Case {
    fn new(name: &str, file: PathBuf, file_name: String, command: Vec<String>) -> Case {
        let name = name.to_owned();
        Case {
            name,
            file,
            file_name,
            command,
            timeout: TIMEOUT,
            only_rustos: false,
            own_boot: false,
        }
    }

    /// A case that busybox's shell runs.
    pub fn script(name: &str, file: &Path) -> Case {
        let file_name = format!("{name}.sh");
        let command = vec!["sh".into(), format!("../{file_name}")];
        Case::new(name, file.to_owned(), file_name, command)
    }

    /// Takes in what the source's header says.
    fn read_header(&mut self, source: &Path) -> Result<Libc> {
        let text = std::fs::read_to_string(source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        let mut libc = Libc::Musl;
        for line in text.lines() {
            let comment = line.trim_start_matches(['/', '#', '!', ' ']);
            let Some(setting) = comment
                .strip_prefix("test: ")
                .filter(|_| comment.len() < line.len())
            else {
                continue;
            };
            match setting
                .trim()
                .split_once('=')
                .unwrap_or((setting.trim(), ""))
            {
                ("timeout", seconds) => self.timeout = Duration::from_secs(seconds.parse()?),
                ("args", words) => self
                    .command
                    .extend(words.split_whitespace().map(str::to_owned)),
                ("libc", "glibc") => libc = Libc::Glibc,
                ("only", "rustos") => self.only_rustos = true,
                ("boot", "") => self.own_boot = true,
                _ => bail!("{}: what is `test: {setting}`?", source.display()),
            }
        }
        Ok(libc)
    }
}

/// Announces the slow part of getting tests ready.
pub fn announce(class: &str, count: usize) {
    step::progress(&format!("{class}: {count} tests on the host"));
}
