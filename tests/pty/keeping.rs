//! A trace that nobody saved outlives whatever ends the program.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::Opened;
use crate::pseudo_terminal::{PATIENCE, count};
use crate::stand_in::{self, Behaviour};

const QUIT: &str = "\x11";
const OPEN: &str = "\x0f";
const ENDLESS: [&str; 3] = ["The keys to the cabinet", "--max-tokens", "100000"];

fn folder(home: &Path) -> PathBuf {
    home.join("lenscape/autosave")
}

/// All that is in the folder of kept traces, whatever it is called.
fn kept(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(home)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The program while tokens come.
pub fn generating() -> Opened {
    let opened = Opened::with(&ENDLESS);
    opened.terminal.wait_for("tok/s");
    opened
}

/// Check that one trace was kept, that `open --last` shows it, and that the next start offers it.
pub fn assert_kept(home: TempDir) {
    assert_eq!(kept(home.path()).len(), 1);
    let opened = Opened::last(home);
    opened.terminal.wait_for("saved trace");
    opened.terminal.wait_for("The keys to the cabinet");
    let mut next = Opened::in_home(opened.quit(), &[]);
    next.terminal.wait_for("discards the unsaved trace of");
    next.terminal.wait_for("“The keys to the cabinet”");
    next.terminal.wait_for("4 layers");
    next.terminal.send(OPEN);
    next.terminal.wait_for("saved trace");
    next.terminal.wait_for("The keys to the cabinet");
    next.terminal.send("D");
    next.terminal.wait_for("Discarded the unsaved trace");
    let home = next.quit();
    assert_eq!(kept(home.path()).len(), 0);
}

#[test]
fn a_signal_keeps_the_trace() {
    for (signal, code) in [
        (Signal::TERM, 128 + 15),
        (Signal::HUP, 128 + 1),
        (Signal::INT, 128 + 2),
        (Signal::QUIT, 128 + 3),
        (Signal::XCPU, 128 + 24),
    ] {
        let mut opened = generating();
        opened.terminal.signal(signal);
        assert_eq!(opened.terminal.wait_exit(), code, "{signal:?}");
        opened.terminal.assert_restored();
        opened.terminal.wait_for("the unsaved trace was kept");
        assert_kept(opened.home);
    }
}

#[test]
fn a_closed_window_keeps_the_trace() {
    let mut opened = generating();
    opened.terminal.close();
    opened.terminal.wait_exit_within(Duration::from_secs(3));
    assert_kept(opened.home);
}

#[test]
fn a_signal_keeps_the_trace_though_nobody_reads_the_terminal() {
    let mut opened = generating();
    opened.terminal.freeze();
    for size in 20..60 {
        opened.terminal.resize((2 * size, size));
        thread::sleep(Duration::from_millis(20));
    }
    opened.terminal.signal(Signal::TERM);
    assert_eq!(opened.terminal.wait_exit(), 128 + 15);
    assert_kept(opened.home);
}

/// A second terminal, to be standard input.
struct Keyboard {
    _master: Box<dyn MasterPty + Send>,
    _slave: Box<dyn SlavePty + Send>,
    path: PathBuf,
}

impl Keyboard {
    fn new() -> Self {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        Self {
            path: pair.master.tty_name().unwrap(),
            _master: pair.master,
            _slave: pair.slave,
        }
    }
}

#[test]
fn closed_input_keeps_the_trace_and_restores_the_screen() {
    let keyboard = Keyboard::new();
    let script = r#"exec "$0" "$@" <"$KEYBOARD""#;
    let path = keyboard.path.to_str().unwrap().to_owned();
    let mut opened = Opened::by_shell(script, &ENDLESS, &[("KEYBOARD", &path)]);
    opened.terminal.wait_for("tok/s");
    drop(keyboard);
    assert_eq!(
        opened.terminal.wait_exit_within(Duration::from_secs(3)),
        128 + 1
    );
    opened.terminal.assert_restored();
    assert_kept(opened.home);
}

/// The stand-in with a home of its own.
pub fn stand_in(behaviour: Behaviour) -> Opened {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_str().unwrap().to_owned();
    Opened {
        terminal: stand_in::start_with(behaviour, &[("XDG_STATE_HOME", &folder)]),
        home,
    }
}

#[test]
fn a_panic_of_the_thread_that_draws_keeps_the_trace() {
    let mut opened = stand_in(Behaviour::PanicsAtAStep);
    opened.terminal.wait_exit();
    opened.terminal.wait_for("report: ");
    opened.terminal.wait_for("the unsaved trace was kept");
    opened.terminal.assert_restored();
    assert_kept(opened.home);
}

#[test]
fn a_panic_of_the_engine_keeps_the_trace_and_the_program_goes_on() {
    let mut opened = stand_in(Behaviour::EngineEndsAtAStep);
    opened.terminal.wait_for("the engine has ended");
    let end = Instant::now() + PATIENCE;
    while !kept(opened.home.path())
        .iter()
        .any(|path| path.extension().is_some_and(|end| end == "json"))
    {
        assert!(Instant::now() < end, "no trace was kept");
        thread::sleep(Duration::from_millis(5));
    }
    opened.terminal.send(QUIT);
    assert_eq!(opened.terminal.wait_exit(), 0);
    opened.terminal.assert_restored();
    opened.terminal.wait_for("the unsaved trace was kept");
    assert_kept(opened.home);
}

#[test]
fn quitting_keeps_the_trace() {
    let mut opened = generating();
    opened.terminal.send(QUIT);
    assert_eq!(opened.terminal.wait_exit(), 0);
    opened.terminal.assert_restored();
    opened.terminal.wait_for("the unsaved trace was kept");
    assert_kept(opened.home);
}

#[test]
fn a_saved_trace_is_not_kept_at_the_end() {
    let opened = Opened::with(&["The keys", "--max-tokens", "3"]);
    opened.terminal.wait_for("3/3 done");
    let home = opened.quit();
    assert_eq!(kept(home.path()).len(), 1);
    let again = Opened::last(home);
    again.terminal.wait_for("saved trace");
    assert_eq!(kept(again.quit().path()).len(), 1);
}

#[test]
fn where_nothing_was_generated_nothing_is_kept() {
    let opened = Opened::with(&[]);
    opened.terminal.wait_for("4 layers");
    let home = opened.quit();
    assert_eq!(kept(home.path()).len(), 0);
    let next = Opened::in_home(home, &[]);
    next.terminal.wait_for("ready");
    assert_eq!(count(&next.terminal.bytes(), b"unsaved trace"), 0);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lenscape"))
        .args(["open", "--last"])
        .env("XDG_STATE_HOME", next.home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(
        message.contains("no unsaved trace has been kept"),
        "{message}"
    );
    next.quit();
}

#[test]
fn what_was_saved_is_not_kept_once_more() {
    let mut opened = Opened::with(&["The keys", "--max-tokens", "3"]);
    opened.terminal.wait_for("3/3 done");
    let path = opened.home.path().join("keys.json");
    opened.terminal.send(&format!(":save {}\r", path.display()));
    opened.terminal.wait_for("Saved ");
    opened.terminal.signal(Signal::TERM);
    assert_eq!(opened.terminal.wait_exit(), 128 + 15);
    assert!(path.exists());
    assert_eq!(kept(opened.home.path()).len(), 0);
}

/// The program with a trace, and a pipe under a name for one.
fn with_a_pipe() -> (Opened, PathBuf) {
    let opened = Opened::with(&["The keys", "--max-tokens", "100"]);
    opened.terminal.wait_for("100/100");
    let pipe = opened.home.path().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    (opened, pipe)
}

#[test]
fn a_pipe_that_nobody_reads_keeps_no_key_waiting() {
    let (mut opened, pipe) = with_a_pipe();
    opened.terminal.send(&format!(":save {}\r", pipe.display()));
    opened.terminal.wait_for("that nobody reads");
    opened.quit();
}

#[test]
fn what_could_not_be_saved_before_the_end_is_told() {
    let (mut opened, pipe) = with_a_pipe();
    let mut reading = fs::OpenOptions::new();
    // It is there, but reads nothing.
    let reader = reading
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&pipe);
    assert!(reader.is_ok());
    opened.terminal.send(&format!(":save {}", pipe.display()));
    opened.terminal.wait_for("pipe.json");
    opened.terminal.send("\r");
    opened
        .terminal
        .wait_until("the line to be taken", |screen| {
            !screen.contents().contains(":save")
        });
    opened.terminal.signal(Signal::TERM);
    assert_eq!(opened.terminal.wait_exit(), 128 + 15);
    opened.terminal.assert_restored();
    opened.terminal.wait_for("pipe.json was not saved");
    opened.terminal.wait_for("the unsaved trace was kept");
    drop(reader);
}

#[test]
fn a_damaged_trace_is_one_line_and_can_be_discarded() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder(home.path())).unwrap();
    let path = folder(home.path()).join("20260314T150926.535Z-4711.json");
    fs::write(&path, "{\"format\": \"lenscape-tr").unwrap();
    let mut opened = Opened::in_home(home, &[]);
    opened.terminal.wait_for("4 layers");
    opened
        .terminal
        .wait_for("The unsaved trace cannot be opened");
    opened.terminal.send("\t");
    opened.terminal.send("D");
    opened.terminal.wait_for("Discarded");
    let _home = opened.quit();
    assert!(!path.exists());
}

#[test]
fn where_no_trace_can_be_kept_that_is_one_line() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("lenscape")).unwrap();
    fs::write(folder(home.path()), "in the way").unwrap();
    let mut opened = Opened::in_home(home, &ENDLESS);
    opened
        .terminal
        .wait_for("cannot look for unsaved traces in");
    opened.terminal.wait_for("tok/s");
    opened.terminal.signal(Signal::TERM);
    assert_eq!(opened.terminal.wait_exit(), 128 + 15);
    opened.terminal.assert_restored();
    opened
        .terminal
        .wait_for("the unsaved trace cannot be kept in");
    let contents = opened.terminal.screen().contents();
    assert_eq!(contents.matches("lenscape: ").count(), 1, "{contents}");
}

#[test]
fn where_files_may_not_grow_the_program_goes_on() {
    let script = r#"ulimit -f 0; exec "$0" "$@""#;
    let mut opened = Opened::by_shell(script, &ENDLESS, &[]);
    opened.terminal.wait_for("cannot log to");
    opened.terminal.wait_for("tok/s");
    opened.terminal.signal(Signal::TERM);
    assert_eq!(opened.terminal.wait_exit(), 128 + 15);
    opened.terminal.assert_restored();
    opened
        .terminal
        .wait_for("the unsaved trace cannot be kept in");
    assert_eq!(kept(opened.home.path()).len(), 0);
}

#[test]
fn what_others_write_is_in_the_log_and_not_on_the_screen() {
    let mut opened = stand_in(Behaviour::MakesNoise);
    opened.terminal.wait_for("made all its noise");
    opened.terminal.send(QUIT);
    assert_eq!(opened.terminal.wait_exit(), 0);
    opened.terminal.assert_restored();
    let log = fs::read_to_string(opened.home.path().join("lenscape/lenscape.log")).unwrap();
    for noise in stand_in::NOISE {
        assert!(log.contains(noise), "{noise} is not in the log:\n{log}");
        assert_eq!(count(&opened.terminal.bytes(), noise.as_bytes()), 0);
    }
}
