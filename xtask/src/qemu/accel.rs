//! Whether KVM works here. A `/dev/kvm` that opens is no proof (in a virtual machine it may hang at the first
//! instruction in long mode), so a guest is booted; the result is remembered until the host reboots.
use super::guest::Console;
use super::session::{self, Session};
use super::{Boot, Machine};
use crate::{step, tree};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

/// What executes the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accel {
    /// The host's CPU, by Linux's KVM.
    Kvm,
    /// QEMU's own translator.
    Tcg,
}

/// How long a guest on working KVM may take to boot and power off; it needs about a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// KVM where it can boot `kernel` with `initramfs` (the default one), else TCG.
pub fn choose(kernel: &Path, initramfs: &Path) -> Result<Accel> {
    if std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_err()
    {
        return Ok(Accel::Tcg);
    }
    let memory = tree::scratch("kvm");
    let this_boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let verdict = |text: &str| format!("{}: {text}\n", this_boot.trim());
    // A kernel that boots nowhere says nothing about KVM; what it did holds for itself only.
    let made = std::fs::metadata(kernel)?.modified()?;
    let (works, fails, unclear) = (
        verdict("works"),
        verdict("fails"),
        verdict(&format!("unclear with {made:?}")),
    );
    match std::fs::read_to_string(&memory) {
        Ok(text) if text == works => return Ok(Accel::Kvm),
        Ok(text) if text == fails || text == unclear => return Ok(Accel::Tcg),
        _ => step::progress("trying KVM"),
    }
    let trial = Trial::new(kernel, initramfs)?;
    if trial.succeeds(Accel::Kvm, PATIENCE) {
        std::fs::write(&memory, works)?;
        return Ok(Accel::Kvm);
    }
    let comparable = trial.succeeds(Accel::Tcg, PATIENCE * 3);
    std::fs::write(&memory, if comparable { fails } else { unclear })?;
    Ok(Accel::Tcg)
}

/// A guest that runs `true` and powers off.
struct Trial {
    boot: Boot,
    _initrd: tempfile::NamedTempFile,
}

impl Trial {
    fn new(kernel: &Path, initramfs: &Path) -> Result<Trial> {
        let mut bytes = std::fs::read(initramfs)?;
        session::append_archive(
            &mut bytes,
            &session::command_archive("true", session::Input::None),
        )?;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), bytes)?;
        let initrd = Some(file.path().to_owned());
        Ok(Trial {
            boot: Boot::Direct {
                kernel: kernel.to_owned(),
                initrd,
            },
            _initrd: file,
        })
    }

    fn succeeds(&self, accel: Accel, patience: Duration) -> bool {
        let machine = Machine::new(self.boot.clone(), "console=ttyS1 quiet panic=-1", accel);
        let session = Session {
            timeout: Some(patience),
            ..Session::default()
        };
        // QEMU refusing KVM outright is the commonest answer of all, and as good as a failed boot.
        session
            .run(&machine, Console::Captured)
            .is_ok_and(|finish| finish.status == Some(0))
    }
}
