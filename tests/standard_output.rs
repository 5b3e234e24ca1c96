//! Who reads standard output may go, and a disk may be full: the first is no error, the second is
//! one that is told once and without names of our own making.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gpt2");

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/terminal/one_picture.toml"
);

const COMMANDS: [&str; 16] = [
    "models",
    "models pull MODEL",
    "models inspect MODEL",
    "trace a -n 1 --format csv --model MODEL",
    "trace a -n 1 --format json --model MODEL",
    "trace a -n 1 --format table --model MODEL",
    "trace a -n 1 --format safetensors --model MODEL",
    "trace a -n 1 --follow --model MODEL",
    "compare a --tokens b --model MODEL",
    "verify --model MODEL",
    "config print",
    "config path",
    "film CAST",
    "play SCRIPT --output HOME --model MODEL",
    "completions bash",
    "man",
];

fn run(home: &Path, words: &str, out: Stdio) -> Output {
    let words = words.split(' ').map(|word| match word {
        "HOME" => home.to_str().unwrap(),
        "MODEL" => MODEL,
        "CAST" => concat!(env!("CARGO_MANIFEST_DIR"), "/screenshots/keys.cast"),
        "SCRIPT" => SCRIPT,
        word => word,
    });
    Command::new(env!("CARGO_BIN_EXE_lenscape"))
        .args(words)
        .stdout(out)
        .env("LENSCAPE_HOME", home)
        .env("LENSCAPE_CONFIG", home)
        .env("XDG_STATE_HOME", home)
        .output()
        .unwrap()
}

#[test]
fn a_reader_that_has_gone_ends_every_command_quietly() {
    let home = tempfile::tempdir().unwrap();
    for words in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(home.path(), words, writer.into());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{words}: {told}");
        assert_eq!(told, "", "{words}");
    }
}

#[test]
fn a_full_disk_is_told_once() {
    let home = tempfile::tempdir().unwrap();
    for words in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = run(home.path(), words, full.into());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}: {told}");
        assert_eq!(told.matches("No space left").count(), 1, "{words}: {told}");
        assert_eq!(told.lines().count(), 1, "{words}: {told}");
    }
}

/// What is saved where no file may become larger than some kilobytes.
fn with_little_room(script: &str) -> (TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -f 4; {script}")])
        .arg(env!("CARGO_BIN_EXE_lenscape"))
        .current_dir(home.path())
        .env("LENSCAPE_HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    (home, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_file_that_finds_no_room_is_told_by_its_own_name() {
    let script = format!("\"$0\" trace a -n 9 --model '{MODEL}' --output made.json");
    let (home, told) = with_little_room(&script);
    assert!(
        told.starts_with("lenscape: cannot save made.json: File too large"),
        "{told}"
    );
    assert!(!told.contains(".lenscape-"), "{told}");
    assert_eq!(told.matches("too large").count(), 1, "{told}");
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().flatten().collect();
    assert!(
        left.iter().all(|entry| entry.file_name() == "lenscape"),
        "{left:?}"
    );
}
