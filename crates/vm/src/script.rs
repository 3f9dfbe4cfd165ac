//! The first line of a script: `#!interpreter [argument]`, as Linux's `load_script` reads it.

use abi::Errno;

/// How many bytes at the start of a file are looked at (`BINPRM_BUF_SIZE`).
pub const HEAD_SIZE: usize = 256;

/// What the first line of a script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// Path of the interpreter.
    pub interpreter: &'a [u8],
    /// The rest of the line, without blanks at its ends, as one argument.
    pub argument: Option<&'a [u8]>,
}

const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_blank(byte));
    start.map_or(&[], |start| &text[start..])
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| !is_blank(byte));
    end.map_or(&[], |end| &text[..=end])
}

/// Reads the first line. `head` are the first [`HEAD_SIZE`] bytes of the file, or the whole of a shorter one.
/// Nothing if the file is no script.
///
/// # Errors
/// `ENOEXEC` for a line without an interpreter, or one that is cut off within the interpreter's path.
pub fn parse(head: &[u8]) -> Result<Option<Script<'_>>, Errno> {
    let Some(line) = head.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let line = match line.iter().position(|&byte| byte == b'\n') {
        Some(end) => &line[..end],
        None if head.len() < HEAD_SIZE => line,
        None => {
            // The line goes on; that may only cut off the argument. The last byte is not looked at for it.
            let ends = |&byte: &u8| is_blank(byte) || byte == 0;
            if !trim_start(line).iter().any(ends) {
                return Err(Errno::ENOEXEC);
            }
            line.split_last().map_or(line, |(_, rest)| rest)
        }
    };
    let line = line.split(|&byte| byte == 0).next().unwrap_or(line);
    let line = trim_end(trim_start(line));
    if line.is_empty() {
        return Err(Errno::ENOEXEC);
    }
    let end = line.iter().position(|&byte| is_blank(byte));
    let (interpreter, rest) = line.split_at(end.unwrap_or(line.len()));
    let argument = Some(trim_start(rest)).filter(|rest| !rest.is_empty());
    Ok(Some(Script {
        interpreter,
        argument,
    }))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    /// The interpreter and its argument.
    type Parts<'a> = (&'a [u8], Option<&'a [u8]>);

    fn parts(head: &[u8]) -> Result<Option<Parts<'_>>, Errno> {
        Ok(parse(head)?.map(|script| (script.interpreter, script.argument)))
    }

    #[test]
    fn reads_the_line_as_linux_does() {
        assert_eq!(parts(b"\x7fELF"), Ok(None));
        assert_eq!(parts(b"#!/bin/sh\nexit"), Ok(Some((&b"/bin/sh"[..], None))));
        assert_eq!(parts(b"#!/bin/sh"), Ok(Some((&b"/bin/sh"[..], None))));
        let awk = Ok(Some((&b"/bin/awk"[..], Some(&b"-f  x"[..]))));
        assert_eq!(parts(b"#! \t/bin/awk \t-f  x \t\nBEGIN"), awk);
        assert_eq!(parts(b"#!\n"), Err(Errno::ENOEXEC));
        assert_eq!(parts(b"#!  \t"), Err(Errno::ENOEXEC));
    }

    #[test]
    fn a_line_without_end_may_lose_its_argument_but_not_its_path() {
        let mut head = Vec::from(&b"#!/"[..]);
        head.resize(HEAD_SIZE, b'x');
        assert_eq!(parse(&head), Err(Errno::ENOEXEC));
        head[10] = b' ';
        let script = parse(&head).unwrap().unwrap();
        assert_eq!(script.interpreter.len(), 8);
        assert_eq!(script.argument.map(<[u8]>::len), Some(HEAD_SIZE - 12));
    }
}
