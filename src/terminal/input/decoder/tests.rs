use crossterm::event::{
    KeyCode, KeyEventKind, KeyEventState, MouseButton, MouseEvent, MouseEventKind,
};
use proptest::prelude::*;

use super::super::splitter::Splitter;
use super::*;

use std::time::{Duration, Instant};

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

/// What comes out when `bytes` come and then nothing.
fn events(bytes: &[u8]) -> Vec<Event> {
    let now = Instant::now();
    let mut splitter = Splitter::new(Duration::from_millis(30));
    let mut units = splitter.push(bytes, now);
    units.extend(splitter.expire(now + Duration::from_secs(3)));
    units.into_iter().filter_map(decode).collect()
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Vec<Event> {
    vec![Event::Key(KeyEvent::new(code, modifiers))]
}

#[test]
fn keys_of_one_character() {
    for (bytes, code, modifiers) in [
        ("a", KeyCode::Char('a'), NONE),
        ("A", KeyCode::Char('A'), SHIFT),
        ("ß", KeyCode::Char('ß'), NONE),
        ("Ä", KeyCode::Char('Ä'), SHIFT),
        ("!", KeyCode::Char('!'), NONE),
        (" ", KeyCode::Char(' '), NONE),
        ("\r", KeyCode::Enter, NONE),
        ("\n", KeyCode::Char('j'), CONTROL),
        ("\t", KeyCode::Tab, NONE),
        ("\x1b", KeyCode::Esc, NONE),
        ("\x7f", KeyCode::Backspace, NONE),
        ("\x08", KeyCode::Char('h'), CONTROL),
        ("\x01", KeyCode::Char('a'), CONTROL),
        ("\x03", KeyCode::Char('c'), CONTROL),
        ("\x11", KeyCode::Char('q'), CONTROL),
        ("\x1a", KeyCode::Char('z'), CONTROL),
        ("\x1c", KeyCode::Char('4'), CONTROL),
        ("\x1f", KeyCode::Char('7'), CONTROL),
        ("\0", KeyCode::Char(' '), CONTROL),
        ("\x1bb", KeyCode::Char('b'), ALT),
        ("\x1bB", KeyCode::Char('B'), ALT.union(SHIFT)),
        ("\x1b\r", KeyCode::Enter, ALT),
        ("\x1b\x7f", KeyCode::Backspace, ALT),
        ("\x1b\x02", KeyCode::Char('b'), ALT.union(CONTROL)),
        ("\x1b[", KeyCode::Char('['), ALT),
    ] {
        assert_eq!(events(bytes.as_bytes()), key(code, modifiers), "{bytes:?}");
    }
}

#[test]
fn keys_that_send_a_sequence() {
    for (bytes, code, modifiers) in [
        ("\x1b[A", KeyCode::Up, NONE),
        ("\x1b[B", KeyCode::Down, NONE),
        ("\x1b[C", KeyCode::Right, NONE),
        ("\x1b[D", KeyCode::Left, NONE),
        ("\x1b[H", KeyCode::Home, NONE),
        ("\x1b[F", KeyCode::End, NONE),
        ("\x1bOA", KeyCode::Up, NONE),
        ("\x1bOD", KeyCode::Left, NONE),
        ("\x1bOH", KeyCode::Home, NONE),
        ("\x1bOF", KeyCode::End, NONE),
        ("\x1bOP", KeyCode::F(1), NONE),
        ("\x1bOS", KeyCode::F(4), NONE),
        ("\x1b[P", KeyCode::F(1), NONE),
        ("\x1b[R", KeyCode::F(3), NONE),
        ("\x1b[[A", KeyCode::F(1), NONE),
        ("\x1b[[E", KeyCode::F(5), NONE),
        ("\x1b[1~", KeyCode::Home, NONE),
        ("\x1b[7~", KeyCode::Home, NONE),
        ("\x1b[2~", KeyCode::Insert, NONE),
        ("\x1b[3~", KeyCode::Delete, NONE),
        ("\x1b[4~", KeyCode::End, NONE),
        ("\x1b[8~", KeyCode::End, NONE),
        ("\x1b[5~", KeyCode::PageUp, NONE),
        ("\x1b[6~", KeyCode::PageDown, NONE),
        ("\x1b[11~", KeyCode::F(1), NONE),
        ("\x1b[15~", KeyCode::F(5), NONE),
        ("\x1b[17~", KeyCode::F(6), NONE),
        ("\x1b[21~", KeyCode::F(10), NONE),
        ("\x1b[24~", KeyCode::F(12), NONE),
        ("\x1b[34~", KeyCode::F(17), NONE),
        ("\x1b[Z", KeyCode::BackTab, SHIFT),
        ("\x1b[1;2Z", KeyCode::BackTab, SHIFT),
        ("\x1b[1;2A", KeyCode::Up, SHIFT),
        ("\x1b[1;3C", KeyCode::Right, ALT),
        ("\x1b[1;5D", KeyCode::Left, CONTROL),
        ("\x1b[1;6D", KeyCode::Left, CONTROL.union(SHIFT)),
        ("\x1b[5D", KeyCode::Left, CONTROL),
        ("\x1bO5D", KeyCode::Left, CONTROL),
        ("\x1bO1;2P", KeyCode::F(1), SHIFT),
        ("\x1b[1;5S", KeyCode::F(4), CONTROL),
        ("\x1b[3;5~", KeyCode::Delete, CONTROL),
        ("\x1b[15;2~", KeyCode::F(5), SHIFT),
        // rxvt
        ("\x1b[a", KeyCode::Up, SHIFT),
        ("\x1bOc", KeyCode::Right, CONTROL),
        ("\x1b[3^", KeyCode::Delete, CONTROL),
        ("\x1b[5@", KeyCode::PageUp, CONTROL.union(SHIFT)),
        // the keypad in its application mode
        ("\x1bOM", KeyCode::Enter, NONE),
        ("\x1bOj", KeyCode::Char('*'), NONE),
        ("\x1bOm", KeyCode::Char('-'), NONE),
        ("\x1bOp", KeyCode::Char('0'), NONE),
        ("\x1bOy", KeyCode::Char('9'), NONE),
    ] {
        assert_eq!(events(bytes.as_bytes()), key(code, modifiers), "{bytes:?}");
    }
}

#[test]
fn keys_of_other_protocols() {
    for (bytes, code, modifiers) in [
        // modifyOtherKeys
        ("\x1b[27;5;99~", KeyCode::Char('c'), CONTROL),
        ("\x1b[27;5;13~", KeyCode::Enter, CONTROL),
        ("\x1b[27;2;65~", KeyCode::Char('A'), SHIFT),
        ("\x1b[27;2;33~", KeyCode::Char('!'), NONE),
        // kitty, and `CSI u` of others
        ("\x1b[97u", KeyCode::Char('a'), NONE),
        ("\x1b[97;5u", KeyCode::Char('a'), CONTROL),
        ("\x1b[99;5u", KeyCode::Char('c'), CONTROL),
        ("\x1b[97;2u", KeyCode::Char('A'), SHIFT),
        ("\x1b[97:65;2u", KeyCode::Char('A'), SHIFT),
        ("\x1b[49:33;2u", KeyCode::Char('!'), NONE),
        ("\x1b[97;3;97u", KeyCode::Char('a'), ALT),
        ("\x1b[13u", KeyCode::Enter, NONE),
        ("\x1b[27u", KeyCode::Esc, NONE),
        ("\x1b[127;3u", KeyCode::Backspace, ALT),
        ("\x1b[9;2u", KeyCode::BackTab, SHIFT),
        ("\x1b[57376u", KeyCode::F(13), NONE),
        ("\x1b[57398u", KeyCode::F(35), NONE),
        ("\x1b[1;5:1A", KeyCode::Up, CONTROL),
    ] {
        assert_eq!(events(bytes.as_bytes()), key(code, modifiers), "{bytes:?}");
    }
    let told = |code, kind, state| {
        vec![Event::Key(KeyEvent::new_with_kind_and_state(
            code, NONE, kind, state,
        ))]
    };
    let a = KeyCode::Char('a');
    assert_eq!(
        events(b"\x1b[97;1:2u"),
        told(a, KeyEventKind::Repeat, KeyEventState::NONE)
    );
    assert_eq!(
        events(b"\x1b[97;1:3u"),
        told(a, KeyEventKind::Release, KeyEventState::NONE)
    );
    assert_eq!(
        events(b"\x1b[97;129u"),
        told(a, KeyEventKind::Press, KeyEventState::NUM_LOCK)
    );
    assert_eq!(
        events(b"\x1b[57414u"),
        told(KeyCode::Enter, KeyEventKind::Press, KeyEventState::KEYPAD)
    );
}

#[test]
fn the_mouse_in_its_three_spellings() {
    let report = |kind, column, row, modifiers| {
        vec![Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers,
        })]
    };
    let left = MouseButton::Left;
    for (bytes, expected) in [
        (
            "\x1b[<0;10;5M",
            report(MouseEventKind::Down(left), 9, 4, NONE),
        ),
        (
            "\x1b[<0;10;5m",
            report(MouseEventKind::Up(left), 9, 4, NONE),
        ),
        (
            "\x1b[<2;300;5M",
            report(MouseEventKind::Down(MouseButton::Right), 299, 4, NONE),
        ),
        (
            "\x1b[<32;1;1M",
            report(MouseEventKind::Drag(left), 0, 0, NONE),
        ),
        ("\x1b[<35;1;1M", report(MouseEventKind::Moved, 0, 0, NONE)),
        (
            "\x1b[<64;1;1M",
            report(MouseEventKind::ScrollUp, 0, 0, NONE),
        ),
        (
            "\x1b[<65;1;1M",
            report(MouseEventKind::ScrollDown, 0, 0, NONE),
        ),
        (
            "\x1b[<84;1;1M",
            report(MouseEventKind::ScrollUp, 0, 0, SHIFT.union(CONTROL)),
        ),
        (
            "\x1b[32;10;5M",
            report(MouseEventKind::Down(left), 9, 4, NONE),
        ),
        ("\x1b[M *%", report(MouseEventKind::Down(left), 9, 4, NONE)),
        ("\x1b[M#!!", report(MouseEventKind::Up(left), 0, 0, NONE)),
    ] {
        assert_eq!(events(bytes.as_bytes()), expected, "{bytes:?}");
    }
}

#[test]
fn focus_and_pastes() {
    assert_eq!(
        events(b"\x1b[I\x1b[O"),
        [Event::FocusGained, Event::FocusLost]
    );
    assert_eq!(
        events(b"\x1b[200~a\rb\x1b[201~"),
        [Event::Paste("a\rb".into())]
    );
}

#[test]
fn what_is_no_key_means_nothing() {
    for bytes in [
        "\x1b[?2026;2$y",
        "\x1b[?997;1n",
        "\x1b[0n",
        "\x1b[12;40R",
        "\x1b[1;5R",
        "\x1b[?12;40R",
        "\x1b[?62;4;22c",
        "\x1b[>0;276;0c",
        "\x1b[?1u",
        "\x1b[>4;2m",
        "\x1b[8;24;80t",
        "\x1b[?2;0;800;600S",
        "\x1b[201~",
        "\x1b[99~",
        "\x1b[300~",
        "\x1b[99999999999999999999~",
        "\x1b[99999999999999999999;5A",
        "\x1b[1;999A",
        "\x1b[1;5:9A",
        "\x1b[4;5H",
        "\x1b[=1;5A",
        "\x1b[!A",
        "\x1b[<0;0;5M",
        "\x1b[<0;10;70000M",
        "\x1b[<300;10;5M",
        "\x1b[<0;10M",
        "\x1b[0;10;5M",
        "\x1b[M\x7f  ",
        "\x1b[[Z",
        "\x1bOZ",
        "\x1bO!",
        "\x1b[57441u",
        "\x1b[1114112u",
        "\x1b[u",
        "\u{9b}",
    ] {
        assert_eq!(events(bytes.as_bytes()), [], "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        events(&bytes);
    }

    #[test]
    fn no_sequence_makes_it_panic(
        parameters in "[0-9;:<?>]{0,12}",
        last in 0x40_u8..0x7f,
    ) {
        let _ = decode(Unit::Csi(parameters.clone().into_bytes(), last));
        let _ = decode(Unit::Ss3(parameters.into_bytes(), last));
    }
}
