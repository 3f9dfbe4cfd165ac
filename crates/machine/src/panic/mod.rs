//! The end of the kernel: message, backtrace, and an exit that can be told from others.

mod backtrace;
mod symbols;

use core::arch::asm;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::dev::display::{self, Attribute};
use crate::irq::TrapFrame;
use crate::logger::EarlyConsole;
use crate::percpu;
use ksync::Once;

/// Status given to the debug exit device, so that QEMU ends with 35.
const EXIT_CODE: u8 = 0x11;

/// What to do after the report of a panic, if there is no debug exit device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PanicAction {
    /// Stop for good, so that the report stays on the screen.
    Halt = 0,
    /// Reset the machine.
    Reset = 1,
    /// Power the machine off.
    PowerOff = 2,
}

static ACTION: AtomicU8 = AtomicU8::new(PanicAction::Halt as u8);
static HOOK: Once<fn(&PanicInfo<'_>)> = Once::new();
/// Number of the CPU that panics, plus one.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Sets what happens after the report.
pub fn set_panic_action(action: PanicAction) {
    ACTION.store(action as u8, Ordering::Relaxed);
}

/// Calls `hook` in a Rust panic, after the report and before the end. Other CPUs have stopped, perhaps holding locks.
/// Later calls change nothing.
pub fn set_panic_hook(hook: fn(&PanicInfo<'_>)) {
    let _ = HOOK.set(hook);
}

/// Writes the report to the serial port and the display.
struct Report {
    display: Option<&'static dyn display::TextDisplay>,
    x: usize,
}

impl Report {
    fn new() -> Report {
        let display = display::get();
        if let Some(display) = display {
            display.scroll_up(1);
        }
        Report { display, x: 0 }
    }
}

impl Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        EarlyConsole.write_str(text)?;
        let Some(display) = self.display else {
            return Ok(());
        };
        let (columns, rows) = display.size();
        for ch in text.chars() {
            if ch == '\n' || self.x == columns {
                display.scroll_up(1);
                self.x = 0;
            }
            if ch != '\n' {
                display.write_cell(self.x, rows - 1, ch, Attribute::ALARM);
                self.x += 1;
            }
        }
        Ok(())
    }
}

/// Makes this CPU the one that reports. A second CPU stops here; a panic in a panic ends at once.
fn begin() -> Report {
    // SAFETY: interrupts stay off to the end.
    unsafe { asm!("cli", options(nomem, nostack)) };
    let me = percpu::index() as u32 + 1;
    match OWNER.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {}
        Err(owner) if owner == me => {
            let _ = EarlyConsole.write_str("\npanic while reporting a panic\n");
            end();
        }
        Err(_) => {
            percpu::current().stopped.store(true, Ordering::Release);
            halt_this_cpu();
        }
    }
    crate::irq::ipi::stop_others();
    Report::new()
}

/// The end, by whichever way there is.
fn end() -> ! {
    crate::dev::power::debug_exit(EXIT_CODE);
    match ACTION.load(Ordering::Relaxed) {
        action if action == PanicAction::Reset as u8 => crate::dev::power::reset(),
        action if action == PanicAction::PowerOff as u8 => crate::dev::power::power_off(),
        _ => halt_this_cpu(),
    }
}

/// Stops this CPU for good.
pub(crate) fn halt_this_cpu() -> ! {
    loop {
        // SAFETY: nothing is to run here any more.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}

#[cfg(not(test))]
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut report = begin();
    let _ = write!(
        report,
        "\nkernel panic on CPU {}: {}",
        percpu::index(),
        info.message()
    );
    if let Some(location) = info.location() {
        let _ = write!(report, "\n  at {location}");
    }
    let _ = writeln!(report);
    let frame_pointer: u64;
    // SAFETY: reads a register.
    unsafe {
        asm!("mov {}, rbp", out(reg) frame_pointer, options(nomem, nostack, preserves_flags))
    };
    backtrace::write(&mut report, None, frame_pointer as usize);
    if let Some(hook) = HOOK.get() {
        hook(info);
    }
    end()
}

/// Reports an exception of kernel code that nothing can mend.
pub(crate) fn on_exception(frame: &TrapFrame, address: Option<usize>, what: &str) -> ! {
    let mut report = begin();
    let _ = write!(report, "\nkernel panic on CPU {}: {what}", percpu::index());
    if let Some(address) = address {
        let _ = write!(report, " at address {address:#x}");
    }
    let name = crate::irq::exception_name(frame.vector);
    let _ = writeln!(
        report,
        " (exception {}, {name}, error code {:#x})",
        frame.vector, frame.error
    );
    write_registers(&mut report, frame);
    backtrace::write(&mut report, Some(frame.rip as usize), frame.rbp as usize);
    end()
}

fn write_registers(report: &mut Report, frame: &TrapFrame) {
    let registers = [
        ("rip", frame.rip),
        ("rsp", frame.rsp),
        ("rflags", frame.rflags),
        ("rax", frame.rax),
        ("rbx", frame.rbx),
        ("rcx", frame.rcx),
        ("rdx", frame.rdx),
        ("rsi", frame.rsi),
        ("rdi", frame.rdi),
        ("rbp", frame.rbp),
        ("r8", frame.r8),
        ("r9", frame.r9),
        ("r10", frame.r10),
        ("r11", frame.r11),
        ("r12", frame.r12),
        ("r13", frame.r13),
        ("r14", frame.r14),
        ("r15", frame.r15),
        ("cs", frame.cs),
    ];
    for row in registers.chunks(3) {
        for (name, value) in row {
            let _ = write!(report, "  {name:>6} {value:016x}");
        }
        let _ = writeln!(report);
    }
}

/// Whether `address` is in the gap below a kernel stack.
pub(crate) fn is_stack_guard(address: usize) -> bool {
    crate::mem::stack::is_guard(address) || crate::boot::is_stack_guard(address)
}
