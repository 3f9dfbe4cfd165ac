//! Signal numbers and what each does by default (`signal(7)`).

use core::fmt;
use core::num::NonZeroU8;

use abi::signal as n;

/// A signal, 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Signal(NonZeroU8);

/// What a signal does to a process that has set nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends with a core dump.
    CoreDump,
    /// Nothing.
    Ignore,
    /// The process stops.
    Stop,
    /// The process continues if it was stopped.
    Continue,
}

macro_rules! signals {
    ($($name:ident $action:ident $text:literal;)*) => {
        impl Signal {
            $(#[doc = $text] pub const $name: Self = Self::constant(n::$name);)*

            /// What it does by default.
            #[must_use]
            pub const fn default_action(self) -> DefaultAction {
                match self.raw() {
                    $(n::$name => DefaultAction::$action,)*
                    _ => DefaultAction::Terminate,
                }
            }

            /// Its name, such as `SIGINT`; `SIGRT` for the real-time signals, which go by number.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.raw() {
                    $(n::$name => stringify!($name),)*
                    _ => "SIGRT",
                }
            }
        }
    };
}

signals! {
    SIGHUP Terminate "Hang-up of the terminal.";
    SIGINT Terminate "Interrupt from the keyboard.";
    SIGQUIT CoreDump "Quit from the keyboard.";
    SIGILL CoreDump "Illegal instruction.";
    SIGTRAP CoreDump "Breakpoint or trace.";
    SIGABRT CoreDump "`abort(3)`.";
    SIGBUS CoreDump "Access beyond the end of a mapped file.";
    SIGFPE CoreDump "Arithmetic error.";
    SIGKILL Terminate "Kill; cannot be caught.";
    SIGUSR1 Terminate "The program's own use.";
    SIGSEGV CoreDump "Invalid access to memory.";
    SIGUSR2 Terminate "The program's own use.";
    SIGPIPE Terminate "Write to a pipe without reader.";
    SIGALRM Terminate "Timer of `alarm(2)`.";
    SIGTERM Terminate "Request to end.";
    SIGSTKFLT Terminate "Unused.";
    SIGCHLD Ignore "A child stopped, continued or ended.";
    SIGCONT Continue "Continue if stopped.";
    SIGSTOP Stop "Stop; cannot be caught.";
    SIGTSTP Stop "Stop from the keyboard.";
    SIGTTIN Stop "Read from the terminal in the background.";
    SIGTTOU Stop "Write to the terminal in the background.";
    SIGURG Ignore "Urgent data on a socket.";
    SIGXCPU CoreDump "Limit on CPU time exceeded.";
    SIGXFSZ CoreDump "Limit on file size exceeded.";
    SIGVTALRM Terminate "Timer of user time.";
    SIGPROF Terminate "Timer of CPU time.";
    SIGWINCH Ignore "Window size changed.";
    SIGIO Terminate "I/O possible.";
    SIGPWR Terminate "Power failure.";
    SIGSYS CoreDump "Forbidden system call.";
}

impl Signal {
    /// How many there are.
    pub const COUNT: usize = n::SIGRTMAX as usize;

    const fn constant(number: i32) -> Self {
        match Self::from_raw(number) {
            Some(signal) => signal,
            None => Self(NonZeroU8::MIN),
        }
    }

    /// The signal with this number; none unless it is 1 to 64.
    #[must_use]
    pub const fn from_raw(number: i32) -> Option<Self> {
        if number < 1 || number > n::SIGRTMAX {
            return None;
        }
        match NonZeroU8::new(number as u8) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0.get() as i32
    }

    /// Its place in tables and bit sets: the number less one.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// Whether each instance is queued, rather than merged with one that is pending.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        self.raw() >= n::SIGRTMIN
    }

    /// Whether it can be neither caught, ignored nor blocked.
    #[must_use]
    pub const fn is_kernel_only(self) -> bool {
        matches!(self.raw(), n::SIGKILL | n::SIGSTOP)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_real_time() {
            write!(f, "SIGRT{}", self.raw())
        } else {
            f.write_str(self.name())
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
