//! QEMU: a virtual machine's description as its command line ([`Machine`]), whether KVM works ([`accel`]),
//! a running guest whose two serial ports we hold ([`guest`]), and one command run in a guest ([`session`]).
pub mod accel;
pub mod guest;
pub mod session;

use accel::Accel;
use std::path::PathBuf;
use std::process::Command;

/// The I/O port by which the guest ends QEMU with an exit status of its choice.
const EXIT_DEVICE: &str = "isa-debug-exit,iobase=0xf4,iosize=0x04";

/// What the machine starts from.
#[derive(Debug, Clone)]
pub enum Boot {
    /// QEMU loads the kernel and the initramfs itself.
    Direct {
        /// An ELF file with a PVH note, or a Linux bzImage.
        kernel: PathBuf,
        /// The initramfs, if any.
        initrd: Option<PathBuf>,
    },
    /// The BIOS boots this CD image; it holds the command line too.
    Iso(PathBuf),
}

/// A virtual PC.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What it starts from.
    pub boot: Boot,
    /// The kernel's command line.
    pub append: String,
    /// The number of CPUs.
    pub smp: u32,
    /// Memory as QEMU writes it: `512M`, `2G`.
    pub memory: String,
    /// What executes it.
    pub accel: Accel,
    /// Wait for a debugger on TCP port 1234.
    pub gdb: bool,
    /// Time counts instructions, and nothing varies from run to run.
    pub deterministic: bool,
    /// Where QEMU listens for commands of its monitor.
    pub monitor: Option<PathBuf>,
}

impl Machine {
    /// A machine with one CPU and 512 MiB.
    pub fn new(boot: Boot, append: impl Into<String>, accel: Accel) -> Machine {
        Machine {
            boot,
            append: append.into(),
            smp: 1,
            memory: "512M".into(),
            accel,
            gdb: false,
            deterministic: false,
            monitor: None,
        }
    }

    /// The machine without its serial ports and its screen, which the caller adds, first ttyS0.
    ///
    /// The kernel side of this contract: `reboot(2)` with power-off ends QEMU with 0; writing `v` to the exit
    /// device ends it with `2v + 1`; a reset ends it too.
    pub fn command(&self) -> Command {
        // QEMU must not outlive us, however we end.
        let mut qemu = Command::new("setpriv");
        qemu.args([
            "--pdeathsig=KILL",
            "--",
            "qemu-system-x86_64",
            "-nodefaults",
            "-no-user-config",
        ]);
        qemu.args(["-machine", "q35", "-vga", "std"]);
        qemu.args([
            "-no-reboot",
            "-device",
            EXIT_DEVICE,
            "-m",
            &self.memory,
            "-smp",
            &self.smp.to_string(),
        ]);
        self.add_processor(&mut qemu);
        match &self.boot {
            Boot::Direct { kernel, initrd } => {
                qemu.arg("-kernel")
                    .arg(kernel)
                    .arg("-append")
                    .arg(&self.append);
                if let Some(initrd) = initrd {
                    qemu.arg("-initrd").arg(initrd);
                }
            }
            Boot::Iso(image) => {
                qemu.arg("-cdrom").arg(image);
            }
        }
        if let Some(path) = &self.monitor {
            let socket = format!(
                "socket,id=monitor,server=on,wait=off,path={}",
                path.display()
            );
            qemu.args(["-chardev", &socket, "-mon", "chardev=monitor"]);
        }
        if self.gdb {
            qemu.args(["-gdb", "tcp:127.0.0.1:1234", "-S"]);
        }
        qemu
    }

    fn add_processor(&self, qemu: &mut Command) {
        if self.deterministic {
            qemu.args([
                "-accel",
                "tcg",
                "-icount",
                "shift=0,sleep=off",
                "-cpu",
                "max,-erms",
                "-seed",
                "1",
            ]);
            qemu.args(["-rtc", "base=2026-01-01,clock=vm"]);
            return;
        }
        match self.accel {
            Accel::Kvm => qemu.args(["-accel", "kvm", "-cpu", "host"]),
            Accel::Tcg if self.smp > 1 => qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max"]),
            Accel::Tcg => qemu.args(["-accel", "tcg", "-cpu", "max"]),
        };
    }
}
