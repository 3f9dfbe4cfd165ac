//! Full buffers, ends of input and breaks, and that nothing typed is lost or made up.

use abi::signal::SIGINT;
use abi::termios::{BRKINT, ECHO, ICANON, ISIG, PARMRK, Termios2};
use proptest::prelude::*;
use tty::{CAPACITY, Event, LineDiscipline, STANDARD_TERMIOS};

fn type_in(discipline: &mut LineDiscipline, bytes: &[u8]) -> (Vec<u8>, Event) {
    let (mut out, mut last) = (Vec::new(), Event::None);
    for &byte in bytes {
        last = discipline.receive(byte, &mut |echo| out.extend_from_slice(echo));
    }
    (out, last)
}

fn with(change: impl FnOnce(&mut Termios2)) -> LineDiscipline {
    let mut termios = STANDARD_TERMIOS;
    change(&mut termios);
    let mut discipline = LineDiscipline::new();
    discipline.set_termios(&termios);
    discipline
}

#[test]
fn a_line_that_is_too_long_can_still_be_ended_and_erased() {
    let mut discipline = LineDiscipline::new();
    let _ = type_in(&mut discipline, &[b'x'; 5000]);
    assert_eq!((discipline.room(), discipline.is_readable()), (1, false));
    assert_eq!(type_in(&mut discipline, b"\x7f").0, b"\x08 \x08");
    assert_eq!(
        type_in(&mut discipline, b"yz\r"),
        (b"y\r\n".to_vec(), Event::Readable)
    );
    assert_eq!((discipline.available(), discipline.room()), (CAPACITY, 0));
    let mut line = vec![0; 5000];
    assert_eq!(discipline.read(&mut line), CAPACITY);
    assert_eq!(&line[CAPACITY - 2..CAPACITY], b"y\n");
}

#[test]
fn a_full_buffer_without_lines_has_no_room() {
    let mut discipline = with(|termios| termios.c_lflag &= !(ICANON | ECHO | ISIG));
    let _ = type_in(&mut discipline, &[b'x'; 5000]);
    assert_eq!(
        (discipline.room(), discipline.available()),
        (0, CAPACITY - 1)
    );
    assert_eq!(discipline.read(&mut [0; 100]), 100);
    assert_eq!(discipline.room(), 100);
}

#[test]
fn an_end_of_file_is_read_once() {
    let mut discipline = LineDiscipline::new();
    let mut buffer = [0; 5];
    let _ = type_in(&mut discipline, b"\x04");
    assert_eq!(
        (discipline.is_readable(), discipline.available()),
        (true, 0)
    );
    assert_eq!(discipline.read(&mut buffer), 0);
    assert!(!discipline.is_readable());
    // Behind text it ends the read, and goes with it even if the buffer is just full.
    let _ = type_in(&mut discipline, b"hello\x04");
    assert_eq!(discipline.read(&mut buffer), 5);
    assert!(!discipline.is_readable());
}

#[test]
fn signals_discard_the_input_and_let_the_output_go_on() {
    let mut discipline = LineDiscipline::new();
    let _ = type_in(&mut discipline, b"first\rsecond\x13");
    assert!(discipline.stopped());
    assert_eq!(
        type_in(&mut discipline, b"\x03"),
        (b"^C".to_vec(), Event::Signal(SIGINT))
    );
    assert_eq!(
        (
            discipline.stopped(),
            discipline.is_readable(),
            discipline.column()
        ),
        (false, false, 8)
    );
}

#[test]
fn breaks() {
    let mut discipline = with(|termios| termios.c_iflag |= BRKINT);
    assert_eq!(discipline.receive_break(&mut |_| {}), Event::Signal(SIGINT));
    let mut discipline = with(|termios| {
        termios.c_iflag |= PARMRK;
        termios.c_lflag &= !ICANON;
    });
    assert_eq!(discipline.receive_break(&mut |_| {}), Event::Readable);
    let mut buffer = [9; 4];
    assert_eq!(
        (discipline.read(&mut buffer), &buffer[..3]),
        (3, &[0xff, 0, 0][..])
    );
}

proptest! {
    /// Without processing, what is read is what arrived, however it is cut up.
    #[test]
    fn raw_mode_is_transparent(chunks in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0usize..60), 0..40)) {
        let mut discipline = with(|termios| (termios.c_iflag, termios.c_oflag, termios.c_lflag) = (0, 0, 0));
        let (mut sent, mut got) = (Vec::new(), Vec::new());
        for (chunk, want) in chunks {
            let (echo, _) = type_in(&mut discipline, &chunk);
            prop_assert!(echo.is_empty());
            sent.extend_from_slice(&chunk);
            let mut buffer = vec![0; want];
            let count = discipline.read(&mut buffer);
            got.extend_from_slice(&buffer[..count]);
            prop_assert_eq!(discipline.available(), sent.len() - got.len());
        }
        prop_assert_eq!(&sent[..got.len()], &got[..]);
    }

    /// Whatever the settings and the input, the counts agree and a read of what is announced gives it.
    #[test]
    fn counts_agree(
        flags in (any::<u32>(), any::<u32>(), any::<u32>()),
        characters in prop::array::uniform19(any::<u8>()),
        input in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut discipline = with(|termios| {
            (termios.c_iflag, termios.c_oflag, termios.c_lflag) = flags;
            termios.c_cc = characters;
        });
        let _ = type_in(&mut discipline, &input);
        let mut total = 0;
        let announced = discipline.available();
        while discipline.is_readable() {
            let mut buffer = [0; 50];
            total += discipline.read(&mut buffer);
        }
        prop_assert_eq!((total, discipline.available()), (announced, 0));
        discipline.flush_input();
        discipline.set_termios(&STANDARD_TERMIOS);
        prop_assert_eq!(type_in(&mut discipline, b"\r").1, Event::Readable);
    }
}
