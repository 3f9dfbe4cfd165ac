//! The picture after bytes were written, checked against what the Linux console shows.

use console::{Position, Terminal};

fn show(width: usize, height: usize, bytes: &[u8]) -> Terminal {
    let mut terminal = Terminal::new(width, height);
    terminal.write(bytes);
    terminal
}

fn rows(terminal: &mut Terminal) -> Vec<String> {
    let height = terminal.screen().height();
    (0..height)
        .map(|y| {
            let row: String = terminal
                .screen()
                .row(y)
                .iter()
                .map(|cell| cell.character)
                .collect();
            row.trim_end().to_owned()
        })
        .collect()
}

fn picture(width: usize, height: usize, text: &str) -> Vec<String> {
    rows(&mut show(width, height, text.as_bytes()))
}

#[test]
fn lines_wrap_only_when_the_next_character_comes() {
    assert_eq!(picture(4, 3, "abcd\r\nef"), ["abcd", "ef", ""]);
    assert_eq!(picture(4, 3, "abcdef"), ["abcd", "ef", ""]);
    assert_eq!(picture(4, 3, "\x1b[?7labcdef"), ["abcf", "", ""]);
}

#[test]
fn the_bottom_line_scrolls() {
    assert_eq!(picture(4, 2, "a\r\nb\r\nc"), ["b", "c"]);
    assert_eq!(picture(4, 2, "a\nb"), ["a", " b"]);
}

#[test]
fn only_the_region_between_the_margins_scrolls() {
    let text = "top\r\n1\r\n2\r\nend\x1b[2;3r\x1b[3;1H\n3";
    assert_eq!(picture(5, 4, text), ["top", "2", "3", "end"]);
    let text = "top\r\n1\r\n2\r\nend\x1b[2;3r\x1b[2;1H\x1bM0";
    assert_eq!(picture(5, 4, text), ["top", "0", "1", "end"]);
}

#[test]
fn lines_and_characters_are_inserted_and_deleted() {
    assert_eq!(picture(5, 3, "a\r\nb\r\nc\x1b[2;1H\x1b[L"), ["a", "", "b"]);
    assert_eq!(picture(5, 3, "a\r\nb\r\nc\x1b[1;1H\x1b[2M"), ["c", "", ""]);
    assert_eq!(picture(5, 1, "abcde\x1b[1;2H\x1b[2@"), ["a  bc", ""]);
    assert_eq!(picture(5, 1, "abcde\x1b[1;2H\x1b[2P"), ["ade", ""]);
    assert_eq!(picture(5, 1, "abcde\x1b[1;2H\x1b[2X"), ["a  de", ""]);
}

#[test]
fn erasing_takes_the_parts_it_says() {
    assert_eq!(picture(4, 2, "abcd\r\nefgh\x1b[1;3H\x1b[J"), ["ab", ""]);
    assert_eq!(picture(4, 2, "abcd\r\nefgh\x1b[2;2H\x1b[1J"), ["", "  gh"]);
    assert_eq!(picture(4, 2, "abcd\r\nefgh\x1b[1;2H\x1b[K"), ["a", "efgh"]);
    assert_eq!(picture(4, 2, "abcd\x1b[1;2H\x1b[1K"), ["  cd", ""]);
    assert_eq!(picture(4, 2, "abcd\r\nefgh\x1b[2J"), ["", ""]);
}

#[test]
fn colours_become_attributes() {
    let mut terminal = show(
        8,
        2,
        b"a\x1b[31mb\x1b[1mc\x1b[0;7md\x1b[38;5;12me\x1b[0;48;2;0;0;200mf",
    );
    let attributes: Vec<u8> = terminal
        .screen()
        .row(0)
        .iter()
        .map(|cell| cell.attribute)
        .take(6)
        .collect();
    assert_eq!(attributes, [0x07, 0x04, 0x0c, 0x70, 0x10, 0x17]);
}

#[test]
fn line_drawing_characters_are_found_through_both_ways_of_shifting() {
    assert_eq!(picture(8, 1, "\x1b)0\x0elqk\x0fx"), ["┌─┐x", ""]);
    assert_eq!(picture(8, 1, "\x1b(0q\x1b(Bq"), ["─q", ""]);
}

#[test]
fn questions_are_answered() {
    let mut terminal = show(80, 24, b"\x1b[5;7H\x1b[6n\x1b[c\x1b[5n");
    assert!(terminal.has_reply());
    assert_eq!(terminal.take_reply(), b"\x1b[5;7R\x1b[?6c\x1b[0n");
    assert!(!terminal.has_reply());
}

#[test]
fn sequences_private_to_the_linux_console_end_where_they_should() {
    assert_eq!(picture(8, 1, "a\x1b]Rb\x1b]P1ff0000c"), ["abc", ""]);
    assert_eq!(picture(8, 1, "a\x1b]0;title\x07b"), ["ab", ""]);
}

#[test]
fn the_cursor_is_saved_restored_and_hidden() {
    let terminal = show(8, 4, b"\x1b[2;3H\x1b7\x1b[4;4H\x1b8");
    assert_eq!(terminal.visible_cursor(), Some(Position { x: 2, y: 1 }));
    assert_eq!(show(8, 4, b"\x1b[?25l").visible_cursor(), None);
}

#[test]
fn nothing_written_can_break_it() {
    let mut state = 0x1234_5678_9abc_def0u64;
    let mut terminal = Terminal::new(7, 5);
    let alphabet =
        b"\x1b[];0123456789?hlmrHJKLMPX@ABCDSTgncsu78c#()\n\r\t\x08\x0e\x0fa\xc3\xa4\xff";
    for _ in 0..400_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let byte = alphabet[(state % alphabet.len() as u64) as usize];
        terminal.write(&[byte]);
        let screen = terminal.screen();
        assert!(screen.cursor.x < 7 && screen.cursor.y < 5);
        assert!(screen.margins.start < screen.margins.end && screen.margins.end <= 5);
    }
}
