//! What the machine asks of the kernel above it.

use ksync::Once;

/// How memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
}

/// The kernel's answers to events of the machine.
pub trait Hooks: Sync {
    /// This CPU's one-shot timer fired. Called in interrupt context with interrupts off.
    fn timer(&self);

    /// A preemption point was reached: a reschedule is wanted on this CPU and preemption is not disabled. Called with
    /// interrupts off and must return with them off, having called [`crate::preempt::clear_need_resched`]; it is
    /// called again as long as a reschedule is wanted.
    fn reschedule(&self);

    /// A copy from or to user memory faulted at `addr`. Called in task context with interrupts on; may sleep. True
    /// means that the access is worth trying again.
    fn user_access_fault(&self, addr: usize, access: Access) -> bool;
}

static HOOKS: Once<&'static dyn Hooks> = Once::new();

/// Installs the kernel's hooks; until then their events are ignored.
///
/// # Panics
/// On the second call.
pub fn set_hooks(hooks: &'static dyn Hooks) {
    assert!(HOOKS.set(hooks).is_ok(), "machine::set_hooks called twice");
}

/// The kernel's hooks, if it has installed them.
#[inline]
pub(crate) fn hooks() -> Option<&'static dyn Hooks> {
    HOOKS.get().copied()
}
