//! The frame a signal handler finds on its stack, and `rt_sigreturn(2)` takes back.

use crate::signal::{SigInfo, StackT};

c_struct! {
    /// `struct sigcontext`: the registers.
    pub struct SigContext {
        /// R8.
        pub r8: u64,
        /// R9.
        pub r9: u64,
        /// R10.
        pub r10: u64,
        /// R11.
        pub r11: u64,
        /// R12.
        pub r12: u64,
        /// R13.
        pub r13: u64,
        /// R14.
        pub r14: u64,
        /// R15.
        pub r15: u64,
        /// RDI.
        pub rdi: u64,
        /// RSI.
        pub rsi: u64,
        /// RBP.
        pub rbp: u64,
        /// RBX.
        pub rbx: u64,
        /// RDX.
        pub rdx: u64,
        /// RAX.
        pub rax: u64,
        /// RCX.
        pub rcx: u64,
        /// RSP.
        pub rsp: u64,
        /// RIP.
        pub rip: u64,
        /// RFLAGS.
        pub eflags: u64,
        /// Code segment.
        pub cs: u16,
        /// GS selector.
        pub gs: u16,
        /// FS selector.
        pub fs: u16,
        /// Stack segment; valid with [`UC_SIGCONTEXT_SS`].
        pub ss: u16,
        /// Error code of the exception, if one caused the signal.
        pub err: u64,
        /// Vector of the exception.
        pub trapno: u64,
        /// The signal mask, its low word.
        pub oldmask: u64,
        /// The address of a page fault.
        pub cr2: u64,
        /// Address of the saved FPU state; 0 for none.
        pub fpstate: u64,
        #[doc(hidden)]
        pub reserved1: [u64; 8],
    }
}

c_struct! {
    /// `struct ucontext`.
    pub struct UContext {
        /// `UC_*`.
        pub uc_flags: u64,
        /// Zero in a signal frame.
        pub uc_link: u64,
        /// The alternate stack at the time of the signal.
        pub uc_stack: StackT,
        /// The registers.
        pub uc_mcontext: SigContext,
        /// The signal mask to return to.
        pub uc_sigmask: u64,
    }
}

c_struct! {
    /// `struct rt_sigframe`: lies at the stack pointer when a handler starts (which is 8 less than a multiple of 16).
    pub struct RtSigFrame {
        /// Return address of the handler: the restorer.
        pub pretcode: u64,
        /// Its third argument.
        pub uc: UContext,
        /// Its second argument.
        pub info: SigInfo,
    }
}

c_struct! {
    /// `struct _fpx_sw_bytes`: in the last 48 bytes of the FXSAVE area of a signal frame, says how much state there is.
    pub struct FpxSwBytes {
        /// [`FP_XSTATE_MAGIC1`] if there is extended state.
        pub magic1: u32,
        /// Bytes with the extended state and [`FP_XSTATE_MAGIC2`].
        pub extended_size: u32,
        /// The components that are there, as in XCR0.
        pub xfeatures: u64,
        /// Bytes of the XSAVE area.
        pub xstate_size: u32,
        #[doc(hidden)]
        pub padding: [u32; 7],
    }
}

constants! { u32;
    FP_XSTATE_MAGIC1 = 0x4650_5853, "Extended state follows.";
    FP_XSTATE_MAGIC2 = 0x4650_5845, "Ends the extended state.";
}

constants! { u64;
    UC_FP_XSTATE = 1, "The FPU state is extended.";
    UC_SIGCONTEXT_SS = 2, "`ss` was saved.";
    UC_STRICT_RESTORE_SS = 4, "`ss` is restored as it stands.";
}

/// Where [`FpxSwBytes`] lies in the FXSAVE area.
pub const FPX_SW_BYTES_OFFSET: usize = 464;
/// Bytes of the FXSAVE area.
pub const FXSAVE_SIZE: usize = 512;
