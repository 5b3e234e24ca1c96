//! The program while it runs: what the terminal does to it, and what its engine does.

use std::path::Path;

use rustix::process::Signal;

use crate::pseudo_terminal::{PseudoTerminal, count};
use crate::stand_in::{self, Behaviour};

const QUIT: &str = "\x11";
const SUSPEND: &str = "\x1a";
const QUIT_OF_A_SHELL: &str = "\x1c";

/// The number of tensors that the stand-in's engine has come to.
fn counted(screen: &vt100::Screen) -> u64 {
    let contents = screen.contents();
    let number = contents
        .split_once(" of 100000 tensors")
        .and_then(|(before, _)| before.rsplit(' ').next());
    number.map_or(0, |number| number.parse().unwrap())
}

fn wait_for_more(terminal: &PseudoTerminal) {
    let before = counted(&terminal.screen());
    terminal.wait_until("the engine's count to go on", |screen| {
        counted(screen) > before + 3
    });
}

#[test]
fn half_an_escape_sequence_stops_nothing() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    wait_for_more(&terminal);
    terminal.send("\x1b[");
    wait_for_more(&terminal);
    wait_for_more(&terminal);
}

#[test]
fn another_size_is_drawn_at_once_and_whole() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    wait_for_more(&terminal);
    terminal.resize((30, 8));
    terminal.wait_for("make the window larger");
    terminal.resize((100, 30));
    wait_for_more(&terminal);
    terminal.wait_until("the last row to be used", |screen| {
        screen
            .rows(0, 100)
            .nth(29)
            .is_some_and(|row| !row.trim().is_empty())
    });
}

#[test]
fn of_a_window_without_end_a_part_is_drawn_to() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    wait_for_more(&terminal);
    terminal.claim_size((65535, 65535));
    terminal.wait_for_bytes(b"\x1b[500;", 1);
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    assert_eq!(count(&terminal.bytes(), b"\x1b[501;"), 0);
    terminal.assert_restored();
}

#[test]
fn an_engine_that_never_stops_does_not_keep_a_key_waiting() {
    let mut terminal = stand_in::start(Behaviour::Floods);
    wait_for_more(&terminal);
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
}

#[test]
fn nobody_to_resume_it_means_no_suspending() {
    let mut terminal = stand_in::start(Behaviour::Counts);
    wait_for_more(&terminal);
    for _ in 0..20 {
        // In the line discipline of a shell the second one would end the program.
        terminal.send(SUSPEND);
        terminal.send(QUIT_OF_A_SHELL);
    }
    wait_for_more(&terminal);
    assert_eq!(count(&terminal.bytes(), b"\x1b[?1049l"), 0);
    terminal.send(QUIT);
    assert_eq!(terminal.wait_exit(), 0);
    terminal.assert_restored();
}

#[test]
fn it_finds_its_feet_after_it_was_stopped_from_outside() {
    let bash = Path::new("/bin/bash");
    if !bash.exists() {
        return;
    }
    let mut shell = stand_in::start_under(bash, &["--norc", "-i"], Behaviour::Counts);
    shell.send("PS1='$ '; \"$STAND_IN\" $STAND_IN_ARGUMENTS\r");
    shell.wait_until("the program's screen", vt100::Screen::alternate_screen);
    wait_for_more(&shell);
    shell.signal_foreground(Signal::STOP);
    shell.wait_for("Stopped");
    shell.send("fg\r");
    wait_for_more(&shell);
    shell.wait_until("a screen of its own again", |screen| {
        !screen.contents().contains("Stopped")
    });
    shell.send(QUIT);
    shell.wait_until("the shell's prompt", |screen| {
        !screen.alternate_screen() && screen.contents().trim_end().ends_with('$')
    });
    shell.send("exit\r");
    shell.wait_exit();
}

#[test]
fn a_shell_can_suspend_and_resume_it() {
    let bash = Path::new("/bin/bash");
    if !bash.exists() {
        return;
    }
    let mut shell = stand_in::start_under(bash, &["--norc", "-i"], Behaviour::Counts);
    shell.send("PS1='$ '; \"$STAND_IN\" $STAND_IN_ARGUMENTS\r");
    shell.wait_until("the program's screen", vt100::Screen::alternate_screen);
    wait_for_more(&shell);
    shell.send(SUSPEND);
    shell.wait_for("Stopped");
    shell.wait_until("the shell's screen", |screen| !screen.alternate_screen());
    shell.send("echo still $((40 + 2))\r");
    shell.wait_for("still 42");
    shell.send("fg\r");
    shell.wait_until("the program's screen", vt100::Screen::alternate_screen);
    wait_for_more(&shell);
    shell.send(QUIT);
    shell.wait_until("the shell's prompt", |screen| {
        !screen.alternate_screen() && screen.contents().trim_end().ends_with("\n$")
    });
    shell.send("exit\r");
    shell.wait_exit();
}
