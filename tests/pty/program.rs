//! The program itself with a real, tiny model, from its start to the shell's prompt.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::pseudo_terminal::{PseudoTerminal, count};

const QUIT: &str = "\x11";
const PROGRAM: &str = env!("CARGO_BIN_EXE_lenscape");
const SIZE: (u16, u16) = (120, 40);

pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gpt2")
}

/// The program in a terminal, away from the user's own files.
pub struct Opened {
    pub terminal: PseudoTerminal,
    pub home: TempDir,
}

impl Opened {
    pub fn with(arguments: &[&str]) -> Self {
        Self::start(fixture().to_str().unwrap(), arguments, &[])
    }

    pub fn start(model: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut all = vec!["--model", model];
        all.extend_from_slice(arguments);
        let home = tempfile::tempdir().unwrap();
        Self::run(Path::new(PROGRAM), &all, variables, home)
    }

    /// The tiny model in a home that is there already.
    pub fn in_home(home: TempDir, arguments: &[&str]) -> Self {
        let model = fixture();
        let mut all = vec!["--model", model.to_str().unwrap()];
        all.extend_from_slice(arguments);
        Self::run(Path::new(PROGRAM), &all, &[], home)
    }

    /// The tiny model in a home that is there already, where it also starts, and out of reach of
    /// all that is elsewhere.
    pub fn secluded(home: TempDir, arguments: &[&str]) -> Self {
        let model = fixture();
        let mut all = vec!["--model", model.to_str().unwrap()];
        all.extend_from_slice(arguments);
        let folder = home.path().to_str().unwrap().to_owned();
        let variables = [("HOME", folder.as_str()), ("PATH", folder.as_str())];
        Self::run(Path::new(PROGRAM), &all, &variables, home)
    }

    /// What a shell makes of `script`, in which `"$0" "$@"` is the program with the tiny model and
    /// `arguments`.
    pub fn by_shell(script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let model = fixture();
        let mut all = vec!["-c", script, PROGRAM, "--model", model.to_str().unwrap()];
        all.extend_from_slice(arguments);
        let home = tempfile::tempdir().unwrap();
        Self::run(Path::new("/bin/sh"), &all, variables, home)
    }

    /// `lenscape open --last` in a home that is there already.
    pub fn last(home: TempDir) -> Self {
        Self::run(Path::new(PROGRAM), &["open", "--last"], &[], home)
    }

    fn run(program: &Path, arguments: &[&str], variables: &[(&str, &str)], home: TempDir) -> Self {
        let folder = home.path().to_str().unwrap();
        let mut environment = vec![
            ("LENSCAPE_HOME", folder),
            ("LENSCAPE_CONFIG", folder),
            ("XDG_STATE_HOME", folder),
            ("HF_HUB_OFFLINE", "1"),
        ];
        environment.extend_from_slice(variables);
        Self {
            terminal: PseudoTerminal::start(program, arguments, &environment, SIZE),
            home,
        }
    }

    pub fn quit(mut self) -> TempDir {
        self.terminal.send(QUIT);
        assert_eq!(self.terminal.wait_exit(), 0);
        self.terminal.assert_restored();
        self.home
    }
}

/// The numbers of the row that begins with `label` in the pane at the left.
fn numbers(screen: &vt100::Screen, label: &str) -> Vec<u32> {
    let contents = screen.contents();
    contents
        .lines()
        .find_map(|line| line.split('│').find(|part| part.trim().starts_with(label)))
        .map_or(Vec::new(), |row| {
            row.split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect()
        })
}

#[test]
fn a_prompt_is_continued_and_candidates_are_compared() {
    let mut opened = Opened::with(&["--max-tokens", "12"]);
    let terminal = &mut opened.terminal;
    terminal.wait_for("4 layers");
    terminal.send("The keys to the cabinet");
    terminal.wait_for("The keys to the cabinet");
    terminal.send("\r");
    terminal.wait_for("12/12");
    terminal.send("\t");
    terminal.send("c");
    terminal.wait_for("Compare");
    terminal.send("` is` ` are`");
    terminal.wait_until("the ranks of two candidates at each layer", |screen| {
        ["L0", "L1", "L2", "L3"]
            .iter()
            .all(|layer| numbers(screen, layer).len() == 2)
    });
    assert!(terminal.screen().contents().contains("·is"));
    assert!(terminal.screen().contents().contains("·are"));
    opened.quit();
}

#[test]
fn another_model_is_loaded_by_its_path_and_runs_the_prompt_that_stood_there() {
    let mut opened = Opened::with(&["--max-tokens", "5"]);
    let terminal = &mut opened.terminal;
    terminal.wait_for("4 layers");
    terminal.send("The keys to the cabinet");
    terminal.wait_for("The keys to the cabinet");
    terminal.send("\t");
    terminal.send("m");
    terminal.wait_for("SmolLM2-135M-Instruct");
    let other = fixture().with_file_name("llama");
    terminal.send(other.to_str().unwrap());
    terminal.wait_for("a path or hub id");
    terminal.send("\r");
    terminal.wait_until("the new model in the header", |screen| {
        let contents = screen.contents();
        contents
            .lines()
            .next()
            .is_some_and(|header| header.contains("llama"))
    });
    terminal.wait_for("The keys to the cabinet");
    terminal.wait_for("ready");
    terminal.send("\r");
    terminal.wait_for("5/5");
    assert!(
        terminal
            .screen()
            .contents()
            .contains("The keys to the cabinet")
    );
    opened.quit();
}

#[test]
fn a_pasted_newline_generates_nothing() {
    let mut opened = Opened::with(&[]);
    let terminal = &mut opened.terminal;
    terminal.wait_for("4 layers");
    terminal.send("\x1b[200~first line\rsecond line\r\x1b[201~");
    terminal.wait_for("first line");
    terminal.wait_for("second line");
    terminal.send("third");
    terminal.wait_for("third");
    assert!(
        !terminal.screen().contents().contains("⟦"),
        "nothing was generated"
    );
    opened.quit();
}

#[test]
fn a_signal_while_tokens_come_restores_the_terminal() {
    let mut opened = Opened::with(&["The keys", "--max-tokens", "100000"]);
    let terminal = &mut opened.terminal;
    terminal.wait_for("tok/s");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_exit(), 128 + 15);
    terminal.assert_restored();
}

#[test]
fn a_closed_window_ends_it_while_tokens_come() {
    let mut opened = Opened::with(&["The keys", "--max-tokens", "100000"]);
    let terminal = &mut opened.terminal;
    terminal.wait_for("tok/s");
    terminal.close();
    terminal.wait_exit_within(Duration::from_secs(3));
}

#[test]
fn a_model_that_is_not_there_is_told_on_the_screen() {
    let mut opened = Opened::start("./no/such/folder", &[], &[]);
    opened.terminal.wait_for("no/such/folder");
    opened.terminal.send("a prompt can be typed");
    opened.terminal.wait_for("a prompt can be typed");
    opened.quit();
}

#[test]
fn no_color_means_no_colour_but_still_a_selection() {
    let opened = Opened::start(
        fixture().to_str().unwrap(),
        &["The keys"],
        &[("NO_COLOR", "1")],
    );
    opened.terminal.wait_for("64/64");
    let bytes = opened.terminal.bytes();
    for colour in ["[38;5;", "[38;2;", "[48;5;", "[48;2;", "[;m"] {
        assert_eq!(count(&bytes, colour.as_bytes()), 0, "{colour:?}");
    }
    assert!(count(&bytes, b"\x1b[7m") > 0, "reverse video");
    opened.quit();
}

#[test]
fn what_happened_is_in_the_log_and_not_on_the_screen() {
    let opened = Opened::with(&[]);
    opened.terminal.wait_for("4 layers");
    let log = opened.home.path().join("lenscape/lenscape.log");
    assert!(std::fs::read_to_string(log).unwrap().contains("started"));
    opened.quit();
}

#[test]
fn a_full_disk_under_the_log_breaks_nothing() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let opened = Opened::start(
        fixture().to_str().unwrap(),
        &["--log", "/dev/full"],
        &[("LENSCAPE_LOG", "trace")],
    );
    opened.terminal.wait_for("4 layers");
    opened
        .terminal
        .wait_for("cannot log to /dev/full: No space left");
    assert_eq!(count(&opened.terminal.bytes(), b"Unable to write"), 0);
    opened.quit();
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = Command::new(PROGRAM)
        .args(["--model", fixture().to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("is not a terminal"), "{message}");
    assert!(message.contains("lenscape trace"), "{message}");
    assert!(output.stdout.is_empty());
}
