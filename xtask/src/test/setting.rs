//! What the guests of a test run are made of.
use crate::debian;
use crate::image::initramfs;
use crate::kernel::{self, Flavour};
use crate::options::TestOptions;
use crate::qemu::accel::{self, Accel};
use crate::qemu::{Boot, Machine};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// A kernel and the machine it is tested on.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The kernel under test.
    pub kernel: PathBuf,
    /// What executes it.
    pub accel: Accel,
    /// The number of CPUs.
    pub smp: u32,
}

impl Setting {
    /// The settings to run the tests in: one for each number of CPUs.
    pub fn all(options: &TestOptions) -> Result<Vec<Setting>> {
        let kernel = if options.linux {
            debian::linux()?
        } else {
            kernel::build(Flavour::Plain)?
        };
        let accel = match options.accel {
            Some(accel) => accel,
            None => accel::choose(&kernel, &initramfs::build()?)?,
        };
        let counts = options.smp.map_or(vec![1, 4], |count| vec![count]);
        Ok(counts
            .into_iter()
            .map(|smp| Setting {
                kernel: kernel.clone(),
                accel,
                smp,
            })
            .collect())
    }

    /// A machine of this setting.
    pub fn machine(&self, initrd: Option<&Path>, append: &str) -> Machine {
        let boot = Boot::Direct {
            kernel: self.kernel.clone(),
            initrd: initrd.map(Path::to_owned),
        };
        Machine {
            smp: self.smp,
            ..Machine::new(boot, append, self.accel)
        }
    }

    /// The name of a test in this setting.
    pub fn name(&self, class: &str, test: &str) -> String {
        format!("{class} {test} --smp {}", self.smp)
    }
}
