//! Chooses the compiler for the kernel: one with a prebuilt `x86_64-unknown-none`, or one that has the
//! library's source and can build it.
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The kernel's compilation target.
pub const KERNEL_TARGET: &str = "x86_64-unknown-none";

/// A compiler that can build the kernel.
#[derive(Debug, Clone)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    /// `core` and `alloc` have to be built from source.
    builds_library: bool,
    /// A linker to use in place of the compiler's own.
    linker: Option<PathBuf>,
}

impl Toolchain {
    /// The compiler that cargo runs us with if it can build the kernel, else Debian's. The environment
    /// variable `RUSTOS_TOOLCHAIN=debian` takes Debian's without asking.
    pub fn for_kernel() -> Result<Toolchain> {
        let forced = std::env::var("RUSTOS_TOOLCHAIN").is_ok_and(|name| name == "debian");
        let own = Compiler::own();
        let debian = Compiler::debian();
        let candidates = if forced {
            vec![debian]
        } else {
            vec![own, debian]
        };
        for compiler in &candidates {
            if let Some(found) = compiler.as_kernel_toolchain() {
                return Ok(found);
            }
        }
        bail!(
            "no Rust compiler here can build for {KERNEL_TARGET}: run `./x`, which looks for one, or \
             `rustup target add {KERNEL_TARGET}`, or install rustc-web, cargo-web, rust-web-src and lld-19"
        )
    }

    /// `cargo SUBCOMMAND` for the kernel's target, sharing no build directory with other compilers.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.cargo);
        clear_cargo_environment(&mut command);
        command
            .current_dir(crate::tree::root())
            .arg(subcommand)
            .args(["--target", KERNEL_TARGET]);
        command.env("RUSTC", &self.rustc);
        if self.builds_library {
            command
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("RUSTC_BOOTSTRAP", "1");
            command.args([
                "-Zbuild-std=core,alloc",
                "-Zbuild-std-features=compiler-builtins-mem",
            ]);
        }
        let directory = if self.builds_library {
            "kernel-debian"
        } else {
            "kernel"
        };
        command
            .arg("--target-dir")
            .arg(crate::tree::target(directory));
        command
    }

    /// Flags for the compiler beyond those every toolchain needs.
    pub fn linker_flags(&self) -> Vec<String> {
        self.linker
            .iter()
            .map(|path| format!("-Clinker={}", path.display()))
            .collect()
    }
}

/// Removes what `cargo run` sets for us but what would look like a change to the crates we build.
pub fn clear_cargo_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text == "RUSTFLAGS"
        {
            command.env_remove(&name);
        }
    }
}

/// A compiler that may or may not do for the kernel.
struct Compiler {
    cargo: PathBuf,
    rustc: PathBuf,
}

impl Compiler {
    fn own() -> Compiler {
        let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
        let rustc =
            std::env::var_os("RUSTC").map_or_else(|| beside(&cargo, "rustc"), PathBuf::from);
        Compiler { cargo, rustc }
    }

    fn debian() -> Compiler {
        Compiler {
            cargo: PathBuf::from("/usr/bin/cargo"),
            rustc: PathBuf::from("/usr/bin/rustc"),
        }
    }

    fn as_kernel_toolchain(&self) -> Option<Toolchain> {
        let library = self.print(&["target-libdir", "--target", KERNEL_TARGET])?;
        let sysroot = PathBuf::from(self.print(&["sysroot"])?);
        let prebuilt = has_core(Path::new(&library));
        let source = sysroot.join("lib/rustlib/src/rust/library/core").is_dir();
        if !prebuilt && !source {
            return None;
        }
        let bundled = sysroot
            .join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld")
            .is_file();
        let linker = if bundled { None } else { Some(other_linker()?) };
        Some(Toolchain {
            cargo: self.cargo.clone(),
            rustc: self.rustc.clone(),
            builds_library: !prebuilt,
            linker,
        })
    }

    fn print(&self, what: &[&str]) -> Option<String> {
        let output = Command::new(&self.rustc)
            .arg("--print")
            .args(what)
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn beside(cargo: &Path, name: &str) -> PathBuf {
    let sibling = cargo.with_file_name(name);
    if sibling.is_file() {
        sibling
    } else {
        PathBuf::from(name)
    }
}

fn has_core(library: &Path) -> bool {
    let Ok(files) = std::fs::read_dir(library) else {
        return false;
    };
    files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

/// An LLD outside the compiler: Debian's, or the one that comes with rustup's stable toolchain.
fn other_linker() -> Option<PathBuf> {
    let installed = ["ld.lld-19", "ld.lld"]
        .iter()
        .find_map(|name| find_program(name));
    installed.or_else(|| {
        let home = std::env::var_os("HOME")?;
        let toolchain = Path::new(&home).join(".rustup/toolchains/stable-x86_64-unknown-linux-gnu");
        let path = toolchain.join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld");
        path.is_file().then_some(path)
    })
}

/// Where `name` is in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Where `name` is in `PATH`; an error says which Debian package has it.
pub fn require_program(name: &str, package: &str) -> Result<PathBuf> {
    find_program(name)
        .with_context(|| format!("{name} is not installed (Debian package {package})"))
}
