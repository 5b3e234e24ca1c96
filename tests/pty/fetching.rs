//! Leaving while the default model is fetched: what fetches it ends too, and cleans up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::program::Opened;
use crate::pseudo_terminal::PATIENCE;

const MODEL: &str = "smollm2-135m";

/// `python3` as a wrapper that starts another process and waits for it.
const PYTHON: &str = r#"#!/bin/sh
sleep 600 &
printf '%s\n' $$ $! > "$LENSCAPE_HOME/begun"
mv "$LENSCAPE_HOME/begun" "$LENSCAPE_HOME/started"
wait
"#;

fn fetching() -> (Opened, Vec<String>) {
    let bin = tempfile::tempdir().unwrap();
    let python = bin.path().join("python3");
    fs::write(&python, PYTHON).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let usual = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{usual}", bin.path().display());
    let opened = Opened::start(MODEL, &[], &[("PATH", &path)]);
    let started = opened.home.path().join("started");
    wait_until("python3 has been started", || started.exists());
    let ids = fs::read_to_string(started).unwrap();
    (opened, ids.lines().map(str::to_owned).collect())
}

fn wait_until(what: &str, come: impl Fn() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that nobody has waited for yet has ended all the same.
fn has_ended(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

fn assert_nothing_is_left(home: &Path, processes: &[String]) {
    for process in processes {
        wait_until("pip's processes have ended", || has_ended(process));
    }
    let entries = fs::read_dir(home.join("models").join(MODEL)).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".lock"]);
}

#[test]
fn quitting_ends_pip_with_all_that_it_started() {
    let (opened, processes) = fetching();
    let home = opened.quit();
    assert_nothing_is_left(home.path(), &processes);
}

#[test]
fn a_signal_ends_pip_with_all_that_it_started() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (mut opened, processes) = fetching();
        opened.terminal.signal(signal);
        opened.terminal.wait_exit_within(Duration::from_secs(5));
        opened.terminal.assert_restored();
        assert_nothing_is_left(opened.home.path(), &processes);
    }
}
