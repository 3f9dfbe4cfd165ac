//! Reads stack images back as a program's start code would.

use abi::{Errno, auxv};
use proptest::prelude::*;
use vm::layout::{DEFAULT_STACK_LIMIT, USER_TOP};
use vm::stack_image::{Auxv, MAX_ARG_STRLEN, StackImage, Strings};

const RANDOM: [u8; 16] = *b"0123456789abcdef";

struct Reader<'a>(&'a StackImage);

impl Reader<'_> {
    fn word(&self, address: usize) -> u64 {
        let at = address - self.0.stack_pointer;
        u64::from_ne_bytes(self.0.bytes[at..at + 8].try_into().unwrap())
    }

    fn string(&self, address: u64) -> Vec<u8> {
        let at = address as usize - self.0.stack_pointer;
        self.0.bytes[at..]
            .iter()
            .copied()
            .take_while(|&byte| byte != 0)
            .collect()
    }

    /// The strings of a null-terminated table of pointers, and the address behind it.
    fn strings(&self, mut table: usize) -> (Vec<Vec<u8>>, usize) {
        let mut found = Vec::new();
        while self.word(table) != 0 {
            found.push(self.string(self.word(table)));
            table += 8;
        }
        (found, table + 8)
    }

    fn auxv(&self, mut at: usize) -> (Vec<(u64, u64)>, usize) {
        let mut found = Vec::new();
        loop {
            found.push((self.word(at), self.word(at + 8)));
            at += 16;
            if found.last().unwrap().0 == auxv::AT_NULL {
                return (found, at);
            }
        }
    }
}

fn strings(path: &[u8], args: &[Vec<u8>], env: &[Vec<u8>]) -> Strings {
    let mut strings = Strings::new(path, DEFAULT_STACK_LIMIT).unwrap();
    args.iter().for_each(|arg| strings.push_arg(arg).unwrap());
    env.iter().for_each(|env| strings.push_env(env).unwrap());
    strings
}

fn string() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(1u8..=255, 0..40)
}

proptest! {
    #[test]
    fn a_program_finds_what_execve_was_given(
        path in string(),
        args in prop::collection::vec(string(), 0..8),
        env in prop::collection::vec(string(), 0..8),
        offset in 0usize..8192,
    ) {
        let given = strings(&path, &args, &env);
        let vector = Auxv { phdr: 0x40_0040, phnum: 9, entry: 0x40_1000, uid: 1000, secure: true, ..Auxv::default() };
        let image = StackImage::new(&given, &vector, &RANDOM, USER_TOP, offset).unwrap();
        prop_assert_eq!(image.stack_pointer % 16, 0);
        prop_assert_eq!(image.stack_pointer + image.bytes.len(), USER_TOP);

        let reader = Reader(&image);
        let (found_args, at) = reader.strings(image.stack_pointer + 8);
        let expected = if args.is_empty() { vec![Vec::new()] } else { args };
        prop_assert_eq!(reader.word(image.stack_pointer), expected.len() as u64);
        prop_assert_eq!(found_args, expected);
        let (found_env, at) = reader.strings(at);
        prop_assert_eq!(found_env, env);
        prop_assert_eq!(at, image.auxv.start);
        let (entries, at) = reader.auxv(at);
        prop_assert_eq!(at, image.auxv.end);
        let get = |key| entries.iter().find(|entry| entry.0 == key).unwrap().1;
        prop_assert_eq!(reader.string(get(auxv::AT_EXECFN)), path);
        prop_assert_eq!(reader.string(get(auxv::AT_PLATFORM)), b"x86_64".to_vec());
        let random = get(auxv::AT_RANDOM) as usize - image.stack_pointer;
        prop_assert_eq!(&image.bytes[random..random + 16], &RANDOM);
        let plain = [auxv::AT_PHDR, auxv::AT_PHNUM, auxv::AT_ENTRY, auxv::AT_UID, auxv::AT_SECURE, auxv::AT_PAGESZ, auxv::AT_PHENT];
        prop_assert_eq!(plain.map(get), [0x40_0040, 9, 0x40_1000, 1000, 1, 4096, 56]);
        prop_assert_eq!(reader.word(USER_TOP - 8), 0);
    }
}

#[test]
fn a_script_replaces_the_first_argument() {
    let mut given = strings(
        b"./script",
        &[b"script".to_vec(), b"x".to_vec()],
        &[b"A=1".to_vec()],
    );
    given
        .replace_first_arg(&[b"/bin/sh", b"-e", b"./script"])
        .unwrap();
    assert_eq!(given.args(), b"/bin/sh\0-e\0./script\0x\0");
    let image = StackImage::new(&given, &Auxv::default(), &RANDOM, USER_TOP, 0).unwrap();
    let (env, _) = Reader(&image).strings(Reader(&image).strings(image.stack_pointer + 8).1);
    assert_eq!(env, [b"A=1".to_vec()]);
    assert_eq!(image.args.end - image.args.start, 22);
    assert_eq!(image.env.end - image.env.start, 4);

    let mut none = strings(b"./script", &[], &[]);
    none.replace_first_arg(&[b"/bin/sh", b"./script"]).unwrap();
    assert_eq!(
        (none.arg_count(), none.args()),
        (2, &b"/bin/sh\0./script\0"[..])
    );
}

#[test]
fn what_is_too_long_is_refused() {
    let mut given = Strings::new(b"p", DEFAULT_STACK_LIMIT).unwrap();
    assert_eq!(
        given.push_arg(&vec![b'a'; MAX_ARG_STRLEN]),
        Err(Errno::E2BIG)
    );
    let fill = |limit| {
        let mut given = Strings::new(b"p", limit).unwrap();
        (0..)
            .take_while(|_| given.push_arg(&[b'a'; 99]).is_ok())
            .count()
            * (100 + 8)
    };
    for (limit, most) in [
        (0, 131_072),
        (DEFAULT_STACK_LIMIT, 2 << 20),
        (u64::MAX, 6 << 20),
    ] {
        let filled = fill(limit);
        assert!(filled <= most && filled + 300 > most, "{limit}: {filled}");
    }
}

#[test]
fn a_stack_that_is_too_low_is_an_error() {
    let given = strings(b"p", &[vec![b'a'; 5000]], &[]);
    assert_eq!(
        StackImage::new(&given, &Auxv::default(), &RANDOM, 4096, 0),
        Err(Errno::ENOMEM)
    );
}
