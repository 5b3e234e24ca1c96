//! Keys arrive, whatever else the terminal sends among them.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::pseudo_terminal::PseudoTerminal;
use crate::stand_in::{self, Behaviour};

const QUIT: &str = "\x11";
const INTERRUPT: &str = "\x03";
/// To the start of the line, and delete to its end.
pub const EMPTY_THE_LINE: &str = "\x01\x0b";

/// Longer than the rest of a sequence is waited for, also on a busy machine.
pub const SILENCE: Duration = Duration::from_millis(500);
/// Longer than the rest of a paste is waited for.
pub const PASTE_SILENCE: Duration = Duration::from_millis(2600);

pub const PASTE_BEGINS: &[u8] = b"\x1b[200~";
pub const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Beginnings of sequences whose rest never comes.
pub const CUT: [&[u8]; 14] = [
    b"\x1b[?",
    b"\x1b[?12",
    b"\x1b[?2026;2$",
    b"\x1b[<",
    b"\x1b[<0;",
    b"\x1b[1;",
    b"\x1b[0;0;0;",
    b"\x1b[M",
    b"\x1bO1",
    b"\x1b]11;rgb:1e1e",
    b"\x1bP>|",
    b"\x1b_Gi=1",
    b"\xe2\x82",
    PASTE_BEGINS,
];

/// Whole sequences that no key sends: reports, and answers to who asked before us.
pub const ANSWERS: [&[u8]; 16] = [
    b"\x1b[?2026;2$y",
    b"\x1b[?997;1n",
    b"\x1b[0n",
    b"\x1b[12;40R",
    b"\x1b[?62;4;22c",
    b"\x1b[>0;276;0c",
    b"\x1b[?1u",
    b"\x1b[8;24;80t",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
    b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    b"\x1bP>|tmux 3.4\x1b\\",
    b"\x1bP1+r544e=787465726d2d323536636f6c6f72;436f=323536;524742=382f382f38\x1b\\",
    b"\x1b_Gi=1;OK\x1b\\",
    b"\x1b[<0;1;1m",
];

fn start() -> PseudoTerminal {
    let terminal = stand_in::start(Behaviour::Counts);
    terminal.wait_for("of 100000 tensors");
    terminal
}

#[test]
fn a_sequence_that_never_ends_does_not_keep_the_program_from_ending() {
    for cut in CUT {
        let mut terminal = start();
        terminal.send_bytes(cut);
        thread::sleep(SILENCE);
        terminal.send(QUIT);
        let code = terminal.wait_exit_within(Duration::from_secs(20));
        assert_eq!(code, 0, "after {}", cut.escape_ascii());
        terminal.assert_restored();
    }
}

#[test]
fn ctrl_c_works_within_a_sequence() {
    for cut in [b"\x1b[?12".as_slice(), b"\x1b]11;rgb", PASTE_BEGINS] {
        let mut terminal = start();
        terminal.send_bytes(cut);
        // Gives the load up, and then the program.
        terminal.send(INTERRUPT);
        terminal.send(INTERRUPT);
        let code = terminal.wait_exit_within(Duration::from_secs(20));
        assert_eq!(code, 0, "after {}", cut.escape_ascii());
    }
}

#[test]
fn answers_are_not_typed_and_keep_no_key() {
    let mut terminal = start();
    for answer in ANSWERS {
        let bytes = [b"ab", answer, b"XY"].concat();
        terminal.send_bytes(&bytes);
        terminal.wait_for("abXY");
        terminal.send(EMPTY_THE_LINE);
        terminal.wait_until("an empty line", |screen| {
            !screen.contents().contains("abXY")
        });
    }
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
}

#[test]
fn a_byte_that_is_no_utf_8_takes_no_key_with_it() {
    let mut terminal = start();
    terminal.send_bytes(b"\xffab\x9bcd\xc3ef");
    terminal.wait_for("abcdef");
}

#[test]
fn a_paste_whose_end_is_lost_is_kept_and_keys_work_again() {
    let mut terminal = start();
    terminal.send_bytes(&[PASTE_BEGINS, b"what there is"].concat());
    terminal.wait_for("what there is");
    terminal.send(" and more");
    terminal.wait_for("what there is and more");
}

/// What a terminal may send among the keys.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let keys: [&[u8]; 10] = [
        b"\x1b[A",
        b"\x1b[1;5D",
        b"\x1bOC",
        b"\x1b[3~",
        b"\x1b[24~",
        b"\x1bb",
        b"\x7f",
        "ß€🦀".as_bytes(),
        b"\x1b[97u",
        b"\x1b[200~pasted\x1b[201~",
    ];
    prop_oneof![
        8 => select(keys.map(<[u8]>::to_vec).to_vec()),
        8 => select(ANSWERS.map(<[u8]>::to_vec).to_vec()),
        8 => select(CUT.map(<[u8]>::to_vec).to_vec()).prop_filter("a paste takes long", |cut| cut != PASTE_BEGINS),
        1 => Just(PASTE_BEGINS.to_vec()),
        4 => "[a-z]{1,4}".prop_map(String::into_bytes),
        2 => proptest::collection::vec(0x80_u8..=0xff, 1..4),
    ]
}

#[test]
fn a_word_arrives_after_any_mix_and_a_moment_of_silence() {
    let mixes = proptest::collection::vec(sent(), 1..10);
    let mut runner = TestRunner::deterministic();
    let mut terminal = start();
    for round in 0..12 {
        let mix = mixes.new_tree(&mut runner).unwrap().current();
        for bytes in &mix {
            terminal.send_bytes(bytes);
        }
        let may_paste = mix.iter().any(|bytes| bytes == PASTE_BEGINS);
        thread::sleep(if may_paste { PASTE_SILENCE } else { SILENCE });
        let word = format!("word{round}z");
        println!("{word} after {}", mix.concat().escape_ascii());
        terminal.send(&format!("{EMPTY_THE_LINE}{word}"));
        terminal.wait_for(&word);
    }
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
}
