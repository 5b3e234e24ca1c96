//! However the program ends, the terminal is as it was.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::pseudo_terminal::{PseudoTerminal, count};
use crate::stand_in::{self, Behaviour};

const QUIT: &str = "\x11";
const INTERRUPT_TWICE: &str = "\x03\x03";

#[test]
fn quitting_restores_the_terminal() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
}

#[test]
fn a_signal_restores_the_terminal() {
    for (signal, code) in [
        (Signal::TERM, 128 + 15),
        (Signal::HUP, 128 + 1),
        (Signal::INT, 128 + 2),
        (Signal::QUIT, 128 + 3),
        (Signal::USR1, 128 + 10),
        (Signal::USR2, 128 + 12),
        (Signal::ALARM, 128 + 14),
        (Signal::XCPU, 128 + 24),
        (Signal::VTALARM, 128 + 26),
        (Signal::PROF, 128 + 27),
        (Signal::IO, 128 + 29),
    ] {
        let mut terminal = stand_in::start(Behaviour::Counts);
        terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
        terminal.signal(signal);
        assert_eq!(terminal.wait_exit(), code, "{signal:?}");
        terminal.assert_restored();
    }
}

#[test]
fn a_panic_restores_the_terminal_and_then_reports() {
    let mut terminal = stand_in::start(Behaviour::WatchesProgramPanic);
    terminal.wait_exit();
    terminal.wait_for("report: ");
    terminal.assert_restored();
    assert!(terminal.screen().contents().contains("as asked"));
}

#[test]
fn a_panic_of_another_thread_leaves_the_screen_alone() {
    let mut terminal = stand_in::start(Behaviour::Panics);
    terminal.wait_for("as told by its owner");
    terminal.send("still here");
    terminal.wait_for("still here");
    assert!(!terminal.screen().contents().contains("report"));
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
    assert!(!terminal.screen().contents().contains("report"));
}

#[test]
fn a_closed_window_ends_the_program() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
    terminal.close();
    terminal.wait_exit_within(Duration::from_secs(3));
}

#[test]
fn a_signal_ends_the_program_though_nobody_reads_the_terminal() {
    let mut terminal = stand_in::start(Behaviour::Floods);
    terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
    terminal.freeze();
    draw_much(&mut terminal);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_exit(), 128 + 15);
    terminal.assert_line_discipline_restored();
}

/// Draw much, whatever the terminal takes of it.
fn draw_much(terminal: &mut PseudoTerminal) {
    for size in 20..60 {
        terminal.resize((2 * size, size));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_user_can_quit_though_nobody_reads_the_terminal() {
    for keys in [QUIT, INTERRUPT_TWICE] {
        let mut terminal = stand_in::start(Behaviour::Floods);
        terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
        terminal.freeze();
        draw_much(&mut terminal);
        terminal.send(keys);
        let code = terminal.wait_exit_within(Duration::from_secs(5));
        assert_eq!(code, 0, "{keys:?}");
        terminal.assert_line_discipline_restored();
    }
}

/// A line of 2 kB/s that has been drawn to for a while, to a terminal that answers.
fn over_a_slow_line(behaviour: Behaviour) -> PseudoTerminal {
    let mut terminal = stand_in::start(behaviour);
    terminal.answer();
    terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
    terminal.wait_for_bytes(b"\x1b[5n", 3);
    terminal.slow_down(2000);
    draw_much(&mut terminal);
    terminal
}

#[test]
fn keys_are_answered_over_a_slow_line_since_few_frames_are_under_way() {
    let mut terminal = over_a_slow_line(Behaviour::Floods);
    let start = Instant::now();
    terminal.send("seldom");
    terminal.wait_for("seldom");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn quitting_leaves_no_answer_to_the_shell() {
    let mut terminal = stand_in::start(Behaviour::Floods);
    terminal.answer();
    terminal.slow_down(8000);
    terminal.wait_for_bytes(b"\x1b[5n", 5);
    let start = Instant::now();
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    // What nobody reads, the terminal's line discipline shows.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(count(&terminal.bytes(), b"^[[0n"), 0);
}

#[test]
fn quitting_over_a_slow_line_does_not_wait_for_all_that_was_drawn() {
    let mut terminal = stand_in::start(Behaviour::Floods);
    terminal.wait_until("the program's screen", vt100::Screen::alternate_screen);
    terminal.slow_down(2000);
    draw_much(&mut terminal);
    let start = Instant::now();
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = stand_in::command(Behaviour::Counts)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("standard input is not a terminal"),
        "{message}"
    );
    assert!(message.contains("lenscape trace"), "{message}");
    assert!(!output.stdout.contains(&b'\x1b'));
}
