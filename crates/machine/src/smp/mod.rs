//! Starting the other CPUs.

/// Starts all other CPUs; each runs `main` on a stack of its own, with interrupts off.
pub fn start_others(_main: fn() -> !) {}
