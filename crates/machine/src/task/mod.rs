//! Tasks: kernel stacks with saved contexts, and switching between them.
//!
//! A [`Task`] carries a payload of the kernel's. A CPU owns one reference to the task it runs, which changes hands in
//! [`switch_to`]. What is per task and lives in CPU registers (FPU, FS and GS base of the program) is kept in its
//! header while it does not run.

pub(crate) mod bases;
mod switch;

use alloc::sync::Arc;
use core::any::TypeId;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

pub(crate) use self::bases::Bases;
pub use self::switch::{exit_to, switch_to};
use crate::fpu;
use crate::irq::IrqGuard;
use crate::mem::OutOfMemory;
use crate::mem::stack::KernelStack;
use crate::{percpu, user};

/// Never run.
const FRESH: u8 = 0;
/// Has run; its stack holds a context.
const STARTED: u8 = 1;
/// Has ended; its stack holds nothing.
const FINISHED: u8 = 2;

/// What the machine knows of a task, in front of its payload.
#[repr(C)]
pub(crate) struct Header {
    /// The stack pointer at which the task goes on, while it is not running.
    stack_pointer: UnsafeCell<usize>,
    /// A CPU runs on the task's stack.
    on_cpu: AtomicBool,
    progress: AtomicU8,
    /// FS and GS base of the program, while the task is not running.
    pub(crate) bases: Bases,
    pub(crate) fpu: fpu::State,
    /// None for a task made of a CPU's boot context.
    stack: ManuallyDrop<Option<KernelStack>>,
    payload: TypeId,
    /// Gives up one reference to the task.
    release: unsafe fn(*const Header),
}

// SAFETY: `stack_pointer` is written by the CPU that leaves the task before it clears `on_cpu` (release) and read by
// the CPU that has set `on_cpu` (acquire); the rest is atomic or never changes.
unsafe impl Sync for Header {}
// SAFETY: a header is bound to no CPU.
unsafe impl Send for Header {}

/// A thread of kernel execution with a payload of type `T`.
#[repr(C)]
pub struct Task<T> {
    header: Header,
    value: T,
}

/// The FPU state a new task starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FpuInit {
    /// As after a reset.
    Reset,
    /// That of the running task, and its FS and GS base with it: for a fork.
    CopyCurrent,
}

impl<T: Send + Sync + 'static> Task<T> {
    /// A task that will run `entry` when it is first switched to, with interrupts on.
    ///
    /// # Errors
    /// When there is no memory for its stack or its FPU state.
    pub fn new(
        payload: T,
        entry: fn(&Arc<Task<T>>) -> !,
        init: FpuInit,
    ) -> Result<Arc<Task<T>>, OutOfMemory> {
        let stack = KernelStack::new()?;
        let (fpu, bases) = match init {
            FpuInit::Reset => (fpu::State::reset()?, Bases::default()),
            FpuInit::CopyCurrent => (fpu::State::copy_of_current()?, Bases::of_current()),
        };
        // SAFETY: the stack is new, so nobody uses it.
        let stack_pointer = unsafe { switch::prepare_stack(&stack, entry) };
        let header = Header::new::<T>(stack_pointer, FRESH, Some(stack), fpu, bases);
        Ok(new_in_place(header, payload))
    }

    /// Makes the context that calls, on the stack this CPU booted on, a task, and the one that the CPU runs.
    ///
    /// # Panics
    /// If the CPU runs a task already, or if there is no memory for one.
    pub fn adopt_boot_context(payload: T) -> Arc<Task<T>> {
        let fpu = fpu::State::reset().expect("memory for an idle task");
        let header = Header::new::<T>(0, STARTED, None, fpu, Bases::default());
        let task = new_in_place(header, payload);
        task.header.on_cpu.store(true, Ordering::Relaxed);
        let _irq = IrqGuard::new();
        let slot = &percpu::current().current;
        assert!(
            slot.load(Ordering::Relaxed).is_null(),
            "this CPU runs a task already"
        );
        slot.store(
            Arc::into_raw(task.clone()).cast_mut().cast(),
            Ordering::Relaxed,
        );
        task
    }

    /// Sets the FS base that the program starts with. For a new thread with its own thread-local storage.
    ///
    /// # Errors
    /// If the address is not one of user memory, or the task has been switched to already.
    pub fn set_fs_base(&self, base: u64) -> Result<(), user::BadBase> {
        if self.header.progress.load(Ordering::Relaxed) != FRESH {
            return Err(user::BadBase);
        }
        self.header.bases.set_fs(base)
    }

    /// Whether a CPU still runs on the task's stack.
    pub fn is_on_cpu(&self) -> bool {
        self.header.on_cpu.load(Ordering::Acquire)
    }
}

/// A task in an `Arc`, whose parts are not moved more often than necessary: payloads are large.
#[inline(always)]
fn new_in_place<T>(header: Header, value: T) -> Arc<Task<T>> {
    let mut task = Arc::<Task<T>>::new_uninit();
    let place = Arc::get_mut(&mut task).map_or(core::ptr::null_mut(), |task| task.as_mut_ptr());
    debug_assert!(!place.is_null(), "nobody else has the new task");
    // SAFETY: the place is the new allocation, which nobody else has; afterwards both its fields are set.
    unsafe {
        (&raw mut (*place).header).write(header);
        (&raw mut (*place).value).write(value);
        task.assume_init()
    }
}

impl<T> Deref for Task<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.value).finish()
    }
}

impl Header {
    fn new<T>(
        stack_pointer: usize,
        progress: u8,
        stack: Option<KernelStack>,
        fpu: fpu::State,
        bases: Bases,
    ) -> Header
    where
        T: Send + Sync + 'static,
    {
        Header {
            stack_pointer: UnsafeCell::new(stack_pointer),
            on_cpu: AtomicBool::new(false),
            progress: AtomicU8::new(progress),
            bases,
            fpu,
            stack: ManuallyDrop::new(stack),
            payload: TypeId::of::<T>(),
            release: release::<T>,
        }
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        // A task that has run and not ended may have lent out what lies on its stack; that must stay for ever.
        if self.progress.load(Ordering::Acquire) != STARTED {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.stack) };
        }
    }
}

/// Drops one reference to the task that `header` belongs to.
///
/// # Safety
/// The reference must be the caller's to give, and `T` the task's payload.
unsafe fn release<T>(header: *const Header) {
    // SAFETY: headers are the first field of a `Task<T>` in an `Arc`; the caller has a reference.
    drop(unsafe { Arc::from_raw(header.cast::<Task<T>>()) });
}

/// The header of the running task; null before there is one.
#[inline(always)]
pub(crate) fn current_header() -> *const Header {
    let header: *const Header;
    // SAFETY: reads this CPU's slot. If the task moves to another CPU before or after, that one's slot says the same.
    unsafe {
        core::arch::asm!(
            "mov {}, gs:[{}]",
            out(reg) header,
            const percpu::CURRENT,
            options(nostack, preserves_flags, readonly),
        );
    }
    header
}

/// The running task's header, for as long as it runs.
#[inline(always)]
pub(crate) fn with_header<R>(f: impl FnOnce(&Header) -> R) -> Option<R> {
    // SAFETY: the CPU that runs the task holds a reference to it; if the task is switched away from inside `f`, it
    // only goes on after some CPU has got a reference again.
    unsafe { current_header().as_ref() }.map(f)
}

/// Calls `f` with the running task; `None` if the CPU runs none, or one with another type of payload.
#[inline(always)]
pub fn with_current<T: Send + Sync + 'static, R>(f: impl FnOnce(&Arc<Task<T>>) -> R) -> Option<R> {
    let header = current_header();
    // SAFETY: as in `with_header`.
    if unsafe { header.as_ref() }?.payload != TypeId::of::<T>() {
        return None;
    }
    // SAFETY: the header is the first field of a `Task` with this payload, in an `Arc` of which the CPU holds a
    // reference; the `ManuallyDrop` leaves that alone.
    let task = ManuallyDrop::new(unsafe { Arc::from_raw(header.cast::<Task<T>>()) });
    Some(f(&task))
}
