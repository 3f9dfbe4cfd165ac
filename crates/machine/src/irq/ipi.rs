//! Interrupts between CPUs.

use core::sync::atomic::{AtomicBool, Ordering};

use super::{RESCHEDULE_VECTOR, TLB_VECTOR, lapic};
use crate::cpu::{self, CpuId};
use crate::percpu;

/// What one CPU wants of another.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Ipi {
    /// Look at the run queue.
    Reschedule = RESCHEDULE_VECTOR,
    /// Look at the changed page tables.
    TlbShootdown = TLB_VECTOR,
}

/// Raises `ipi` on `target`.
pub(crate) fn send(target: CpuId, ipi: Ipi) {
    let apic_id = percpu::block(target.index())
        .apic_id
        .load(Ordering::Relaxed);
    lapic::send(apic_id, ipi as u8);
}

/// Whether the CPUs but the one that set this shall stop.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Stops all other CPUs by NMI, which no guard keeps off. Returns when they have stopped, or do not answer.
pub(crate) fn stop_others() {
    if !lapic::is_ready() || cpu::count() == 1 || STOPPING.swap(true, Ordering::AcqRel) {
        return;
    }
    lapic::send_nmi_to_others();
    for _ in 0..10_000_000 {
        let running = cpu::ids()
            .filter(|&id| id != cpu::current())
            .any(is_running);
        if !running {
            break;
        }
        core::hint::spin_loop();
    }
}

fn is_running(id: CpuId) -> bool {
    let block = percpu::block(id.index());
    block.online.load(Ordering::Relaxed) && !block.stopped.load(Ordering::Acquire)
}

/// An NMI: the order to stop, or something of the hardware's.
pub(super) fn on_nmi() {
    if STOPPING.load(Ordering::Acquire) {
        percpu::current().stopped.store(true, Ordering::Release);
        crate::panic::halt_this_cpu();
    }
    crate::logger::emergency(format_args!("NMI on CPU {}", percpu::index()));
}
