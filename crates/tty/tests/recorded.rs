//! Replays what Linux did with random input, recorded by `record_n_tty.py`, and demands the same of the line discipline:
//! every byte echoed or sent, every count, every read.

use abi::termios::{Termios2, VEOL, VEOL2};
use tty::{Event, LineDiscipline, STANDARD_TERMIOS};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn settings(text: &str) -> Termios2 {
    let numbers: Vec<_> = text
        .split(',')
        .map(|number| u32::from_str_radix(number, 16).unwrap())
        .collect();
    let mut termios = STANDARD_TERMIOS;
    (termios.c_iflag, termios.c_oflag, termios.c_lflag) = (numbers[0], numbers[1], numbers[2]);
    termios.c_cc[VEOL] = numbers[3] as u8;
    termios.c_cc[VEOL2] = numbers[4] as u8;
    termios
}

/// Replays a case; the step that differs, if any.
fn replay(case: &str) -> Result<(), String> {
    let mut discipline = LineDiscipline::new();
    let (mut out, mut got) = (Vec::new(), None);
    for (number, step) in case.split(' ').enumerate() {
        let (kind, value) = step.split_at(1);
        let differs = |ours: String| Err(format!("step {number} {step}: ours is {ours}\n{case}"));
        match kind {
            "s" => discipline.set_termios(&settings(value)),
            "l" => {
                let c_lflag = u32::from_str_radix(value, 16).unwrap();
                discipline.set_termios(&Termios2 {
                    c_lflag,
                    ..*discipline.termios()
                });
            }
            "i" => {
                let before = discipline.available();
                let event =
                    discipline.receive(hex(value)[0], &mut |bytes| out.extend_from_slice(bytes));
                if discipline.available() > before
                    && !matches!(event, Event::Readable | Event::Start)
                {
                    return differs(format!("not announced: {event:?}"));
                }
            }
            "w" => discipline.write(&hex(value), &mut |bytes| out.extend_from_slice(bytes)),
            "r" => {
                let mut buffer = vec![0; value.parse().unwrap()];
                got = discipline.is_readable().then(|| {
                    let count = discipline.read(&mut buffer);
                    buffer.truncate(count);
                    buffer
                });
            }
            "o" if hex(value) != out => return differs(format!("{out:02x?}")),
            "o" => out.clear(),
            "a" if value.parse() != Ok(discipline.available()) => {
                return differs(discipline.available().to_string());
            }
            "a" => {}
            "g" if got != (value != "-").then(|| hex(value)) => {
                return differs(format!("{got:02x?}"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn does_what_linux_did() {
    let failures: Vec<_> = include_str!("n_tty.rec")
        .lines()
        .filter_map(|case| replay(case).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} cases differ, such as\n{}",
        failures.len(),
        failures
            .iter()
            .take(8)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn a_wrong_recording_is_noticed() {
    assert!(replay("s500,5,8a3b,0,0 i61 o62 a0").is_err());
    assert!(replay("s500,5,8a3b,0,0 i61 o61 a1").is_err());
    assert!(replay("s500,5,8a3b,0,0 i61 o61 a0 r200 g61").is_err());
    assert!(replay("s500,5,8a3b,0,0 i61 o61 a0 i0d o0d0a a2 r200 g610a").is_ok());
}
