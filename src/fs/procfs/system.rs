//! The files of `/proc` about the machine as a whole.

use alloc::string::String;
use alloc::vec::Vec;
use core::arch::x86_64::__cpuid;

use abi::Errno;
use abi::SyscallNumber;
use machine::mem::PAGE_SIZE;
use machine::{cpu, irq, time};

use super::{System, TICK};
use crate::drivers::tty::console;
use crate::fs::pseudo::{Entry, Text};
use crate::fs::{device, mount, tmpfs};
use crate::line;
use crate::process::lifecycle::clone::fork_count;
use crate::process::{scheduler, syscalls, table};
use crate::uts;

/// Nanoseconds in a hundredth of a second.
const CENTISECOND: u64 = 10_000_000;

/// `/proc/rustos`: what Linux has no file for.
pub static OWN: &[Entry<System>] = &[Entry::text("unknown_syscalls", unknown_syscalls)];

/// `/proc/tty`.
pub static TTY: &[Entry<System>] = &[Entry::text("drivers", terminal_drivers)];

/// `rustos/unknown_syscalls`: system calls without a handler, and how often each was made.
fn unknown_syscalls(_: &System, text: &mut Text) -> Result<(), Errno> {
    for (number, count) in syscalls::unknown_calls() {
        let name = number.and_then(SyscallNumber::from_u64);
        match (number, name) {
            (Some(number), Some(name)) => line!(text, "{number}\t{}\t{count}", name.name()),
            (Some(number), None) => line!(text, "{number}\t-\t{count}"),
            (None, _) => line!(text, "other\t-\t{count}"),
        }
    }
    Ok(())
}

fn terminal_drivers(_: &System, text: &mut Text) -> Result<(), Errno> {
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} system:/dev/tty",
        "/dev/tty",
        "tty",
        5,
        0
    );
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} system:console",
        "/dev/console",
        "console",
        5,
        1
    );
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} system",
        "/dev/ptmx",
        "ptmx",
        5,
        2
    );
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} serial",
        "serial",
        "ttyS",
        4,
        "64-65"
    );
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} pty:slave",
        "pty_slave",
        "pts",
        136,
        "0-4095"
    );
    line!(
        text,
        "{:<20} /dev/{:<8} {:>3} {:>7} console",
        "unknown",
        "tty",
        4,
        "0-1"
    );
    Ok(())
}

/// `cmdline`: what the boot loader passed.
pub fn command_line(_: &System, text: &mut Text) -> Result<(), Errno> {
    line!(text, "{}", crate::command_line::text());
    Ok(())
}

/// `consoles`.
pub fn consoles(_: &System, text: &mut Text) -> Result<(), Errno> {
    text.push(console::describe().as_bytes());
    Ok(())
}

/// `devices`: major numbers of drivers.
pub fn devices(_: &System, text: &mut Text) -> Result<(), Errno> {
    text.push(b"Character devices:\n");
    for (major, name) in [
        (1, "mem"),
        (4, "tty"),
        (4, "ttyS"),
        (5, "/dev/tty"),
        (5, "/dev/console"),
        (5, "/dev/ptmx"),
        (136, "pts"),
    ] {
        line!(text, "{major:3} {name}");
    }
    text.push(b"\nBlock devices:\n");
    debug_assert!(!device::char_devices().is_empty());
    Ok(())
}

/// `filesystems`: what can be mounted.
pub fn file_systems(_: &System, text: &mut Text) -> Result<(), Errno> {
    for kind in mount::types() {
        line!(
            text,
            "{}\t{}",
            if kind.needs_device() { "" } else { "nodev" },
            kind.name()
        );
    }
    Ok(())
}

/// `partitions`: there are no block devices.
pub fn partitions(_: &System, text: &mut Text) -> Result<(), Errno> {
    text.push(b"major minor  #blocks  name\n\n");
    Ok(())
}

/// `swaps`: there are none.
pub fn swaps(_: &System, text: &mut Text) -> Result<(), Errno> {
    text.push(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    Ok(())
}

/// `uptime`: seconds since boot, and idle seconds of all CPUs together.
pub fn uptime(_: &System, text: &mut Text) -> Result<(), Errno> {
    let up = time::now() / CENTISECOND;
    let idle = cpu::ids()
        .map(|cpu| scheduler::cpu_statistics(cpu).idle_time)
        .sum::<u64>()
        / CENTISECOND;
    line!(
        text,
        "{}.{:02} {}.{:02}",
        up / 100,
        up % 100,
        idle / 100,
        idle % 100
    );
    Ok(())
}

/// `loadavg`: load over 1, 5 and 15 minutes, runnable and existing threads, last id.
pub fn load_average(_: &System, text: &mut Text) -> Result<(), Errno> {
    for load in scheduler::load_averages() {
        text.format(format_args!("{}.{:02} ", load / 100, load % 100));
    }
    line!(
        text,
        "{}/{} {}",
        scheduler::runnable_threads(),
        table::thread_count(),
        table::last_pid()
    );
    Ok(())
}

/// `version`.
pub fn version(_: &System, text: &mut Text) -> Result<(), Errno> {
    line!(
        text,
        "{} version {} (rustos) (rustc) {}",
        uts::SYSTEM,
        uts::RELEASE,
        uts::VERSION
    );
    Ok(())
}

/// `meminfo`.
pub fn meminfo(_: &System, text: &mut Text) -> Result<(), Errno> {
    let memory = machine::mem::stats();
    let files = usize::try_from(tmpfs::all_pages()).unwrap_or(0) * PAGE_SIZE;
    let anonymous = (memory.total - memory.free)
        .saturating_sub(memory.kernel_heap + memory.page_tables + memory.kernel_stacks + files);
    let lines = [
        ("MemTotal", memory.total),
        ("MemFree", memory.free),
        ("MemAvailable", memory.free),
        ("Buffers", 0),
        ("Cached", files),
        ("SwapCached", 0),
        ("Active", anonymous),
        ("Inactive", files),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("AnonPages", anonymous),
        ("Shmem", files),
        ("Slab", memory.kernel_heap),
        ("SReclaimable", 0),
        ("SUnreclaim", memory.kernel_heap),
        ("KernelStack", memory.kernel_stacks),
        ("PageTables", memory.page_tables),
    ];
    for (name, bytes) in lines {
        let label = alloc::format!("{name}:");
        line!(text, "{label:<16}{:8} kB", bytes / 1024);
    }
    Ok(())
}

/// Times of one CPU or all in the order of `stat`, in ticks.
#[derive(Clone, Copy, Default)]
struct Times {
    user: u64,
    nice: u64,
    system: u64,
    idle: u64,
}

impl Times {
    fn push(&self, label: &str, text: &mut Text) {
        let ticks = [self.user, self.nice, self.system, self.idle].map(|nanos| nanos / TICK);
        let [user, nice, system, idle] = ticks;
        line!(text, "{label} {user} {nice} {system} {idle} 0 0 0 0 0 0");
    }
}

fn times_of(cpu: cpu::CpuId) -> Times {
    let statistics = scheduler::cpu_statistics(cpu);
    Times {
        user: statistics.user_time,
        nice: statistics.nice_time,
        system: statistics.system_time,
        idle: statistics.idle_time,
    }
}

/// `stat`: CPU times, interrupts, switches, forks.
pub fn stat(_: &System, text: &mut Text) -> Result<(), Errno> {
    let each: Vec<Times> = cpu::ids().map(times_of).collect();
    let all = each.iter().fold(Times::default(), |sum, one| Times {
        user: sum.user + one.user,
        nice: sum.nice + one.nice,
        system: sum.system + one.system,
        idle: sum.idle + one.idle,
    });
    all.push("cpu ", text);
    for (index, times) in each.iter().enumerate() {
        times.push(&alloc::format!("cpu{index}"), text);
    }
    let interrupts: u64 = cpu::ids().map(irq::total).sum();
    line!(text, "intr {interrupts}");
    let switches: u64 = cpu::ids()
        .map(|cpu| scheduler::cpu_statistics(cpu).switches)
        .sum();
    line!(text, "ctxt {switches}");
    line!(text, "btime {}", crate::clock::boot_time() / 1_000_000_000);
    line!(text, "processes {}", fork_count());
    line!(text, "procs_running {}", scheduler::runnable_threads());
    line!(text, "procs_blocked 0");
    Ok(())
}

/// `interrupts`: how often each came on each CPU.
pub fn interrupts(_: &System, text: &mut Text) -> Result<(), Errno> {
    text.push(b"           ");
    for cpu in cpu::ids() {
        text.format(format_args!("CPU{:<8}", cpu.index()));
    }
    text.push(b"\n");
    for class in irq::Class::all() {
        let counts: Vec<u64> = cpu::ids().map(|cpu| irq::count(cpu, class)).collect();
        if counts.iter().all(|&count| count == 0) {
            continue;
        }
        match class {
            irq::Class::Line(line) => text.format(format_args!("{line:>4}:")),
            _ => text.format(format_args!("{:>4}:", describe(class).0)),
        }
        for count in counts {
            text.format(format_args!(" {count:>10}"));
        }
        line!(text, "   {}", describe(class).1);
    }
    Ok(())
}

/// The label and the words for a class of interrupts.
fn describe(class: irq::Class) -> (&'static str, &'static str) {
    match class {
        irq::Class::Line(1) => ("1", "IO-APIC   i8042"),
        irq::Class::Line(3 | 4) => ("4", "IO-APIC   ttyS"),
        irq::Class::Line(_) => ("", "IO-APIC"),
        irq::Class::Timer => ("LOC", "Local timer interrupts"),
        irq::Class::Reschedule => ("RES", "Rescheduling interrupts"),
        irq::Class::TlbShootdown => ("TLB", "TLB shootdowns"),
        irq::Class::Spurious => ("SPU", "Spurious interrupts"),
        irq::Class::Nmi => ("NMI", "Non-maskable interrupts"),
        irq::Class::MachineCheck => ("MCE", "Machine check exceptions"),
        irq::Class::Unexpected => ("ERR", "Unexpected interrupts"),
    }
}

/// `cpuinfo`: a paragraph for each CPU.
pub fn cpuinfo(_: &System, text: &mut Text) -> Result<(), Errno> {
    let features = cpu::features();
    let megahertz = time::tsc_frequency() / 1_000_000;
    let fraction = time::tsc_frequency() / 1000 % 1000;
    for cpu in cpu::ids() {
        line!(text, "processor\t: {}", cpu.index());
        line!(text, "vendor_id\t: {}", features.vendor());
        line!(text, "cpu family\t: {}", features.family());
        line!(text, "model\t\t: {}", features.model());
        line!(text, "model name\t: {}", brand());
        line!(text, "stepping\t: {}", features.signature & 0xf);
        line!(text, "cpu MHz\t\t: {megahertz}.{fraction:03}");
        line!(text, "fpu\t\t: yes");
        line!(text, "fpu_exception\t: yes");
        line!(text, "wp\t\t: yes");
        text.push(b"flags\t\t:");
        for (name, present) in feature_flags(features) {
            if present {
                text.format(format_args!(" {name}"));
            }
        }
        line!(
            text,
            "\nbogomips\t: {}.{:02}",
            megahertz * 2,
            fraction / 5 % 100
        );
        line!(
            text,
            "address sizes\t: {} bits physical, 48 bits virtual",
            features.physical_address_bits
        );
        line!(text, "power management:\n");
    }
    Ok(())
}

/// The CPU's name for itself (SDM volume 2, CPUID leaves 0x80000002 to 0x80000004).
fn brand() -> String {
    let words = (0x8000_0002..=0x8000_0004).flat_map(|leaf| {
        let answer = __cpuid(leaf);
        [answer.eax, answer.ebx, answer.ecx, answer.edx]
    });
    let bytes: Vec<u8> = words
        .flat_map(u32::to_le_bytes)
        .take_while(|&byte| byte != 0)
        .collect();
    String::from(String::from_utf8_lossy(&bytes).trim())
}

/// The features the kernel looks for by Linux's names; the first ones every x86-64 CPU has.
fn feature_flags(features: &cpu::Features) -> [(&'static str, bool); 32] {
    [
        ("fpu", true),
        ("tsc", true),
        ("msr", true),
        ("pae", true),
        ("cx8", true),
        ("apic", true),
        ("cmov", true),
        ("mmx", true),
        ("fxsr", true),
        ("sse", true),
        ("sse2", true),
        ("syscall", true),
        ("lm", true),
        ("nx", features.nx),
        ("mce", features.mce),
        ("mca", features.mca),
        ("pge", features.pge),
        ("pat", features.pat),
        ("pdpe1gb", features.pages_1gib),
        ("rdtscp", features.rdtscp),
        ("constant_tsc", features.tsc_invariant),
        ("pcid", features.pcid),
        ("x2apic", features.x2apic),
        ("tsc_deadline_timer", features.tsc_deadline),
        ("xsave", features.xsave),
        ("avx", features.avx),
        ("rdrand", features.rdrand),
        ("hypervisor", features.hypervisor),
        ("fsgsbase", features.fsgsbase),
        ("smep", features.smep),
        ("rdseed", features.rdseed),
        ("smap", features.smap),
    ]
}

/// `vmstat`.
pub fn vmstat(_: &System, text: &mut Text) -> Result<(), Errno> {
    line!(
        text,
        "nr_free_pages {}",
        machine::mem::stats().free / PAGE_SIZE
    );
    Ok(())
}
