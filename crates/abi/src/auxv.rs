//! The keys of the auxiliary vector that `execve(2)` leaves above the environment (`getauxval(3)`).

constants! { u64;
    AT_NULL = 0, "End of the vector.";
    AT_IGNORE = 1, "An entry to be skipped.";
    AT_EXECFD = 2, "Descriptor of the program.";
    AT_PHDR = 3, "Address of the program headers.";
    AT_PHENT = 4, "Bytes in a program header.";
    AT_PHNUM = 5, "Number of program headers.";
    AT_PAGESZ = 6, "Bytes in a page.";
    AT_BASE = 7, "Load address of the interpreter.";
    AT_FLAGS = 8, "Flags; zero.";
    AT_ENTRY = 9, "Entry point of the program itself.";
    AT_NOTELF = 10, "The program is not ELF.";
    AT_UID = 11, "Real user id.";
    AT_EUID = 12, "Effective user id.";
    AT_GID = 13, "Real group id.";
    AT_EGID = 14, "Effective group id.";
    AT_PLATFORM = 15, "Address of the string naming the platform, `x86_64`.";
    AT_HWCAP = 16, "CPUID leaf 1, EDX.";
    AT_CLKTCK = 17, "Ticks in a second of `times(2)`.";
    AT_SECURE = 23, "Nonzero if the C library must distrust its environment.";
    AT_BASE_PLATFORM = 24, "Address of the string naming the real platform.";
    AT_RANDOM = 25, "Address of 16 random bytes.";
    AT_HWCAP2 = 26, "Further features: bit 1 says that user code may use FSGSBASE.";
    AT_RSEQ_FEATURE_SIZE = 27, "Bytes of `struct rseq` the kernel knows.";
    AT_RSEQ_ALIGN = 28, "Alignment `struct rseq` needs.";
    AT_EXECFN = 31, "Address of the path given to `execve(2)`.";
    AT_SYSINFO = 32, "Entry of the fast system call of 32-bit code.";
    AT_SYSINFO_EHDR = 33, "Address of the vDSO.";
    AT_MINSIGSTKSZ = 51, "Least size of a signal stack.";
}
