//! The start-up order, from the machine's entry to the first program.

mod first_program;
mod root;

pub use root::context as root_context;

use machine::boot::BootInfo;
use machine::{PanicAction, cpu, fpu, irq, mem, smp, time};

use crate::process::lifecycle::spawn::{end_kernel_thread, kernel_thread};
use crate::process::{integration, manager, scheduler};
use crate::{clock, command_line, drivers, fs, log, power, uts};

/// The kernel's main function: runs on the boot CPU, which becomes its idle thread.
pub fn start(info: &'static BootInfo) -> ! {
    command_line::init(info);
    set_panic_action();
    mem::init(info);
    cpu::init(info, command_line::fpu_policy());
    irq::init();
    time::init();
    log::init(command_line::text());
    greet(info);
    clock::init();
    integration::install();
    scheduler::adopt_boot_cpu();
    drivers::init(command_line::text());
    fs::init();
    manager::init();
    start_other_cpus();
    start_threads();
    scheduler::run_idle()
}

/// The rest, in a thread of the kernel, where sleeping is allowed.
fn start_user_mode() -> ! {
    root::unpack_initramfs();
    #[cfg(feature = "ktest")]
    crate::ktest::run_if_asked();
    first_program::start();
    end_kernel_thread()
}

fn greet(info: &BootInfo) {
    ::log::info!(
        "RustOS {}, booted by {}",
        env!("CARGO_PKG_VERSION"),
        info.protocol
    );
    ::log::info!("Linux interface {} on {}", uts::RELEASE, uts::MACHINE);
    ::log::info!("command line: {}", info.command_line);
    ::log::info!(
        "memory: {} MiB, FPU state of {} bytes",
        mem::stats().total >> 20,
        fpu::area_size()
    );
}

/// `panic=N`: 0 halts, a negative number ends the machine at once, a positive one too (there is nothing to wait for).
fn set_panic_action() {
    let seconds: i32 = command_line::value("panic")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    machine::set_panic_action(if seconds == 0 {
        PanicAction::Halt
    } else {
        PanicAction::Reset
    });
}

fn start_other_cpus() {
    if manager::is_single_process() {
        return;
    }
    smp::start_others(command_line::max_cpus(), run_other_cpu);
    ::log::info!("{} CPUs", cpu::count());
}

/// The main function of the other CPUs.
fn run_other_cpu() -> ! {
    scheduler::adopt_boot_cpu();
    scheduler::run_idle()
}

fn start_threads() {
    let started = kernel_thread("drivers", drivers::worker::run)
        .and_then(|()| kernel_thread("init", start_user_mode));
    if let Err(error) = started {
        power::fatal(format_args!("no memory for the first threads ({error})"));
    }
}

/// Whether an option without a value is on the command line.
#[must_use]
pub fn has_boot_option(name: &str) -> bool {
    command_line::has(name)
}
