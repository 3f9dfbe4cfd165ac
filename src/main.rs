//! The entry point of the kernel image.
#![no_std]
#![no_main]

machine::entry!(start);

fn start(info: &'static machine::boot::BootInfo) -> ! {
    machine::logger::set_max_level(log::LevelFilter::Info);
    log::info!("RustOS, booted by {}: {}", info.protocol, info.command_line);
    machine::mem::init(info);
    machine::cpu::init(info, machine::fpu::FpuPolicy::Auto);
    machine::irq::init();
    machine::time::init();
    machine::dev::power::power_off()
}
