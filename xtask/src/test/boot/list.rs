//! The list of boots.
use super::archives::{
    corrupt_gzip, faulting_init, init_that_is_text, large_archive, plain_archive, truncated_archive,
};
use super::{BootTest, Expect, Initrd, PLAIN};

/// Writes each byte value once, and the digest of that.
const ALL_BYTES: &str =
    "i=0; while [ $i -lt 256 ]; do printf \"\\\\x$(printf %x $i)\"; i=$((i+1)); done | md5sum";

/// The boots that Linux does as well, if sometimes in other words.
pub fn common() -> Vec<BootTest> {
    use Expect::{Command, Panic, PowerOff};
    vec![
        BootTest {
            name: "status_is_passed_on",
            initrd: Initrd::Command("echo out; echo err >&2; exit 42"),
            expect: Command(42, "out\nerr\n"),
            ..PLAIN
        },
        BootTest {
            name: "output_is_exact",
            initrd: Initrd::Command("printf 'a\\r\\n\\003\\004b\\tc'"),
            expect: Command(0, "a\r\n\u{3}\u{4}b\tc"),
            ..PLAIN
        },
        BootTest {
            name: "all_bytes_pass_a_pipe",
            initrd: Initrd::Command(ALL_BYTES),
            expect: Command(0, "e2c865db4162bed963bfaa9ef6ac18f0  -\n"),
            ..PLAIN
        },
        BootTest {
            name: "input_is_streamed",
            initrd: Initrd::Fed("cat; echo end", "first line\nno newline"),
            expect: Command(0, "first line\nno newlineend\n"),
            ..PLAIN
        },
        BootTest {
            name: "killed_command",
            initrd: Initrd::Command("kill -9 $$"),
            expect: Command(137, ""),
            ..PLAIN
        },
        BootTest {
            name: "closed_console",
            initrd: Initrd::Command("exec <&- >&- 2>&-; ls /; exit 3"),
            expect: Command(3, ""),
            ..PLAIN
        },
        BootTest {
            name: "power_off",
            initrd: Initrd::Command("poweroff -f"),
            expect: PowerOff,
            ..PLAIN
        },
        BootTest {
            name: "reboot",
            initrd: Initrd::Command("reboot -f"),
            expect: PowerOff,
            ..PLAIN
        },
        BootTest {
            name: "words_become_environment",
            initrd: Initrd::Command("echo $COLOUR $0"),
            append: "COLOUR=blue",
            expect: Command(0, "blue sh\n"),
            ..PLAIN
        },
        BootTest {
            name: "arguments_after_dashes",
            append: "rdinit=/bin/echo -- to init",
            log: "to init",
            ..PLAIN
        },
        BootTest {
            name: "iso",
            from_iso: true,
            initrd: Initrd::Command("echo from CD; cat /proc/cmdline | grep -c 'WORD=x'"),
            append: "WORD=x",
            expect: Command(0, "from CD\n1\n"),
            ..PLAIN
        },
        BootTest {
            name: "plain_archive",
            initrd: Initrd::Changed(plain_archive),
            expect: Command(5, "plain\n"),
            ..PLAIN
        },
        BootTest {
            name: "large_archive",
            initrd: Initrd::Changed(large_archive),
            expect: Command(0, "125829120 /zeros\n"),
            ..PLAIN
        },
        BootTest {
            name: "archive_larger_than_memory",
            initrd: Initrd::Changed(large_archive),
            memory: "160M",
            log: "memory|no space|initramfs|ramdisk",
            ..PLAIN
        },
        BootTest {
            name: "truncated_archive",
            initrd: Initrd::Changed(truncated_archive),
            log: "initramfs|ramdisk|cpio|archive",
            ..PLAIN
        },
        BootTest {
            name: "corrupt_gzip",
            initrd: Initrd::Changed(corrupt_gzip),
            log: "initramfs|ramdisk|gzip|compressed",
            ..PLAIN
        },
        BootTest {
            name: "garbage_archive",
            initrd: Initrd::Changed(|| Ok(b"this is no archive\n".repeat(1000))),
            log: "initramfs|ramdisk|archive|cpio",
            ..PLAIN
        },
        BootTest {
            name: "no_initramfs",
            initrd: Initrd::None,
            expect: Panic,
            log: "init",
            ..PLAIN
        },
        BootTest {
            name: "missing_init",
            initrd: Initrd::Command("true"),
            append: "rdinit=/nowhere",
            log: "/nowhere",
            ..PLAIN
        },
        BootTest {
            name: "init_is_no_program",
            initrd: Initrd::Changed(init_that_is_text),
            expect: Panic,
            log: "init",
            ..PLAIN
        },
        BootTest {
            name: "init_ends",
            append: "rdinit=/bin/false",
            expect: Panic,
            log: "init",
            ..PLAIN
        },
        BootTest {
            name: "init_faults",
            initrd: Initrd::Changed(faulting_init),
            expect: Panic,
            log: "init",
            ..PLAIN
        },
    ]
}

/// What only our kernel can do.
pub fn of_ours() -> Vec<BootTest> {
    vec![
        BootTest {
            name: "single_process_mode",
            append: "process=single rdinit=/bin/echo -- alone",
            log: "single-process&alone",
            ..PLAIN
        },
        BootTest {
            name: "lazy_fpu",
            append: "fpu=lazy",
            initrd: Initrd::Command("seq 0.5 0.25 2 | tr '\\n' ' '"),
            expect: Expect::Command(0, "0.50 0.75 1.00 1.25 1.50 1.75 2.00 "),
            ..PLAIN
        },
        BootTest {
            name: "kernel_stack_overflow",
            test_kernel: true,
            append: "ktest=overflows_the_stack",
            expect: Expect::Panic,
            log: "stack overflow",
            ..PLAIN
        },
        BootTest {
            name: "panic_names_functions",
            test_kernel: true,
            append: "ktest=panics_on_purpose",
            expect: Expect::Panic,
            log: "rustos::",
            ..PLAIN
        },
    ]
}
