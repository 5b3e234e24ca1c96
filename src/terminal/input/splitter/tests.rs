use proptest::prelude::*;

use super::*;

const HOLD: Duration = Duration::from_millis(30);
/// Longer than anything is waited for.
const LONG: Duration = Duration::from_secs(3);

/// A splitter and its clock.
struct Terminal {
    splitter: Splitter,
    now: Instant,
    out: Vec<Unit>,
}

impl Terminal {
    fn new() -> Self {
        Self {
            splitter: Splitter::new(HOLD),
            now: Instant::now(),
            out: Vec::new(),
        }
    }

    /// What comes in one read.
    fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend(self.splitter.push(bytes, self.now));
        self
    }

    /// Nothing comes for so long.
    fn silence(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.out.extend(self.splitter.expire(self.now));
        self
    }

    /// Each byte in a read of its own, so far apart.
    fn send_apart(&mut self, bytes: &[u8], gap: Duration) -> &mut Self {
        for byte in bytes {
            self.silence(gap).send(&[*byte]);
        }
        self
    }

    fn units(&mut self) -> Vec<Unit> {
        mem::take(&mut self.out)
    }
}

/// What one read makes, and then silence.
fn units(bytes: &[u8]) -> Vec<Unit> {
    Terminal::new().send(bytes).silence(LONG).units()
}

fn typed(text: &str) -> Vec<Unit> {
    text.chars().map(Unit::Key).collect()
}

fn csi(parameters: &str, last: u8) -> Unit {
    Unit::Csi(parameters.into(), last)
}

#[test]
fn characters_are_keys() {
    assert_eq!(units("aß€🦀\r\x7f\0".as_bytes()), typed("aß€🦀\r\x7f\0"));
}

#[test]
fn a_sequence_is_one_unit_wherever_it_is_cut() {
    let gap = Duration::from_millis(20);
    for (bytes, unit) in [
        ("\x1b[A", csi("", b'A')),
        ("\x1b[1;5D", csi("1;5", b'D')),
        ("\x1b[3~", csi("3", b'~')),
        ("\x1b[<64;10;12M", csi("<64;10;12", b'M')),
        ("\x1b[?2026;2$y", csi("?2026;2$", b'y')),
        ("\x1b[?997;1n", csi("?997;1", b'n')),
        ("\x1bOA", Unit::Ss3(Vec::new(), b'A')),
        ("\x1bO5P", Unit::Ss3(b"5".into(), b'P')),
        ("\x1b[[A", Unit::Console(b'A')),
        ("\x1b[M !\"", Unit::OldMouse(*b" !\"")),
        ("ß", Unit::Key('ß')),
    ] {
        let bytes = bytes.as_bytes();
        assert_eq!(units(bytes), [unit.clone()], "{}", bytes.escape_ascii());
        let mut apart = Terminal::new();
        let units = apart.send_apart(bytes, gap).silence(LONG).units();
        assert_eq!(units, [unit.clone()], "{} apart", bytes.escape_ascii());
    }
}

#[test]
fn answers_are_dropped_as_a_whole() {
    for answer in [
        "\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
        "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        "\x1b]4;1;rgb:ffff/0000/0000\x1b\\",
        "\x1b]l a title that says ß\x1b\\",
        "\x1bP>|tmux 3.4\x1b\\",
        "\x1bP1+r544e=787465726d2d6b69747479\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
        "\x1bXa string\x1b\\",
        "\x1b^a message\x1b\\",
    ] {
        let with_text = format!("a{answer}b");
        assert_eq!(units(with_text.as_bytes()), typed("ab"), "{answer:?}");
        let mut apart = Terminal::new();
        apart.send_apart(with_text.as_bytes(), Duration::from_millis(20));
        assert_eq!(apart.units(), typed("ab"), "{answer:?} apart");
    }
}

#[test]
fn an_answer_longer_than_any_sequence_is_not_typed_either() {
    let clipboard = format!("\x1b]52;c;{}\x07XY", "QUJD".repeat(1000));
    assert_eq!(units(clipboard.as_bytes()), typed("XY"));
    let numbers = format!("\x1b[?{}yXY", "1;".repeat(500));
    assert_eq!(units(numbers.as_bytes()), typed("XY"));
}

#[test]
fn a_lone_esc_comes_out_after_its_hold() {
    let mut terminal = Terminal::new();
    assert_eq!(terminal.send(b"\x1b").units(), []);
    assert_eq!(terminal.splitter.deadline(), Some(terminal.now + HOLD));
    assert_eq!(terminal.silence(HOLD / 2).units(), []);
    assert_eq!(terminal.silence(HOLD / 2).units(), typed("\x1b"));
    assert_eq!(terminal.splitter.deadline(), None);
}

#[test]
fn keys_typed_after_the_hold_are_keys() {
    let mut terminal = Terminal::new();
    terminal.send(b"\x1b").silence(HOLD);
    assert_eq!(terminal.send(b"[").send(b"A").units(), typed("\x1b[A"));
}

#[test]
fn what_does_not_go_on_as_a_sequence_comes_out_at_once_and_in_order() {
    let mut terminal = Terminal::new();
    assert_eq!(terminal.send(b"\x1b").units(), []);
    assert_eq!(terminal.send(b"q").units(), typed("\x1bq"));
    assert_eq!(terminal.send(b"x").units(), typed("x"));

    assert_eq!(terminal.send(b"\x1b").send(b"[").units(), []);
    assert_eq!(terminal.send(b"\r").units(), typed("\x1b[\r"));
}

#[test]
fn two_escs_are_two_keys() {
    let mut terminal = Terminal::new();
    assert_eq!(terminal.send(b"\x1b").units(), []);
    assert_eq!(terminal.send(b"\x1b").units(), typed("\x1b"));
    assert_eq!(terminal.silence(HOLD).units(), typed("\x1b"));
    assert_eq!(units(b"\x1b\x1b[A"), [Unit::Key('\x1b'), csi("", b'A')]);
}

#[test]
fn a_key_that_comes_with_its_esc_is_held_with_alt() {
    assert_eq!(units(b"\x1bb"), [Unit::AltKey('b')]);
    assert_eq!(units(b"\x1b\r"), [Unit::AltKey('\r')]);
    assert_eq!(units(b"\x1b\x7f"), [Unit::AltKey('\x7f')]);
    assert_eq!(units("\x1bß".as_bytes()), [Unit::AltKey('ß')]);
    // Also those that could open a sequence, once nothing follows.
    for opens in "[OPX]^_".chars() {
        let bytes = format!("\x1b{opens}");
        assert_eq!(units(bytes.as_bytes()), [Unit::AltKey(opens)], "{opens}");
    }
}

/// Each leaves something open.
const CUT: [&[u8]; 29] = [
    b"\x1b[?",
    b"\x1b[?12",
    b"\x1b[?2026;2",
    b"\x1b[?2026;2$",
    b"\x1b[<",
    b"\x1b[<0;",
    b"\x1b[<0;10;10",
    b"\x1b[1;",
    b"\x1b[12;",
    b"\x1b[0;0;0;",
    b"\x1b[M",
    b"\x1b[M !",
    b"\x1b[[",
    b"\x1bO1",
    b"\x1bO1;5",
    b"\x1b]11;",
    b"\x1b]11;rgb:1e1e",
    b"\x1b]11;rgb:1e1e\x1b",
    b"\x1bP>|",
    b"\x1bP>|tmux 3.4\x1b",
    b"\x1b_Gi=1",
    b"\x1bXab",
    b"\x1b^ab",
    b"\xc3",
    b"\xe2",
    b"\xe2\x82",
    b"\xf0\x9f\xa6",
    b"\x1b\xc3",
    b"\x1b[200~",
];

#[test]
fn what_stays_open_is_dropped_after_a_tenth_of_a_second() {
    for cut in CUT.into_iter().filter(|cut| *cut != b"\x1b[200~") {
        let mut terminal = Terminal::new();
        terminal.send(cut).silence(SILENCE).send(b"XY");
        assert_eq!(terminal.units(), typed("XY"), "{}", cut.escape_ascii());
    }
}

#[test]
fn ctrl_c_and_ctrl_q_are_keys_in_every_state() {
    for cut in CUT {
        for key in ["\x03", "\x11"] {
            let bytes = [cut, key.as_bytes()].concat();
            assert_eq!(units(&bytes), typed(key), "{}", bytes.escape_ascii());
            let mut terminal = Terminal::new();
            let units = terminal.send(cut).send(key.as_bytes()).units();
            assert_eq!(units, typed(key), "{} apart", bytes.escape_ascii());
            // What was open is so no longer.
            let units = terminal.send(b"X").units();
            assert_eq!(units, typed("X"), "{} ends", bytes.escape_ascii());
        }
    }
    assert_eq!(units(b"\x1b\x03"), typed("\x1b\x03"));
    assert_eq!(units(b"\x1b[\x11"), typed("\x11"));
}

#[test]
fn a_sequence_ends_at_a_new_esc_and_at_can_and_sub() {
    for cut in CUT.into_iter().filter(|cut| *cut != b"\x1b[200~") {
        let with_arrow = [cut, b"\x1b[A"].concat();
        let keys = units(&with_arrow);
        assert_eq!(keys, [csi("", b'A')], "{}", cut.escape_ascii());
    }
    for end in ["\x18", "\x1a"] {
        for cut in [
            "\x1b[?12", "\x1b[M !", "\x1b[[", "\x1bO1", "\x1b]11;", "\x1bP>|",
        ] {
            let bytes = format!("{cut}{end}XY");
            assert_eq!(units(bytes.as_bytes()), typed("XY"), "{bytes:?}");
        }
    }
}

#[test]
fn other_control_keys_end_a_sequence_and_count() {
    for cut in ["\x1b[?12", "\x1bO1", "\x1b]11;rgb", "\x1bP>|"] {
        let bytes = format!("{cut}\rX\x7f");
        assert_eq!(units(bytes.as_bytes()), typed("\rX\x7f"), "{bytes:?}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_take_no_key_with_them() {
    for byte in 0x80..=0xff {
        assert_eq!(
            units(&[byte, b'k', b'l']),
            typed("kl"),
            "a stray byte {byte:#x}"
        );
    }
    assert_eq!(units(b"\xe2\x82k"), typed("k"));
    assert_eq!(units(b"\xe2\xc3\x9fk"), typed("ßk"));
    assert_eq!(units(b"\xed\xa0\x80k"), typed("k"), "half a surrogate pair");
    assert_eq!(
        units(b"\xf4\x90\x80\x80k"),
        typed("k"),
        "beyond the last character"
    );
}

fn paste(text: &str) -> Unit {
    Unit::Paste(text.to_owned())
}

#[test]
fn a_paste_is_one_unit() {
    let text = "two\rlines, an \x1b[A, a tab\t, ß and a bad byte";
    let bytes = [
        b"\x1b[200~",
        text.as_bytes(),
        b"\xff\x1b[201~",
        b"k".as_slice(),
    ]
    .concat();
    let whole = paste(&format!("{text}\u{fffd}"));
    assert_eq!(units(&bytes), [whole.clone(), Unit::Key('k')]);
    let mut terminal = Terminal::new();
    terminal.send_apart(&bytes, HOLD - Duration::from_millis(1));
    assert_eq!(terminal.units(), [whole, Unit::Key('k')]);
    assert_eq!(units(b"\x1b[200~\x1b[201~"), [paste("")]);
}

#[test]
fn a_paste_without_an_end_comes_out_after_two_seconds() {
    let mut terminal = Terminal::new();
    terminal.send(b"\x1b[200~two").silence(PASTE_SILENCE / 2);
    terminal.send(b"\rlines\x1b[20").silence(PASTE_SILENCE / 2);
    assert_eq!(terminal.units(), []);
    terminal.silence(PASTE_SILENCE / 2);
    assert_eq!(terminal.units(), [paste("two\rlines")]);
    assert_eq!(terminal.send(b"k").units(), typed("k"));
}

#[test]
fn ctrl_c_in_a_paste_makes_no_keys_of_its_rest() {
    assert_eq!(
        units(b"\x1b[200~one\x03two\r\x1b[201~k"),
        [
            paste("one"),
            Unit::Key('\x03'),
            paste("two\r"),
            Unit::Key('k')
        ]
    );
    let mut typed_by_hand = Terminal::new();
    typed_by_hand.send(b"\x1b[200~one").send(b"\x03").send(b"k");
    assert_eq!(
        typed_by_hand.units(),
        [paste("one"), Unit::Key('\x03'), Unit::Key('k')]
    );
}

#[test]
fn a_key_held_down_in_a_string_gets_through() {
    let mut terminal = Terminal::new();
    terminal.send(b"\x1b]11;");
    terminal.send_apart(&[b'k'; 100], Duration::from_millis(33));
    let units = terminal.units();
    assert!(units.len() > 30, "{units:?}");
}

#[test]
fn bytes_that_were_there_while_nobody_read_go_on_with_what_is_open() {
    let mut terminal = Terminal::new();
    terminal.send(b"\x1b[1;");
    terminal.now += LONG;
    assert_eq!(terminal.send(b"5A").units(), [csi("1;5", b'A')]);
}

/// What a terminal may send in one go, whole or cut.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::sample::select(CUT.map(<[u8]>::to_vec).to_vec()),
        proptest::collection::vec(any::<u8>(), 0..8),
        proptest::collection::vec(
            proptest::sample::select(b"\x1b[]O?<;0129~ABMPX\\\x07\x18".to_vec()),
            0..100
        ),
        "[a-zß€]{0,4}".prop_map(String::into_bytes),
        Just(b"\x1b[200~pasted\x1b[201~".to_vec()),
        Just(b"\x1b[<0;10;10M".to_vec()),
        Just(b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07".to_vec()),
    ]
}

proptest! {
    #[test]
    fn a_word_arrives_after_whatever_came_and_silence(
        mix in proptest::collection::vec((sent(), 0_u64..150), 0..12),
        word in "[a-zß€]{1,8}",
    ) {
        let mut terminal = Terminal::new();
        for (bytes, gap) in &mix {
            terminal.send(bytes).silence(Duration::from_millis(*gap));
        }
        terminal.silence(PASTE_SILENCE).units();
        prop_assert_eq!(terminal.splitter.deadline(), None);
        prop_assert_eq!(terminal.send(word.as_bytes()).units(), typed(&word));
    }

    #[test]
    fn ctrl_c_arrives_whatever_came(
        mix in proptest::collection::vec((sent(), 0_u64..150), 0..12),
    ) {
        let mut terminal = Terminal::new();
        for (bytes, gap) in &mix {
            terminal.silence(Duration::from_millis(*gap)).send(bytes);
        }
        terminal.units();
        let units = terminal.send(b"\x03").units();
        prop_assert_eq!(units.last(), Some(&Unit::Key('\x03')));
        prop_assert_eq!(terminal.send(b"k").units(), typed("k"));
    }

    #[test]
    fn where_reads_end_changes_nothing_but_what_an_esc_alone_is(
        mix in proptest::collection::vec(sent(), 0..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let bytes = mix.concat();
        let mut at = cut.index(bytes.len() + 1);
        // A read that ends with an Esc, or with a key that quits, is told apart on purpose.
        while matches!(bytes[..at].last(), Some(&(ESC | ETX | DC1))) {
            at -= 1;
        }
        let whole = units(&bytes);
        let mut apart = Terminal::new();
        let apart = apart.send(&bytes[..at]).send(&bytes[at..]).silence(LONG).units();
        prop_assert_eq!(whole, apart);
    }
}
