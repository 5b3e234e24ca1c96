//! Limits that the system has set for the program are told, and leave the terminal as it was.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use crate::program::Opened;
use crate::pseudo_terminal::PseudoTerminal;
use crate::stand_in::{self, Behaviour};

const QUIT: &str = "\x11";
const LIMITED: &str = r#"ulimit -v "$LIMIT"; exec "$0" "$@""#;

/// The program with at most so many kilobytes of addresses.
fn within(kilobytes: u64) -> Opened {
    Opened::by_shell(LIMITED, &[], &[("LIMIT", &kilobytes.to_string())])
}

/// The addresses that a process uses, in kilobytes.
fn addresses(terminal: &PseudoTerminal) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", terminal.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
    number.parse().unwrap()
}

/// What the program takes with the tiny model.
fn usual_addresses() -> u64 {
    let opened = within(64_000_000);
    opened.terminal.wait_for("4 layers");
    let usual = addresses(&opened.terminal);
    opened.quit();
    usual
}

#[test]
fn a_model_that_does_not_fit_into_the_limit_on_addresses_is_refused() {
    let usual = usual_addresses();
    let tight = within(usual + 20_000);
    tight.terminal.wait_for("ulimit -v");
    tight.quit();
    let enough = within(usual + 200_000);
    enough.terminal.wait_for("4 layers");
    enough.quit();
}

#[test]
fn whatever_the_limit_on_addresses_the_terminal_is_given_back() {
    let usual = usual_addresses();
    for part in 1..=16 {
        let mut opened = within(usual * part / 14);
        // It ends by itself, or at this.
        opened.terminal.send_until_it_ends(QUIT);
        opened.terminal.assert_restored();
    }
}

#[test]
fn the_end_of_the_computing_time_is_answered_before_the_system_kills() {
    let script = r#"ulimit -t 2; exec "$STAND_IN" $STAND_IN_ARGUMENTS"#;
    let shell = Path::new("/bin/sh");
    let mut terminal = stand_in::start_under(shell, &["-c", script], Behaviour::Floods);
    assert_eq!(terminal.wait_exit(), 128 + 24);
    terminal.assert_restored();
}
